"""`course drop`: functions or cases of a graded assignment that do not count."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course drop` to the command's parser."""
    parser = subparsers.add_parser(
        "drop",
        help="have a function or a case count for nobody",
        description="Leave functions, written parts or single cases of a graded class out of the totals, and write "
        "gradebook, feedback and report again. What is left of a function shares its points; what is left of the "
        "assignment is scaled to all of its points. Nothing is graded again, and every later run remembers it.",
        epilog='example: course drop grades top_k "recall_at_k: users without positives"',
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder that `course grade --out` wrote")
    parser.add_argument("names", nargs="+", metavar="NAME", help='a function, a written part, or "function: case"')
    parser.add_argument("--undo", action="store_true", help="have them count again")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Store the rule, write everything again and say so."""
    from course_kit.grading.authoring.assignment import read
    from course_kit.grading.marking.batch import stored_run
    from course_kit.grading.reports.outputs import write_outputs
    from course_kit.grading.reports.rules import read_rules, store_rules, with_drops

    directory = arguments.directory
    stored, results = stored_run(directory)
    assignment = read(Path(stored.solution))
    rules = with_drops(read_rules(directory), arguments.names, results, arguments.undo)
    rules.without_cases(results)
    store_rules(directory, rules, assignment)
    written = write_outputs(directory, stored, assignment, results)
    for note in written.notes:
        print(f"course: {note}", file=sys.stderr)
    print(f"✓ does not count: {', '.join(rules.drop) or 'nothing'}; {directory / 'gradebook.csv'} is written again")
    return int(bool(written.notes))
