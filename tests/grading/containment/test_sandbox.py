"""A sandbox's folders; what confines is in attacks/."""

from __future__ import annotations

import stat
from types import SimpleNamespace

import pytest
from hostile import make_deeper_than_python_goes

from course_kit.grading.containment import sandbox
from course_kit.grading.containment.sandbox import Job, Sandbox, remove
from course_kit.grading.containment.warm import NONE


@pytest.fixture
def unconfined(monkeypatch, tmp_path) -> Sandbox:
    """A sandbox whose warm process is not needed."""
    warm = SimpleNamespace(pid=0, address="there")
    monkeypatch.setattr(Sandbox, "_ready", lambda self, level, job: warm)
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


def test_files_beside_a_notebook_are_laid_down_there_alone_for_nobody_to_write_in(tmp_path):
    job = Job(tmp_path / "job", {})
    up = "../" * len(job.folder.parts) + "../.."
    job.lay_beside(
        {f"{tmp_path}/out": b"x", f"{up}{tmp_path}/out": b"x", "a/../../../out": b"x", "a/b": b"x", "a": b"x"}
    )
    (laid,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert laid.relative_to(job.folder).as_posix() == "inputs/beside/a/b"
    assert stat.S_IMODE(laid.stat().st_mode) == 0o444


def test_the_kernel_is_described_where_only_the_grader_looks(tmp_path):
    (tmp_path / "private").mkdir()
    Job(tmp_path, {"address": "there"}).write_kernelspec()
    (spec,) = tmp_path.rglob("kernel.json")
    assert spec.is_relative_to(tmp_path / "private")
    assert str(tmp_path / "inputs") in spec.read_text()


def test_a_folder_deeper_than_python_can_follow_is_removed(tmp_path):
    deep = tmp_path / "deep"
    deep.mkdir()
    make_deeper_than_python_goes(deep)
    remove(deep)
    assert not deep.exists()
