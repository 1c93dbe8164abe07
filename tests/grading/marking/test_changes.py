"""What changed between two editions of an assignment, and for whom."""

from __future__ import annotations

import copy

import pytest
from graded_class import A1, result
from solution_notebooks import SOUND, write

from course_kit.grading.authoring.assignment import read
from course_kit.grading.marking.changes import changed_parts, moved_points, newly_named, told
from course_kit.grading.marking.result import CaseResult

MISTAKES, PROBE = SOUND["mistakes"], SOUND["probe"]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    return read(write(tmp_path_factory.mktemp("before") / "a9_small.ipynb"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"mistakes": f"{MISTAKES}  # said otherwise"}, []),
        ({"mistakes": MISTAKES.replace("forgot", "left out")}, ["spread: the hint for smallest is another"]),
        ({"mistakes": MISTAKES.replace("x.min", "x.mean")}, ["spread: a known mistake does something else"]),
        (
            {"mistakes": f'{MISTAKES}\ndef mean(x):\n    """No."""\n    return x.mean()'},
            ["spread: the mistake mean is known now"],
        ),
        ({"probe": PROBE.replace(", 'nine': f(rng.randn(9))", "")}, ["spread: the case 'nine' is asked no more"]),
        (
            {"probe": PROBE.replace("randn(9)", "randn(8)")},
            ["spread: its probe or its time limit is another; new questions are drawn"],
        ),
        (
            {"solution": "def spread(x):\n    return 2 * (x.max() - x.min())"},
            ["spread: its solution, or what that builds on, is another; new questions are drawn"],
        ),
    ],
)
def test_each_kind_of_change_is_named(before, change, said, tmp_path):
    assert changed_parts(before, read(write(tmp_path / "a9_small.ipynb", **change))) == said


def test_functions_that_came_or_went_and_new_points_are_named(before):
    lines = changed_parts(before, A1)
    assert "spread is gone" in lines
    assert "top_k is new" in lines
    cheaper = copy.deepcopy(before)
    cheaper.exercises["spread"].points = 70
    assert changed_parts(before, cheaper) == ["spread: 70 points, 100 before"]


def test_whose_points_moved_and_what_is_named_now():
    then = {"ada": result(A1), "ben": result(A1, top_k=CaseResult("wrong")), "cleo": result(A1)}
    now = {"ada": result(A1), "ben": result(A1, top_k=CaseResult("wrong", "worst_first")), "dan": result(A1)}
    assert moved_points(then, now) == []
    assert newly_named(then, now) == ["top_k: worst_first is now named to 1 student"]
    moved = moved_points(then, {"ben": result(A1), "cleo": result(A1, top_k=CaseResult("wrong"))})
    assert moved == [("ben", "top_k", 10, 20), ("cleo", "top_k", 20, 10)]
    assert told(moved) == "points changed for 2 students: ben top_k 10 → 20, cleo top_k 20 → 10"
