"""Whatever lies in SUBMISSIONS, everybody gets one notebook or a flag that says why not."""

from __future__ import annotations

import io
import os
import stat
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from refusing import refused

from course_kit.grading.asking.limits import MOST_BESIDE
from course_kit.grading.handed_in import collect as collecting
from course_kit.grading.handed_in import files
from course_kit.grading.handed_in.collect import MOST_LOOKED_AT, Rules, collect, collect_one
from course_kit.grading.handed_in.files import LARGEST
from course_kit.grading.handed_in.late import read_late
from course_kit.grading.handed_in.reading import ANSWERED, NOTHING, Reading
from course_kit.grading.handed_in.roster import read_roster

ROSTER = """student,name,canvas,moodle
doe1,Jane Doe,101,7001
roe2,Richard Roe,102,7002
poe3,"Poe, Edgar A.",103,7003
"""


@pytest.fixture
def roster(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    return read_roster(tmp_path / "roster.csv")


def folder(root: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(f"{path}.ipynb").write_bytes(content)
    return root


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 12, 0, 0)), content)
    return path


def by_student(collected) -> dict[str, tuple[bytes, tuple[str, ...]]]:
    return {one.student: (one.content, one.flags) for one in collected.submissions}


def test_all_in_a_folder_of_one_student_is_hers_and_the_notebook_has_its_files_beside_it(tmp_path):
    root = folder(tmp_path / "in", work__a1=b"A")
    (root / "work/table.csv").write_text("1,2")
    (root / "work/away.ipynb").symlink_to("/etc/passwd")
    found = collect_one(root, "ann@x.edu")
    assert (found.student, found.name, found.content) == ("ann@x.edu", "work/a1.ipynb", b"A")
    assert found.beside == {"table.csv": b"1,2"}
    assert any("away.ipynb: a link, not followed" in flag for flag in found.flags)
    assert collect_one(folder(tmp_path / "none", readme=b""), "bob").content == b""


def test_a_folder_of_notebooks_and_of_folders(tmp_path):
    root = folder(tmp_path / "in", ben=b"B", ada__a1=b"A")
    (root / "notes.txt").write_text("x")
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints/ben-checkpoint.ipynb").write_text("x")
    found = collect(root)
    assert by_student(found) == {"ada": (b"A", ()), "ben": (b"B", ())}
    assert [one.name for one in found.submissions] == ["ada/a1.ipynb", "ben.ipynb"]
    assert found.strangers == ["'notes.txt': not a notebook"]


def test_the_roster_says_who_there_is(tmp_path, roster):
    found = collect(folder(tmp_path / "in", DOE1=b"D", stranger=b"S"), roster)
    assert by_student(found) == {"doe1": (b"D", ()), "poe3": (b"", ()), "roe2": (b"", ())}
    assert [one.name for one in found.submissions] == ["DOE1.ipynb", "", ""]
    assert found.strangers == ["'stranger.ipynb': nobody in the roster"]


def test_a_zip_of_canvas(tmp_path, roster):
    files = {"doejane_101_900_a1.ipynb": b"D", "roerichard_LATE_102_901_a1-1.ipynb": b"R", "x_999_902_a1.ipynb": b"X"}
    found = collect(zipped(tmp_path / "submissions.zip", files), roster)
    late = ("late, says Canvas; the zip does not tell how late",)
    assert by_student(found) == {"doe1": (b"D", ()), "poe3": (b"", ()), "roe2": (b"R", late)}
    assert {one.time for one in found.submissions} == {None}
    assert found.strangers == ["'x_999_902_a1.ipynb': nobody in the roster"]


def test_a_zip_of_canvas_by_names_where_the_roster_has_no_numbers(tmp_path):
    (tmp_path / "names.csv").write_text('student,name\ndoe1,Jane Doe\npoe3,"Poe, Edgar A."\n', "utf-8")
    files = {"doejane_101_900_a1.ipynb": b"D", "poeedgara_103_900_a1.ipynb": b"P"}
    found = collect(zipped(tmp_path / "submissions.zip", files), read_roster(tmp_path / "names.csv"))
    assert by_student(found) == {"doe1": (b"D", ()), "poe3": (b"P", ())}


def test_two_of_the_same_name_are_not_told_apart_by_it(tmp_path):
    (tmp_path / "names.csv").write_text("student,name\ndoe1,Jane Doe\ndoe2,Jane Doe\n", "utf-8")
    found = collect(zipped(tmp_path / "s.zip", {"doejane_1_9_a.ipynb": b"D"}), read_roster(tmp_path / "names.csv"))
    assert by_student(found) == {"doe1": (b"", ()), "doe2": (b"", ())}
    assert len(found.strangers) == 1


@pytest.mark.parametrize("within", ["/a1.ipynb", "a1.ipynb", "/deep/er/a1.ipynb"])
def test_a_zip_of_moodle_in_folders_and_flat(tmp_path, roster, within):
    files = {
        f"Jane Doe_7001_assignsubmission_file_{within}": b"D",
        f"Edgar A. Poe_7003_assignsubmission_file_{within}": b"P",
        "Richard Roe_7002_assignsubmission_onlinetext_/onlinetext.html": b"<p>",
    }
    found = collect(zipped(tmp_path / "s.zip", files), roster)
    named = ("no notebook but Richard Roe_7002_assignsubmission_onlinetext_/onlinetext.html",)
    assert by_student(found) == {"doe1": (b"D", ()), "poe3": (b"P", ()), "roe2": (b"", named)}
    assert collect(tmp_path / "s.zip").submissions[0].student == "Edgar A. Poe_7003"


def test_an_export_of_gradescope(tmp_path, roster):
    meta = """submission_11:
  :submitters:
  - :name: Jane Doe
    :sid: doe1
    :email: jane@x.edu
  - :name: Edgar Poe
    :sid: poe3
  :created_at: 2026-11-30 10:00:00.123456 Z
submission_12:
  :submitters:
  - :name: Nobody
    :sid: 77
"""
    root = "assignment_5_export"
    files = {f"{root}/submission_metadata.yml": meta.encode()}
    files |= {f"{root}/submission_{n}/a1.ipynb": b"%d" % n for n in (11, 12)}
    found = collect(zipped(tmp_path / "s.zip", files), roster)
    together = [(f"handed in together with {name}",) for name in ("Edgar Poe", "Jane Doe")]
    assert by_student(found) == {"doe1": (b"11", together[0]), "poe3": (b"11", together[1]), "roe2": (b"", ())}
    assert found.submissions[0].time == datetime(2026, 11, 30, 10, 0, 0, 123456, timezone.utc)
    assert found.strangers == ["'submission_12/a1.ipynb': nobody in the roster"]
    assert [one.student for one in collect(tmp_path / "s.zip").submissions] == ["77", "doe1", "poe3"]


@pytest.mark.parametrize("meta", [b"{[", b"1", b"submission_1: {}", b"\xff\xfe", b"submission_1:\n  :submitters: [1]"])
def test_spoilt_metadata_of_gradescope_leave_the_folders_names(tmp_path, meta):
    files = {"submission_metadata.yml": meta, "submission_1/a1.ipynb": b"1", "submission_2/a1.ipynb": b"2"}
    found = collect(zipped(tmp_path / "s.zip", files))
    assert [one.student for one in found.submissions] == ["submission_1", "submission_2"]


def test_the_newest_before_the_deadline_counts_else_the_newest(tmp_path):
    root = folder(tmp_path / "in", ada__one=b"1", ada__two=b"2", ada__three=b"3", ben__one=b"1", ben__two=b"2")
    for name, hour in {"ada/one": 10, "ada/two": 12, "ada/three": 14, "ben/one": 15, "ben/two": 14}.items():
        time = datetime(2026, 11, 30, hour, tzinfo=timezone.utc).timestamp()
        os.utime(root / f"{name}.ipynb", (time, time))
    found = collect(root, rules=Rules(read_late("2026-11-30T13:00Z"), file_times=True))
    assert by_student(found) == {
        "ada": (b"2", ("3 notebooks; graded is ada/two.ipynb",)),
        "ben": (b"1", ("2 notebooks; graded is ben/one.ipynb",)),
    }
    assert by_student(collect(root))["ada"][0] == b"3"


def test_the_rosters_own_time_counts_most(tmp_path):
    (tmp_path / "r.csv").write_text("student,submitted\nada,2026-11-30T10:00Z\n", "utf-8")
    (one,) = collect(folder(tmp_path / "in", ada=b"A"), read_roster(tmp_path / "r.csv")).submissions
    assert one.time == datetime(2026, 11, 30, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "name",
    ["../evil.ipynb", "/abs.ipynb", "a/../../b.ipynb", "C:/x.ipynb", "a\nb.ipynb", "a\x00", "..\\e.ipynb", "‮x.ipynb"],
)
def test_a_member_of_unsafe_name_is_listed_and_left(tmp_path, name):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"evil")
        archive.writestr("ada.ipynb", b"A")
    (tmp_path / "s.zip").write_bytes(raw.getvalue())
    found = collect(tmp_path / "s.zip")
    assert by_student(found) == {"ada": (b"A", ())}
    assert len(found.strangers) == 1
    assert found.strangers[0].isprintable()
    assert {path.name for path in tmp_path.iterdir()} == {"s.zip"}


def test_bombs_links_and_devices_in_a_zip_are_flags(tmp_path):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bomb.ipynb", bytes(LARGEST - 1))
        archive.writestr("large.ipynb", os.urandom(LARGEST + 1))
        archive.writestr("nested.ipynb/inner.zip", b"PK")
        for name, kind in {"link": stat.S_IFLNK, "device": stat.S_IFCHR, "fine": stat.S_IFREG}.items():
            info = zipfile.ZipInfo(f"{name}.ipynb")
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, "/etc/passwd")
    flags = {student: "".join(said) for student, (_, said) in by_student(collect(path)).items()}
    assert "zip bomb" in flags["bomb"]
    assert "larger than 50 MB" in flags["large"]
    assert "a link" in flags["link"]
    assert "no ordinary file" in flags["device"]
    assert "no notebook but nested.ipynb/inner.zip: no archive is opened, so look into it" in flags["nested.ipynb"]
    assert flags["fine"] == ""
    assert all(not one.content for one in collect(path).submissions if one.student != "fine")


def test_a_member_that_lies_about_its_size_or_is_damaged_is_a_flag(tmp_path):
    path = zipped(tmp_path / "s.zip", {"ada.ipynb": os.urandom(5000), "ben.ipynb": b"B"})
    raw = bytearray(path.read_bytes())
    raw[100:120] = bytes(20)
    path.write_bytes(raw)
    found = by_student(collect(path))
    assert "cannot be unpacked" in found["ada"][1][0]
    assert found["ben"] == (b"B", ())


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.ipynb").write_text("key")
    root = folder(tmp_path / "in", ada=b"A", empty=b"")
    (root / "ben.ipynb").symlink_to(secret / "key.ipynb")
    (root / "cleo").symlink_to(secret)
    os.mkfifo(root / "dan.ipynb")
    found = by_student(collect(root))
    assert found["ada"] == (b"A", ())
    assert found["ben"] == (b"", ("ben.ipynb: a link, not followed",))
    assert found["dan"] == (b"", ("dan.ipynb: no ordinary file",))
    assert found["empty"] == (b"", ("an empty file",))
    assert collect(root).strangers == ["'cleo': not a notebook"]


def test_a_folder_that_cannot_be_opened_is_a_flag(tmp_path, monkeypatch):
    root = folder(tmp_path / "in", ada=b"A", ben__a1=b"B")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "ben":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert by_student(collect(root)) == {"ada": (b"A", ()), "ben": (b"", ("no notebook but ben/(a closed folder)",))}


def test_the_next_one_is_taken_where_the_newest_cannot_be_read(tmp_path):
    root = folder(tmp_path / "in", ada__good=b"A", ben=b"B")
    (root / "ada/zlink.ipynb").symlink_to("/etc/passwd")
    content, flags = by_student(collect(root))["ada"]
    assert content == b"A"
    assert len(flags) == 2


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere", "there is no such folder or zip"), ("roster.csv", "neither a folder nor a zip")]
)
def test_what_is_neither_folder_nor_zip_is_refused_in_one_line(tmp_path, roster, name, said):
    with refused(said):
        collect(tmp_path / name)


@pytest.mark.parametrize("ending", [".ipynb.txt", ".ipynb (1).txt", ".ipynb.ipynb", ".IPYNB", ".ipynb.crdownload"])
def test_a_browsers_ending_does_not_hide_the_notebook_that_holds_the_assignment(tmp_path, ending):
    (tmp_path / "ann").mkdir()
    for name in (f"a1{ending}", "Untitled.ipynb"):
        (tmp_path / "ann" / name).write_text(name)
    (tmp_path / "bob.ipynb").write_text("b")
    rules = Rules(read=lambda content: Reading(content, holds=ANSWERED if content.startswith(b"a1") else NOTHING))
    found, _ = collect(tmp_path, rules=rules).submissions
    assert found.content == f"a1{ending}".encode()


def test_of_many_notebooks_those_called_as_the_assignment_are_looked_at(tmp_path):
    (tmp_path / "ann/venv").mkdir(parents=True)
    for name in ("a1_metrics.ipynb", *(f"venv/x{n}.ipynb" for n in range(40))):
        (tmp_path / "ann" / name).write_text(name)
    (tmp_path / "bob.ipynb").write_text("b")
    rules = Rules(called="a1_metrics", read=lambda content: Reading(content, holds=ANSWERED * (content[:2] == b"a1")))
    found, _ = collect(tmp_path, rules=rules).submissions
    assert found.content == b"a1_metrics.ipynb"


def test_of_two_as_new_the_one_that_lies_less_deep_is_graded(tmp_path):
    path = zipped(tmp_path / "in.zip", {"ann/old/a1.ipynb": b"old", "ann/a1.ipynb": b"new", "bob/a1.ipynb": b"B"})
    assert by_student(collect(path))["ann"] == (b"new", ("2 notebooks; graded is ann/a1.ipynb",))


def test_a_class_of_one_in_a_folder_for_each_assignment(tmp_path):
    (tmp_path / "submitted/ann/a1_metrics").mkdir(parents=True)
    (tmp_path / "submitted/ann/a1_metrics/a1_metrics.ipynb").write_bytes(b"A")
    found = collect(tmp_path, rules=Rules(called="a1_metrics"))
    assert [(one.student, one.content) for one in found.submissions] == [("ann", b"A")]


def test_a_folder_of_nothing_but_clutter_holds_nobody(tmp_path, roster):
    (tmp_path / "doe1/.ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "doe1/.ipynb_checkpoints/a1-checkpoint.ipynb").write_bytes(b"A")
    assert not any(one.name for one in collect(tmp_path / "doe1", roster).submissions)


def test_of_very_many_notebooks_of_one_student_a_dozen_are_read(tmp_path):
    read = []
    rules = Rules(read=lambda content: read.append(content) or Reading(content))
    names = {f"ann/{number}.ipynb": b"%d" % number for number in range(30)}
    ann, _ = collect(zipped(tmp_path / "in.zip", {**names, "bob/a1.ipynb": b"B"}), rules=rules).submissions
    assert len(read) == MOST_LOOKED_AT + 1
    assert ann.flags[0].startswith("30 notebooks")


def test_files_beside_a_notebook_are_taken_up_to_a_number_and_a_size_and_no_more_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "LARGEST_BESIDE", 100)
    many = {f"ann/{number:03}.csv": b"1" for number in range(2 * MOST_BESIDE)}
    (ann,) = collect(zipped(tmp_path / "many.zip", {"ann/a1.ipynb": b"A", **many})).submissions
    assert len(ann.beside) == MOST_BESIDE
    large = {f"ann/{number:03}.csv": b"x" * 60 for number in range(4 * MOST_BESIDE)}
    read = []
    monkeypatch.setattr(files, "_small", lambda content: read.append(content) or content)
    (ann,) = collect(zipped(tmp_path / "large.zip", {"ann/a1.ipynb": b"A", **large})).submissions
    assert list(ann.beside) == ["000.csv"]
    assert len(read) == 2 + MOST_BESIDE
    assert ann.flags == ("not taken into the sandbox: 001.csv, 002.csv, 003.csv, …",)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path):
    with (tmp_path / "ann.ipynb").open("wb") as file:
        file.truncate(1 << 40)
    assert by_student(collect(tmp_path)) == {"ann": (b"", ("ann.ipynb: larger than 50 MB",))}


def test_a_file_that_becomes_a_link_or_a_pipe_while_it_is_read_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"S")
    (tmp_path / "in/ann.ipynb").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "in/bob.ipynb")
    monkeypatch.setattr(files.stat, "S_ISREG", lambda mode: True)  # as it was when somebody asked
    (ann, bob) = collect(tmp_path / "in").submissions
    assert (ann.content, bob.content, bob.flags) == (b"", b"", ("an empty file",))
    assert "cannot be read" in ann.flags[0]


def test_large_files_of_many_students_fill_no_memory_and_small_ones_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "LARGE", 10)
    monkeypatch.setattr(collecting, "MOST_HELD", 45)
    root = folder(tmp_path, a=b"1" * 20, b=b"2" * 20, c=b"3" * 20, d=b"4" * 5, e=b"5" * 11)
    collected = by_student(collect(root))
    assert [len(content) for _, (content, _) in sorted(collected.items())] == [20, 20, 0, 5, 0]
    flagged = {student: flags for student, (_, flags) in collected.items() if flags}
    assert flagged.keys() == {"c", "e"}
    assert all("grade it by itself" in flag for flags in flagged.values() for flag in flags)


@pytest.mark.parametrize("slow", ["- " * 30_000, "e" + "\u0301\u0323" * 15_000], ids=["blanks", "accents"])
def test_names_that_are_made_to_be_slow_cost_next_to_nothing(slow, tmp_path, roster):
    names = {f"{number}{slow}.ipynb": b"X" for number in range(20)}
    start = time.process_time()
    found = collect(zipped(tmp_path / "s.zip", {**names, "doe1.ipynb": b"D"}), roster)
    assert time.process_time() - start < 5
    assert {len(one) for one in found.strangers} == {len("'': no safe name") + 200}
    assert len(found.strangers) == 20
