"""What a person changes by hand: it counts, survives every run, and is listed as such everywhere."""

from __future__ import annotations

import html
import json
import re

import pytest
from graded_class import A1, A4, CANVAS, IN_TIME, MOODLE, result, run

from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.adjust import Adjustment, read_adjustments
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.gradescope import gradescope
from course_kit.grading.reports.lms import export
from course_kit.grading.reports.outputs import write_outputs

HEAD = "student,function,points,change,comment,by\n"
HALF = result(A1, top_k=CaseResult("wrong", "worst_first"))
STUDENTS = ("ada", "ben", "cleo", "dan", "eve")
DUE = {"due": "2026-11-30T18:00Z", "late": "10%/day"}
CLASS = run(A1, {**dict.fromkeys(STUDENTS, IN_TIME), "ben": "2026-12-01T19:00:00+00:00", "eve": None}, **DUE)
CLASS = CLASS.__class__(**{**CLASS.__dict__, "names": {"ada": "Ada Abel"}})
RESULTS = {student: HALF for student in STUDENTS if student != "eve"}
LINES = """ada,top_k,18,,"<b>fair</b> tie break",Kim
ada,top_k,,+1.5,,Lee
ben,total,,−5,=cmd(),Kim
cleo,,excused,,ill,Kim
dan,top_k,,,well commented,
eve,audit_f1,12,,on paper,Kim
"""


@pytest.fixture
def written(tmp_path):
    (tmp_path / "adjust.csv").write_text(HEAD + LINES, "utf-8")
    for _ in range(2):
        done = write_outputs(tmp_path, CLASS, A1, RESULTS)
    assert (tmp_path / "adjust.csv").read_text("utf-8") == HEAD + LINES
    return tmp_path, done


def test_points_are_set_before_others_are_added_and_the_total_after_lateness(written):
    """top_k has 20 points, and 10 of them are earned; ben has 80 % of 90."""
    folder, _ = written
    rows = {row["student"]: row for row in read_table(folder / "gradebook.csv")}
    assert {student: row["total"] for student, row in rows.items()} == {
        "ada": "99.5",
        "ben": "67",
        "cleo": "excused",
        "dan": "90",
        "eve": "12",
    }
    assert rows["ada"]["top_k"] == "19.5"
    assert rows["ada"]["name"] == "Ada Abel"
    assert rows["ada"]["flags"] == "by hand: top_k: 10 → 18 (Kim); by hand: top_k: 18 → 19.5 (Lee)"
    assert rows["ben"]["flags"] == "by hand: total: 72 → 67 (Kim)"


def plain(text: str) -> str:
    body = html.unescape(re.sub(r"<[^>]+>", " ", text.partition("</style>")[2]))
    return " ".join(body.split())


def test_students_and_the_report_read_what_was_changed_and_nothing_of_it_is_rendered(written):
    folder, _ = written
    pages = {path.stem: path.read_text("utf-8") for path in folder.rglob("*.html")}
    assert "Changed by hand, top_k: 10 → 18 (Kim): <b>fair</b> tie break" in plain(pages["ada"])
    assert "<b>fair</b>" not in "".join(pages.values())
    assert "Ada Abel (ada)" in plain(pages["ada"])
    assert "You are excused" in plain(pages["cleo"])
    assert "ill" in plain(pages["cleo"])
    assert "A comment: well commented" in plain(pages["dan"])
    report = plain(pages["report"])
    assert "Changed by hand (6)" in report
    assert "cleo excused (Kim) ill" in report
    assert "0 without a submission" in report


def test_an_empty_file_is_laid_there_once(tmp_path):
    write_outputs(tmp_path, CLASS, A1, RESULTS)
    assert (tmp_path / "adjust.csv").read_text("utf-8-sig").replace('"', "") == HEAD
    assert read_adjustments(tmp_path / "adjust.csv", A1) == {}


def test_a_written_part_that_nobody_read_can_be_set(tmp_path):
    lines = {"ada": (Adjustment("ada", "three_sentences", 7),)}
    (row,) = gradebook(run(A4, {"ada": IN_TIME}), A4, {"ada": result(A4)}, {}, lines)
    assert (row.total, row.waiting, row.states) == (92, [], ())


def test_an_lms_is_told_who_is_excused_where_its_file_can_say_so(tmp_path):
    class_run = run(A1, {"doe1": IN_TIME, "roe2": None})
    lines = {"doe1": (Adjustment("doe1", "total", is_excused=True),), "roe2": (Adjustment("roe2", "total", 40),)}
    rows = gradebook(class_run, A1, {"doe1": HALF}, {}, lines)
    cells = {}
    for kind, text in (("canvas", CANVAS), ("moodle", MOODLE)):
        (tmp_path / f"{kind}.csv").write_text(text, "utf-8")
        done = export(kind, rows, A1, {"doe1": HALF}, read_roster(tmp_path / f"{kind}.csv"))
        (tmp_path / f"{kind}.csv").write_text(done.files[f"{kind}.csv"], "utf-8")
        cells[kind] = [row.get("A1 · Metrics (55)", row.get("Grade")) for row in read_table(tmp_path / f"{kind}.csv")]
        assert any("1 excused in adjust.csv" in note for note in done.notes)
    assert cells == {"canvas": ["100", "EX", "40"], "moodle": ["", "40"]}


def test_gradescope_gets_the_score_and_the_words(written):
    _, done = written
    ada, ben = (json.loads(gradescope(row, A1, HALF)) for row in done.rows[:2])
    (test,) = (test for test in ada["tests"] if "top_k" in test["name"])
    assert (ada["score"], test["score"]) == (99.5, 19.5)
    assert "by hand, top_k: 10 → 18 (Kim): <b>fair</b> tie break" in test["output"]
    assert "by hand, total: 72 → 67 (Kim): =cmd()" in ben["output"]


def test_lines_for_somebody_else_count_for_nobody_and_are_said(tmp_path):
    (tmp_path / "adjust.csv").write_text(HEAD + "adda,top_k,20,,,Kim\n")
    assert "has lines for adda, not in this class" in write_outputs(tmp_path, CLASS, A1, RESULTS).notes[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ada,topk,3,,,", "the function 'topk'"),
        ("ada,top_k,+3,,,", "move +3 to the column change"),
        ("ada,top_k,21,,,", "at most 20"),
        ("ada,top_k,many,,,", "'many' in the column points"),
        ("ada,top_k,nan,,,", "'nan' in the column points"),
        ("ada,top_k,,inf,,", "'inf' in the column change"),
        ("ada,top_k,excused,,,", "excused from a part"),
        ("ada,top_k,1,,,\nada,top_k,2,,,", "a second line that sets the points"),
        (",top_k,1,,,", "no student"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_in_one_line_before_anything_is_written(line, said, tmp_path):
    (tmp_path / "adjust.csv").write_text(HEAD + line)
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        write_outputs(tmp_path, CLASS, A1, RESULTS)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["adjust.csv"]
