"""Gradescope: the zip that an instructor uploads, what runs in its container, and results.json, which it shows.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from course_kit.grading.authoring.handout import build_wheel
from course_kit.grading.containment.levels import LEVELS, told
from course_kit.grading.handed_in.collect import Submission
from course_kit.grading.marking.grader import NoSandbox
from course_kit.grading.marking.result import Result
from course_kit.grading.platforms.autograder import Autograder, grade_one, level_here, refuse_unsafe, stored
from course_kit.grading.reports.feedback import TOLD_ERRORS
from course_kit.grading.reports.gradescope import TEXT, function_tests
from course_kit.grading.reports.remarks import RAISED, next_steps
from course_kit.storing import replace

HERE = Path(__file__).parent
ANSWERS = "answers.pickle"
SHOWN = {  # visibility → when students see points and feedback
    "visible": "at once",
    "after_due_date": "after the due date",
    "after_published": "when grades are published",
    "hidden": "never here",
}
OPEN, CLOSED = 0o755, 0o600
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every file in the zip, so that the same autograder is the same zip


def write_zip(autograder: Autograder, source: Path, path: Path) -> Path:
    """Write the zip that an instructor uploads to Gradescope.

    Args:
        autograder: What it grades by.
        source: The course's folder, with pyproject.toml and requirements.lock.
        path: The zip, which its owner alone can read.

    Raises:
        ValueError: If the course's wheel cannot be built.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wheel = build_wheel(source, Path(scratch))
        files = {
            "setup.sh": ((HERE / "setup.sh").read_bytes(), OPEN),
            "run_autograder": ((HERE / "run_autograder.sh").read_bytes(), OPEN),
            "requirements.lock": ((source / "requirements.lock").read_bytes(), OPEN),
            wheel.name: (wheel.read_bytes(), OPEN),
            ANSWERS: (pickle.dumps(autograder), CLOSED),
        }
        packed = Path(scratch, "autograder.zip")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (content, mode) in files.items():
                info = zipfile.ZipInfo(name, EPOCH)
                info.external_attr = mode << 16
                archive.writestr(info, content, zipfile.ZIP_DEFLATED)
        replace(path, packed.read_bytes()).chmod(CLOSED)
    return path


def student_in(metadata: dict[str, Any]) -> str:
    """Whose a submission is, by submission_metadata.json: the addresses of all who handed it in together.

    Raises:
        ValueError: If it names nobody.
    """
    users = metadata.get("users") or ()
    names = sorted(str(user.get("email") or user.get("sid") or user.get("id") or "").lower() for user in users)
    if not all(names) or not names:
        raise ValueError("submission_metadata.json names nobody who handed in; wanted users with an email")
    return "+".join(names)


def results(autograder: Autograder, submission: Submission, result: Result) -> dict[str, Any]:
    """What Gradescope shows: one test for the notebook as a whole, then one for each function.

    At once a student sees only what reading the file tells. What running it came to is shown when the instructor said,
    because whoever may hand in again and again could find out by it what grading asks.

    Args:
        autograder: What it was graded by.
        submission: What was found.
        result: What it came to.
    """
    whole = "\n".join(_whole(autograder, submission, result))
    status = "failed" if result.errors or result.flags else "passed"
    tests = [{"name": "Your notebook", "status": status, "output": whole}]
    tests += function_tests(autograder.assignment, result, autograder.known).values()
    return {
        "output": _receipt(autograder, submission),
        **TEXT,
        "stdout_visibility": "hidden",
        "tests": [{**test, "visibility": autograder.shown} for test in tests],
    }


def _receipt(autograder: Autograder, submission: Submission) -> str:
    """What a student may know at once: how the file reads."""
    names = autograder.assignment.exercises
    written = sum(name in submission.answers for name in names)
    lines = [f"Graded: {submission.name}" if submission.content else "No notebook could be graded."]
    lines += [f"You wrote {written} of {len(names)} functions."] if submission.content else []
    lines += [f"Note: {flag}" for flag in submission.flags]
    return "\n".join([*lines, f"Points and feedback are shown {SHOWN[autograder.shown]}."])


def _whole(autograder: Autograder, submission: Submission, result: Result) -> Iterator[str]:
    """What to do next, and what happened to the notebook as a whole."""
    steps = next_steps(autograder.assignment, {exercise.name: exercise for exercise in result.exercises})
    yield from steps or ["Every case of every function is right."]
    for cell, error in sorted(result.errors.items())[:TOLD_ERRORS]:
        kind, _, line = error.partition(": ")
        where = f", in the line: {line}" if line else ""
        yield f"Code cell {cell} stopped with {kind}{where}. {RAISED.get(kind, '')}".rstrip()
    yield from (f"Note: {flag}" for flag in dict.fromkeys([*submission.flags, *result.flags]))
    if autograder.assignment.written:
        yield f"A person reads: {', '.join(autograder.assignment.written)}."


def main(argv: Sequence[str] | None = None) -> int:
    """Grade one submission in Gradescope's container.

    Args:
        argv: The folder that Gradescope calls /autograder, and for a test a level of confinement.

    Returns:
        0 once results.json is written; 3 if nobody can be graded here, and then there is no results.json.
    """
    parser = argparse.ArgumentParser(prog="run_autograder")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("/autograder"))
    parser.add_argument("--level", choices=list(LEVELS), help="confine so, and not as well as this machine can")
    arguments = parser.parse_args(argv)
    folder, answers = arguments.folder, arguments.folder / "source" / ANSWERS
    try:
        autograder = stored(answers)
        student = student_in(json.loads((folder / "submission_metadata.json").read_text("utf-8")))
        level = arguments.level or level_here(answers)
        refuse_unsafe(level, answers)
        print(f"course: how submissions are confined: {told(level)}", flush=True)
        submission, result = grade_one(autograder, folder / "submission", student, level)
    except (NoSandbox, ValueError, OSError) as error:
        print(f"course: nobody can be graded here: {error}", file=sys.stderr)
        return 3
    replace(folder / "results/results.json", json.dumps(results(autograder, submission, result), indent=1))
    print(f"course: {student}: {result.points:g} points; flags: {', '.join(result.flags) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
