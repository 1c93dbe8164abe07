"""Every command of the workflow that forks run exists here, and it runs with few rights and not for ever."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
import yaml

from course_kit.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = yaml.load((ROOT / ".github/workflows/test.yml").read_text("utf-8"), yaml.BaseLoader)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
LINES = [line for step in STEPS for line in step.get("run", "").replace("\\\n", " ").splitlines()]


def words(program: str) -> list[list[str]]:
    """What follows a program's name in each command that runs it, from wherever in an environment."""
    commands = map(shlex.split, LINES)
    return [rest for first, *rest in commands if Path(first).name == program]


def test_the_workflow_may_only_read_and_ends() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == "true"
    assert all(int(job["timeout-minutes"]) <= 60 for job in WORKFLOW["jobs"].values())
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in STEPS if "uses" in step)


def test_each_python_of_the_lock_is_tested() -> None:
    matrix = WORKFLOW["jobs"]["linux"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.10", "3.11", "3.12", "3.13", "3.14"]
    assert matrix["include"] == [{"python": "3.10", "versions": "lowest"}]
    assert {"macos-latest", "windows-latest"} == set(WORKFLOW["jobs"]["elsewhere"]["strategy"]["matrix"]["system"])


def test_each_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {word for line in words("make") for word in line if "=" not in word}
    assert called and called <= targets


def test_each_use_of_the_command_is_understood() -> None:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    for command in COMMANDS:
        command.add_parser(subparsers)
    assert len(words("course")) >= 4
    for line in words("course"):
        parser.parse_args(line)


@pytest.mark.parametrize("line", words("python"), ids=" ".join)
def test_each_file_that_python_is_given_is_there(line: list[str]) -> None:
    files = {word for word in line if re.match(r"(tests|tools|notebooks|assignments|requirements)\b", word)}
    assert files or "venv" in line or "pip" in line
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_the_site_is_published_from_what_make_builds() -> None:
    (job,) = yaml.load((ROOT / ".github/workflows/pages.yml").read_text("utf-8"), yaml.BaseLoader)["jobs"].values()
    assert int(job["timeout-minutes"]) <= 60
    assert job["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    assert "make PYTHON=python slides" in [step.get("run") for step in job["steps"]]


def test_a_release_gets_the_wheel_that_the_lessons_fetch() -> None:
    workflow = yaml.load((ROOT / ".github/workflows/release.yml").read_text("utf-8"), yaml.BaseLoader)
    (job,) = workflow["jobs"].values()
    assert workflow["on"] == {"release": {"types": ["published"]}}
    assert workflow["permissions"] == {"contents": "write"}
    assert int(job["timeout-minutes"]) <= 60
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)


def test_binder_makes_the_copies_that_the_lessons_links_open() -> None:
    lines = (ROOT / "binder/postBuild").read_text("utf-8").splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "course lessons" in lines
    assert "-e .[text,cluster]" in (ROOT / "binder/requirements.txt").read_text("utf-8").splitlines()
