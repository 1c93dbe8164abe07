"""`course gradebook`: the grades of a grading run as a CSV file, or as an LMS takes them, under today's rules."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_kit import storing

if TYPE_CHECKING:
    from course_kit.grading.authoring.assignment import Assignment


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course gradebook` to the command's parser."""
    parser = subparsers.add_parser(
        "gradebook",
        help="export grades",
        description="Write gradebook, feedback and report of a graded class again, and the grades in the form that an "
        "LMS imports. Nothing is graded again: due time, late rule, extensions and the points of written parts apply "
        "here. Fill in the points of written parts in DIR/written.csv. The exit code is 1 if a person should look at "
        "something before the grades are imported.",
        epilog="example: course gradebook grades --format canvas --lms canvas_export.csv",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder that `course grade --out` wrote")
    parser.add_argument("--format", choices=["csv", "canvas", "moodle", "gradescope"], default="csv")
    parser.add_argument(
        "--lms", type=Path, metavar="CSV", help="grade file of Canvas, grading worksheet of Moodle; default: the roster"
    )
    parser.add_argument("--column", default="", metavar="NAME", help="column of the assignment in the LMS's file")
    parser.add_argument("--zeros", action="store_true", help="write 0 for students who handed in nothing")
    parser.add_argument("--scale", action="store_true", help="scale the points to the maximum that the LMS has")
    parser.add_argument("--due", metavar="ISO", help="another due time; this and the next three are remembered")
    parser.add_argument("--zone", metavar="ZONE", help="time zone of times that name none, such as Europe/Berlin")
    parser.add_argument("--late", metavar="RULE", help="another rule for late submissions")
    parser.add_argument("--extensions", type=Path, metavar="CSV", help="students who have a due time of their own")
    parser.add_argument("--curve", metavar="CURVE", help="none, +5, *1.1, sqrt, mean 75 or best 100; remembered")
    parser.add_argument("--weights", metavar="LIST", help="how much parts count: top_k=30, audit_f1=10; remembered")
    parser.add_argument("--bonus", metavar="LIST", help="functions whose points come on top; remembered")
    parser.add_argument("--rubric", type=Path, metavar="CSV", help="points of written parts; default: DIR/written.csv")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the files and print where they are."""
    from course_kit.grading.authoring.assignment import read
    from course_kit.grading.handed_in.late import read_late
    from course_kit.grading.handed_in.roster import read_roster
    from course_kit.grading.marking.batch import stored_run
    from course_kit.grading.reports.lms import Filling, export
    from course_kit.grading.reports.outputs import write_outputs

    directory = arguments.directory
    stored, results = stored_run(directory)
    extensions = str(arguments.extensions.resolve()) if arguments.extensions else None
    changes = {"due": arguments.due, "late": arguments.late, "extensions": extensions, "zone": arguments.zone}
    asked = replace(stored, **{name: value for name, value in changes.items() if value is not None})
    late = read_late(asked.due, asked.late, Path(asked.extensions) if asked.extensions else None, asked.zone)
    late.refuse_strangers(asked.handed_in)
    asked = replace(asked, due=late.due.isoformat() if late.due else "")
    assignment = read(Path(asked.solution))
    _store_rules(arguments, assignment)
    written = write_outputs(directory, asked, assignment, results, arguments.rubric)
    storing.replace(directory / "run.json", asked.to_json())
    class_list = arguments.lms or asked.roster
    roster = read_roster(Path(class_list), late.zone) if class_list else None
    filling = Filling(arguments.column, arguments.zeros, arguments.scale)
    exported = export(arguments.format, written.rows, assignment, written.results, roster, filling)
    for name, text in exported.files.items():
        storing.replace(directory / name, text)
    places = list(exported.files) or ["gradebook.csv"]
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    print(f"✓ {directory / places[0]}{more}; feedback and report are written again, too")
    notes = [*written.notes, *exported.notes]
    if exported.unknown:
        named = ", ".join(exported.unknown[:10]) + (", …" if len(exported.unknown) > 10 else "")
        notes.append(f"{class_list} does not know {len(exported.unknown)} of the class: {named}")
    if arguments.format == "csv" and (waiting := sum(bool(row.waiting) for row in written.rows)):
        notes.append(f"{waiting} totals are provisional: their written parts are not read yet")
    for note in notes:
        print(f"course: {note}", file=sys.stderr)
    return int(bool(notes))


def _store_rules(arguments: argparse.Namespace, assignment: Assignment) -> None:
    """Remember the rules that the command line names; what it does not name stays."""
    from course_kit.grading.reports.rules import parse_weights, read_rules, store_rules

    asked: dict[str, Any] = {}
    if arguments.curve is not None:
        asked["curve"] = arguments.curve
    if arguments.weights is not None:
        asked["weights"] = parse_weights(arguments.weights)
    if arguments.bonus is not None:
        asked["bonus"] = tuple(filter(None, (name.strip() for name in arguments.bonus.split(","))))
    if asked:
        store_rules(arguments.directory, replace(read_rules(arguments.directory), **asked), assignment)
