"""All that grading hands out: the gradebook, a page a student, the class report, a form for written parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.run import Run, stems
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.class_report import class_report
from course_kit.grading.reports.feedback import feedback
from course_kit.grading.reports.gradebook import gradebook, to_text
from course_kit.grading.reports.rubric import Rubric, form, read_rubric
from course_kit.storing import replace

FORM = "written.csv"


def write_outputs(
    directory: Path, run: Run, assignment: Assignment, results: Mapping[str, Result], rubric: Path | None = None
) -> list[Path]:
    """Write gradebook.csv, feedback/, report.html and, with written parts, written.csv.

    Args:
        directory: Where they go.
        run: The run.
        assignment: What was graded.
        results: Student → result.
        rubric: CSV with the points of written parts; see `grades_for`.

    Returns:
        The files written; the same input gives the same bytes.

    Raises:
        ValueError: If the rubric does not fit.
    """
    grades = grades_for(directory, run, assignment, rubric)
    rows = gradebook(run, assignment, results, grades)
    files = stems(run.handed_in)
    texts = {"gradebook.csv": to_text(rows, assignment, run)}
    for row in rows:
        if row.student in results:
            page = feedback(assignment, row, results[row.student], grades)
            texts[f"feedback/{files[row.student]}.html"] = page
    texts["report.html"] = class_report(run, assignment, rows, results)
    if assignment.written:
        texts[FORM] = "\ufeff" + form(assignment, results, grades)  # by the mark Excel knows that it is UTF-8
    return [replace(directory / name, text) for name, text in texts.items()]


def grades_for(directory: Path, run: Run, assignment: Assignment, rubric: Path | None = None) -> Rubric:
    """Points of written parts: of the rubric, else of the form that lies in the folder, filled in or not.

    Raises:
        ValueError: If they do not fit.
    """
    filled = rubric or directory / FORM
    return read_rubric(filled, assignment, run.handed_in) if rubric or filled.exists() else {}
