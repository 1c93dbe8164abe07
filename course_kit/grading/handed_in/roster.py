"""Who is in the class: a list of ours, or the file that an LMS gives for it.

A list of ours has the column `student`, the id that everything else goes by. It may have `name`, `email`, `canvas` and
`moodle` (the student's number there), `github` (the login), `group` (who hands in together), `section`, and
`submitted`, a time that counts more than the one in a zip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from course_kit.grading.handed_in.headers import CANVAS, MOODLE, NUMBERED, columns
from course_kit.grading.handed_in.late import parse_time
from course_kit.grading.handed_in.naming import squashed, told_time, without_accents
from course_kit.grading.handed_in.table import read_table
from course_lib.arguments import refuse

OURS = ("student", "name", "email", "canvas", "moodle", "group", "section", "submitted")


@dataclass(frozen=True)
class Student:
    """A student in the class list.

    Args:
        id: What everything goes by.
        name: The student's name.
        email: E-mail address.
        canvas: Number in Canvas.
        moodle: Number of the participant in Moodle.
        others: More that the student goes by: a second id, the e-mail address, a login at GitHub.
        group: The group that the student hands in with.
        section: Section of the class.
        submitted: When the student handed in, where the list says so; without a zone as Moodle writes it.
        row: The row of the list as it is.
    """

    id: str
    name: str = ""
    email: str = ""
    canvas: str = ""
    moodle: str = ""
    others: tuple[str, ...] = ()
    group: str = ""
    section: str = ""
    submitted: datetime | None = None
    row: dict[str, str] | None = None

    @property
    def keys(self) -> set[tuple[str, str]]:
        """All that the student may be known by, as pairs of a kind and a text."""
        names = {("name", name) for name in squashed(self.name)}
        ids = {("student", one) for one in (self.id, self.email, *self.others)}
        numbers = {("canvas", self.canvas), ("moodle", self.moodle)}
        return {(kind, key.casefold()) for kind, key in names | ids | numbers if key}


class Roster:
    """A class list.

    Args:
        students: The students, their ids all different.
        kind: Whose file it is: "canvas", "moodle", "" for another.
        columns: What a column holds → how this file calls it.
        head: Rows that stand above the students.
    """

    def __init__(
        self,
        students: Iterable[Student],
        kind: str = "",
        columns: dict[str, str] | None = None,
        head: Sequence[dict[str, str]] = (),
    ) -> None:
        self.students = {student.id: student for student in students}
        self.kind, self.columns, self.head = kind, columns or {}, list(head)
        owners: dict[tuple[str, str], set[str]] = {}
        for student in self.students.values():
            for key in student.keys:
                owners.setdefault(key, set()).add(student.id)
        self._owners = {key: min(ids) for key, ids in owners.items() if len(ids) == 1}

    def find(self, keys: Iterable[tuple[str, str]]) -> Student | None:
        """The student whom one of the keys, tried in this order, belongs to and to nobody else."""
        found = (self._owners.get((kind, key.casefold())) for kind, key in keys)
        return next((self.students[student] for student in found if student), None)

    def members(self, group: str) -> list[Student]:
        """The students of a group; a file name may have lost the spaces and signs of the group's name."""
        return [one for one in self.students.values() if one.group and _bare(one.group) == _bare(group)]


def read_roster(path: Path, zone: tzinfo | None = None) -> Roster:
    """Read a class list.

    Args:
        path: CSV of ours, a grade file exported by Canvas, a grading worksheet of Moodle, or the roster of Gradescope
            or of GitHub Classroom.
        zone: Where a time in the column `submitted` is meant that names no zone.

    Raises:
        ValueError: If it is none of them, holds nobody, or an id twice.
    """
    rows = read_table(path)
    header = list(rows[0]) if rows else []
    kind, form = _form(header, rows)
    if not rows or not form:
        got = f"the columns {', '.join(header)}" if rows else "no student"
        wanted = "a class list: a column 'student', or the file of Canvas, Moodle, Gradescope or GitHub Classroom"
        refuse(str(path), got, wanted)
    students: dict[str, Student] = {}
    head = []
    fields = form.keys() - {"student", "submitted", "also", "grade", "maximum", "comments"}
    for row in rows:
        found = {field: next((row[c] for c in columns if row.get(c)), "") for field, columns in form.items()}
        if kind == "canvas" and not found["canvas"]:
            head.append(row)  # rows that Canvas puts under its header
            continue
        if not found["student"]:
            continue
        student = Student(
            id=found["student"],
            **{field: found[field] for field in fields} | {"moodle": re.sub(r"\D", "", found.get("moodle", ""))},
            others=tuple(row[c] for c in (*form["student"], *form.get("also", ())) if row.get(c)),
            submitted=_submitted(kind, found.get("submitted", ""), f"{path}, {found['student']}, submitted", zone),
            row=row,
        )
        if student.id in students:
            refuse(str(path), f"{student.id!r} twice", "each student once")
        students[student.id] = student
    if not students:
        refuse(str(path), "no student", "a class list with at least one")
    return Roster(students.values(), kind, {field: columns[0] for field, columns in form.items() if columns}, head)


def _form(header: Sequence[str], rows: Sequence[dict[str, str]]) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Whose file it is, and what is found where: of several columns the first one that is filled."""
    if "student" in header:
        return "", {**{column: (column,) for column in OURS}, "also": ("github",)}
    if "github_username" in header:
        who = ("identifier", "github_username")
        return "", {"student": who, "name": ("name",), "group": ("group_name",)}
    moodle = columns(header, MOODLE)
    if {"grade"} < moodle.keys() and header[:1] == [moodle.get("moodle")]:
        ids = tuple(moodle[field] for field in ("number", "login", "email", "moodle") if field in moodle)
        fields = ("moodle", "name", "email", "group", "submitted", "grade", "maximum", "comments")
        return "moodle", {"student": ids, **{field: (moodle[field],) for field in fields if field in moodle}}
    canvas = columns(header, CANVAS)
    is_canvas = canvas.keys() & {"login", "number"} or any(NUMBERED.fullmatch(name) for name in header[2:])
    if is_canvas and len(header) > 2:
        ids = (*(canvas[field] for field in ("login", "number") if field in canvas), header[1])
        section = (canvas["section"],) if "section" in canvas else ()
        return "canvas", {"student": ids, "name": (header[0],), "canvas": (header[1],), "section": section}
    if "SID" in header:
        return "", {"student": ("SID", "Email"), "name": ("Name", "First Name"), "email": ("Email",)}
    return "", {}


def _submitted(kind: str, text: str, where: str, zone: tzinfo | None) -> datetime | None:
    """A time of ours has to be one; Moodle writes a dash where nothing was handed in."""
    if kind == "moodle":
        return told_time(text)
    return parse_time(text, where, zone) if text else None


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", without_accents(name).casefold())
