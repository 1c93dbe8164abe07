"""`course feedback`: the pages of a graded class on their way to students."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from course_kit import storing

if TYPE_CHECKING:
    from course_kit.grading.reports.handing_back import Parcel

HERE = "-"  # stands for a file in the graded folder itself
NAMED = 10  # students in a line


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course feedback` to the command's parser."""
    parser = subparsers.add_parser(
        "feedback",
        help="hand feedback back to students",
        description="Put the feedback pages of a graded class into a file that an LMS takes, or into e-mails; or, for "
        "Gradescope, write a results.json for each student. The exit code is 1 if somebody's page is not among them.",
        epilog="example: course feedback grades --moodle feedback.zip --lms worksheet.csv",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder that `course grade --out` wrote")
    way = parser.add_mutually_exclusive_group(required=True)
    for name, what in (
        ("moodle", "a zip for Moodle's “Upload multiple feedback files in a zip”"),
        ("canvas", "a zip for Canvas's “Upload Submissions”, which become comments"),
        ("email", "an mbox with a message for each student"),
    ):
        way.add_argument(f"--{name}", nargs="?", const=HERE, metavar="FILE", help=what)
    way.add_argument("--gradescope", action="store_true", help="a results.json for each student, in DIR/gradescope")
    parser.add_argument("--lms", type=Path, metavar="CSV", help="class list of the LMS; default: the roster")
    parser.add_argument("--sender", default="", metavar="ADDRESS", help="who writes the e-mails")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the pages anew, then the file, and say whose page is not in it."""
    from course_kit.grading.authoring.assignment import read
    from course_kit.grading.handed_in.late import read_late
    from course_kit.grading.handed_in.roster import read_roster
    from course_kit.grading.marking.batch import stored_run
    from course_kit.grading.reports.handing_back import Page, brief, canvas_zip, mbox, moodle_zip
    from course_kit.grading.reports.lms import export
    from course_kit.grading.reports.outputs import write_outputs

    directory = arguments.directory
    stored, results = stored_run(directory)
    late = read_late(stored.due, stored.late, Path(stored.extensions) if stored.extensions else None, stored.zone)
    class_list = arguments.lms or stored.roster
    roster = read_roster(Path(class_list), late.zone) if class_list else None
    assignment = read(Path(stored.solution))
    written = write_outputs(directory, stored, assignment, results)
    if arguments.gradescope:
        files = export("gradescope", written.rows, assignment, written.results, roster).files
        for name, text in files.items():
            storing.replace(directory / name, text)
        print(f"✓ {len(files)} files in {directory / 'gradescope'}")
        return 0
    pages = [
        Page(row, page, stored.handed_in[row.student].name, brief(assignment, row, written.results[row.student]))
        for row, page in written.pages
    ]
    if arguments.moodle:
        asked, parcel, name = arguments.moodle, moodle_zip(pages, roster), "feedback_moodle.zip"
    elif arguments.canvas:
        asked, parcel, name = arguments.canvas, canvas_zip(pages), "feedback_canvas.zip"
    else:
        asked, parcel = arguments.email, mbox(pages, roster, assignment.title, arguments.sender)
        name = "feedback.mbox"
    if not parcel.count:
        reason = next(iter(parcel.left.values()), "nobody has a page")
        raise ValueError(f"no feedback was written: {reason}")
    place = storing.replace(directory / name if asked == HERE else Path(asked), parcel.content)
    print(f"✓ {place}: {parcel.count} pages")
    return _say_who_is_left(parcel, sum(bool(row.waiting) for row in written.rows))


def _say_who_is_left(parcel: Parcel, waiting: int) -> int:
    """A line for each reason why somebody's page is not there; and the exit code."""
    reasons = defaultdict(list)
    for student, reason in parcel.left.items():
        reasons[reason].append(student)
    lines = [
        f"not in it: {', '.join(students[:NAMED])}{', …' if len(students) > NAMED else ''} ({reason})"
        for reason, students in reasons.items()
    ]
    if waiting:
        lines.append(f"{waiting} totals are provisional: their written parts are not read yet")
    for line in lines:
        print(f"course: {line}", file=sys.stderr)
    return int(bool(lines))
