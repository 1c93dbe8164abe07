"""Scores that a person changes or comments, and students who are excused: adjust.csv, which no run writes over.

A spreadsheet reads +2 as 2, so what sets a score and what is added to it stand in two columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.table import read_table
from course_lib.arguments import refuse

FILE = "adjust.csv"
COLUMNS = ("student", "function", "points", "change", "comment", "by")
EXCUSED = "excused"
TOTAL = "total"


@dataclass(frozen=True)
class Adjustment:
    """A line of the file.

    Args:
        student: Whose score it is.
        part: A function, a written part, or "total".
        points: What the score is from now on; None leaves it.
        change: What is added to it.
        is_excused: Whether the assignment does not count for the student.
        comment: Words for the student.
        by: Who decided so.
    """

    student: str
    part: str
    points: float | None = None
    change: float = 0.0
    is_excused: bool = False
    comment: str = ""
    by: str = ""

    def applied(self, score: float | None) -> float | None:
        """The score after this line; a comment alone leaves it as it is, None where nobody has given one."""
        if self.points is None and not self.change:
            return score
        return max(0.0, round((score or 0.0 if self.points is None else self.points) + self.change, 2))


@dataclass(frozen=True)
class Changed:
    """What a line did to a score.

    Args:
        line: The line.
        before: The score before it; None where there was none.
        after: The score after it.
    """

    line: Adjustment
    before: float | None
    after: float | None

    @property
    def is_change(self) -> bool:
        """Whether the score is another one now."""
        return self.before != self.after

    @property
    def told(self) -> str:
        """In words, for a list: what changed and who says so."""
        by = f" ({self.line.by})" if self.line.by else ""
        if self.line.is_excused:
            return f"excused{by}"
        if not self.is_change:
            return f"{self.line.part}: a comment{by}"
        before = "nothing" if self.before is None else f"{self.before:g}"
        return f"{self.line.part}: {before} → {self.after:g}{by}"


def applied(score: float | None, lines: Iterable[Adjustment]) -> tuple[float | None, list[Changed]]:
    """A score after the lines about it, in their order, and what each did."""
    done = []
    for line in lines:
        after = line.applied(score)
        done.append(Changed(line, score, after))
        score = after
    return score, done


def read_adjustments(path: Path, assignment: Assignment) -> dict[str, tuple[Adjustment, ...]]:
    """Read the file.

    Args:
        path: CSV with columns student and function, and any of points, change, comment and by; it may be missing.
        assignment: The assignment.

    Returns:
        Student → lines, those that set a score before those that add to it.

    Raises:
        ValueError: If a line names no part of the assignment, or cannot be what it says.
    """
    found: dict[str, list[Adjustment]] = {}
    for row in read_table(path, "student", "function") if path.exists() else []:
        line = adjustment(row, f"{path}, {row['student']}, {row['function'] or TOTAL}", assignment)
        others = found.setdefault(line.student, [])
        if line.points is not None and any(one.part == line.part and one.points is not None for one in others):
            refuse(f"{path}, {line.student}, {line.part}", "a second line that sets the points", "one")
        others.append(line)
    return {student: tuple(sorted(lines, key=lambda one: one.points is None)) for student, lines in found.items()}


def adjustment(row: Mapping[str, str], where: str, assignment: Assignment) -> Adjustment:
    """What a line of the file says.

    Args:
        row: Column → text.
        where: How an error calls the line.
        assignment: The assignment.

    Raises:
        ValueError: If it names no part of the assignment, or cannot be what it says.
    """
    part, points = row["function"] or TOTAL, row.get("points", "")
    worth = {name: exercise.points for name, exercise in assignment.exercises.items()} | assignment.written
    worth[TOTAL] = sum(worth.values())
    if not row["student"]:
        refuse(where, "no student", "the id of one")
    if part not in worth:
        refuse(where, f"the function {part!r}", f"one of {', '.join(worth)}")
    words = {"comment": row.get("comment", ""), "by": row.get("by", "")}
    if points.casefold() == EXCUSED:
        if part != TOTAL or row.get("change", ""):
            refuse(where, "excused from a part", "the whole assignment", "leave function and change empty")
        return Adjustment(row["student"], part, is_excused=True, **words)
    if points[:1] in ("+", "-", "−") and points:
        refuse(where, f"{points!r} points", "the points that it has from now on", f"move {points} to the column change")
    score = _number(points, where, "points") if points else None
    if score is not None and score > worth[part]:
        refuse(where, f"{points} points", f"at most {worth[part]}", "put what goes beyond them into the column change")
    change = _number(row["change"], where, "change") if row.get("change") else 0.0
    return Adjustment(row["student"], part, score, change, **words)


def _number(text: str, where: str, column: str) -> float:
    try:
        number = float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        refuse(where, f"{text!r} in the column {column}", "a number" + ", or excused" * (column == "points"))
    return number
