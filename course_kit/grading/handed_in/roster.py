"""Who is in the class: a list of ours, or the file that Canvas, Moodle or Gradescope gives for it.

A list of ours has the column `student`, the id that everything else goes by, and may have `name`, `email`, `canvas` and
`moodle` (the student's number there), `section`, and `submitted`, an ISO time that counts more than the one in a zip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course_kit.grading.handed_in.late import parse_time
from course_kit.grading.handed_in.table import read_table
from course_lib.arguments import refuse

# Column that tells whose file it is → where what is found in it; of several columns the first one that is filled.
FORMS: dict[str, dict[str, tuple[str, ...]]] = {
    "SIS Login ID": {"student": ("SIS Login ID", "SIS User ID"), "name": ("Student",), "canvas": ("ID",)},
    "Identifier": {
        "student": ("ID number", "Username", "Email address", "Identifier"),
        "name": ("Full name",),
        "email": ("Email address",),
        "moodle": ("Identifier",),
    },
    "SID": {"student": ("SID", "Email"), "name": ("Name", "First Name"), "email": ("Email",)},
    "student": {
        column: (column,) for column in ("student", "name", "email", "canvas", "moodle", "section", "submitted")
    },
}


@dataclass(frozen=True)
class Student:
    """A student in the class list.

    Args:
        id: What everything goes by.
        name: The student's name.
        email: E-mail address.
        canvas: Number in Canvas.
        moodle: Number of the participant in Moodle.
        section: Section of the class.
        submitted: When the student handed in, where the list says so.
        row: The row of the list as it is.
    """

    id: str
    name: str = ""
    email: str = ""
    canvas: str = ""
    moodle: str = ""
    section: str = ""
    submitted: datetime | None = None
    row: dict[str, str] | None = None

    @property
    def keys(self) -> set[tuple[str, str]]:
        """All that the student may be known by, as pairs of a kind and a text."""
        names = {("name", name) for name in squashed(self.name)}
        ids = {("student", self.id), ("student", self.email), ("student", (self.row or {}).get("SIS User ID", ""))}
        numbers = {("canvas", self.canvas), ("moodle", self.moodle)}
        return {(kind, key.casefold()) for kind, key in names | ids | numbers if key}


class Roster:
    """A class list.

    Args:
        students: The students, their ids all different.
    """

    def __init__(self, students: Iterable[Student]) -> None:
        self.students = {student.id: student for student in students}
        owners: dict[tuple[str, str], set[str]] = {}
        for student in self.students.values():
            for key in student.keys:
                owners.setdefault(key, set()).add(student.id)
        self._owners = {key: min(ids) for key, ids in owners.items() if len(ids) == 1}

    def find(self, keys: Iterable[tuple[str, str]]) -> Student | None:
        """The student whom one of the keys, tried in this order, belongs to and to nobody else."""
        found = (self._owners.get((kind, key.casefold())) for kind, key in keys)
        return next((self.students[student] for student in found if student), None)


def read_roster(path: Path) -> Roster:
    """Read a class list.

    Args:
        path: CSV of ours, a grade file exported by Canvas, a grading worksheet of Moodle, or Gradescope's roster.

    Raises:
        ValueError: If it is none of them, holds nobody, or an id twice.
    """
    rows = read_table(path)
    form = next((form for mark, form in FORMS.items() if rows and mark in rows[0]), None)
    if form is None:
        got = f"the columns {', '.join(rows[0])}" if rows else "no student"
        refuse(str(path), got, f"a class list: one of the columns {', '.join(FORMS)} tells its kind")
    students: dict[str, Student] = {}
    for row in rows:
        found = {field: next((row[c] for c in columns if row.get(c)), "") for field, columns in form.items()}
        if not found["student"] or found["name"].casefold() == "points possible":
            continue  # rows that Canvas puts under its header
        time = found.pop("submitted", "")
        student = Student(
            id=found.pop("student"),
            **found | {"moodle": re.sub(r"\D", "", found.get("moodle", "")), "section": row.get("Section", "")},
            submitted=parse_time(time, f"{path}, {row.get('student')}, submitted") if time else None,
            row=row,
        )
        if student.id in students:
            refuse(str(path), f"{student.id!r} twice", "each student once")
        students[student.id] = student
    return Roster(students.values())


def squashed(name: str) -> set[str]:
    """A name in the forms that file names give it: letters only, last name first or last."""
    parts = [part.split() for part in name.casefold().split(",")]
    words = [word for part in parts for word in part]
    forms = {"".join(words), "".join(words[-1:] + words[:-1]), "".join(words[1:] + words[:1])}
    return {re.sub(r"[\W\d_]", "", form) for form in forms} - {""}
