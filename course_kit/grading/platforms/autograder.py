"""An autograder: all that another machine needs to grade one assignment, drawn beforehand, one submission at a time."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.asking import probe
from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.authoring.release import PUBLIC_SEED
from course_kit.grading.containment.levels import best_level, refuse_in_sight, refuse_out_of_reach
from course_kit.grading.containment.warm import NONE
from course_kit.grading.handed_in.collect import Rules, Submission, collect_one
from course_kit.grading.handed_in.reading import Reader, other_assignments
from course_kit.grading.marking.batch import local_graders
from course_kit.grading.marking.bundle import Bundle, draw_bundle
from course_kit.grading.marking.result import Result


@dataclass(frozen=True)
class Autograder:
    """What is asked and what is right, and what feedback may name. It holds solutions and answers: keep it private.

    Args:
        bundle: What is asked and what is right.
        known: Function → its cases that students know from their checks; grading asks more.
        others: Other assignments of the course, for whoever hands in the wrong one: name → names of the functions.
        shown: When students see points and feedback, in the platform's word.
    """

    bundle: Bundle
    known: Mapping[str, frozenset[str]]
    others: Mapping[str, Sequence[str]]
    shown: str

    @property
    def assignment(self) -> Assignment:
        """What is graded."""
        return self.bundle.assignment


def build(solution: Path, secret: bytes, shown: str, workers: int = 1, progress: bool = True) -> Autograder:
    """Draw the variants of an assignment and put an autograder together.

    Args:
        solution: The solution notebook.
        secret: What to draw from.
        shown: When students see points and feedback.
        workers: How many processes to use.
        progress: Show a bar.

    Raises:
        ValueError: If the notebook is none, or an exercise would not grade fairly.
    """
    with tempfile.TemporaryDirectory() as cache:
        bundle = draw_bundle(solution, secret, Path(cache), workers, progress)
    return Autograder(bundle, _known(bundle.assignment), other_assignments(solution), shown)


def _known(assignment: Assignment) -> dict[str, frozenset[str]]:
    sources = {name: assignment.probe_source(exercise) for name, exercise in assignment.exercises.items()}
    return {
        name: frozenset(probe.inputs(probe.probe_in(source), PUBLIC_SEED, name, 0)) for name, source in sources.items()
    }


def stored(path: Path) -> Autograder:
    """Read an autograder that was pickled into a file.

    Raises:
        ValueError: If others than its owner can read the file: a submission could, then.
    """
    found = path.stat()
    if found.st_mode & 0o077 or found.st_uid != os.geteuid():
        raise ValueError(f"{path}: others can read the answers in it; run: chown root {path}; chmod 600 {path}")
    return pickle.loads(path.read_bytes())


def level_here(answers: Path) -> str:
    """How submissions can be confined here.

    Args:
        answers: The file with the answers.

    Raises:
        ValueError: If a submission could get at the answers, or could import nothing.
    """
    with tempfile.TemporaryDirectory() as empty:
        level = best_level(Path(empty))
    refuse_unsafe(level, answers)
    return level


def refuse_unsafe(level: str, answers: Path) -> None:
    """Refuse to run submissions where one could get at the answers, or could import nothing.

    Args:
        level: How submissions are confined.
        answers: The file with the answers.

    Raises:
        ValueError: With what to change.
    """
    if level == NONE and os.geteuid() != 0:
        raise ValueError(
            "submissions cannot be kept from the answers here: this system allows neither namespaces nor bubblewrap, "
            "and only root can run them as another user; run the autograder as root"
        )
    refuse_in_sight({"the answers are": answers}, level)
    refuse_out_of_reach(level)


def grade_one(autograder: Autograder, folder: Path, student: str, level: str) -> tuple[Submission, Result]:
    """Grade what one student handed in.

    Args:
        autograder: What to grade by.
        folder: The student's files.
        student: Whose they are; chooses the variant of the exam.
        level: How to confine.

    Returns:
        What was found in the folder, and what it came to.

    Raises:
        NoSandbox: If no submission can be run here.
        ValueError: If there is no such folder.
    """
    rules = Rules(called=autograder.assignment.name, read=Reader(autograder.assignment, autograder.others))
    submission = collect_one(folder, student, rules)
    with local_graders(autograder.bundle, level, 1) as submit:
        return submission, submit(submission).result()
