"""The gradebook as Canvas, Moodle and Gradescope take it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.roster import Roster, Student
from course_kit.grading.handed_in.run import stems
from course_kit.grading.handed_in.table import to_csv
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.remarks import builds_on, remarks
from course_lib.arguments import refuse


def export(
    kind: str,
    rows: Sequence[Row],
    assignment: Assignment,
    results: Mapping[str, Result],
    roster: Roster | None,
    column: str,
) -> tuple[dict[str, str], list[str]]:
    """Files for an LMS.

    Args:
        kind: "canvas", "moodle", "gradescope", or "csv", which needs none.
        rows: The gradebook.
        assignment: What was graded.
        results: Student → result.
        roster: The class as the LMS knows it.
        column: Name of the assignment in the LMS.

    Returns:
        Name of each file → its text; and the ids of students whom the roster does not know.

    Raises:
        ValueError: If the LMS could not take them.
    """
    if kind == "gradescope":
        files = stems(row.student for row in rows)
        graded = [row for row in rows if row.student in results]
        texts = {f"gradescope/{files[r.student]}.json": gradescope(r, assignment, results[r.student]) for r in graded}
        return texts, []
    if kind == "csv":
        return {}, []
    if roster is None:
        file = {"canvas": "the grade file that Canvas exports", "moodle": "Moodle's grading worksheet"}[kind]
        refuse("lms", "no class list", file, f"download it and name it: --lms FILE --format {kind}")
    text, unknown = (canvas if kind == "canvas" else moodle)(rows, roster, assignment, column)
    return {f"{kind}.csv": text}, unknown


def canvas(rows: Sequence[Row], roster: Roster, assignment: Assignment, column: str) -> tuple[str, list[str]]:
    """CSV for *Grades → Import* in Canvas.

    Args:
        rows: The gradebook.
        roster: The class; best the grade file that Canvas exports.
        assignment: What was graded.
        column: Name of the assignment in Canvas; its number is taken from the grade file, if that has it.

    Returns:
        The text, and the ids that the roster does not know.
    """
    known, unknown = _matched(rows, roster)
    numbered = re.compile(re.escape(column) + r"( \(\d+\))?")
    columns = [name for student, _ in known for name in student.row or {} if numbered.fullmatch(name)]
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", columns[0] if columns else column]
    lines: list[Sequence[object]] = [["    Points Possible", "", "", "", "", points_of(assignment)]]
    for student, row in known:
        given = student.row or {}
        login = given.get("SIS Login ID", student.id)
        lines.append([student.name, student.canvas, given.get("SIS User ID"), login, student.section, row.total])
    return to_csv(header, lines), unknown


def moodle(rows: Sequence[Row], roster: Roster, assignment: Assignment, column: str) -> tuple[str, list[str]]:
    """CSV for Moodle: its own grading worksheet filled in, or for *Grades → Import → CSV file* if there is none.

    Args:
        rows: The gradebook.
        roster: The class; best the grading worksheet of the assignment.
        assignment: What was graded.
        column: Name of the assignment in Moodle.

    Returns:
        The text, and the ids that the roster does not know.

    Raises:
        ValueError: If Moodle would give other points than these for the same work.
    """
    known, unknown = _matched(rows, roster)
    if not all("Identifier" in (student.row or {}) for student, _ in known):
        lines = [[student.id, student.name, student.email, row.total] for student, row in known]
        return to_csv(["ID number", "Full name", "Email address", column], lines), unknown
    header = list((known[0][0].row or {}) if known else [])
    most = next((name for name in header if name.lower() == "maximum grade"), "")
    lines = []
    for student, row in known:
        sheet: dict[str, object] = {**(student.row or {}), "Grade": row.total}
        if most and _number(str(sheet[most])) != points_of(assignment):
            raise ValueError(
                f"Moodle's worksheet gives at most {sheet[most]} points, the assignment has {points_of(assignment)}; "
                f"set its maximum grade in Moodle and download the worksheet again"
            )
        lines.append(list(sheet.values()))
    return to_csv(header, lines), unknown


def gradescope(row: Row, assignment: Assignment, result: Result) -> str:
    """A student's results.json, as an autograder of Gradescope writes it."""
    tests = []
    below = builds_on(assignment, {exercise.name: exercise for exercise in result.exercises})
    for exercise in result.exercises:
        lines = [f"✓ {case}" for case, how in exercise.cases.items() if how.passed]
        for remark in remarks(assignment.exercises[exercise.name], exercise, below[exercise.name]):
            lines += [*(f"✗ {case}" for case in remark.cases), f"   {remark.text}"]
        test = {"name": exercise.name, "score": exercise.points, "max_score": exercise.of, "output_format": "text"}
        tests.append({**test, "output": "\n".join(lines)})
    for part, points in row.written.items():
        tests.append({"name": part, "score": points or 0, "max_score": assignment.written[part]})
    late = f"{row.factor:.0%} of {row.earned:g} points: handed in late" if row.factor < 1 else ""
    plain = {"score": row.total or 0, "output": late, "tests": tests}
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def points_of(assignment: Assignment) -> int:
    """All points of an assignment."""
    return sum(one.points for one in assignment.exercises.values()) + sum(assignment.written.values())


def _matched(rows: Sequence[Row], roster: Roster) -> tuple[list[tuple[Student, Row]], list[str]]:
    found = [(roster.find([("student", row.student)]), row) for row in rows]
    return [(student, row) for student, row in found if student], [row.student for student, row in found if not student]


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return float("nan")
