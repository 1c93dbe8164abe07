"""`course check`: the public checks of a student's notebook, run from top to bottom."""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course check` to the command's parser."""
    parser = subparsers.add_parser(
        "check",
        help="run the public checks of an assignment",
        description="Run a student's notebook in a fresh kernel, as Restart Kernel and Run All Cells would, and check "
        "every exercise on public inputs. The exit code is 1 if anything is not right.",
        epilog="example: course check assignments/a1_metrics.ipynb",
    )
    parser.add_argument("notebook", type=Path, nargs="?", metavar="FILE", help="the assignment's notebook")
    parser.add_argument("--limits", action="store_true", help="print the limits of checking and grading, and stop")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--github", action="store_true", help="print it as a workflow on GitHub shows it")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check one notebook and print what is wrong, then a table of points."""
    from course_kit.grading.asking.limits import table
    from course_kit.grading.authoring.assignment import Assignment
    from course_kit.grading.handed_in.beside import used_by
    from course_kit.grading.handed_in.submission import parse
    from course_kit.grading.running.notebook_check import check_notebook

    if arguments.limits:
        print(table())
        return 0
    if arguments.notebook is None:
        raise ValueError(
            "FILE: got none, wanted the assignment's notebook, as in course check assignments/a1_metrics.ipynb"
        )
    # read as grading will read it
    parsed = parse(arguments.notebook.read_bytes(), Assignment(arguments.notebook.stem, [], ""))
    if not parsed.sources:
        raise ValueError(f"{arguments.notebook}: {', '.join(parsed.flags) or 'an empty file'}")
    silent = arguments.json or arguments.github
    beside = used_by(arguments.notebook, parsed.sources)
    result = check_notebook(parsed.sources, str(arguments.notebook), beside.files, progress=not silent)
    result["errors"] = [*parsed.flags, *result["errors"]]
    result["beside"] = list(beside.notes())
    form = _told_github if arguments.github else partial(json.dumps, indent=2) if arguments.json else _text
    print(form(result))
    return int(bool(result["errors"]) or not all(all(e["cases"].values()) for e in result["exercises"]))


def _told_github(result: dict[str, Any]) -> str:
    """Annotations to print; the table of points goes where the workflow says that its page lies."""
    from course_kit.grading.platforms.github import annotations, summary

    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(page, "a", encoding="utf-8") as file:
            file.write(summary(result))
    return annotations(result)


def _text(result: dict[str, Any]) -> str:
    lines = [*result["beside"], *result["errors"]]
    for exercise in result["exercises"]:
        if exercise["says"] and not all(exercise["cases"].values()):
            lines += [exercise["says"], ""]
    lines.append(f"{'exercise':24} {'cases':12} {'points':>12}")
    for exercise in result["exercises"]:
        marks = "".join("✓" if passed else "✗" for passed in exercise["cases"].values())
        lines.append(f"{exercise['name']:24} {marks:12} {exercise['points']:6g} / {exercise['of']:3d}")
    lines.append(f"{'all public cases':37} {result['points']:6g} / {result['of']:3d}")
    return "\n".join([*lines, "Grading asks the same kinds of cases with other inputs."])
