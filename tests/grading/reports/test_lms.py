"""Files that an LMS takes, made from the files that it gives."""

from __future__ import annotations

import csv
import io
import json

import pytest
from graded_class import A1, IN_TIME, result, run

from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.lms import export

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,A1 · Metrics (55),Other (56)
    Points Possible,,,,,100,10
"Doe, Jane",101,S1,doe1,Monday,,
"Roe, Richard",102,S2,roe2,Monday,7,
"""
MOODLE = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (grade)
Participant 7001,Jane Doe,doe1,jane@x.edu,Submitted,,100.00,-
Participant 7002,Richard Roe,roe2,roe@x.edu,No submission,,100.00,-
"""
OURS = "student,name,canvas,email\ndoe1,Jane Doe,101,jane@x.edu\nroe2,=Roe,102,\n"
RESULTS = {"doe1": result(A1, top_k=CaseResult("wrong", "worst_first")), "zoe3": result(A1)}
ROWS = gradebook(run(A1, {"doe1": IN_TIME, "roe2": None, "zoe3": IN_TIME}), A1, RESULTS, {})


def exported(tmp_path, kind, roster=None):
    if roster:
        (tmp_path / "roster.csv").write_text(roster, "utf-8")
        roster = read_roster(tmp_path / "roster.csv")
    return export(kind, ROWS, A1, RESULTS, roster, A1.title)


def lines(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas_gets_the_columns_it_wants_and_the_number_it_gave_the_assignment(tmp_path):
    files, unknown = exported(tmp_path, "canvas", CANVAS)
    assert unknown == ["zoe3"]
    assert lines(files["canvas.csv"]) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A1 · Metrics (55)"],
        ["    Points Possible", "", "", "", "", "100"],
        ["Doe, Jane", "101", "S1", "doe1", "Monday", "90"],
        ["Roe, Richard", "102", "S2", "roe2", "Monday", "0"],
    ]


def test_canvas_from_a_list_of_ours(tmp_path):
    files, _ = exported(tmp_path, "canvas", OURS)
    header, _, doe, roe = lines(files["canvas.csv"])
    assert header[-1] == "A1 · Metrics"
    assert doe == ["Jane Doe", "101", "", "doe1", "", "90"]
    assert roe[0] == "'=Roe"


def test_moodles_worksheet_is_filled_in_and_else_the_same(tmp_path):
    files, unknown = exported(tmp_path, "moodle", MOODLE)
    before, after = lines(MOODLE), lines(files["moodle.csv"])
    assert unknown == ["zoe3"]
    assert [row[5] for row in after] == ["Grade", "90", "0"]
    assert [[*row[:5], *row[6:]] for row in after] == [[*row[:5], *row[6:]] for row in before]
    files, _ = exported(tmp_path, "moodle", OURS)
    assert lines(files["moodle.csv"])[1] == ["doe1", "Jane Doe", "jane@x.edu", "90"]


def test_a_worksheet_with_other_points_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at most 10 points, the assignment has 100"):
        exported(tmp_path, "moodle", MOODLE.replace("100.00", "10"))


def test_gradescope_gets_a_file_each_with_points_and_hints_by_function(tmp_path):
    files, unknown = exported(tmp_path, "gradescope")
    assert (sorted(files), unknown) == (["gradescope/doe1.json", "gradescope/zoe3.json"], [])
    plain = json.loads(files["gradescope/doe1.json"])
    assert plain["score"] == sum(test["score"] for test in plain["tests"]) == 90
    assert [test["max_score"] for test in plain["tests"]] == [20, 25, 20, 15, 20]
    assert A1.exercises["top_k"].hints["worst_first"] in plain["tests"][0]["output"]


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
def test_without_a_class_list_it_says_what_to_download(tmp_path, kind):
    with pytest.raises(ValueError, match=f"download it and name it: --lms FILE --format {kind}"):
        exported(tmp_path, kind)
