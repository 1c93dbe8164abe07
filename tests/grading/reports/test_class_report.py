"""The class report counts right, names who needs a look, and is inert."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from graded_class import A1, IN_TIME, result, run

from course_kit.grading.marking.result import CaseResult, ExerciseResult
from course_kit.grading.reports.bars import frequencies
from course_kit.grading.reports.class_report import class_report
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.rules import Rules

EVIL = "<script>alert(1)</script>"
WORST = CaseResult("wrong", "worst_first")
RESULTS = {
    "ada": result(A1),
    "ben": result(A1, top_k=WORST),
    "cleo": result(A1, top_k=WORST, audit_f1=CaseResult("wrong", "wrong_sign"), flags=("code cell 3: out of time",)),
    "dan": result(A1, top_k=CaseResult("not written"), flags=("names course_lib.metrics, which is withheld",)),
}
RUN = replace(
    run(A1, {**dict.fromkeys(RESULTS, IN_TIME), "eve": None, EVIL: IN_TIME}),
    strangers=(f"'{EVIL}.ipynb': nobody in the roster",),
    similar=(("top_k", ("ben", "cleo")), ("recall_at_k", ("ada", "ben")), ("audit_f1", ("ada", "ben"))),
)


@pytest.fixture
def text() -> str:
    return class_report(RUN, A1, gradebook(RUN, A1, RESULTS, {}), RESULTS)


def rows(text: str, after: str) -> list[list[str]]:
    """Cells of the first table after a text."""
    table = re.search(r"<table.*?>(.*?)</table>", text[text.index(after) :], re.DOTALL)[1]
    found = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    cells = [[re.sub(r"<[^>]+>", " ", cell) for cell in re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row)] for row in found]
    return [[" ".join(cell.split()) for cell in row] for row in cells]


def test_totals_are_those_of_the_gradebook(text):
    assert "<strong>4</strong> graded, 1 without a submission, 1 not graded yet" in text
    assert "The mean is 90.0, the median 90.0; half of the class lies between 87.5 and 92.5, of 100 points" in text
    counts = {label: int(count) for label, count in rows(text, "As a table")[1:]}
    assert {label: count for label, count in counts.items() if count} == {"80 to 90": 1, "90 to 100": 3}


def test_a_total_that_a_bonus_lifts_above_the_maximum_is_in_the_last_bar():
    rules = Rules(bonus=("audit_f1",))
    rows_of = gradebook(RUN, A1, RESULTS, {}, rules=rules)
    assert max(row.total or 0 for row in rows_of) > 100
    counts = rows(class_report(RUN, A1, rows_of, RESULTS, rules), "As a table")[1:]
    assert sum(int(count) for _, count in counts) == len(RESULTS)


def test_mistakes_are_counted_by_student_most_frequent_first(text):
    _, first, second = rows(text, 'id="mistakes"')
    assert first[:2] == ["2", "top_k worst first"]
    assert second == ["1", "audit_f1 wrong sign", A1.exercises["audit_f1"].hints["wrong_sign"].replace("*", "")]


def test_cases_have_their_pass_rates_and_what_went_wrong_most(text):
    _, first, second = rows(text, "<code>top_k</code></h3>")
    assert first == ["first case", "100 %", "", "", ""]
    assert second == ["second case", "25 %", "", "", "worst first (2)"]
    assert "1 of 4 students have all of it right" in text


def test_who_needs_a_look_stands_under_the_most_urgent_reason(text):
    found = rows(text, 'id="eye"')
    assert [row[0] for row in found] == [
        "Student",
        "Time, memory, processes (1)",
        "cleo",
        "Withheld modules (1)",
        "dan",
    ]
    assert 'href="feedback/cleo.html"' in text
    assert rows(text, "Nearly the same")[1:] == [
        ["ada , ben", "recall_at_k (all right), audit_f1 (all right)"],
        ["ben , cleo", "top_k (none right)"],
    ]
    assert "<p>eve</p>" in text


def test_of_a_group_with_nearly_the_same_answer_it_says_who_has_it_right():
    """Both points are lost in another function: full points for this one are what counts."""
    similar = (("top_k", ("ada", "ben", "cleo")), ("audit_f1", ("ada", "ben", "cleo")))
    text = class_report(replace(RUN, similar=similar), A1, gradebook(RUN, A1, RESULTS, {}), RESULTS)
    (_, (_, said)) = rows(text, "Nearly the same")
    assert said == "top_k (right: ada; not right: ben, cleo), audit_f1 (right: ada, ben; not right: cleo)"


def test_it_is_inert(text):
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert not re.search(r"\b(src|action|on\w+)=|url\(['\"]?(?!#)", text)
    links = set(re.findall(r'href="([^"]*)"', text))
    assert {link for link in links if link[0] != "#"} == {f"feedback/{name}.html" for name in RESULTS}


def test_an_empty_class_has_a_report_too():
    nobody = run(A1, {"eve": None})
    assert "1 without a submission" in class_report(nobody, A1, gradebook(nobody, A1, {}, {}), {})


def test_a_result_with_other_cases_than_the_others_is_counted_where_it_is():
    odd = replace(RESULTS["ada"], exercises=(ExerciseResult("top_k", 20, {"new case": WORST}),))
    results = {**RESULTS, "ada": odd}
    text = class_report(RUN, A1, gradebook(RUN, A1, results, {}), results)
    assert ["new case", "0 %", "", "", "worst first (1)"] in rows(text, "<code>top_k</code></h3>")


def test_names_in_a_picture_are_text_and_escaped():
    svg = str(frequencies({f"{EVIL}$x$": 3, "b": 1}, "students"))
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert svg == str(frequencies({f"{EVIL}$x$": 3, "b": 1}, "students"))
