"""`course lessons`: a student's own copies of lessons and assignments."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course lessons` to the command's parser."""
    parser = subparsers.add_parser(
        "lessons",
        help="make your own copies of lessons and assignments",
        description="Copy the lessons and assignments of this folder, without outputs and without notes for the "
        "lecturer. Run it again after an update: a copy that you have not changed is renewed; if you have changed it, "
        "the new edition is put beside it under another name. The command also sets JupyterLab in this environment to "
        "save widgets with their notebook.",
        epilog="example: course lessons --to ~/gnn-course",
    )
    parser.add_argument("--to", type=Path, default=Path("my"), metavar="DIR", help="folder for the copies; default: my")
    parser.add_argument("--json", action="store_true", help="print the new editions put beside your files as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the copies and say where they are."""
    from course_kit.lessons.copies import make_copies, news
    from course_kit.lessons.lab import set_defaults

    set_defaults()
    beside = make_copies(Path.cwd(), arguments.to)
    if arguments.json:
        print(json.dumps([str(path) for path in beside], indent=2))
    else:
        print(news(arguments.to))
    return 0
