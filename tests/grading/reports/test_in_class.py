"""The page to project: frequent mistakes with an example that is true, no names, nothing of grading."""

from __future__ import annotations

import pytest
import torch
from graded_class import A1, IN_TIME, result, run

from course_kit.grading.authoring.versions import versions
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.examples import example
from course_kit.grading.reports.in_class import confusions, in_class
from course_kit.grading.reports.outputs import write_outputs
from course_lib.metrics import top_k

WORST, SIGN = CaseResult("wrong", "worst_first"), CaseResult("wrong", "wrong_sign")
NAMES = ("adalovelace", "benjamin", "cleopatra", "danielle")
RESULTS = {name: result(A1, top_k=WORST) for name in NAMES[:3]} | {NAMES[3]: result(A1, audit_f1=SIGN)}


@pytest.fixture(scope="module")
def found():
    return confusions(A1, RESULTS)


def test_mistakes_come_by_the_number_of_students(found):
    assert [(one.exercise, one.name, one.count) for one in found] == [
        ("top_k", "worst first", 3),
        ("audit_f1", "wrong sign", 1),
    ]


def test_the_hint_of_a_judge_counts_as_a_mistake_without_a_name():
    """Whoever got it several times counts once."""
    said = CaseResult("wrong", hint="Does each step go down, or does it go up? " * 2)
    graded = {name: result(A1, top_k=said, audit_f1=said) for name in NAMES}
    first, second = confusions(A1, graded)
    assert (first.exercise, first.count, first.hint, first.example) == ("top_k", 4, said.hint, None)
    assert first.name == "“Does each step go down, or does it go…”"
    assert said.hint.strip() in in_class(A1, [first, second], 4)


def test_the_example_shows_what_is_right_and_what_the_mistake_answers(found):
    """The library answers what is right to the input as it is shown, and what is mistaken to its opposite."""
    shown = found[0].example
    scores, seen, k, right, mistaken = (
        eval(text, {"tensor": torch.tensor}) for text in (*shown.inputs.values(), shown.right, shown.mistaken)
    )
    assert torch.equal(top_k(scores, k, seen), right)
    assert torch.equal(top_k(-scores, k, seen), mistaken)


def test_where_the_authors_code_cannot_run_there_is_no_example(monkeypatch):
    def broken(*arguments):
        raise ModuleNotFoundError("no such module")

    monkeypatch.setattr("course_kit.grading.reports.examples.versions", broken)
    assert example(A1, "top_k", "worst_first") is None
    assert versions(A1, A1.exercises["top_k"])


def test_the_page_has_no_name_and_no_mistake_of_few(found):
    text = in_class(A1, found, 4)
    assert "the mistake of the week" in text
    assert "3 of 4: Your lists begin with the worst item." in text
    assert A1.exercises["audit_f1"].hints["wrong_sign"][:20] not in text
    assert not any(name in text for name in NAMES)
    assert "worst_first" not in text
    assert "<script" not in text
    assert "default-src 'none'" in text


def test_it_is_written_beside_the_report_which_shows_the_same_with_names(tmp_path):
    write_outputs(tmp_path, run(A1, dict.fromkeys(NAMES, IN_TIME)), A1, RESULTS)
    page, report = ((tmp_path / name).read_text("utf-8") for name in ("in_class.html", "report.html"))
    assert not any(name in page for name in NAMES)
    assert "What the class confused most" in report
    assert "<dt>this mistake</dt>" in page
    assert "<dt>this mistake</dt>" in report


def test_nothing_frequent_is_said_so():
    assert "No known mistake was made by 3 students or more" in in_class(A1, [], 0)
