"""With a folder that only looks like the system's: few machines that run tests let them make control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from course_kit.grading.containment import cgroup
from course_kit.grading.containment.cgroup import PREFIX, can_be_made, new_group

MEMORY, PROCESSES = 3 << 30, 128


@pytest.fixture
def mounted(tmp_path, monkeypatch) -> Path:
    """A hierarchy in which "/a" hands memory and processes on, "/a/b" does not, and this process is in "/a/b/c"."""
    (tmp_path / "a/b/c").mkdir(parents=True)
    for group, given in (("", "cpu memory pids"), ("a", "memory pids"), ("a/b", "memory"), ("a/b/c", "")):
        (tmp_path / group / "cgroup.subtree_control").write_text(given)
    (tmp_path / "own").write_text("1:name=systemd:/x\n0::/a/b/c\n")
    monkeypatch.setattr(cgroup, "OWN", tmp_path / "own")
    return tmp_path


def test_a_group_is_made_where_memory_and_processes_are_handed_on(mounted):
    group = new_group(MEMORY, PROCESSES, mounted)
    assert group.folder == mounted / f"a/{PREFIX}{os.getpid()}"
    group.take(7)
    written = {path.name: path.read_text() for path in group.folder.iterdir()}
    assert written == {
        "memory.max": str(MEMORY),
        "pids.max": str(PROCESSES),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "cgroup.procs": "7",
    }
    group.end()
    assert (group.folder / "cgroup.kill").read_text() == "1"


def test_groups_of_graders_that_were_killed_are_ended_and_others_are_not(mounted):
    gone, lives = mounted / f"a/{PREFIX}999999999", mounted / f"a/{PREFIX}{os.getppid()}"
    for folder in (gone, lives):
        folder.mkdir()
    new_group(MEMORY, PROCESSES, mounted)
    assert (gone / "cgroup.kill").exists()
    assert list(lives.iterdir()) == []


def test_where_there_is_none_to_be_had_there_is_none(mounted, tmp_path):
    assert can_be_made(mounted)
    (mounted / "a/cgroup.subtree_control").write_text("cpu")
    (mounted / "cgroup.subtree_control").write_text("cpu")
    assert new_group(MEMORY, PROCESSES, mounted) is None
    assert new_group(MEMORY, PROCESSES, tmp_path / "nothing") is None
    assert not can_be_made(mounted)
