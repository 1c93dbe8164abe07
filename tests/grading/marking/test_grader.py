"""A grader's own folder; what a grader does with submissions is in attacks/."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from hostile import make_deeper_than_python_goes

from course_kit.grading.asking.attempt import time_limit, unhurried
from course_kit.grading.marking import grader
from course_kit.grading.marking.grader import PREFIX, _folder


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where graders have their folders, and where a submission without confinement can write as well."""
    monkeypatch.setattr(grader.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(temporary: Path, name: str) -> Path:
    """The folder of a grader that was killed."""
    folder = temporary / f"{PREFIX}{name}"
    folder.mkdir()
    (folder / "lock").touch()
    return folder


def test_a_folder_that_was_left_is_swept_away_and_one_in_use_is_not(temporary):
    old, busy = left(temporary, "old"), left(temporary, "busy")
    with (busy / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _folder() as mine:
            assert sorted(temporary.iterdir()) == sorted([busy, mine])
    assert not old.exists()
    assert not mine.exists()


def test_no_leftover_stops_the_next_grader(temporary):
    """A pipe that nobody writes to, a link to somebody's file, no lock at all, and a folder deeper than Python goes."""
    pipe, link, none, deep = (left(temporary, name) for name in ("pipe", "link", "none", "deep"))
    for folder in (pipe, link, none):
        (folder / "lock").unlink()
    os.mkfifo(pipe / "lock")
    os.symlink("/etc/passwd", link / "lock")
    make_deeper_than_python_goes(deep)
    with _folder() as mine:
        assert mine.is_dir()
    assert sorted(temporary.iterdir()) == sorted([pipe, link, none])


def test_a_lock_that_becomes_a_link_or_a_pipe_while_it_is_looked_at_stops_nobody(temporary, monkeypatch):
    pipe, link = left(temporary, "pipe"), left(temporary, "link")
    for folder in (pipe, link):
        (folder / "lock").unlink()
    os.mkfifo(pipe / "lock")
    os.symlink(temporary / "somebody's", link / "lock")
    (temporary / "somebody's").touch()
    monkeypatch.setattr(grader.stat, "S_ISREG", lambda mode: True)  # as it was when somebody asked
    with unhurried(), time_limit(1), _folder():  # a pipe that nobody writes to is waited for without an end
        assert (link / "lock").is_symlink()
    assert not pipe.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_left_alone(temporary):
    theirs = left(temporary, "theirs")
    os.chown(theirs, 1001, 1001)
    with _folder():
        assert theirs.exists()
