"""How a machine confines is found by trying; the rest is in attacks/."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from refusing import refused

from course_kit.grading.containment import levels
from course_kit.grading.containment.levels import BUBBLEWRAP, LEVELS, best_level, refuse_out_of_reach, told
from course_kit.grading.containment.warm import NAMESPACES, NONE

NO = "import sys; sys.exit(1)"


def test_the_level_falls_back_where_a_try_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(levels, "TRY", NO)
    monkeypatch.setattr(levels, "BWRAP", ("no-such-command",))
    assert best_level(tmp_path) == NONE


@pytest.mark.needs("bwrap")
def test_bubblewrap_is_the_second_choice(monkeypatch, tmp_path):
    monkeypatch.setattr(levels, "TRY", NO)
    assert best_level(tmp_path) in (BUBBLEWRAP, NONE)  # a system that lets nobody unshare stops it too
    monkeypatch.setattr(levels, "BWRAP", ("true",))
    assert best_level(tmp_path) == BUBBLEWRAP


def test_only_linux_confines(monkeypatch, tmp_path):
    monkeypatch.setattr(levels.sys, "platform", "darwin")
    assert best_level(tmp_path) == NONE


def test_a_try_leaves_this_process_as_it_is(tmp_path):
    before = os.getuid(), os.listdir("/proc/self/fd"), Path("/proc/self/mountinfo").read_text()
    best_level(tmp_path)
    assert (os.getuid(), os.listdir("/proc/self/fd"), Path("/proc/self/mountinfo").read_text()) == before
    assert list(tmp_path.iterdir()) == []


def test_each_level_says_where_things_are(tmp_path):
    """A kernel's folder as it sees it, and as we do."""
    assert LEVELS[NONE].home(tmp_path, 7) == (str(tmp_path / "home"), str(tmp_path / "home"))
    assert LEVELS[NAMESPACES].home(tmp_path, 7) == ("/home/student", "/proc/{pid}/root/home/student")


def test_a_level_says_what_bounds_memory(monkeypatch):
    """Bubblewrap's warm process sees no control groups."""
    monkeypatch.setattr(levels, "can_be_made", lambda: True)
    assert {name: "control group" in told(name) for name in LEVELS} == {NAMESPACES: True, BUBBLEWRAP: False, NONE: True}
    monkeypatch.setattr(levels, "can_be_made", lambda: False)
    assert "control group" not in told(NAMESPACES)


def test_roots_own_python_is_out_of_reach_without_a_sandbox(monkeypatch, tmp_path):
    """Root turns into another user there, who would find no module to import, and lose points for it."""
    tmp_path.chmod(0o700)
    monkeypatch.setattr(levels.os, "geteuid", lambda: 0)
    monkeypatch.setattr(levels, "python_folders", lambda: ["/usr/lib"])
    refuse_out_of_reach(NONE)
    monkeypatch.setattr(levels, "python_folders", lambda: [str(tmp_path / "python")])
    (tmp_path / "python").mkdir()
    refuse_out_of_reach(NAMESPACES)
    with refused(f"only root gets into {tmp_path}"):
        refuse_out_of_reach(NONE)
    monkeypatch.setattr(levels.os, "geteuid", lambda: 1000)
    refuse_out_of_reach(NONE)
