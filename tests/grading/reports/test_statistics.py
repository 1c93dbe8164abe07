"""What a class says of an assignment, held against sums by hand and another way to the correlation."""

from __future__ import annotations

import statistics
from datetime import timedelta

import pytest
from graded_class import A1, IN_TIME, result, run

from course_kit.grading.marking.result import CaseResult, ExerciseResult
from course_kit.grading.reports.adjust import Adjustment
from course_kit.grading.reports.class_report import class_report
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.statistics import askable, discrimination, lateness, to_talk_to

WRONG, UNWRITTEN = CaseResult("wrong"), CaseResult("not written")


def answers(*rights: bool):
    """A result with one function whose cases are right or not."""
    cases = {f"case {n}": CaseResult("right" if right else "wrong") for n, right in enumerate(rights)}
    one = result(A1)
    return one.__class__(**{**one.__dict__, "exercises": (ExerciseResult("top_k", 20, cases),)})


def damaged(outcome: str = "not defined"):
    """Nothing of it could be asked."""
    one = result(A1)
    exercises = tuple(ExerciseResult(e.name, e.of, dict.fromkeys(e.cases, CaseResult(outcome))) for e in one.exercises)
    return one.__class__(**{**one.__dict__, "exercises": exercises})


GIVEN = [(n % 3 > 0, n > 5, n % 2 > 0, True) for n in range(12)]


def test_discrimination_is_the_correlation_with_the_points_for_everything_else():
    found = discrimination({f"{n}": answers(*rights) for n, rights in enumerate(GIVEN)})
    assert found.keys() == {("top_k", f"case {n}") for n in range(3)}, "everybody has the last one right"
    for place in range(3):
        case = [float(rights[place]) for rights in GIVEN]
        rest = [5.0 * (sum(rights) - rights[place]) for rights in GIVEN]
        assert found["top_k", f"case {place}"] == pytest.approx(statistics.correlation(case, rest))


def test_a_small_class_has_no_correlations():
    assert discrimination({f"{n}": answers(n % 2 > 0, n > 3, n > 2) for n in range(9)}) == {}


def test_files_of_which_nothing_could_be_asked_do_not_drown_the_report():
    results = {"ada": result(A1), "ben": result(A1, top_k=WRONG)} | {f"lost{n}": damaged() for n in range(20)}
    assert askable(results).keys() == {"ada", "ben"}
    class_run = run(A1, dict.fromkeys(results, IN_TIME))
    text = class_report(class_run, A1, gradebook(class_run, A1, results, {}), results)
    assert "The mean is 95.0" in text
    assert "1 of 2 students have all of it right" in text
    assert "Of 20 submissions no function could be asked" in text
    lost = {"lost": damaged("no answer")}
    lost_run = run(A1, {"lost": IN_TIME})
    assert "Case by case" not in class_report(lost_run, A1, gradebook(lost_run, A1, lost, {}), lost)


def test_who_was_late_and_what_it_cost():
    times = {
        "ada": IN_TIME,
        "ben": "2026-11-30T18:10:00+00:00",
        "cleo": "2026-12-02T17:00:00+00:00",
        "dan": "",
        "eve": None,
    }
    class_run = run(A1, times, due="2026-11-30T18:00Z", late="grace 15min, 10%/day")
    found = lateness(gradebook(class_run, A1, dict.fromkeys(("ada", "ben", "cleo", "dan"), result(A1)), {}))
    assert (found.in_time, found.late, found.cost, found.unknown) == (1, 2, 1, 1)
    assert found.lost == pytest.approx(20)
    assert found.longest == timedelta(hours=47)


def test_who_may_need_a_word_and_why():
    names = list(A1.exercises)
    results = {
        "ada": result(A1),
        "ben": damaged(),
        "cleo": result(A1, **dict.fromkeys(names, WRONG)),
        "dan": result(A1).__class__(
            **{**result(A1).__dict__, "exercises": tuple(ExerciseResult(n, 1, {"a": UNWRITTEN}) for n in names)}
        ),
        "fay": damaged(),
    }
    class_run = run(A1, {**dict.fromkeys(results, IN_TIME), "eve": None})
    lines = {"fay": (Adjustment("fay", "total", is_excused=True),)}
    found = to_talk_to(gradebook(class_run, A1, results, {}, lines), A1, results)
    assert [(row.student, len(why)) for row, why in found] == [("ben", 1), ("dan", 2), ("eve", 1)]
    assert found[1][1] == [f"{len(names)} of {len(names)} functions not written", "less than 50% of the points"]
    assert found[2][1] == ["nothing handed in"]
