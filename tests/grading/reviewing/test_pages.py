"""What a page costs: it is counted in what is read and made anew, since seconds depend on the machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from course_kit.grading.handed_in.files import opened
from course_kit.grading.reviewing import desk as desks
from course_kit.grading.reviewing import pages, scores

NOTHING = {"points": "", "change": "", "comment": ""}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the results, the gradebook, a notebook and a table were read or made."""
    counts: Counter[str] = Counter()

    def counted(name: str, real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            counts[name] += 1
            return real(*given, **named)

        return call

    for module, name in ((desks, "stored_run"), (desks, "gradebook"), (desks, "shown"), (scores, "read_table")):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    return counts


def test_a_page_reads_its_own_notebook_once_and_two_tables_whatever_the_size_of_the_class(
    graded: Path, done: Counter[str]
) -> None:
    with opened(graded.parent / "class") as files:
        desk = desks.Desk(graded, files)
        pages.class_page(desk, "room", "word")
        for student in (*desk.order, desk.order[0]):
            pages.submission_page(desk, "room", "word", student, "all")
        assert done["stored_run"] == done["gradebook"] == 1
        assert done["shown"] == len(files)
        assert done["read_table"] <= 2 * (len(desk.order) + 1)
        change = {"part": "total", "before": NOTHING, "after": NOTHING | {"change": "1"}}
        pages.save(desk, desk.order[0], {"changes": [change]})
        pages.submission_page(desk, "room", "word", desk.order[1], "all")
        assert done["gradebook"] == 2  # a save makes it anew, and pages do not
        assert done["shown"] == len(files)
