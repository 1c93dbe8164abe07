"""`course grade`: a class's submissions, each run in a sandbox; gradebook, feedback and class report."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from course_kit import storing

if TYPE_CHECKING:
    from course_kit.grading.authoring.assignment import Assignment
    from course_kit.grading.marking.batch import Graded, Submit
    from course_kit.grading.marking.bundle import Bundle

ROOT = (
    "Is this root in a container without root's rights? Then grade as another user, or give the container its rights."
)
INTERRUPTED = 130  # the exit code
RED, PLAIN = "\033[31m", "\033[0m"
UNCONFINED = "NOT SANDBOXED: submissions run with this machine's files and network. Install bubblewrap, or use Linux."


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course grade` to the command's parser."""
    parser = subparsers.add_parser(
        "grade",
        help="grade submissions",
        description="Run each submission in a sandbox, ask its functions questions that nobody has seen, and write "
        "gradebook.csv, feedback/, report.html and results/ into a folder. If the run is stopped, or even killed, the "
        "same command continues it; a later run grades only what has changed. The exit code is 1 if a person "
        "should look at something. How it works: docs/instructor.md.",
        epilog="example: course grade a1 submissions/ --out grades --roster class.csv --due 2026-12-01T23:59+01:00",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment, such as a1")
    parser.add_argument(
        "submissions", type=Path, metavar="SUBMISSIONS", help="a folder, or the zip that an LMS exports"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for everything that is written; keep it private"
    )
    parser.add_argument(
        "--secret", type=Path, metavar="FILE", help="file from which the questions are drawn; default: one made in DIR"
    )
    parser.add_argument("--roster", type=Path, metavar="CSV", help="class list, or the grade file of an LMS")
    parser.add_argument(
        "--names",
        default="",
        metavar="LMS",
        help="how the files are named: brightspace, blackboard, sakai, ilias, teams, or a regular expression with "
        "groups such as (?P<student>…); not needed for Canvas, Moodle, Gradescope and GitHub Classroom",
    )
    parser.add_argument("--due", default="", metavar="ISO", help="due time, such as 2026-12-01T23:59+01:00")
    parser.add_argument(
        "--zone", default="", metavar="ZONE", help="time zone of times that name none, such as Europe/Berlin"
    )
    parser.add_argument("--late", default="none", metavar="RULE", help="none, zero, 10%%/day …; default: none")
    parser.add_argument(
        "--file-times", action="store_true", help="take the time of a file in a folder as the time it was handed in"
    )
    parser.add_argument("--extensions", type=Path, metavar="CSV", help="students who have a due time of their own")
    parser.add_argument("--rubric", type=Path, metavar="CSV", help="written.csv with the points filled in")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="how many to grade at the same time; default: all cores"
    )
    parser.add_argument("--dask", metavar="ADDRESS", help="grade on the workers of a Dask cluster instead")
    parser.add_argument("--require-sandbox", action="store_true", help="refuse to run code that cannot be confined")
    parser.add_argument("--regrade", action="store_true", help="grade everything again, also what has not changed")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Grade, write everything, and say what a person should look at."""
    from course_kit.cli.desk import owned, refuse_wrong_folder
    from course_kit.grading.authoring.assignment import solution_named
    from course_kit.grading.marking.grader import NoSandbox
    from course_lib.arguments import whole

    workers = whole("--workers", arguments.workers or _cores(), least=1)
    solution = solution_named(arguments.name)
    refuse_wrong_folder(arguments.out, solution, arguments.submissions)
    with owned(arguments.out) as (private, results):
        try:
            return _grade(arguments, solution, private, results, workers)
        except NoSandbox as error:
            print(f"course: nobody was graded, because no submission can be run here: {error}. {ROOT}", file=sys.stderr)
            return 3
        except KeyboardInterrupt:
            stored = len(list(results.glob("*.json")))
            print(f"\ncourse: stopped; {stored} results are kept, the same command goes on from there", file=sys.stderr)
            return INTERRUPTED


def _grade(arguments: argparse.Namespace, solution: Path, private: Path, results: Path, workers: int) -> int:
    from course_kit.cli.desk import secret_in
    from course_kit.grading.authoring.assignment import read
    from course_kit.grading.handed_in.run import ClassOptions, prepare
    from course_kit.grading.marking.batch import Stored, grade_all
    from course_kit.grading.marking.bundle import draw_bundle
    from course_kit.grading.reports.outputs import write_outputs

    memory = private / "too_much.json"
    if arguments.regrade:
        memory.unlink(missing_ok=True)
    words = {name: getattr(arguments, name) for name in ("roster", "due", "late", "extensions", "zone", "names")}
    course_run, submissions = prepare(
        solution, arguments.submissions, ClassOptions(**words, file_times=arguments.file_times, memory=memory)
    )
    secret, warning = secret_in(arguments.secret, private)
    if warning:
        print(f"{RED}{warning}{PLAIN}", file=sys.stderr)
    bundle = draw_bundle(solution, secret, private, workers)
    storing.replace(arguments.out / "run.json", course_run.to_json())
    stored = Stored.below(arguments.out, course_run.handed_in)
    hidden = {"the solutions are": solution.parent, "the submissions are": arguments.submissions}
    hidden |= {f"--out {arguments.out} is": arguments.out, "the secret is": arguments.secret or private}
    with _graders(arguments, bundle, workers, hidden) as (submit, level):
        graded = grade_all(bundle, submissions, stored, submit, level, arguments.regrade)
    last = private / "solution.ipynb"  # the edition that was graded last
    changed = _what_changed(graded, read(last) if last.exists() else None, bundle.assignment, arguments.out)
    storing.replace(last, solution.read_bytes())
    written = write_outputs(arguments.out, course_run, bundle.assignment, graded.results, arguments.rubric)
    for note in (*changed, *course_run.notes, *written.notes):
        print(f"course: {note}", file=sys.stderr)
    flagged, nobodys = written.flagged, len(course_run.strangers)
    print(_last_line(len(graded.results), flagged, nobodys, arguments.out / "report.html"))
    return int(bool(flagged or nobodys or warning))


def _what_changed(graded: Graded, before: Assignment | None, after: Assignment, out: Path) -> list[str]:
    """What is different from the last run and why, a line each; changes.csv lists every change of points."""
    from course_kit.grading.handed_in.table import to_csv
    from course_kit.grading.marking.changes import changed_parts, moved_points, newly_named, told
    from course_kit.grading.reports.outputs import MARK

    if before is None:
        return []
    lines = [f"changed in the assignment: {line}" for line in changed_parts(before, after)]
    reasons = Counter(why for student, why in graded.why.items() if student in graded.before)
    kept = len(graded.results) - len(graded.why)
    if lines and kept:
        lines.append(f"{kept} submissions are marked again from their stored answers; none of their code ran")
    lines += [f"{number} submissions ran again: {why}" for why, number in sorted(reasons.items())]
    lines += newly_named(graded.before, graded.results)
    if moved := moved_points(graded.before, graded.results):
        text = MARK + to_csv(["student", "function", "before", "after"], moved)
        place = storing.replace(out / "changes.csv", text)
        lines.append(f"{told(moved)}; {place} lists all")
    return lines


def _last_line(graded: int, flagged: int, nobodys: int, report: Path) -> str:
    """What the terminal says at the end: how many are graded, and how much a person should look at."""
    files_of_nobody = f", {nobodys} {'files belong' if nobodys > 1 else 'file belongs'} to nobody" if nobodys else ""
    return f"✓ {graded} graded, {flagged} with flags{files_of_nobody}; open {report}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _graders(
    arguments: argparse.Namespace, bundle: Bundle, workers: int, hidden: Mapping[str, Path]
) -> Iterator[tuple[Submit, str]]:
    """Who grades, and how submissions are confined there as far as that is known here."""
    from course_kit.grading.containment.levels import NONE, best_level, refuse_in_sight, refuse_out_of_reach, told
    from course_kit.grading.marking.batch import local_graders

    if arguments.dask:
        from course_kit.grading.marking.remote import dask_graders

        with dask_graders(bundle, arguments.dask, arguments.require_sandbox) as submit:
            yield submit, NONE
        return
    with tempfile.TemporaryDirectory() as empty:
        level = best_level(Path(empty))
    if level == NONE:
        if arguments.require_sandbox:
            raise ValueError("--require-sandbox: neither user namespaces nor bubblewrap work here; install bubblewrap")
        print(f"{RED}{UNCONFINED}{PLAIN}", file=sys.stderr)
    print(f"course: how submissions are confined: {told(level)}", file=sys.stderr)
    refuse_in_sight(hidden, level)
    refuse_out_of_reach(level)
    with local_graders(bundle, level, workers) as submit:
        yield submit, level
