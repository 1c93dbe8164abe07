"""What a graded class says of the assignment and of its students: which cases tell, who came late, who needs a word."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.marking.result import CaseResult, Result
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.remarks import nothing_to_ask
from course_kit.grading.reports.rules import points_by_part

FEWEST = 10  # students; with less, a correlation is an accident
LOW = 0.5  # of the points
LONGEST = 40  # characters of a hint that stands for a mistake without a name


def askable(results: Mapping[str, Result]) -> dict[str, Result]:
    """The results of those whose functions could be asked at all: files that nobody can read say nothing of a case."""
    return {
        student: result
        for student, result in results.items()
        if not nothing_to_ask({exercise.name: exercise for exercise in result.exercises})
    }


def told(how: CaseResult) -> str:
    """What happened in a case, in a few words: the known mistake, else the beginning of the judge's hint."""
    hint = f"“{textwrap.shorten(how.hint, LONGEST, placeholder='…')}”" if how.hint else ""
    return how.mistake.replace("_", " ") or hint or how.outcome


@dataclass(frozen=True)
class Mistake:
    """A mistake that students made: a known one, or one that a judge has a hint for.

    Args:
        exercise: Name of the function.
        key: Name of the known mistake; "" where a judge told it.
        name: How pages call it.
        hint: What students are told.
        count: Students with at least one such answer.
    """

    exercise: str
    key: str
    name: str
    hint: str
    count: int


def mistakes(assignment: Assignment, results: Mapping[str, Result]) -> list[Mistake]:
    """All mistakes that were made, by the number of students.

    Args:
        assignment: What was graded.
        results: Student → result.
    """
    counts = Counter(
        (exercise.name, key, name, hint)
        for result in results.values()
        for exercise in result.exercises
        for key, name, hint in {
            (how.mistake, told(how), how.hint) for how in exercise.cases.values() if how.mistake or how.hint
        }
    )
    order = list(assignment.exercises)
    return [
        Mistake(exercise, key, name, hint or assignment.exercises[exercise].hints.get(key, ""), count)
        for (exercise, key, name, hint), count in sorted(
            counts.items(), key=lambda pair: (-pair[1], order.index(pair[0][0]), *pair[0][1:])
        )
    ]


def discrimination(results: Mapping[str, Result]) -> dict[tuple[str, str], float]:
    """How well each case tells strong work from weak: its correlation with the points for everything else.

    Args:
        results: Student → result.

    Returns:
        (function, case) → Pearson's r; cases that everybody or nobody has right, and small classes, are left out.
    """
    earned: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for result in results.values():
        shares = {
            (exercise.name, case): (how.passed, exercise.of / len(exercise.cases))
            for exercise in result.exercises
            for case, how in exercise.cases.items()
        }
        total = sum(share for passed, share in shares.values() if passed)
        for key, (passed, share) in shares.items():
            earned.setdefault(key, []).append((passed, total - share * passed))
    found = {}
    for key, pairs in earned.items():
        passed, rest = np.array(pairs, dtype=float).T
        if len(pairs) >= FEWEST and passed.std() > 0 and rest.std() > 0:
            found[key] = float(np.corrcoef(passed, rest)[0, 1])
    return found


@dataclass(frozen=True)
class Lateness:
    """How many of those who handed in were late.

    Args:
        in_time: In time, or within the grace.
        late: Late, with points lost or not.
        cost: Late, with points lost.
        unknown: Nobody says when.
        lost: Points lost by all of them together.
        longest: The longest lateness.
    """

    in_time: int
    late: int
    cost: int
    unknown: int
    lost: float
    longest: timedelta


def lateness(rows: Sequence[Row]) -> Lateness:
    """Count who was late."""
    handed_in = [row for row in rows if row.handed_in]
    late = [row for row in handed_in if row.late]
    unknown = sum(not row.time for row in handed_in)
    return Lateness(
        in_time=len(handed_in) - len(late) - unknown,
        late=len(late),
        cost=sum(row.factor < 1 for row in late),
        unknown=unknown,
        lost=sum((row.earned + row.curve) * (1 - row.factor) for row in late),
        longest=max((row.late for row in late), default=timedelta(0)),
    )


def to_talk_to(
    rows: Sequence[Row], assignment: Assignment, results: Mapping[str, Result]
) -> list[tuple[Row, list[str]]]:
    """Who may need a word, and why; those with the fewest points first.

    Args:
        rows: The gradebook.
        assignment: What was graded.
        results: Student → result.
    """
    found = [(row, list(_concerns(row, assignment, results.get(row.student)))) for row in rows if not row.excused]
    return sorted((pair for pair in found if pair[1]), key=lambda pair: (pair[0].total or 0, pair[0].student))


def _concerns(row: Row, assignment: Assignment, result: Result | None) -> Iterator[str]:
    if row.is_missing:
        yield "nothing handed in"
    if result is None or row.total is None:
        return
    exercises = {exercise.name: exercise for exercise in result.exercises}
    if nothing_to_ask(exercises):
        yield "no function could be asked: the file may be the wrong one, or damaged"
        return
    outcomes = {name: {case.outcome for case in exercise.cases.values()} for name, exercise in exercises.items()}
    unwritten = [name for name, seen in outcomes.items() if seen <= {"not written", "not defined"}]
    if 2 * len(unwritten) >= len(outcomes):
        yield f"{len(unwritten)} of {len(outcomes)} functions not written"
    if row.earned < LOW * sum(points_by_part(assignment).values()) and not row.waiting:
        yield f"less than {LOW:.0%} of the points"
