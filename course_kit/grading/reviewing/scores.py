"""What a reviewer gives, as lines of adjust.csv and written.csv: read again for every page, checked before a write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reports import adjust
from course_kit.grading.reports.outputs import FORM
from course_kit.grading.reports.rubric import points_given, version_of
from course_kit.grading.reviewing.rows import Line, find, put

WRITTEN_COLUMNS = ("student", "part", "of", "points", "comment", "text", "version")
ON_SCORES, ON_WRITTEN = ("points", "change", "comment"), ("points", "comment")  # what a reviewer fills in


@dataclass(frozen=True)
class Place:
    """The line that holds what was given for a part of a submission.

    Args:
        student: Whose it is.
        part: A function, a written part or "total".
        text: The student's words in a written part as they were shown; None for the others.
    """

    student: str
    part: str
    text: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The cells that a reviewer fills in."""
        return ON_SCORES if self.text is None else ON_WRITTEN

    @property
    def file(self) -> str:
        """The name of its file."""
        return adjust.FILE if self.text is None else FORM

    @property
    def key(self) -> Callable[[Line], bool]:
        """Tells the line."""
        if self.text is None:
            return lambda line: (line["student"], line["function"] or adjust.TOTAL) == (self.student, self.part)
        return lambda line: (line["student"], line["part"]) == (self.student, self.part)


class Tables:
    """The two files as they are now; where one is not what it should be, its reading raises ValueError."""

    def __init__(self, directory: Path) -> None:
        scores, written = directory / adjust.FILE, directory / FORM
        self.lines: dict[str, list[dict[str, str]]] = {
            adjust.FILE: read_table(scores, "student", "function") if scores.exists() else [],
            FORM: read_table(written, "student", "part", "points") if written.exists() else [],
        }

    def given(self, place: Place) -> tuple[Line, str]:
        """What the line of a place says, "" in each cell where there is none; and why it cannot be changed here."""
        lines: Sequence[Line] = self.lines[place.file]
        try:
            line = find(lines, place.key, place.file)
        except ValueError as error:
            return dict.fromkeys(place.columns, ""), str(error)
        return {name: (line or {}).get(name, "") for name in place.columns}, ""

    def is_stale(self, place: Place) -> bool:
        """Whether points or a comment were given to another text than the one that is handed in now."""
        line = find(self.lines[place.file], place.key, place.file) if place.text is not None else None
        return bool(
            line
            and (line["points"] or line["comment"])
            and line.get("version", "") not in ("", version_of(place.text or ""))
        )


def give(
    directory: Path, assignment: Assignment, place: Place, before: Mapping[str, str], after: Mapping[str, str], by: str
) -> None:
    """Store what a reviewer gives for a part.

    Args:
        directory: The folder of the class.
        assignment: What was graded.
        place: Which line.
        before: Its cells as the page had shown them.
        after: Its cells from now on.
        by: Who gives it, for adjust.csv; "" leaves who is named there.

    Raises:
        ChangedMeanwhile: If another program changed the line after it was shown.
        ValueError: If points or change cannot be what they say.
    """
    path = directory / place.file
    before, after = ({name: str(cells.get(name, "")).strip() for name in place.columns} for cells in (before, after))
    if place.text is None:
        function = "" if place.part == adjust.TOTAL else place.part
        line = {"student": place.student, "function": function, **after} | ({"by": by} if by else {})
        adjust.adjustment(line, place.part, assignment)
        put(path, adjust.COLUMNS, place.key, before, line)
        return
    most = assignment.written[place.part]
    if after["points"]:
        points_given(after["points"], most, place.part)
    line = {"student": place.student, "part": place.part, "of": f"{most}", **after}
    line |= {"text": place.text, "version": version_of(place.text)}
    put(path, WRITTEN_COLUMNS, place.key, before, line, keep=True)
