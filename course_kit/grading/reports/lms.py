"""The gradebook as Canvas, Moodle and Gradescope take it.

A grade file of an LMS comes back as it was, with points in one column and nothing else changed: who is excused stays
excused, and whoever handed in nothing keeps the cell that is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import escape

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.headers import NUMBERED
from course_kit.grading.handed_in.roster import Roster, Student
from course_kit.grading.handed_in.run import stems
from course_kit.grading.handed_in.table import to_csv
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.gradescope import gradescope
from course_kit.grading.reports.handing_back import as_html, brief
from course_kit.grading.reports.rules import points_by_part
from course_lib.arguments import refuse

KEPT = ("EX", "N/A")  # Canvas's marks for students who are excused, or do not have the assignment


@dataclass(frozen=True)
class Exported:
    """Files for an LMS.

    Args:
        files: Name → text.
        unknown: Students whom the class list does not know.
        notes: What a person should know before the import, a line each.
    """

    files: dict[str, str]
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Filling:
    """How to fill in a grade file.

    Args:
        column: Name of the assignment in the LMS; "" looks for one that is called as the assignment is.
        zeros: Give 0 to whoever handed in nothing, instead of leaving the cell as it is.
        scale: Turn points into points of the LMS, where its maximum is another.
    """

    column: str = ""
    zeros: bool = False
    scale: bool = False


def export(
    kind: str,
    rows: Sequence[Row],
    assignment: Assignment,
    results: Mapping[str, Result],
    roster: Roster | None,
    filling: Filling = Filling(),
) -> Exported:
    """Files for an LMS.

    Args:
        kind: "canvas", "moodle", "gradescope", or "csv", which needs none.
        rows: The gradebook.
        assignment: What was graded.
        results: Student → result.
        roster: The class as the LMS knows it.
        filling: How to fill in a grade file.

    Raises:
        ValueError: If the LMS could not take them.
    """
    if kind == "csv":
        return Exported({})
    if kind == "gradescope":
        files = stems(row.student for row in rows)
        graded = [row for row in rows if row.student in results]
        return Exported(
            {f"gradescope/{files[r.student]}.json": gradescope(r, assignment, results[r.student]) for r in graded}
        )
    if roster is None:
        file = {"canvas": "the grade file that Canvas exports", "moodle": "Moodle's grading worksheet"}[kind]
        refuse("lms", "no class list", file, f"download it and name it: --lms FILE --format {kind}")
    if roster.kind == kind:
        if kind == "canvas":
            return _canvas(rows, roster, assignment, filling)
        return _moodle(rows, roster, assignment, filling, results)
    return _made_up(kind, rows, roster, assignment, filling)


def _canvas(rows: Sequence[Row], roster: Roster, assignment: Assignment, filling: Filling) -> Exported:
    """Canvas's grade file for *Grades → Import*: who the students are, and the column of the assignment."""
    header = list(next(iter(roster.students.values())).row or {})
    assignments = [name for name in header[2:] if NUMBERED.fullmatch(name)]
    if not assignments:
        return _made_up("canvas", rows, roster, assignment, filling)
    column = _column(assignments, filling.column, assignment)
    kept = [name for name in header[: header.index(column)] if name not in assignments] + [column]
    most = next((number for row in roster.head if (number := _number(row.get(column, "")))), None)
    factor, notes = _factor("Canvas", column, most, assignment, filling)
    cells, unknown, left = _filled(rows, roster, column, factor, filling, "EX")
    lines = [[f"    {row[kept[0]]}", *(row.get(name, "") for name in kept[1:])] for row in roster.head]
    lines += [[(cells[s.id] if name == column else (s.row or {})[name]) for name in kept] for s in _known(rows, roster)]
    return Exported({"canvas.csv": to_csv(kept, lines)}, unknown, [*notes, *left])


def _moodle(
    rows: Sequence[Row], roster: Roster, assignment: Assignment, filling: Filling, results: Mapping[str, Result]
) -> Exported:
    """Moodle's grading worksheet, filled in: grades, and feedback comments where it has a column for them."""
    header = list(next(iter(roster.students.values())).row or {})
    column, maximum = roster.columns["grade"], roster.columns.get("maximum", "")
    known = _known(rows, roster)
    most = {number for student in known if (number := _number((student.row or {}).get(maximum, "")))}
    words = {(student.row or {}).get(maximum, "") for student in known} if not most else set()
    if word := next(iter(sorted(words - {""})), None):
        raise ValueError(f"Moodle's worksheet gives no points but a scale ({word!r}); grade by points in Moodle")
    if len(most) > 1:
        raise ValueError(f"Moodle's worksheet has several maxima: {', '.join(f'{one:g}' for one in sorted(most))}")
    factor, notes = _factor("Moodle", column, next(iter(most), None), assignment, filling)
    if notes:  # Moodle would refuse the larger numbers and take the smaller ones
        raise ValueError(f"{notes[0]}, or set the maximum grade in Moodle and download the sheet again")
    cells, unknown, left = _filled(rows, roster, column, factor, filling)
    said = _comments(rows, roster, assignment, results)
    filled = [{**(s.row or {}), column: cells[s.id]} | said.get(s.id, {}) for s in known]
    lines = [[row[name] for name in header] for row in filled]
    return Exported({"moodle.csv": to_csv(header, lines)}, unknown, left)


def _comments(
    rows: Sequence[Row], roster: Roster, assignment: Assignment, results: Mapping[str, Result]
) -> dict[str, dict[str, str]]:
    """Student → the cell for feedback comments; what a person wrote there stays."""
    column, said = roster.columns.get("comments", ""), {}
    for row in rows if column else ():
        student = roster.find([("student", row.student)])
        there = (student.row or {}).get(column, "") if student else ""
        is_ours = not there or there.startswith(str(escape(assignment.title)))
        if student and is_ours and row.student in results and (row.total is not None or row.excused):
            said[student.id] = {column: as_html(brief(assignment, row, results[row.student]))}
    return said


def _made_up(kind: str, rows: Sequence[Row], roster: Roster, assignment: Assignment, filling: Filling) -> Exported:
    """A table with the columns that the LMS wants, where there is no file of its own to fill in."""
    column = filling.column or assignment.title
    cells, unknown, left = _filled(rows, roster, "", 1.0, filling, "EX" if kind == "canvas" else "")
    known = _known(rows, roster)
    if kind == "canvas":
        header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
        lines: list[Sequence[object]] = [["    Points Possible", "", "", "", "", points_of(assignment)]]
        lines += [[s.name, s.canvas, (s.row or {}).get(header[2]), s.id, s.section, cells[s.id]] for s in known]
    else:
        header = ["ID number", "Full name", "Email address", column]
        lines = [[s.id, s.name, s.email, cells[s.id]] for s in known]
    note = f"the column is called {column!r}; where {kind.capitalize()} has none of that name it makes a new one"
    return Exported({f"{kind}.csv": to_csv(header, lines)}, unknown, [note, *left])


def _column(columns: Sequence[str], wanted: str, assignment: Assignment) -> str:
    """The column of the assignment among those of the file."""
    bare = {name: _bare(re.sub(r" \(\d+\)$", "", name)) for name in columns}
    targets = [_bare(wanted)] if wanted else [_bare(assignment.title), _bare(assignment.name)]
    found = [name for name in columns if name == wanted] or [n for n in columns if bare[n] in targets]
    if not found and not wanted:
        short = _bare(assignment.name.partition("_")[0])
        found = [name for name in columns if bare[name] == short or re.match(rf"{re.escape(short)}(?!\d)", bare[name])]
    if len(found) != 1:
        there = ", ".join(columns) or "(none)"
        got = f"{len(found)} columns that fit" if found else f"no column {wanted or assignment.title!r}"
        refuse("column", got, f"one of {there}", "name it: --column NAME")
    return found[0]


def _factor(
    lms: str, column: str, most: float | None, assignment: Assignment, filling: Filling
) -> tuple[float, list[str]]:
    """What to multiply points by; and a line if the maximum is another and nobody asked to scale."""
    points = points_of(assignment)
    if most is None or most == points:
        return 1.0, []
    if filling.scale:
        return most / points, []
    return 1.0, [f"{lms} gives at most {most:g} points in {column!r}, the assignment has {points}; --scale scales them"]


def _filled(
    rows: Sequence[Row], roster: Roster, column: str, factor: float, filling: Filling, excuse: str = ""
) -> tuple[dict[str, object], list[str], list[str]]:
    """Student → cell; students whom the roster does not know; and what was left as it was, a line each.

    `excuse` is the LMS's mark for who is excused, "" where a grade file cannot say so.
    """
    cells: dict[str, object] = {}
    unknown, left, excused, ours, waiting = [], 0, 0, 0, 0
    for row in rows:
        student = roster.find([("student", row.student)])
        if student is None:
            unknown.append(row.student)
            continue
        there = (student.row or {}).get(column, "") if column else ""
        is_kept = there.upper() in KEPT
        if row.excused and not is_kept:
            cells[student.id] = excuse or there
            ours += 1
            continue
        is_left = row.total is None or (row.is_missing and not filling.zeros)
        cells[student.id] = there if is_kept or is_left else round(row.total * factor + 1e-9, 2)
        excused += is_kept
        left += is_left and not is_kept
        waiting += bool(row.waiting) and not is_kept
    counts = {
        "excused or without this assignment: the cell stays as it is": excused,
        f"excused in adjust.csv: {f'{excuse} is written' if excuse else 'excuse them in the LMS by hand'}": ours,
        "without a submission: the cell stays as it is; --zeros writes 0": left,
        "with a provisional total: their written parts are not read yet, export again when they are": waiting,
    }
    return cells, unknown, [f"{number} {what}" for what, number in counts.items() if number]


def _known(rows: Sequence[Row], roster: Roster) -> list[Student]:
    found = (roster.find([("student", row.student)]) for row in rows)
    return [student for student in found if student]


def points_of(assignment: Assignment) -> int:
    """All points of an assignment."""
    return sum(points_by_part(assignment).values())


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _number(text: str) -> float | None:
    """A number, with a comma or a point before its decimals, and the other of the two between thousands or not."""
    decimals = "," if text.rfind(",") > text.rfind(".") and not re.search(r",\d{3}$", text) else "."
    try:
        return float(text.replace("." if decimals == "," else ",", "").replace(decimals, "."))
    except ValueError:
        return None
