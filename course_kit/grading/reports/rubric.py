"""Points that a person gives for written parts: a form with the students' words, and the same form filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.table import read_table, to_csv
from course_kit.grading.marking.result import Result
from course_lib.arguments import refuse


@dataclass(frozen=True)
class Grade:
    """What a person gave for one part.

    Args:
        points: Points; None where there is a comment alone, which leaves the part to be graded.
        comment: Words for the student.
        text: The student's words that were graded, as the form showed them.
        version: Digest of these words; "" in a table that was made by hand.
    """

    points: float | None
    comment: str = ""
    text: str = field(default="", compare=False)
    version: str = field(default="", compare=False)


Rubric = Mapping[tuple[str, str], Grade]  # (student, part) → grade


def version_of(text: str) -> str:
    """Digest of a student's words, blind to what spreadsheets change in white space."""
    return "v" + hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


def counting(rubric: Rubric, results: Mapping[str, Result]) -> tuple[Rubric, list[str]]:
    """The grades that were given for the very words that are handed in now, and a line for each other one.

    Args:
        rubric: All grades.
        results: Student → result.
    """
    kept, lines = {}, []
    for (student, part), grade in rubric.items():
        text = results[student].written.get(part, "") if student in results else None
        if text is None or grade.version in ("", version_of(text)):
            kept[student, part] = grade
        else:
            got = "a comment" if grade.points is None else f"{grade.points:g} points"
            lines.append(f"{student}, {part}: another text than the one that got {got}; read it again")
    return kept, lines


def read_rubric(path: Path, assignment: Assignment) -> Rubric:
    """Read the points of written parts.

    Args:
        path: CSV with columns student, part, points, comment and maybe others; rows without points are not graded yet,
            but their comments are kept.
        assignment: The assignment.

    Raises:
        ValueError: If a row names no part of the assignment, or its points cannot be.
    """
    grades: dict[tuple[str, str], Grade] = {}
    for row in read_table(path, "student", "part", "points"):
        student, part, points = row["student"], row["part"], row["points"]
        where = f"{path}, {student}, {part}"
        if part not in assignment.written:
            refuse(
                where, f"the part {part!r}", f"one of {', '.join(assignment.written) or '(there is no written part)'}"
            )
        if (student, part) in grades:
            refuse(where, "a second row", "one")
        if points or row.get("comment"):
            given = points_given(points, assignment.written[part], where) if points else None
            grades[student, part] = Grade(given, *(row.get(name, "") for name in ("comment", "text", "version")))
    return grades


def form(assignment: Assignment, results: Mapping[str, Result], rubric: Rubric) -> str:
    """The form for graders as CSV: what each student wrote, with the points given so far.

    Points of students who are not in the class now stay at its end, for the case that they return.
    """
    rows = []
    for part, most in assignment.written.items():
        for student, result in sorted(results.items()):
            grade = rubric.get((student, part))
            given = (grade.points, grade.comment) if grade else ("", "")
            text = result.written.get(part, "")
            rows.append([student, part, most, *given, text, version_of(text)])
    for (student, part), grade in sorted(rubric.items()):
        if student not in results:
            rows.append(
                [student, part, assignment.written[part], grade.points, grade.comment, grade.text, grade.version]
            )
    return to_csv(["student", "part", "of", "points", "comment", "text", "version"], rows)


def points_given(text: str, most: int, where: str) -> float:
    """The points that a person wrote.

    Raises:
        ValueError: If they are no number from 0 to what the part is worth.
    """
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= most:
        refuse(where, f"{text!r} points", f"a number from 0 to {most}")
    return points
