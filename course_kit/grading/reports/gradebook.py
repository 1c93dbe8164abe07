"""The gradebook: points of results and of written parts, less what lateness costs; made anew at every export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.late import Late, read_late
from course_kit.grading.handed_in.run import HandedIn, Run
from course_kit.grading.handed_in.table import to_csv
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.rubric import Rubric

UNCONFINED = "no sandbox: the code ran with the files and the network of the grader's machine"


@dataclass(frozen=True)
class Row:
    """A student's line.

    Args:
        student: Id.
        exercises: Function → points; empty without a result.
        written: Part → points that a person gave, None if nobody has yet.
        time: When it was handed in, ISO; "" if that is not known.
        late: How long after the student's due time.
        factor: What lateness leaves of the points.
        flags: What a person should look at.
        graded: Whether there is a result, or nothing that could have one.
    """

    student: str
    exercises: dict[str, float]
    written: dict[str, float | None]
    time: str
    late: timedelta
    factor: float
    flags: tuple[str, ...]
    graded: bool

    @property
    def earned(self) -> float:
        """Points before lateness."""
        return round(sum(self.exercises.values()) + sum(points or 0 for points in self.written.values()), 1)

    @property
    def total(self) -> float | None:
        """Points that count; None as long as the submission is not graded."""
        return round(self.earned * self.factor + 1e-9, 1) if self.graded else None


def gradebook(run: Run, assignment: Assignment, results: Mapping[str, Result], rubric: Rubric) -> list[Row]:
    """A row for everybody, in order of their ids.

    Args:
        run: The run, with the due time and the rule for lateness.
        assignment: What was graded.
        results: Student → result.
        rubric: Points of written parts.

    Raises:
        ValueError: If the rule for lateness cannot be read.
    """
    late = read_late(run.due, run.late, Path(run.extensions) if run.extensions else None)
    return [
        _row(student, one, assignment, results.get(student), rubric, late)
        for student, one in sorted(run.handed_in.items())
    ]


def to_text(rows: list[Row], assignment: Assignment, run: Run) -> str:
    """The gradebook as CSV: student, total, every function, every written part, with a due time what it cost, flags."""
    columns = ["student", "total", *assignment.exercises, *assignment.written]
    columns += ["handed_in", "hours_late", "earned", "factor"] if run.due else []
    lines = []
    for row in rows:
        points = [*map(row.exercises.get, assignment.exercises), *map(row.written.get, assignment.written)]
        hours = round(row.late / timedelta(hours=1), 2)
        lateness = [row.time, hours, row.earned, row.factor] if run.due else []
        lines.append([row.student, row.total, *points, *lateness, "; ".join(row.flags)])
    return to_csv([*columns, "flags"], lines)


def _row(student: str, one: HandedIn, assignment: Assignment, result: Result | None, rubric: Rubric, late: Late) -> Row:
    time = datetime.fromisoformat(one.time) if one.time else None
    grades = {part: rubric.get((student, part)) for part in assignment.written}
    written = {part: grade.points if grade else None for part, grade in grades.items()}
    return Row(
        student=student,
        exercises={exercise.name: exercise.points for exercise in result.exercises} if result else {},
        written=written if one.name else {},
        time=one.time,
        late=late.lateness(student, time),
        factor=late.factor(student, time),
        flags=tuple(dict.fromkeys(_flags(one, result, written, late))),
        graded=result is not None or not one.name,
    )


def _flags(one: HandedIn, result: Result | None, written: Mapping[str, float | None], late: Late) -> Iterator[str]:
    if not one.name:
        yield "nothing handed in"
        return
    yield from one.flags
    if late.due and not one.time:
        yield "when it was handed in is not known: no rule for lateness was applied"
    if result is None:
        yield "not graded yet"
        return
    yield from result.flags
    yield from (f"{part} not graded yet" for part, points in written.items() if points is None)
    if result.sandbox == "none":
        yield UNCONFINED
