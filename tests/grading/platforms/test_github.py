"""GitHub: the workflows are ones that GitHub understands, their commands exist, and nothing forges their output."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess

import pytest
import yaml

from course_kit.cli import COMMANDS, main
from course_kit.cli.check import _told_github
from course_kit.grading.handed_in.collect import collect
from course_kit.grading.platforms.github import annotations, write_workflow

SAYS = "✗ spread: 100 % wrong,\n::notice title=Autograding report::{}"
CHECKED = {
    "notebook": "assignments/a1,x.ipynb",
    "errors": ["code cell 3: ValueError: a\r\n::error::b"],
    "exercises": [
        {"name": "spread", "cases": {"a": True, "b": False}, "points": 20.0, "of": 40, "says": SAYS},
        {"name": "centred", "cases": {"a": True}, "points": 60.0, "of": 60, "says": "✓"},
    ],
    "points": 80.0,
    "of": 100,
}
GH = """#!/bin/sh
case "$2" in
  list) printf 'org/a1-ann\\norg/a1-bob\\norg/a10-cid\\norg/slides\\n' ;;
  clone) mkdir -p "$4" && echo '{}' > "$4/a1.ipynb" ;;
esac
"""


def unescaped(text: str) -> str:
    """What GitHub makes of an escaped text."""
    for sign, escaped in {":": "%3A", ",": "%2C", "\r": "%0D", "\n": "%0A", "%": "%25"}.items():
        text = text.replace(escaped, sign)
    return text


def test_each_function_that_is_not_right_has_an_annotation_and_the_last_line_has_the_points():
    lines = annotations(CHECKED).splitlines()
    found = [re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line).groups() for line in lines]
    kinds, _, texts = zip(*found, strict=True)
    assert kinds == ("error", "error", "notice", "notice")
    assert unescaped(texts[0]) == CHECKED["errors"][0]
    assert unescaped(texts[1]) == SAYS
    assert "a1%2Cx.ipynb" in lines[1]
    assert json.loads(texts[-1]) == {"totalPoints": 80, "maxPoints": 100}


def test_the_table_goes_to_the_page_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    assert _told_github(CHECKED) == annotations(CHECKED)
    assert "| `spread` | ✓✗ | 20 / 40 |" in (tmp_path / "page.md").read_text("utf-8")


@pytest.mark.parametrize("kind", ["classroom", "exam"])
def test_a_workflow_may_only_read_ends_and_calls_what_is_there(kind, tmp_path):
    path = write_workflow(kind, "a1_metrics", tmp_path)
    assert path.parent == tmp_path / ".github/workflows"
    workflow = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert int(job["timeout-minutes"]) <= 360
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in job["steps"] if "uses" in step)
    lines = [shlex.split(line, comments=True) for step in job["steps"] for line in step.get("run", "").splitlines()]
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    for command in COMMANDS:
        command.add_parser(subparsers)
    (called,) = [line for line in lines if line and line[0] in ("course", ".venv/bin/course")]
    parser.parse_args(called[1 : called.index("||") if "||" in called else None])


def test_only_the_instructors_workflow_knows_secrets_and_its_private_folder_stays_there(tmp_path):
    public, exam = (write_workflow(kind, "a1_metrics", tmp_path).read_text() for kind in ("classroom", "exam"))
    assert "secrets." not in public
    assert yaml.safe_load(public)["name"] == "Autograding Tests"  # the two names that GitHub Classroom asks for
    assert list(yaml.safe_load(public)["jobs"]) == ["run-autograding-tests"]
    stored = yaml.safe_load(exam)["jobs"]["grade"]["steps"][-1]["with"]["path"].split()
    assert stored and not [path for path in stored if "private" in path or path.endswith("grades")]


def test_the_exam_collects_the_repositories_of_the_assignment_as_grading_reads_them(tmp_path):
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    workflow = yaml.safe_load(write_workflow("exam", "a1_metrics", tmp_path).read_text())
    (step,) = [step for step in workflow["jobs"]["grade"]["steps"] if step.get("name") == "Collect"]
    where = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path), "REPOSITORIES": "org/a1"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], env=where, check=True)
    assert [one.student for one in collect(tmp_path / "class").submissions] == ["ann", "bob"]


def test_the_command_writes_workflows_and_refuses_an_exam_elsewhere(tmp_path, monkeypatch, capsys):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions/a1_x.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert main(["autograder", "a1", "--github", "repo"]) == main(["autograder", "a1", "--github", ".", "--exam"]) == 0
    assert capsys.readouterr().out == "✓ repo/.github/workflows/classroom.yml\n✓ .github/workflows/grade_a1_x.yml\n"
    for wrong in (
        ["a1"],
        ["a1", "--exam", "--gradescope", "x.zip"],
        ["a7", "--github", "repo"],
        ["a1", "--github", "repo", "--secret", "x"],
        ["a1", "--gradescope", "x.zip"],
    ):
        assert main(["autograder", *wrong]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in errors] == ["course"] * 5
