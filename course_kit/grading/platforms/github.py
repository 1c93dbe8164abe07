"""GitHub: workflows that check and grade, and what `course check` tells a workflow's page.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_kit.storing import replace

HERE = Path(__file__).parent
WORKFLOWS = Path(".github/workflows")
ESCAPED = {"%": "%25", "\r": "%0D", "\n": "%0A"}  # the first must be first
ESCAPED_IN_NAMES = {**ESCAPED, ":": "%3A", ",": "%2C"}


def write_workflow(kind: str, assignment: str, folder: Path) -> Path:
    """Write a workflow.

    Args:
        kind: "classroom", which checks a student's repository, or "exam", which grades a class from the instructor's.
        assignment: Stem of the solution notebook.
        folder: The folder that is, or becomes, the repository.

    Returns:
        The file.
    """
    text = (HERE / f"{kind}.yml").read_text("utf-8").replace("ASSIGNMENT", assignment)
    name = "classroom" if kind == "classroom" else f"grade_{assignment}"
    return replace(folder / WORKFLOWS / f"{name}.yml", text)


def annotations(checked: dict[str, Any]) -> str:
    """Lines that a workflow prints: an annotation for each function that is not right, and the points.

    GitHub Classroom takes the points from the last one. Nothing that a student's code printed can pass for such a line.

    Args:
        checked: What `check_notebook` found.
    """
    return "\n".join(_annotations(checked))


def _annotations(checked: dict[str, Any]) -> Iterator[str]:
    file = checked["notebook"]
    for error in checked["errors"]:
        yield _command("error", error, file=file, title="the notebook")
    for exercise in checked["exercises"]:
        if not all(exercise["cases"].values()):
            yield _command("error", exercise["says"], file=file, title=exercise["name"])
    points, of = checked["points"], checked["of"]
    yield _command("notice", f"Points {points:g}/{of}", title="Autograding complete")
    yield _command("notice", json.dumps({"totalPoints": points, "maxPoints": of}), title="Autograding report")


def _command(kind: str, text: str, **fields: str) -> str:
    """A workflow command, which is one line whatever is said."""
    named = ",".join(f"{name}={_escaped(value, ESCAPED_IN_NAMES)}" for name, value in fields.items())
    return f"::{kind} {named}::{_escaped(text, ESCAPED)}"


def _escaped(text: str, signs: dict[str, str]) -> str:
    for sign, escaped in signs.items():
        text = text.replace(sign, escaped)
    return text


def summary(checked: dict[str, Any]) -> str:
    """The page of a workflow's run, in Markdown: points of each function.

    Args:
        checked: What `check_notebook` found.
    """
    rows = [
        f"| `{one['name']}` | {''.join('✓' if right else '✗' for right in one['cases'].values())} "
        f"| {one['points']:g} / {one['of']} |"
        for one in checked["exercises"]
    ]
    head = ["| function | cases | points |", "|---|---|---|"]
    total = f"| all public cases | | {checked['points']:g} / {checked['of']} |"
    return "\n".join([*head, *rows, total, "", "Grading asks the same kinds of cases with other inputs.", ""])
