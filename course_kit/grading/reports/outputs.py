"""All that grading hands out: the gradebook, a page for each student, the class report, a form for written parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.run import Run, stems
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.class_report import class_report
from course_kit.grading.reports.feedback import feedback
from course_kit.grading.reports.gradebook import UNKNOWN_TIME, Row, gradebook, to_text
from course_kit.grading.reports.rubric import Rubric, counting, form, read_rubric
from course_kit.storing import replace

FORM = "written.csv"
MARK = "\ufeff"  # by which Excel knows that a file is UTF-8


@dataclass(frozen=True)
class Outputs:
    """What was written.

    Args:
        files: The files.
        rows: The gradebook.
        notes: What a person should know besides, a line each.
    """

    files: list[Path]
    rows: list[Row]
    notes: list[str]

    @property
    def flagged(self) -> int:
        """How many students have flags."""
        return sum(bool(row.flags) for row in self.rows)


def write_outputs(
    directory: Path, run: Run, assignment: Assignment, results: Mapping[str, Result], rubric: Path | None = None
) -> Outputs:
    """Write gradebook.csv, feedback/, report.html and, with written parts, written.csv.

    Args:
        directory: Where they go.
        run: The run.
        assignment: What was graded.
        results: Student → result.
        rubric: CSV with the points of written parts; see `grades_for`.

    Returns:
        What was written; the same input gives the same bytes.

    Raises:
        ValueError: If the rubric does not fit.
    """
    grades, notes = grades_for(directory, run, assignment, results, rubric)
    rows = gradebook(run, assignment, results, grades)
    files = stems(run.handed_in)
    texts = {"gradebook.csv": MARK + to_text(rows, assignment, run)}
    for row in rows:
        if row.student in results:
            page = feedback(assignment, row, results[row.student], grades)
            texts[f"feedback/{files[row.student]}.html"] = page
    texts["report.html"] = class_report(run, assignment, rows, results)
    if assignment.written:
        texts[FORM] = MARK + form(assignment, results, grades)
    if unknown := sum(UNKNOWN_TIME in row.states for row in rows):
        notes.append(
            f"of {unknown} submissions it is not known when they were handed in: no rule for lateness was applied"
        )
    return Outputs([replace(directory / name, text) for name, text in texts.items()], rows, notes)


def grades_for(
    directory: Path, run: Run, assignment: Assignment, results: Mapping[str, Result], rubric: Path | None = None
) -> tuple[Rubric, list[str]]:
    """Points of written parts: of the rubric, else of the form that lies in the folder, filled in or not.

    Returns:
        The points that count, and a line for each that does not.

    Raises:
        ValueError: If they do not fit.
    """
    filled = rubric or directory / FORM
    if not rubric and not filled.exists():
        return {}, []
    grades, notes = counting(read_rubric(filled, assignment), results)
    gone = sorted({student for student, _ in grades} - run.handed_in.keys())
    if gone:
        named = ", ".join(gone[:5]) + (", …" if len(gone) > 5 else "")
        notes.append(f"{filled} has points for {named}, not in this class; they are kept and count for nobody")
    return grades, notes
