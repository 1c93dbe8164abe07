"""The environment check names what is wrong and how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_kit.lessons import environment
from course_kit.lessons.environment import Finding, check_environment, report


def finding(name: str) -> Finding:
    """The one finding of that name."""
    (found,) = [f for f in check_environment() if f.name == name]
    return found


@pytest.fixture
def fake_version(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Versions to pretend, None for a package that is not there."""
    fakes: dict[str, str | None] = {}
    real = importlib.metadata.version

    def version(name: str) -> str:
        if fakes.get(name, "") is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return fakes.get(name) or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(environment, "_requirements", lambda name: {"networkx": ">=3.2", "jupyterlab_widgets": "~=3.0"})
    return fakes


def test_missing_package_is_named_with_its_remedy(fake_version: dict[str, str | None]) -> None:
    assert finding("networkx").ok
    fake_version["networkx"] = None
    found = finding("networkx")
    assert (found.found, found.wanted, found.ok) == ("missing", ">=3.2", False)
    assert "make lab" in found.remedy
    assert f"✗ networkx: {found.remedy}" in report([found])


def test_old_package_is_named_with_both_versions(fake_version: dict[str, str | None]) -> None:
    fake_version["networkx"] = "2.8.8"
    found = finding("networkx")
    assert (found.found, found.wanted, found.ok) == ("2.8.8", ">=3.2", False)


def test_widgets_of_another_generation_are_found(fake_version: dict[str, str | None]) -> None:
    fake_version["jupyterlab_widgets"] = "1.1.1"
    matching = [f for f in check_environment() if f.name == "jupyterlab_widgets"]
    assert matching[-1].found == "1.1.1"
    assert not matching[-1].ok


def test_kernel_without_the_course_is_found(fake_version: dict[str, str | None]) -> None:
    fake_version["course-lib"] = None
    assert not finding("kernel").ok
    assert "Change Kernel" in finding("kernel").remedy


def test_old_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    assert (finding("Python").found, finding("Python").ok) == ("3.9.18", False)


def test_requirements_are_those_of_pyproject() -> None:
    requirements = environment._requirements("course-lib")
    assert requirements["torch"] == ">=2.6"
    assert "ruff" not in requirements, "extras are no part of a student's environment"


def test_data_folder_that_cannot_be_a_folder_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "not" / "yet"))
    assert finding("data folder").ok
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    assert not finding("data folder").ok
    assert "COURSE_DATA" in finding("data folder").remedy


def test_lab_in_another_environment_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getpid()))
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.symlink_to(Path(sys.executable).resolve())
    with subprocess.Popen([python, "-S", "-c", "input()"], stdin=subprocess.PIPE) as server:
        monkeypatch.setenv("JPY_PARENT_PID", str(server.pid))
        found = finding("lab")
        server.stdin.close()
    assert (found.found, found.ok) == (f"…/{tmp_path.parent.name}/{tmp_path.name}", False)
    assert "make lab" in found.remedy
    monkeypatch.delenv("JPY_PARENT_PID")
    assert finding("lab").ok


def test_report_is_a_table_with_a_verdict() -> None:
    good = Finding("numpy", "2.0", ">=1.26", True, "")
    bad = Finding("a-long-name", "missing", ">=1", False, "Do this.")
    assert report([good]).splitlines() == ["✓ numpy  2.0  >=1.26", "", "All is well."]
    first, second, blank, remedy = report([good, bad]).splitlines()
    assert first.index("2.0") == second.index("missing")
    assert (blank, remedy) == ("", "✗ a-long-name: Do this.")
