"""`course gradebook`: the grades of a grading run as a CSV file, or as an LMS takes them, under today's rules."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from course_kit import storing


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course gradebook` to the command's parser."""
    parser = subparsers.add_parser(
        "gradebook",
        help="export grades",
        description="Write gradebook, feedback and report of a graded class anew, and the grades as an LMS takes them. "
        "Nothing is graded again: due time, late rule, extensions and the points of written parts apply here. Points "
        "for written parts are filled in in DIR/written.csv. A student whom the LMS's file does not know is a finding "
        "(exit code 1).",
        epilog="example: course gradebook grades --format canvas --lms canvas_export.csv",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="what `course grade --out` wrote")
    parser.add_argument("--format", choices=["csv", "canvas", "moodle", "gradescope"], default="csv")
    parser.add_argument(
        "--lms", type=Path, metavar="CSV", help="grade file of Canvas, grading worksheet of Moodle; default: the roster"
    )
    parser.add_argument("--column", metavar="NAME", help="name of the assignment in the LMS; default: its title")
    parser.add_argument("--due", metavar="ISO", help="another due time; this and the next two are remembered")
    parser.add_argument("--late", metavar="RULE", help="another rule for late submissions")
    parser.add_argument("--extensions", type=Path, metavar="CSV", help="students with another due time")
    parser.add_argument("--rubric", type=Path, metavar="CSV", help="points of written parts; default: DIR/written.csv")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the files and print where they are."""
    from course_kit.grading.authoring.assignment import read
    from course_kit.grading.handed_in.late import read_late
    from course_kit.grading.handed_in.roster import read_roster
    from course_kit.grading.marking.batch import stored_run
    from course_kit.grading.reports.gradebook import gradebook
    from course_kit.grading.reports.lms import export
    from course_kit.grading.reports.outputs import grades_for, write_outputs

    directory = arguments.directory
    stored, results = stored_run(directory)
    extensions = str(arguments.extensions.resolve()) if arguments.extensions else None
    changes = {"due": arguments.due, "late": arguments.late, "extensions": extensions}
    asked = replace(stored, **{name: value for name, value in changes.items() if value is not None})
    late = read_late(asked.due, asked.late, Path(asked.extensions) if asked.extensions else None)
    late.refuse_strangers(asked.handed_in)
    assignment = read(Path(asked.solution))
    write_outputs(directory, asked, assignment, results, arguments.rubric)
    storing.replace(directory / "run.json", asked.to_json())
    class_list = arguments.lms or asked.roster
    roster = read_roster(Path(class_list)) if class_list else None
    rows = gradebook(asked, assignment, results, grades_for(directory, asked, assignment))
    files, unknown = export(arguments.format, rows, assignment, results, roster, arguments.column or assignment.title)
    for name, text in files.items():
        storing.replace(directory / name, text)
    places = list(files) or ["gradebook.csv"]
    print(f"✓ {directory / places[0]}" + (f" and {len(places) - 1} more" if len(places) > 1 else ""))
    if unknown:
        named = ", ".join(unknown[:10]) + (", …" if len(unknown) > 10 else "")
        print(f"course: {class_list} does not know {len(unknown)} of the class: {named}", file=sys.stderr)
    return int(bool(unknown))
