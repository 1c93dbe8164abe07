"""How a machine confines is found by trying; the rest is in attacks/."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from course_kit.grading.containment import sandbox
from course_kit.grading.containment.sandbox import BUBBLEWRAP, Job, Sandbox, best_level, stage
from course_kit.grading.containment.warm import NONE

NO = "import sys; sys.exit(1)"


def test_the_level_falls_back_where_a_try_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "TRY", NO)
    monkeypatch.setattr(sandbox, "BWRAP", ("no-such-command",))
    assert best_level(tmp_path) == NONE


@pytest.mark.needs("bwrap")
def test_bubblewrap_is_the_second_choice(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "TRY", NO)
    assert best_level(tmp_path) in (BUBBLEWRAP, NONE)  # a system that lets nobody unshare stops it too
    monkeypatch.setattr(sandbox, "BWRAP", ("true",))
    assert best_level(tmp_path) == BUBBLEWRAP


def test_only_linux_confines(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert best_level(tmp_path) == NONE


def test_a_try_leaves_this_process_as_it_is(tmp_path):
    before = os.getuid(), os.listdir("/proc/self/fd"), Path("/proc/self/mountinfo").read_text()
    best_level(tmp_path)
    assert (os.getuid(), os.listdir("/proc/self/fd"), Path("/proc/self/mountinfo").read_text()) == before
    assert list(tmp_path.iterdir()) == []


def test_the_stage_is_the_course_without_what_is_withheld(tmp_path):
    stage(tmp_path, ["course_lib.metrics", "course_lib.models"])
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert {"course_lib/losses.py", "course_lib/graph.py", "course_kit/grading/asking/answering.py"} <= there
    assert not {path for path in there if path.startswith(("course_lib/metrics", "course_lib/models"))}
    assert not list(tmp_path.rglob("__pycache__"))


def test_of_the_kit_the_stage_holds_what_asks_and_what_runs_the_kernel(tmp_path):
    stage(tmp_path, [])
    kit = tmp_path / "course_kit"
    assert {path.name for path in kit.iterdir()} == {"__init__.py", "grading"}
    assert {path.name for path in (kit / "grading").iterdir()} == {"__init__.py", "asking", "containment"}
    assert {path.name for path in (kit / "grading/containment").iterdir()} == {"__init__.py", "confine.py", "warm.py"}


@pytest.fixture
def unconfined(monkeypatch, tmp_path) -> Sandbox:
    """A sandbox whose warm process is not needed."""
    monkeypatch.setattr(Sandbox, "_ready", lambda self, job: None)
    monkeypatch.setattr(sandbox, "stage", lambda folder, withheld: None)
    return Sandbox(tmp_path, NONE)


def test_each_job_has_folders_of_its_own_that_end_with_it(unconfined, tmp_path):
    with unconfined.job() as first:
        assert stat.S_IMODE((first.folder / "private").stat().st_mode) == 0o700
        assert sorted(path.name for path in first.folder.iterdir()) == ["home", "inputs", "private"]
    with pytest.raises(ZeroDivisionError), unconfined.job() as second:
        raise ZeroDivisionError
    assert first.folder != second.folder
    assert not list(tmp_path.glob("job-*"))


def test_the_kernel_is_described_where_only_the_grader_looks(tmp_path):
    (tmp_path / "private").mkdir()
    Job(tmp_path, {"address": "there"}).write_kernelspec()
    (spec,) = tmp_path.rglob("kernel.json")
    assert spec.is_relative_to(tmp_path / "private")
    assert str(tmp_path / "inputs") in spec.read_text()
