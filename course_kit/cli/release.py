"""`course release`: student notebooks from solution notebooks, and the folder to hand out."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

ASSIGNMENTS = Path("assignments")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course release` to the command's parser."""
    parser = subparsers.add_parser(
        "release",
        help="make student notebooks from solutions/",
        description="Make the student notebooks in assignments/ from the solution notebooks in solutions/. If an "
        "exercise would not be graded fairly, the command refuses it and says why. docs/instructor.md describes how to "
        "write one.",
        epilog="example: course release a1 --to handout",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="an assignment, such as a1; default: all")
    parser.add_argument("--to", type=Path, metavar="DIR", help="write the whole folder that students get into DIR")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Release the named assignments, or all, and print a line for each file."""
    from course_kit.grading.authoring.assignment import SOLUTIONS, solution_named
    from course_kit.grading.authoring.handout import hand_out
    from course_kit.grading.authoring.release import release
    from course_kit.lessons.copies import LESSONS, make_copies

    paths = [solution_named(name) for name in arguments.names] or sorted(SOLUTIONS.glob("a[0-9]*.ipynb"))
    if not paths:
        raise ValueError(f"there is no {SOLUTIONS}/a….ipynb here; run the command in the course's folder")
    written = []
    for path in paths:
        say = (lambda line: None) if arguments.json else partial(print, flush=True)
        written.append(release(path, arguments.to / ASSIGNMENTS if arguments.to else ASSIGNMENTS, say))
        if not arguments.json:
            print(f"✓ {written[-1]}", flush=True)
    if arguments.to:
        written += hand_out(Path.cwd(), arguments.to)
        make_copies(Path.cwd(), arguments.to, LESSONS)
        written += [arguments.to / "notebooks", arguments.to / "docs"]
    if arguments.json:
        print(json.dumps([str(path) for path in written], indent=2))
    elif arguments.to:
        print(f"✓ {arguments.to}: ready to hand out; its README.md is where students begin")
    return 0
