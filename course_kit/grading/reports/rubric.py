"""Points that a person gives for written parts: a form with the students' words, and the same form filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.table import read_table, to_csv
from course_kit.grading.marking.result import Result
from course_lib.arguments import refuse


@dataclass(frozen=True)
class Grade:
    """What a person gave for one part."""

    points: float
    comment: str = ""


Rubric = Mapping[tuple[str, str], Grade]  # (student, part) → grade


def read_rubric(path: Path, assignment: Assignment, students: Iterable[str]) -> Rubric:
    """Read the points of written parts.

    Args:
        path: CSV with columns student, part, points, comment and maybe others; rows without points are not graded yet.
        assignment: The assignment.
        students: Ids of all students.

    Raises:
        ValueError: If a row names nobody or nothing, or its points cannot be.
    """
    known = set(students)
    grades: dict[tuple[str, str], Grade] = {}
    for row in read_table(path, "student", "part", "points"):
        student, part, points = row["student"], row["part"], row["points"]
        where = f"{path}, {student}, {part}"
        if student not in known:
            refuse(where, f"the student {student!r}", "one of the class")
        if part not in assignment.written:
            refuse(
                where, f"the part {part!r}", f"one of {', '.join(assignment.written) or '(there is no written part)'}"
            )
        if (student, part) in grades:
            refuse(where, "a second row", "one")
        if points:
            grades[student, part] = Grade(_points(points, assignment.written[part], where), row.get("comment", ""))
    return grades


def form(assignment: Assignment, results: Mapping[str, Result], rubric: Rubric) -> str:
    """The form for graders as CSV: what each student wrote, with the points given so far."""
    rows = []
    for part, most in assignment.written.items():
        for student, result in sorted(results.items()):
            grade = rubric.get((student, part))
            given = (grade.points, grade.comment) if grade else ("", "")
            rows.append([student, part, most, *given, result.written.get(part, "")])
    return to_csv(["student", "part", "of", "points", "comment", "text"], rows)


def _points(text: str, most: int, where: str) -> float:
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= most:
        refuse(where, f"{text!r} points", f"a number from 0 to {most}")
    return points
