"""All that grading hands out: the gradebook, a page a student, the class report, a form for written parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from course_lib.grading.authoring import Assignment
from course_lib.grading.result import Result
from course_lib.grading.run import Run


def write_outputs(
    directory: Path, run: Run, assignment: Assignment, results: Mapping[str, Result], rubric: Path | None = None
) -> list[Path]:
    """Write gradebook.csv, feedback/, report.html and, with written parts, written.csv.

    Args:
        directory: Where they go.
        run: The run.
        assignment: What was graded.
        results: Student → result.
        rubric: CSV with the points of written parts.

    Returns:
        The files written; the same input gives the same bytes.

    Raises:
        ValueError: If the rubric does not fit.
    """
    raise NotImplementedError
