"""`course grade`: a class's submissions, each run in a sandbox; gradebook, feedback and class report."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from course_kit import storing

if TYPE_CHECKING:
    from course_kit.grading.marking.batch import Submit
    from course_kit.grading.marking.bundle import Bundle

RED, PLAIN = "\033[31m", "\033[0m"
UNCONFINED = "NOT SANDBOXED: submissions run with this machine's files and network. Install bubblewrap, or use Linux."


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course grade` to the command's parser."""
    parser = subparsers.add_parser(
        "grade",
        help="grade submissions",
        description="Run each submission in a sandbox, ask its functions what only grading asks, and write "
        "gradebook.csv, feedback/, report.html and results/ into a folder. Stopped, even killed? The same command goes "
        "on where it was; later it grades only what has changed. How it works: docs/instructor.md.",
        epilog="example: course grade a1 submissions/ --out grades --roster class.csv --due 2026-12-01T23:59",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment: a1, say")
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="a folder, or the zip of an LMS")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where everything goes; keep it private")
    parser.add_argument(
        "--secret", type=Path, metavar="FILE", help="what to draw from; default: made in DIR, kept there"
    )
    parser.add_argument("--roster", type=Path, metavar="CSV", help="who is in the class")
    parser.add_argument("--due", default="", metavar="ISO", help="when it was due, 2026-12-01T23:59+01:00")
    parser.add_argument("--late", default="none", metavar="RULE", help="none, zero, 10%%/day …; default: none")
    parser.add_argument("--extensions", type=Path, metavar="CSV", help="students with another due time")
    parser.add_argument("--rubric", type=Path, metavar="CSV", help="written.csv with the points filled in")
    parser.add_argument("--workers", type=int, metavar="N", help="how many to grade at a time; default: one a core")
    parser.add_argument("--dask", metavar="ADDRESS", help="grade on the workers of a Dask cluster instead")
    parser.add_argument("--require-sandbox", action="store_true", help="refuse to run code that cannot be confined")
    parser.add_argument("--regrade", action="store_true", help="grade everything anew")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Grade, write everything, and say what a person should look at."""
    from course_kit.grading.authoring.assignment import solution_named
    from course_kit.grading.handed_in.run import prepare, stems
    from course_kit.grading.marking.batch import grade_all
    from course_kit.grading.marking.bundle import build
    from course_kit.grading.reports.outputs import write_outputs
    from course_lib.arguments import whole

    if not hasattr(os, "fork"):
        raise ValueError("grading needs Linux or macOS: on Windows, run it in WSL")
    workers = whole("--workers", arguments.workers or _cores(), least=1)
    solution = solution_named(arguments.name)
    times = {"due": arguments.due, "late": arguments.late, "extensions": arguments.extensions}
    course_run, submissions = prepare(solution, arguments.submissions, arguments.roster, **times)
    private, results = _folders(arguments.out)
    secret = _secret(arguments.secret or private / "secret", make=arguments.secret is None)
    bundle = build(solution, secret, private, workers)
    storing.replace(arguments.out / "run.json", course_run.to_json())
    files = {student: results / f"{stem}.json" for student, stem in stems(course_run.handed_in).items()}
    with _graders(arguments, bundle, workers) as (submit, level):
        graded = grade_all(bundle, submissions, files, submit, level, arguments.regrade)
    written = write_outputs(arguments.out, course_run, bundle.assignment, graded, arguments.rubric)
    flagged = sum(bool(result.flags) for result in graded.values())
    print(f"✓ {len(graded)} graded, {flagged} with flags; open {arguments.out / 'report.html'} ({len(written)} files)")
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folders(out: Path) -> tuple[Path, Path]:
    """Inside the folder for everything, which only its owner can read: one for what is secret, one for results."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file; name a folder")
    for folder in (out, out / "private", out / "results"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    return out / "private", out / "results"


def _secret(file: Path, make: bool) -> bytes:
    if make and not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    if len(secret := file.read_bytes().strip()) < 16:
        raise ValueError(f"--secret {file}: got {len(secret)} bytes, wanted at least 16 that nobody can guess")
    return secret


@contextmanager
def _graders(arguments: argparse.Namespace, bundle: Bundle, workers: int) -> Iterator[tuple[Submit, str]]:
    """Who grades, and how submissions are confined there as far as that is known here."""
    from course_kit.grading.containment.sandbox import NONE, best_level
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
    with local_graders(bundle, level, workers) as submit:
        yield submit, level
