"""Whose a file is, in the exports of every LMS: points reach each member of a group and never a stranger."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import datetime, timedelta, timezone

import pytest
from refusing import refused

from course_kit.grading.handed_in.collect import Rules, collect
from course_kit.grading.handed_in.late import read_late
from course_kit.grading.handed_in.naming import naming, told_time
from course_kit.grading.handed_in.roster import read_roster

GROUPS = """student,name,canvas,moodle,group
ann,"N, Ann",101,12,Team Blue
bob,Bob O.,102,13,Team Blue
pat,Pat van der Berg,103,14,
"""
MOODLE = "_assignsubmission_file"


def zipped(tmp_path, *names: str):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2026, 12, 3, 10, 0, 0)), name.encode())
    (tmp_path / "s.zip").write_bytes(raw.getvalue())
    return tmp_path / "s.zip"


def owners(tmp_path, roster: str, *names: str, **rules):
    """Student → the file that is graded, and the files that are nobody's."""
    (tmp_path / "roster.csv").write_text(roster, "utf-8")
    found = collect(zipped(tmp_path, *names), read_roster(tmp_path / "roster.csv"), Rules(**rules))
    return {one.student: one.name for one in found.submissions if one.name}, found


@pytest.mark.parametrize(
    ("names", "owned"),
    [
        ([f"Team Blue_14{MOODLE}/a.ipynb"], {"ann": 0, "bob": 0}),
        ([f"Team Red_14{MOODLE}/a.ipynb"], {}),
        ([f"Team Pat_14{MOODLE}/a.ipynb"], {}),
        ([f"Pat van der Berg_14{MOODLE}_a.ipynb"], {"pat": 0}),
        ([f"Ann N_12{MOODLE}_x_14{MOODLE}_a.ipynb"], {"ann": 0}),
        ([f"Participant_77{MOODLE}_a.ipynb"], {}),
        (["teamblue_101_9001_a1.ipynb"], {"ann": 0, "bob": 0}),
        (["teamred_101_9001_a1.ipynb"], {"ann": 0}),
        (["van_der_berg_pat_103_9003_a1.ipynb"], {"pat": 0}),
        (["nann_101_9003_x_103_9004_a1.ipynb"], {"ann": 0}),
        (["nann_LATE_101_9003_a1-2.ipynb", "nann_101_9001_a1.ipynb"], {"ann": 0}),
        (["ann.ipynb", "zoe.ipynb"], {"ann": 0}),
        (["Team Blue/a1.ipynb", "pat/a1.ipynb"], {"ann": 0, "bob": 0, "pat": 1}),
        ([f"Participant_12{MOODLE}/a.ipynb"], {"ann": 0}),
        ([f"Team Blue-Teilnehmerin_13{MOODLE}/a.ipynb"], {"bob": 0}),
    ],
)
def test_points_reach_every_member_and_never_a_stranger(tmp_path, names, owned):
    got, found = owners(tmp_path, GROUPS, *names)
    assert got == {student: names[place] for student, place in owned.items()}
    assert len(found.strangers) == len(set(names) - set(got.values())) - ("LATE" in names[0])


@pytest.mark.parametrize(
    "name",
    ["ann (1).ipynb", "ann-2.ipynb", "ann - Copy.ipynb", "Copy of ann.ipynb", "ann-Copy1.ipynb", "ann (1)/a1.ipynb"],
)
def test_a_copy_is_its_owners_and_says_so(tmp_path, name):
    got, found = owners(tmp_path, GROUPS, name)
    assert got == {"ann": name}
    assert found.submissions[0].flags == (f"{name}: read as ann's",)
    assert collect(zipped(tmp_path, "bob.ipynb", name)).submissions[0].student == ("ann-2" if "-2" in name else "ann")


def test_whose_name_looks_like_a_copy_keeps_it(tmp_path):
    assert owners(tmp_path, "student\nann-2\nann\n", "ann-2.ipynb")[0] == {"ann-2": "ann-2.ipynb"}
    assert owners(tmp_path, "student\nbob\n", "bob.ipynb", "kim-2.ipynb")[1].strangers == [
        "'kim-2.ipynb': nobody in the roster"
    ]


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ("Zoe\u0308", "Zo\u00eb.ipynb"),
        ("Zo\u00eb", "Zoe\u0308.ipynb"),
        ("z,Zo\u00eb Sch\u00f6n,1", f"Zoe Schon_1{MOODLE}/a1.ipynb"),
    ],
)
def test_letters_are_the_same_however_they_are_stored(tmp_path, listed, name):
    got, found = owners(tmp_path, f"student,name,moodle\n{listed}\n", name)
    assert len(got) == 1
    assert (found.submissions[0].flags, found.strangers) == ((), [])


def test_github_classroom(tmp_path):
    roster = (
        '"identifier","github_username","github_id","name"\n"ann@x.edu","ann-gh","1","Ann"\n"b@x","bob","2","Bob"\n'
    )
    names = ["a1-submissions/a1-ann-gh/a1.ipynb", "a1-submissions/a1-ann-gh/README.md"]
    names += ["a1-submissions/a1-ann-gh/.git/config", "a1-submissions/a1-bob/a1.ipynb"]
    got, found = owners(tmp_path, roster, *names)
    assert got == {"ann@x.edu": "a1-ann-gh/a1.ipynb", "b@x": "a1-bob/a1.ipynb"}
    assert found.strangers == []
    assert found.submissions[0].beside.keys() == {"README.md"}
    got, _ = owners(tmp_path, "student\nann-gh\nbob\n", *names)
    assert got.keys() == {"ann-gh", "bob"}


@pytest.mark.parametrize("around", ["a1-submissions", "renamed"])
@pytest.mark.parametrize("column", ["student", "github_username"])
def test_github_classroom_with_one_student_so_far(tmp_path, around, column):
    (tmp_path / around / "a1-ann-gh").mkdir(parents=True)
    (tmp_path / around / "a1-ann-gh/a1.ipynb").write_bytes(b"A")
    (tmp_path / "roster.csv").write_text(f"{column}\nann-gh\nbob\n", "utf-8")
    found = collect(tmp_path / around, read_roster(tmp_path / "roster.csv"))
    assert {one.student: one.content for one in found.submissions} == {"ann-gh": b"A", "bob": b""}


@pytest.mark.parametrize(
    ("lms", "name", "student", "time"),
    [
        ("brightspace", "12345-67890 - Ann N - Dec 3, 2026 505 PM/a1.ipynb", "ann", datetime(2026, 12, 3, 17, 5)),
        ("brightspace", "1-2 - Ann N - 3 December, 2026 17:05 - a1.ipynb", "ann", datetime(2026, 12, 3, 17, 5)),
        ("brightspace", "1-2 - Ann N- Dec 3, 2026 505 PM - a1.ipynb", "ann", datetime(2026, 12, 3, 17, 5)),
        ("blackboard", "A1_ann_attempt_2026-12-03-17-05-22_a1.ipynb", "ann", datetime(2026, 12, 3, 17, 5, 22)),
        ("brightspace", "1-2 - Ann - N - 3 December, 2026 17:05 - a1.ipynb", "ann", datetime(2026, 12, 3, 17, 5)),
        ("sakai", "A1/N, Ann(ann)/Submission attachment(s)/a1.ipynb", "ann", datetime(2026, 12, 3, 10)),
        ("sakai", "A1 (metrics)/N, Ann (Annie)(ann)/Files/a1.ipynb", "ann", datetime(2026, 12, 3, 10)),
        ("sakai", "A1/N, Ann(ann)_a1.ipynb", "ann", datetime(2026, 12, 3, 10)),
        ("ilias", "A1/Submissions/N_Ann_ann_4711/20261203170522_a1.ipynb", "ann", datetime(2026, 12, 3, 17, 5, 22)),
        ("teams", "Submitted files/Ann N/A1/Version 2/a1.ipynb", "ann", None),
        (r"(?P<student>\w+)--(?P<file>.*)", "ann--a1.ipynb", "ann", datetime(2026, 12, 3, 10)),
        (r"hw/(?P<email>[^/]+)/", "hw/ann/a1.ipynb", "ann", datetime(2026, 12, 3, 10)),
    ],
)
def test_other_exports_by_name_or_by_a_regular_expression(tmp_path, lms, name, student, time):
    got, found = owners(tmp_path, GROUPS, name, names=lms)
    assert got == {student: name}
    assert next(one for one in found.submissions if one.name).time == time


@pytest.mark.parametrize(
    ("lms", "name"),
    [
        ("blackboard", "A1_first_ann_lee_attempt_2026-12-03-17-05-22_a1.ipynb"),
        ("ilias", "A1/Submissions/Lee_Ann_ann_lee_4711/20261203170522_a1.ipynb"),
    ],
)
def test_an_id_with_an_underscore_is_not_another_students(tmp_path, lms, name):
    got, _ = owners(tmp_path, 'student,name\nann_lee,"Lee, Ann"\nlee,Lee\n', name, names=lms)
    assert got == {"ann_lee": name}


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-12-03T17:05:22.123Z", datetime(2026, 12, 3, 17, 5, 22, tzinfo=timezone.utc)),
        ("20261203170522123\n", datetime(2026, 12, 3, 17, 5, 22)),
        ("soon", datetime(2026, 12, 3, 10)),
    ],
)
def test_sakai_says_in_a_file_when_it_was_handed_in_and_a_student_cannot(tmp_path, stamp, time):
    ann, team = "A1/N, Ann(ann)", "A1/Team Blue (0f0e1a2b-1111-2222-3333-444455556666)"
    files = {f"{folder}/timestamp.txt": stamp for folder in (ann, team)}
    files |= {f"{folder}/Submission attachment(s)/timestamp.txt": "1999-01-01T00:00:00Z" for folder in (ann, team)}
    files |= {f"{folder}/Submission attachment(s)/a1.ipynb": "{}" for folder in (ann, team)}
    files |= {"A1/grades.csv": "Display ID,ID"}
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 12, 3, 10, 0, 0)), text)
    (tmp_path / "roster.csv").write_text("student,group\nann,\nbob,Team Blue\n", "utf-8")
    found = collect(tmp_path / "s.zip", read_roster(tmp_path / "roster.csv"), Rules(names="sakai"))
    assert [(one.student, one.time) for one in found.submissions] == [("ann", time), ("bob", time)]
    assert found.strangers == []


def test_a_file_that_an_lms_adds_is_nobodys_and_no_student(tmp_path):
    names = ["Submitted files/Ann N/A1/Version 2/a1.ipynb", "Working files/Ann N/A1/a1.ipynb", "index.html"]
    found = collect(zipped(tmp_path, *names), rules=Rules(names="teams"))
    assert [one.student for one in found.submissions] == ["Ann N"]
    assert found.strangers == [f"{names[1]!r}: not named as --names says"]


def test_a_naming_that_names_nobody_is_refused():
    for text, said in {
        "moodel": "one of blackboard",
        "(?P<a>": "regular expression",
        "(?P<late>x)": "named group",
    }.items():
        with refused(said):
            naming(text)


def test_of_anonymous_files_no_time_is_known_and_lateness_is_said(tmp_path):
    names = ["anon_aB3x9_9001_a1.ipynb", "LATE_anon_Kq7Zp_9002_a1.ipynb"]
    late, early = collect(zipped(tmp_path, *names)).submissions
    assert [one.student for one in (late, early)] == ["anon_Kq7Zp", "anon_aB3x9"]
    assert (late.time, early.time) == (None, None)
    assert late.flags == ("late, says Canvas; the zip does not tell how late",)


@pytest.mark.parametrize(
    "names",
    [
        ["export/ann.ipynb", "export/bob.ipynb"],
        ["export\\ann.ipynb", "export\\bob.ipynb"],
        ["a/b/c/ann/a1.ipynb", "a/b/c/bob/x/a1.ipynb"],
        ["export/ann.ipynb.txt", "export/bob.ipynb (1)"],
        ["__MACOSX/._x", "export/.DS_Store", "export/ann.ipynb", "export/bob.json", "export/bob.ipynb"],
    ],
)
def test_folders_around_everything_are_left_out_and_said(tmp_path, names):
    found = collect(zipped(tmp_path, *names), rules=Rules(called="a1_metrics"))
    assert [one.student for one in found.submissions] == ["ann", "bob"]
    assert "was left out of the names" in found.notes[0]


def test_a_folder_of_one_student_is_a_student(tmp_path):
    found = collect(zipped(tmp_path, "ann/Untitled.ipynb", "ann/a1_metrics.ipynb"), rules=Rules(called="a1_metrics"))
    assert [one.student for one in found.submissions] == ["ann"]


def test_letters_that_macos_takes_apart_are_the_same(tmp_path):
    got, _ = owners(tmp_path, "student\nzo\u00eb\n", "zoe\u0308.ipynb")
    assert got.keys() == {"zo\u00eb"}


def test_a_time_in_a_zip_is_read_in_the_zone_of_the_due_time_whatever_this_machines_is(tmp_path, monkeypatch):
    (one,) = collect(zipped(tmp_path, f"Ana N_12{MOODLE}_/a1.ipynb")).submissions
    assert (one.time, one.source) == (datetime(2026, 12, 3, 10), "the zip")
    for zone, late in {"": 0, "Europe/Berlin": 0, "America/Los_Angeles": 8.5}.items():
        rule = read_late("2026-12-03T10:30+01:00", "10%/day", zone=zone)
        assert rule.lateness("ana", one.time) / timedelta(hours=1) == late


@pytest.mark.parametrize("file_times", [True, False])
def test_times_of_files_count_only_where_that_is_asked_for(tmp_path, file_times):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ann.ipynb").write_bytes(b"A")
    (one,) = collect(tmp_path / "in", rules=Rules(file_times=file_times)).submissions
    assert (one.source, one.time is not None) == (("the file's time", True) if file_times else ("", False))


def test_moodles_own_record_counts_more_than_the_zip(tmp_path):
    sheet = "Identifier,Full name,Email address,Status,Grade,Last modified (submission)\n"
    sheet += 'Participant 12,Ana N,ana@x.edu,Submitted,,"Wednesday, 2 December 2026, 9:15 AM"\n'
    _, found = owners(tmp_path, sheet, f"Ana N_12{MOODLE}_/a1.ipynb")
    assert [(one.time, one.source) for one in found.submissions] == [
        (datetime(2026, 12, 2, 9, 15), "Moodle's worksheet")
    ]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-30 17:05", (17, 5)),
        ("2026年11月30日 星期一 下午5:05", (17, 5)),
        ("lundi 30 novembre 2026, 17 h 05", (17, 5)),
        ("Monday, 30 November 2026, 12:05 AM", (0, 5)),
    ],
)
def test_a_time_is_read_however_it_is_written(text, time):
    assert told_time(text) == datetime(2026, 11, 30, *time)
    assert told_time("mardi 1er décembre 2026, 09:15") == datetime(2026, 12, 1, 9, 15)


@pytest.mark.parametrize(
    "text", ["", "-", "soon", "30 Brumaire 2026, 10:00", "2026-13-45-99-99-99", "99. Mai 2026 25:99"]
)
def test_what_is_no_time_is_none(text):
    assert told_time(text) is None


def test_a_file_from_another_calendar_stops_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ann.ipynb").write_bytes(b"A")
    os.utime(tmp_path / "in/ann.ipynb", (10**11, 10**11))
    (one,) = collect(tmp_path / "in", rules=Rules(file_times=True)).submissions
    assert one.content == b"A"
