"""The page that a student gets: what was fine, which mistake was made, what to do next, where to read on."""

from __future__ import annotations

from datetime import timedelta

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.marking.result import ExerciseResult, Result
from course_kit.grading.reports.adjust import TOTAL
from course_kit.grading.reports.gradebook import UNCONFINED, Row
from course_kit.grading.reports.lms import points_of
from course_kit.grading.reports.pages import render
from course_kit.grading.reports.remarks import RAISED, builds_on, next_steps, nothing_to_ask, remarks

TOLD_ERRORS = 5


def feedback(assignment: Assignment, row: Row, result: Result) -> str:
    """A student's page as an HTML document. It holds no input of grading, no right value and nothing that code printed.

    Args:
        assignment: What was graded.
        row: The student's line of the gradebook.
        result: The student's result.
    """
    exercises = {exercise.name: exercise for exercise in result.exercises}
    below, unasked = builds_on(assignment, exercises), bool(nothing_to_ask(exercises))
    written = [_written(part, row, result) for part in assignment.written]
    return render(
        "feedback.html",
        assignment=assignment,
        row=row,
        of=points_of(assignment),
        lateness=duration(row.late),
        ungraded=[part["title"] for part in written if part["name"] in row.waiting],
        unconfined=UNCONFINED.partition(": ")[2] if result.sandbox == "none" else "",
        steps=next_steps(assignment, exercises),
        parts=[_part(assignment, one, row, below[one.name], unasked) for one in exercises.values()],
        written=written,
        on_total=_by_hand(row, TOTAL),
        errors=_errors(result),
        more_errors=_cells(max(0, len(result.errors) - TOLD_ERRORS)),
        flags=row.flags,
    )


def _errors(result: Result) -> list[dict[str, object]]:
    """The first cells that stopped, in words; not all, since which cells stop is something that a run can choose."""
    told = []
    for cell, error in sorted(result.errors.items())[:TOLD_ERRORS]:
        kind, _, line = error.partition(": ")
        told.append({"cell": cell, "kind": kind, "line": line, "told": RAISED.get(kind, "")})
    return told


def _cells(number: int) -> str:
    return f"{number} code cell{'s' if number > 1 else ''}" if number else ""


def duration(late: timedelta) -> str:
    """A length of time in words: the largest unit that it fills, and the next."""
    minutes = max(1, round(late.total_seconds() / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    told = [f"{number} {unit}{'s' if number > 1 else ''}" for number, unit in parts[first : first + 2] if number]
    return " and ".join(told)


def _by_hand(row: Row, part: str) -> list[dict[str, object]]:
    """What a person changed in a score, or said of it."""
    return [
        {"change": change.told if change.is_change else "", "comment": change.line.comment, "by": change.line.by}
        for change in row.adjusted
        if change.line.part == part and not change.line.is_excused
    ]


def _part(
    assignment: Assignment, result: ExerciseResult, row: Row, below: list[str], unasked: bool
) -> dict[str, object]:
    exercise = assignment.exercises[result.name]
    right = [case for case, how in result.cases.items() if how.passed]
    return {
        "name": exercise.name,
        "title": exercise.title,
        "about": exercise.about.removeprefix(f"{exercise.title}. "),
        "points": row.exercises.get(result.name),
        "of": row.worth.get(result.name),
        "by_hand": _by_hand(row, result.name),
        "remarks": [] if unasked else remarks(exercise, result, below),
        "right": right,
        "praise": _praise(len(right), len(result.cases)),
        "read": exercise.read,
    }


def _praise(right: int, cases: int) -> str:
    if right == cases:
        return f"Right in all {cases} cases:" if cases > 1 else "Right:"
    return "This much is right already:"


def _written(part: str, row: Row, result: Result) -> dict[str, object]:
    return {
        "name": part,
        "title": part.replace("_", " ").capitalize(),
        "points": row.written.get(part),
        "by_hand": _by_hand(row, part),
        "of": row.worth.get(part),
        "comment": row.comments.get(part, ""),
        "missing": not result.written.get(part),
    }
