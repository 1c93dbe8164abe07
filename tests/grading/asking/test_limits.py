"""The limits that a student is told are the ones that are kept."""

from __future__ import annotations

from pathlib import Path

from course_kit.grading.asking import limits
from course_kit.grading.containment.confine import Limits

DOCS = Path(__file__).parents[3] / "docs/instructor.md"


def test_the_docs_have_the_table_as_it_is():
    rows = [f"| {what} | {limit} |" for what, limit in limits.TABLE]
    assert "\n".join(rows) in DOCS.read_text(encoding="utf-8")


def test_the_sandboxs_limits_are_the_ones_that_a_student_is_told():
    told, kept = dict(limits.TABLE), Limits()
    assert kept.memory == limits.MOST_MEMORY
    assert told["processes and threads in grading"] == f"{kept.processes}"
    most, single = kept.scratch >> 20, kept.scratch >> 22
    assert told["files that the notebook writes in grading"] == f"{most} MB, one of them {single} MB"


def test_the_terminal_shows_every_limit():
    assert [line.split("  ")[0] for line in limits.table().splitlines()] == [what for what, _ in limits.TABLE]
