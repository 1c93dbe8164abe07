"""A result survives being stored, and counts points by case."""

from __future__ import annotations

import pytest

from course_kit.grading.marking.result import CaseResult, ExerciseResult, Result

HALF = ExerciseResult("spread", 25, {"two": CaseResult("right"), "one": CaseResult("wrong", "smallest")})
WHOLE = ExerciseResult("mean", 15, {"one": CaseResult("right")})
RESULT = Result("a9_x", "b", "s", "namespaces", (HALF, WHOLE), {3: "NameError: x"}, ("late",), {"words": "Ü, “…”"})


def test_each_case_counts_alike():
    assert (HALF.points, WHOLE.points, RESULT.points) == (12.5, 15, 27.5)


def test_a_stored_result_is_the_same_and_so_is_its_text():
    again = Result.from_json(RESULT.to_json())
    assert again == RESULT
    assert again.to_json() == RESULT.to_json()
    assert list(again.exercises[0].cases) == list(RESULT.exercises[0].cases), "the order in which a page lists them"


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"exercises": [{}]}', "x"])
def test_something_else_is_refused(text):
    with pytest.raises(ValueError):
        Result.from_json(text)
