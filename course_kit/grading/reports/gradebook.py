"""The gradebook: points of results and of written parts, less what lateness costs; made anew at every export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.late import Late, read_late
from course_kit.grading.handed_in.owners import LATE
from course_kit.grading.handed_in.run import HandedIn, Run
from course_kit.grading.handed_in.table import to_csv
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.adjust import EXCUSED, TOTAL, Adjustment, Changed, applied
from course_kit.grading.reports.rubric import Rubric
from course_kit.grading.reports.rules import NO_RULES, Rules, points_by_part

UNCONFINED = "no sandbox: the code ran with the files and the network of the grader's machine"
UNKNOWN_TIME = "when it was handed in is not known: no rule for lateness was applied"
Graded = tuple[Result | None, Rubric]  # what the machine and what people gave
PROVISIONAL = "provisional: "
WEAK = ("the zip", "the file's time")  # sources of times that copying and unpacking may change


@dataclass(frozen=True)
class Row:
    """A student's line.

    Args:
        student: Id.
        name: The student's name; "" where no class list has it.
        worth: Function or part → points that it is worth; those that do not count are left out.
        exercises: Function → points; empty without a result.
        written: Part → points that a person gave, None if nobody has yet.
        comments: Part → what a person said of it; only where somebody did.
        changes: What adjust.csv did to them.
        on_total: What adjust.csv says of the total.
        time: When it was handed in, ISO; "" if that is not known.
        source: Who says when.
        late: How long after the student's due time.
        curve: Points that the curve adds, before lateness.
        factor: What lateness leaves of the points.
        flags: What a person should look at.
        states: What else is to be known of the total: that it is provisional, say.
        handed_in: Whether there is a submission.
        graded: Whether there is a result, or nothing that could have one.
    """

    student: str
    name: str
    worth: Mapping[str, float]
    exercises: dict[str, float]
    written: dict[str, float | None]
    comments: dict[str, str]
    changes: tuple[Changed, ...]
    on_total: tuple[Adjustment, ...]
    time: str
    source: str
    late: timedelta
    curve: float
    factor: float
    flags: tuple[str, ...]
    states: tuple[str, ...]
    handed_in: bool
    graded: bool

    @property
    def earned(self) -> float:
        """Points before lateness."""
        return round(sum(points or 0 for points in (*self.exercises.values(), *self.written.values())), 1)

    @property
    def excused(self) -> bool:
        """Whether the assignment does not count for the student."""
        return any(line.is_excused for line in self.on_total)

    @property
    def total(self) -> float | None:
        """Points that count; None for who is excused, and as long as the submission is not graded."""
        return self._counted[0]

    @property
    def adjusted(self) -> tuple[Changed, ...]:
        """All that a person changed or commented, the total last."""
        return (*self.changes, *self._counted[1])

    @property
    def _counted(self) -> tuple[float | None, list[Changed]]:
        """The total, and what adjust.csv did to it."""
        known = self.graded and not self.excused
        total = round((self.earned + self.curve) * self.factor + 1e-9, 1) if known else None
        total, changes = applied(total, self.on_total)
        return total if not self.excused else None, changes

    @property
    def is_missing(self) -> bool:
        """Whether nothing was handed in, and nobody gave points or an excuse all the same."""
        return not self.handed_in and not any(change.is_change or change.line.is_excused for change in self.adjusted)

    @property
    def waiting(self) -> list[str]:
        """Written parts that nobody has read yet: as long as there are any, the total is provisional."""
        unread = [part for part, points in self.written.items() if points is None]
        return unread if self.graded and not self.excused else []


def gradebook(
    run: Run,
    assignment: Assignment,
    results: Mapping[str, Result],
    rubric: Rubric,
    adjustments: Mapping[str, tuple[Adjustment, ...]] = MappingProxyType({}),
    rules: Rules = NO_RULES,
) -> list[Row]:
    """A row for everybody, in order of their ids.

    Args:
        run: The run, with the due time and the rule for lateness.
        assignment: What was graded.
        results: Student → result.
        rubric: Points of written parts.
        adjustments: Student → what a person changed.
        rules: How points become a total.

    Raises:
        ValueError: If the rule for lateness cannot be read, or another does not fit the assignment.
    """
    late = read_late(run.due, run.late, Path(run.extensions) if run.extensions else None, run.zone)
    worth = rules.worth(assignment)
    rows = [
        _row(student, run, assignment, (results.get(student), rubric), late, adjustments.get(student, ()))
        for student in sorted(run.handed_in)
    ]
    rows = [_weighed(row, worth, points_by_part(assignment)) for row in rows]
    earned = [row.earned for row in rows if row.handed_in and row.graded and not row.excused]
    curve = rules.curved(earned, sum(points_by_part(assignment).values()))
    return [replace(row, curve=round(curve(row.earned) - row.earned, 2)) if row.handed_in else row for row in rows]


def _weighed(row: Row, worth: Mapping[str, float], points: Mapping[str, int]) -> Row:
    """The row with each part worth what the rules say, and without those that do not count."""
    exercises, written = (
        {
            part: None if score is None else round(score * (worth[part] / points[part]), 6)
            for part, score in scores.items()
            if part in worth
        }
        for scores in (row.exercises, row.written)
    )
    unread = [part for part, score in written.items() if score is None]
    states = [state for state in row.states if unread or not state.startswith(PROVISIONAL)]
    return replace(row, worth=worth, exercises=exercises, written=written, states=tuple(states))


def to_text(rows: list[Row], assignment: Assignment, run: Run) -> str:
    """The gradebook as CSV: student, total, every function, every written part, with a due time what it cost, flags.

    The name stands beside the id where the class list has names.
    """
    named = ["name"] if any(row.name for row in rows) else []
    curved = any(row.curve for row in rows)
    columns = ["student", *named, "total", *assignment.exercises, *assignment.written]
    columns += ["earned", "curve"] if curved else []
    columns += ["handed_in", "time_from", "hours_late", *["earned"][curved:], "factor"] if run.due else []
    lines = []
    for row in rows:
        scores = row.exercises | row.written
        points = [_rounded(scores.get(part)) for part in (*assignment.exercises, *assignment.written)]
        hours = round(row.late / timedelta(hours=1), 2)
        lateness = [row.time, row.source, hours, *[row.earned][curved:], row.factor] if run.due else []
        lateness = [*([row.earned, row.curve] if curved else []), *lateness]
        total = EXCUSED if row.excused else row.total
        lines.append([row.student, *[row.name for _ in named], total, *points, *lateness, "; ".join(_told(row))])
    return to_csv([*columns, "flags"], lines)


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 2)


def _told(row: Row) -> Iterator[str]:
    yield from row.states
    yield from (f"by hand: {change.told}" for change in row.adjusted)
    yield from row.flags


def _row(
    student: str, run: Run, assignment: Assignment, graded: Graded, late: Late, lines: Sequence[Adjustment]
) -> Row:
    one, (result, rubric) = run.handed_in[student], graded
    time = late.at(datetime.fromisoformat(one.time)) if one.time else None
    grades = {part: rubric.get((student, part)) for part in assignment.written} if one.name else {}
    scores = {exercise.name: exercise.points for exercise in result.exercises} if result else {}
    scores |= {part: grade.points if grade else None for part, grade in grades.items()}
    changes: list[Changed] = []
    for part in dict.fromkeys(line.part for line in lines if line.part != TOTAL):
        scores[part], done = applied(scores.get(part), [line for line in lines if line.part == part])
        changes += done
    written = {part: scores.pop(part) for part in assignment.written if part in scores}
    lateness, factor = late.lateness(student, time), late.factor(student, time)
    on_total = tuple(line for line in lines if line.part == TOTAL)
    excused = any(line.is_excused for line in on_total)
    return Row(
        student=student,
        name=run.names.get(student, ""),
        worth={},
        exercises=scores,
        written=written,
        comments={part: grade.comment for part, grade in grades.items() if grade and grade.comment},
        changes=tuple(changes),
        on_total=on_total,
        time=time.isoformat(timespec="seconds") if time else "",
        source=one.source if time else "",
        late=lateness,
        curve=0.0,
        factor=factor,
        flags=tuple(dict.fromkeys(_flags(one, result, factor, late, time))) if one.name else (),
        states=tuple(_states(one, result, {} if excused else written, late, time)),
        handed_in=bool(one.name),
        graded=result is not None or not one.name,
    )


def _flags(one: HandedIn, result: Result | None, factor: float, late: Late, time: datetime | None) -> Iterator[str]:
    """What a person should look at; a lateness that costs nothing is not among it."""
    yield from (flag for flag in one.flags if flag != LATE or late.rule.share)
    if time and one.source in WEAK and factor < 1:
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
    if LATE in one.flags and not late.rule.share:
        yield LATE
    if result is None:
        yield "not graded yet"
        return
    if waiting := [part for part, points in written.items() if points is None]:
        yield f"{PROVISIONAL}{', '.join(waiting)} not read yet"
    if result.sandbox == "none":
        yield UNCONFINED
