"""`course convert`: assignments from nbgrader and Otter into the course's form, and from it into nbgrader's."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course convert` to the command's parser."""
    parser = subparsers.add_parser(
        "convert",
        help="convert assignments from nbgrader or Otter, or to nbgrader",
        description="Read a source notebook of nbgrader or Otter and write a solution notebook to finish: tests become "
        "cases, and what could not be carried over is listed (exit code 1). A solution notebook of the course becomes "
        "a source notebook of nbgrader. docs/platforms.md says what to expect.",
        epilog="example: course convert hw3.ipynb solutions/a7_mine.ipynb",
    )
    parser.add_argument("source", type=Path, metavar="FROM", help="the notebook to read; its format is recognised")
    parser.add_argument("target", type=Path, metavar="TO", help="the notebook to write; it must not be there yet")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Convert, and list what a person has to look at."""
    from course_kit.grading.authoring.assignment import cells_of, part_of, read
    from course_kit.grading.platforms import nbgrader, otter
    from course_kit.grading.platforms.template import solution_notebook
    from course_kit.storing import replace

    source, target = arguments.source, arguments.target
    if target.exists():
        raise ValueError(f"{target} is there already; name another file, or remove it")
    cells = cells_of(source)
    formats = {nbgrader.is_nbgraders: nbgrader.parts_of, otter.is_otters: otter.parts_of}
    parts_of = next((parts for is_one, parts in formats.items() if is_one(cells)), None)
    if parts_of is None:
        if not any(part_of(cell) == "stub" for cell in cells):
            raise ValueError(f"{source}: no source notebook of nbgrader, of Otter (with raw cells) or of the course")
        notebook = nbgrader.source_notebook(read(source), secrets.token_hex(16))
        replace(target, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
        print(f"✓ {target}: for nbgrader; it holds solutions and tests, so keep it private")
        return 0
    try:
        converted = solution_notebook(list(parts_of(cells)))
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    replace(target, json.dumps(converted.notebook, indent=1, ensure_ascii=False) + "\n")
    found = (len(converted.exercises), "function"), (converted.cases, "case")
    counts = " and ".join(f"{number} {what}{'s' * (number != 1)}" for number, what in found)
    print(f"✓ {target}: {counts}; it marks what is left with 'To finish', and `course release` says what is missing")
    for line in converted.left:
        print(f"course: not carried over: {line}", file=sys.stderr)
    return int(bool(converted.left))
