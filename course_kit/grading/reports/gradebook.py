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
UNKNOWN_TIME = "when it was handed in is not known: no rule for lateness was applied"
WEAK = ("the zip", "the file's time")  # sources of times that copying and unpacking may change


@dataclass(frozen=True)
class Row:
    """A student's line.

    Args:
        student: Id.
        exercises: Function → points; empty without a result.
        written: Part → points that a person gave, None if nobody has yet.
        time: When it was handed in, ISO; "" if that is not known.
        source: Who says when.
        late: How long after the student's due time.
        factor: What lateness leaves of the points.
        flags: What a person should look at.
        states: What else is to be known of the total: that it is provisional, say.
        handed_in: Whether there is a submission.
        graded: Whether there is a result, or nothing that could have one.
    """

    student: str
    exercises: dict[str, float]
    written: dict[str, float | None]
    time: str
    source: str
    late: timedelta
    factor: float
    flags: tuple[str, ...]
    states: tuple[str, ...]
    handed_in: bool
    graded: bool

    @property
    def earned(self) -> float:
        """Points before lateness."""
        return round(sum(self.exercises.values()) + sum(points or 0 for points in self.written.values()), 1)

    @property
    def total(self) -> float | None:
        """Points that count; None as long as the submission is not graded."""
        return round(self.earned * self.factor + 1e-9, 1) if self.graded else None

    @property
    def waiting(self) -> list[str]:
        """Written parts that nobody has read yet: as long as there are any, the total is provisional."""
        return [part for part, points in self.written.items() if points is None] if self.graded else []


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
    late = read_late(run.due, run.late, Path(run.extensions) if run.extensions else None, run.zone)
    return [
        _row(student, one, assignment, results.get(student), rubric, late)
        for student, one in sorted(run.handed_in.items())
    ]


def to_text(rows: list[Row], assignment: Assignment, run: Run) -> str:
    """The gradebook as CSV: student, total, every function, every written part, with a due time what it cost, flags."""
    columns = ["student", "total", *assignment.exercises, *assignment.written]
    columns += ["handed_in", "time_from", "hours_late", "earned", "factor"] if run.due else []
    lines = []
    for row in rows:
        points = [*map(row.exercises.get, assignment.exercises), *map(row.written.get, assignment.written)]
        hours = round(row.late / timedelta(hours=1), 2)
        lateness = [row.time, row.source, hours, row.earned, row.factor] if run.due else []
        lines.append([row.student, row.total, *points, *lateness, "; ".join([*row.states, *row.flags])])
    return to_csv([*columns, "flags"], lines)


def _row(student: str, one: HandedIn, assignment: Assignment, result: Result | None, rubric: Rubric, late: Late) -> Row:
    time = late.at(datetime.fromisoformat(one.time)) if one.time else None
    grades = {part: rubric.get((student, part)) for part in assignment.written}
    written = {part: grade.points if grade else None for part, grade in grades.items()} if one.name else {}
    lateness = late.lateness(student, time)
    return Row(
        student=student,
        exercises={exercise.name: exercise.points for exercise in result.exercises} if result else {},
        written=written,
        time=time.isoformat(timespec="seconds") if time else "",
        source=one.source if time else "",
        late=lateness,
        factor=late.factor(student, time),
        flags=tuple(dict.fromkeys(_flags(one, result, lateness, time))) if one.name else (),
        states=tuple(_states(one, result, written, late, time)),
        handed_in=bool(one.name),
        graded=result is not None or not one.name,
    )


def _flags(one: HandedIn, result: Result | None, lateness: timedelta, time: datetime | None) -> Iterator[str]:
    yield from one.flags
    if lateness and time and one.source in WEAK:
        yield f"late by {one.source}, read in the zone {time:%z}"
    if result is not None:
        yield from result.flags


def _states(
    one: HandedIn, result: Result | None, written: Mapping[str, float | None], late: Late, time: datetime | None
) -> Iterator[str]:
    if not one.name:
        yield "nothing handed in"
        return
    if late.due and not time:
        yield UNKNOWN_TIME
    if result is None:
        yield "not graded yet"
        return
    if waiting := [part for part, points in written.items() if points is None]:
        yield f"provisional: {', '.join(waiting)} not read yet"
    if result.sandbox == "none":
        yield UNCONFINED
