"""The limits that a student is told are the ones that are kept."""

from __future__ import annotations

from pathlib import Path

from course_kit.grading.asking import limits
from course_kit.grading.containment.confine import Limits

DOCS = Path(__file__).parents[3] / "docs/instructor.md"


def test_the_docs_have_the_table_as_it_is():
    rows = [f"| {what} | {limit} |" for what, limit in limits.TABLE]
    assert "\n".join(rows) in DOCS.read_text(encoding="utf-8")


def test_the_memory_is_the_sandboxs():
    assert Limits().memory == limits.MOST_MEMORY


def test_the_terminal_shows_every_limit():
    assert [line.split("  ")[0] for line in limits.table().splitlines()] == [what for what, _ in limits.TABLE]
