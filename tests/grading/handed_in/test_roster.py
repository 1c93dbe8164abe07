"""Class lists of four kinds give the same class."""

from __future__ import annotations

import pytest
from refusing import refused

from course_kit.grading.handed_in.naming import squashed
from course_kit.grading.handed_in.roster import read_roster

OURS = "student,name,canvas\ndoe1,Jane Doe,101\nroe2,Richard Roe,102\n"
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,A1 (55)
    Points Possible,,,,,100
"Doe, Jane",101,S1,doe1,Monday,
"Roe, Richard",102,S2,roe2,Monday,7
"""
MOODLE = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade
Participant 101,Jane Doe,doe1,jane@x.edu,No submission,,100.00
Participant 102,Richard Roe,roe2,roe@x.edu,No submission,,100.00
"""
GRADESCOPE = "First Name,Last Name,SID,Email\nJane,Doe,doe1,jane@x.edu\nRichard,Roe,roe2,roe@x.edu\n"


def write(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("text", [OURS, CANVAS, MOODLE, GRADESCOPE], ids=["ours", "canvas", "moodle", "gradescope"])
def test_every_kind_gives_the_same_class(tmp_path, text):
    roster = read_roster(write(tmp_path, text))
    assert list(roster.students) == ["doe1", "roe2"]
    assert roster.find([("student", "DOE1")]).id == "doe1"
    assert roster.find([("student", "nobody")]) is None


def test_numbers_of_an_lms_find_only_in_that_lms(tmp_path):
    canvas, moodle = (read_roster(write(tmp_path, text)) for text in (CANVAS, MOODLE))
    assert canvas.find([("canvas", "102")]).id == moodle.find([("moodle", "102")]).id == "roe2"
    assert canvas.find([("moodle", "102")]) is None
    assert canvas.find([("student", "s1")]).id == "doe1"
    assert moodle.find([("student", "Jane@x.edu")]).id == "doe1"


@pytest.mark.parametrize(("name", "form"), [("Jane Doe", "doejane"), ("Poe, Edgar A.", "poeedgara"), ("Ö Åb", "åbö")])
def test_names_as_file_names_have_them(name, form):
    assert form in squashed(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "a class list"),
        ("student\n", "no student"),
        ("student\nada\nada\n", "'ada' twice"),
        ("student,submitted\nada,soon\n", "ada, submitted: got 'soon'"),
    ],
)
def test_another_list_is_refused_in_one_line(tmp_path, text, said):
    with refused(said):
        read_roster(write(tmp_path, text))
