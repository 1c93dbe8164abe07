"""All that grading hands out: the gradebook, a page for each student, the class report, forms for what people add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.run import Run, stems
from course_kit.grading.handed_in.table import to_csv
from course_kit.grading.marking.result import Result
from course_kit.grading.reports import adjust
from course_kit.grading.reports.class_report import class_report
from course_kit.grading.reports.feedback import feedback
from course_kit.grading.reports.gradebook import UNKNOWN_TIME, Row, gradebook, to_text
from course_kit.grading.reports.in_class import confusions, in_class
from course_kit.grading.reports.rubric import Rubric, counting, form, read_rubric
from course_kit.grading.reports.rules import read_rules
from course_kit.grading.reports.statistics import askable
from course_kit.storing import replace

FORM = "written.csv"
MARK = "\ufeff"  # by which Excel knows that a file is UTF-8


@dataclass(frozen=True)
class Outputs:
    """What was written.

    Args:
        files: The files.
        rows: The gradebook.
        results: Student → result, without cases that do not count.
        pages: The line and the page of each student who has one.
        notes: What a person should know besides, a line each.
    """

    files: list[Path]
    rows: list[Row]
    results: Mapping[str, Result]
    pages: list[tuple[Row, str]]
    notes: list[str]

    @property
    def flagged(self) -> int:
        """How many students have flags."""
        return sum(bool(row.flags) for row in self.rows)


def write_outputs(
    directory: Path, run: Run, assignment: Assignment, results: Mapping[str, Result], rubric: Path | None = None
) -> Outputs:
    """Write gradebook.csv, feedback/, report.html, in_class.html and, with written parts, written.csv.

    An empty adjust.csv is laid there for graders once, and never touched again.

    Args:
        directory: Where they go.
        run: The run.
        assignment: What was graded.
        results: Student → result.
        rubric: CSV with the points of written parts; see `grades_for`.

    Returns:
        What was written; the same input gives the same bytes.

    Raises:
        ValueError: If the rubric, adjust.csv or rules.json does not fit.
    """
    adjustments = adjust.read_adjustments(directory / adjust.FILE, assignment)
    rules = read_rules(directory)
    results = rules.without_cases(results)
    grades, notes = grades_for(directory, run, assignment, results, rubric)
    rows = gradebook(run, assignment, results, grades, adjustments, rules)
    if gone := sorted(adjustments.keys() - run.handed_in.keys()):
        notes.append(f"{directory / adjust.FILE} has lines for {_few(gone)}, not in this class; they count for nobody")
    files = stems(run.handed_in)
    texts = {"gradebook.csv": MARK + to_text(rows, assignment, run)}
    graded = [row for row in rows if row.student in results]
    pages = [(row, feedback(assignment, row, results[row.student])) for row in graded]
    texts |= {f"feedback/{files[row.student]}.html": page for row, page in pages}
    asked = askable(results)
    found = confusions(assignment, asked)
    texts["report.html"] = class_report(run, assignment, rows, results, rules, found)
    texts["in_class.html"] = in_class(assignment, found, len(asked))
    if assignment.written:
        texts[FORM] = MARK + form(assignment, results, grades)
    if not (directory / adjust.FILE).exists():
        texts[adjust.FILE] = MARK + to_csv(adjust.COLUMNS, [])
    if unknown := sum(UNKNOWN_TIME in row.states for row in rows):
        notes.append(
            f"of {unknown} submissions it is not known when they were handed in: no rule for lateness was applied; a "
            "class list with the column submitted tells it"
        )
    return Outputs([replace(directory / name, text) for name, text in texts.items()], rows, results, pages, notes)


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
        notes.append(f"{filled} has points for {_few(gone)}, not in this class; they are kept and count for nobody")
    return grades, notes


def _few(students: list[str]) -> str:
    return ", ".join(students[:5]) + (", …" if len(students) > 5 else "")
