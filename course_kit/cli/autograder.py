"""`course autograder`: an assignment's grading for another platform, to upload as it is."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course autograder` to the command's parser."""
    parser = subparsers.add_parser(
        "autograder",
        help="package an assignment's grading for Gradescope or GitHub",
        description="Package an assignment's grading for another platform, ready to upload. The zip for Gradescope "
        "holds solutions and answers: keep it private. Each platform step by step: docs/platforms.md.",
        epilog="example: course autograder a1 --gradescope a1.zip --secret a1.secret",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment, such as a1")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--gradescope", type=Path, metavar="ZIP", help="write Gradescope's autograder")
    where.add_argument(
        "--github", type=Path, metavar="DIR", help="write a workflow into the folder of a repository: public checks"
    )
    parser.add_argument(
        "--exam",
        action="store_true",
        help="with --github: the workflow of the instructor's private repository, which grades a class on an exam",
    )
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="with --gradescope: file from which the questions are drawn; default: a new one",
    )
    parser.add_argument(
        "--visibility",
        choices=["visible", "after_due_date", "after_published", "hidden"],
        default="after_due_date",
        help="when students see points and feedback on Gradescope; default: after_due_date",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file and say what it is."""
    from course_kit.grading.authoring.assignment import solution_named
    from course_kit.grading.platforms.github import write_workflow

    solution = solution_named(arguments.name)
    if arguments.exam and not arguments.github:
        raise ValueError("--exam: got no --github DIR beside it; Gradescope's autograder always asks the exam")
    if arguments.secret and arguments.github:
        raise ValueError(
            "--secret: a workflow takes it from the repository's secret COURSE_SECRET; leave the option out"
        )
    if arguments.gradescope:
        return _write_zip(solution, arguments)
    kind = "exam" if arguments.exam else "classroom"
    print(f"✓ {write_workflow(kind, solution.stem, arguments.github)}")
    return 0


def _write_zip(solution: Path, arguments: argparse.Namespace) -> int:
    from course_kit.cli.desk import secret_in
    from course_kit.grading.platforms.autograder import build
    from course_kit.grading.platforms.gradescope import write_zip

    if not Path("pyproject.toml").is_file():  # said now, and not when the exam is drawn
        raise ValueError(
            "there is no pyproject.toml here, from which the course is packaged; run it in the course's folder"
        )
    with tempfile.TemporaryDirectory() as private:
        secret, _ = secret_in(arguments.secret, Path(private))
    autograder = build(solution, secret, arguments.visibility, os.cpu_count() or 1)
    write_zip(autograder, Path.cwd(), arguments.gradescope)
    points = sum(exercise.points for exercise in autograder.assignment.exercises.values())
    print(f"✓ {arguments.gradescope}: {points} points of {solution.stem}; it holds the answers, so keep it private")
    return 0
