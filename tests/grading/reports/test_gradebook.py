"""The gradebook's arithmetic, by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from graded_class import A1, A4, IN_TIME, result, run

from course_kit.grading.handed_in.owners import LATE as CANVAS_SAYS
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.gradebook import UNCONFINED, UNKNOWN_TIME, gradebook, to_text
from course_kit.grading.reports.rubric import Grade

WRONG = CaseResult("wrong", "worst_first")
LATE = "2026-12-01T19:00:00+00:00"  # 25 hours after the due time
DUE = {"due": "2026-11-30T18:00Z", "late": "10%/day"}


def rows(*arguments):
    return {row.student: row for row in gradebook(*arguments)}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_points_lateness_and_who_is_missing():
    class_run = run(A1, {"ben": LATE, "ada": IN_TIME, "cleo": None, "dan": IN_TIME, "eve": ""}, **DUE)
    results = {"ada": result(A1, top_k=WRONG), "ben": result(A1), "eve": result(A1, flags=("odd", "odd"))}
    found = rows(class_run, A1, results, {})
    assert list(found) == ["ada", "ben", "cleo", "dan", "eve"]
    assert {student: row.total for student, row in found.items()} == {
        "ada": 90,
        "ben": 80,
        "cleo": 0,
        "dan": None,
        "eve": 100,
    }
    assert (found["ben"].earned, found["ben"].factor) == (100, 0.8)
    assert found["cleo"].states == ("nothing handed in",)
    assert found["dan"].states == ("not graded yet",)
    assert (found["eve"].states, found["eve"].flags) == ((UNKNOWN_TIME,), ("odd",))


def test_written_parts_count_when_a_person_has_read_them():
    class_run = run(A4, {"ada": IN_TIME, "ben": IN_TIME, "cleo": LATE}, **DUE)
    results = dict.fromkeys(("ada", "ben", "cleo"), result(A4))
    grades = {("ada", "three_sentences"): Grade(12.5), ("cleo", "three_sentences"): Grade(0)}
    found = rows(class_run, A4, results, grades)
    assert {student: row.total for student, row in found.items()} == {"ada": 97.5, "ben": 85, "cleo": 68}
    assert found["ben"].states == ("provisional: three_sentences not read yet",)
    assert found["ada"].states == found["cleo"].states == found["ben"].flags == ()


def test_no_sandbox_is_said_in_every_row():
    found = rows(run(A1, {"ada": IN_TIME}), A1, {"ada": result(A1, sandbox="none")}, {})
    assert found["ada"].states == (UNCONFINED,)


def test_the_columns_are_total_functions_written_parts_lateness_flags():
    class_run = run(A4, {"ada": LATE, "ben": None}, **DUE)
    grades = {("ada", "three_sentences"): Grade(15, "fine")}
    text = to_text(gradebook(class_run, A4, {"ada": result(A4)}, grades), A4, class_run)
    first, second = table(text)
    assert list(first) == [
        "student",
        "total",
        *A4.exercises,
        "three_sentences",
        "handed_in",
        "time_from",
        "hours_late",
        "earned",
        "factor",
        "flags",
    ]
    assert first["total"] == "80"
    assert (first["hours_late"], first["earned"], first["factor"]) == ("25", "100", "0.8")
    assert (second["total"], second["ngcf_layer"], second["three_sentences"]) == ("0", "", "")
    without = replace(class_run, due="", late="none")
    assert "factor" not in to_text(gradebook(without, A4, {}, {}), A4, without)


def test_ids_and_flags_are_no_formulas():
    class_run = run(A1, {"=cmd()": IN_TIME, "+1": IN_TIME, "-2": None})
    flagged = {"=cmd()": result(A1, flags=("@SUM(A1)",)), "+1": result(A1)}
    for row in table(to_text(gradebook(class_run, A1, flagged, {}), A1, class_run)):
        assert not any(cell.startswith(tuple("=+-@")) for cell in row.values())


@pytest.mark.parametrize(
    ("late", "total"), [("none", 90), ("zero", 0), ("grace 2d, zero", 90), ("33%/day, max 50%", 45)]
)
def test_another_rule_needs_no_other_results(late, total):
    class_run = run(A1, {"ada": LATE}, due="2026-11-30T18:00Z", late=late)
    assert rows(class_run, A1, {"ada": result(A1, top_k=WRONG)}, {})["ada"].total == total


@pytest.mark.parametrize("source", ["the zip", "the file's time"])
@pytest.mark.parametrize(("late", "flagged"), [("none", False), ("grace 2d, zero", False), ("10%/day", True)])
def test_a_time_that_copying_changes_is_flagged_where_it_costs_points(source, late, flagged):
    class_run = run(A1, {"ada": LATE}, due="2026-11-30T18:00Z", late=late)
    handed_in = {"ada": replace(class_run.handed_in["ada"], source=source)}
    row = rows(replace(class_run, handed_in=handed_in), A1, {"ada": result(A1)}, {})["ada"]
    assert (row.late.days, row.flags) == (1, (f"late by {source}, read in the zone +0000",) if flagged else ())


@pytest.mark.parametrize(("rule", "flagged"), [({}, False), (DUE, True)], ids=["no rule", "a rule"])
def test_what_canvas_says_of_lateness_is_a_flag_where_lateness_costs_points(rule, flagged):
    class_run = run(A1, {"ada": ""}, **rule)
    handed_in = {"ada": replace(class_run.handed_in["ada"], flags=(CANVAS_SAYS,))}
    row = rows(replace(class_run, handed_in=handed_in), A1, {"ada": result(A1)}, {})["ada"]
    assert CANVAS_SAYS in (row.flags if flagged else row.states)
    assert bool(row.flags) is flagged
