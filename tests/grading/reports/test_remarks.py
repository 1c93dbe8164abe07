"""A tutor's words: the hint of the mistake, help for every way to fail, and an order to work in."""

from __future__ import annotations

import pytest
from graded_class import A1, result

from course_kit.grading.marking.result import CaseResult, ExerciseResult
from course_kit.grading.reports.remarks import OUTCOMES, builds_on, next_steps, remarks

TOP_K = A1.exercises["top_k"]


def by_name(graded) -> dict[str, ExerciseResult]:
    return {exercise.name: exercise for exercise in graded.exercises}


def said(how: CaseResult, below: tuple[str, ...] = ()) -> str:
    (remark,) = remarks(TOP_K, ExerciseResult("top_k", 20, {"a case": how}), below)
    assert remark.cases == ("a case",)
    return remark.text


def test_a_known_mistake_gets_its_hint_and_cases_with_one_trouble_one_remark():
    cases = {"a": CaseResult("wrong", "worst_first"), "b": CaseResult("right"), "c": CaseResult("wrong", "worst_first")}
    (remark,) = remarks(TOP_K, ExerciseResult("top_k", 20, cases))
    assert remark.text == TOP_K.hints["worst_first"]
    assert remark.cases == ("a", "c")


@pytest.mark.parametrize("outcome", [*OUTCOMES, "raised IndexError", "raised NameError", "wrong"])
def test_every_way_to_fail_has_words_of_its_own(outcome):
    text = said(CaseResult(outcome))
    assert text.endswith((".", "?"))
    assert "{" not in text
    assert sum(said(CaseResult(other)) == text for other in [*OUTCOMES, "raised NameError", "wrong"]) <= 1


def test_a_wrong_form_is_told_and_an_unknown_mistake_is_none():
    assert said(CaseResult("wrong", form="a number came back, wanted an array")).startswith(
        "A number came back, wanted"
    )
    assert said(CaseResult("wrong", "gone_since")) == said(CaseResult("wrong"))


def test_what_stands_on_sand_is_told_so():
    results = by_name(
        result(A1, top_k=CaseResult("wrong"), recall_at_k=CaseResult("wrong"), audit_f1=CaseResult("wrong"))
    )
    assert builds_on(A1, results) == {
        "top_k": [],
        "recall_at_k": ["top_k"],
        "ndcg_at_k": ["top_k"],
        "denominators": ["top_k"],
        "audit_f1": [],
    }
    assert "`top_k`, which is not right yet" in said(CaseResult("wrong"), ("top_k",))
    assert next_steps(A1, results) == [
        "Correct `top_k` (The list): 1 of 2 cases is not right yet.",
        "Correct `audit_f1` (Auditing a published table): 1 of 2 cases is not right yet.",
        "Then look at `recall_at_k` again: it uses `top_k`, so some cases may be right by then.",
    ]


@pytest.mark.parametrize(
    ("outcome", "said"), [("no answer", "Make sure that your notebook runs"), ("not defined", "Open the file")]
)
def test_where_nothing_could_be_asked_there_is_one_thing_to_do(outcome, said):
    cases = {"a": CaseResult(outcome), "b": CaseResult(outcome)}
    (step,) = next_steps(A1, {name: ExerciseResult(name, 20, cases) for name in A1.exercises})
    assert step.startswith(said)


def test_what_is_not_written_is_to_be_written_and_nothing_is_left_of_all_right():
    empty = by_name(result(A1))
    empty["top_k"] = ExerciseResult("top_k", 20, {"a": CaseResult("not written")})
    assert next_steps(A1, empty)[0].startswith("Write `top_k`")
    empty["top_k"] = ExerciseResult("top_k", 20, {"a": CaseResult("not defined")})
    assert next_steps(A1, empty)[0].startswith("Define `top_k`")
    assert next_steps(A1, by_name(result(A1))) == []
