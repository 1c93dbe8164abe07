"""A changed assignment is marked again from what was answered; why something has to run is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from course_kit.grading.authoring.assignment import Assignment, Exercise
from course_kit.grading.marking.bundle import Bundle, ExamCase
from course_kit.grading.marking.mark import LONGEST, kept, remarked, stale
from course_kit.grading.marking.result import CaseResult, ExerciseResult, Given, Result

CASES = {"low": ("(): 3.333", "(): 1.111"), "high": ("(): 4.444", "(): 2.222")}
VARIANT = tuple(
    ExamCase("spread", case, b"in", 4, 20.0, right, "a number", {"smallest": wrong})
    for case, (right, wrong) in CASES.items()
)


def bundle(variant=VARIANT, points: int = 100, mistakes: tuple[str, ...] = ("smallest",)) -> Bundle:
    code = "\n".join(f'def {name}(x):\n    """A hint."""' for name in mistakes)
    exercise = Exercise("spread", points, 20.0, "def spread(x):\n    ...", mistakes=code)
    return Bundle(Assignment("a9", [], "A9", exercises={"spread": exercise}), b"secret", (variant,), f"{points}")


def stored(**fields) -> Result:
    """Right in one case, a number that nobody knows in the other."""
    cases = {"low": CaseResult("right"), "high": CaseResult("wrong")}
    texts = {"low": "(): 3.333", "high": "(): 7.777"}
    answers = {"spread": {one.case: Given(one.digest, texts[one.case]) for one in VARIANT}}
    given = {"bundle": "b", "submission": "s", "sandbox": "namespaces"} | fields
    return Result(exercises=(ExerciseResult("spread", 100, cases),), **given, **REST, answers=answers)


REST = {"assignment": "a9", "errors": {}, "flags": (), "written": {}}


def test_points_a_case_less_and_a_new_mistake_need_no_code_of_anybodys():
    assert remarked(bundle(points=30), "ann", stored()).points == 15
    assert remarked(bundle(VARIANT[:1]), "ann", stored()).points == 100
    known = [replace(one, mistakes={**one.mistakes, "mean": "(): 7.777"}) for one in VARIANT]
    again = remarked(bundle(tuple(known), mistakes=("smallest", "mean")), "ann", stored())
    assert again.exercises[0].cases == {"low": CaseResult("right"), "high": CaseResult("wrong", "mean")}
    assert remarked(bundle(), "ann", again).exercises[0].cases["high"] == CaseResult("wrong")


def test_what_is_stored_answers_as_long_as_the_same_is_asked():
    assert stale(stored(), bundle(), "ann", "s", "namespaces") == ""
    assert stale(stored(), bundle(VARIANT[1:], points=7), "ann", "s", "namespaces") == ""
    assert stale(stored(), bundle(tuple(replace(one, mistakes={}) for one in VARIANT)), "ann", "s", "namespaces") == ""


@pytest.mark.parametrize("change", [{"inputs": b"other"}, {"right": "(): 5"}, {"digits": 3}, {"case": "new"}])
def test_another_question_has_to_be_asked(change):
    asked = bundle((VARIANT[0], replace(VARIANT[1], **change)))
    assert stale(stored(), asked, "ann", "s", "namespaces") == "spread asks something else than before"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (None, "not graded before"),
        ({"bundle": ""}, "could not finish"),
        ({"submission": "t"}, "another file"),
        ({"sandbox": "none"}, "without a sandbox"),
    ],
)
def test_why_something_has_to_run_is_said(fields, why):
    known = None if fields is None else stored(**fields)
    assert why in stale(known, bundle(), "ann", "s", "namespaces")


def test_a_long_answer_is_shortened_and_stays_different_from_others():
    first, second = ("7" * LONGEST + end for end in "ab")
    assert len(kept(first)) == LONGEST
    assert kept(first) != kept(second)
    assert kept("\ud800").encode() == b"?"


def test_answers_are_stored_apart_from_what_other_programs_read():
    assert "7.777" not in stored().to_json()
    assert Result.from_json(stored().to_json(answers=True)).answers == stored().answers
