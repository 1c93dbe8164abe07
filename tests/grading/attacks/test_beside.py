"""Files beside a notebook are there, in a copy for each kernel; what must not be read is refused beforehand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hostile import ALL_RIGHT, RIGHT, notebook, outcomes
from refusing import refused

from course_kit.grading.containment import levels
from course_kit.grading.containment.levels import refuse_in_sight
from course_kit.grading.containment.warm import NAMESPACES, NONE

FILES = {"helper.py": b"def one():\n    return 1", "data/t.csv": b"1,2", "../out": b"x", "/out": b"x"}
USE = """import os, re, helper
assert helper.one() == 1
assert open("data/t.csv").read() == "1,2"
assert not os.path.exists("../out")
for place in ("data/t.csv", "helper.py", "data/new"):
    open(place, "w").write("x")  # as a notebook does that was handed in with what it writes
for folder in re.findall(r" (/\\S+/inputs) ", open("/proc/self/mountinfo").read()):
    try:
        open(f"{folder}/beside/helper.py", "a")
    except OSError:
        continue
    raise AssertionError(folder)"""


def test_helpers_and_data_are_there_and_every_kernel_finds_them_as_they_were_handed_in(grader, graded):
    result = grader.grade("ann", notebook(f"{USE}\n{RIGHT}", "os._exit(0)"), FILES)
    assert (outcomes(result), result.errors) == (ALL_RIGHT, {})
    without = graded(USE, RIGHT, student="ann")
    assert list(without.errors) == [1]
    assert without.submission != result.submission


@pytest.mark.parametrize("what", ["solutions", "submissions", "out"])
def test_what_a_submission_could_read_is_refused_before_the_first_one(what, tmp_path, monkeypatch):
    """As in a virtual environment that was made in the course's own folder."""
    monkeypatch.setattr(levels.sys, "prefix", str(tmp_path))
    paths = {"the solutions are": tmp_path / what}
    with refused(f"the solutions are in {tmp_path}, which submissions can read; move it"):
        refuse_in_sight(paths, NAMESPACES)
    refuse_in_sight(paths, NONE)


def test_pips_settings_may_hold_a_password(tmp_path, monkeypatch):
    monkeypatch.setattr(levels.sys, "prefix", str(tmp_path))
    refuse_in_sight({"the secret is": Path("/nowhere/secret")}, NAMESPACES)
    (tmp_path / "pip.conf").write_text("[global]")
    with refused("pip's settings"):
        refuse_in_sight({}, NAMESPACES)
    assert sys.prefix == str(tmp_path)
