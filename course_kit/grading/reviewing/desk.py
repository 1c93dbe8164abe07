"""A graded class on the reviewer's desk: what stays while the page is open, and the grades as they are now."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.handed_in.files import File
from course_kit.grading.handed_in.run import Run
from course_kit.grading.marking.batch import stored_run
from course_kit.grading.marking.grade import digest
from course_kit.grading.marking.result import Result
from course_kit.grading.reports import adjust
from course_kit.grading.reports.gradebook import Row, gradebook
from course_kit.grading.reports.outputs import FORM, grades_for
from course_kit.grading.reports.rules import read_rules
from course_kit.grading.reviewing.notebooks import Shown, shown
from course_kit.grading.reviewing.queues import Queue, queues
from course_kit.grading.reviewing.rows import stamp_of

KEPT = 8  # notebooks that are not read again when one goes back
CHANGED = "The file was changed after it was graded: grade the class again before you read it."


@dataclass
class Desk:
    """A graded class.

    Args:
        directory: The folder that `course grade --out` wrote.
        files: The files that the class handed in.
        anonymous: Whether names and ids are kept from the pages.
        by: Who gives points here.
    """

    directory: Path
    files: Sequence[File]
    anonymous: bool = False
    by: str = ""
    run: Run = field(init=False)
    results: Mapping[str, Result] = field(init=False)
    assignment: Assignment = field(init=False)

    def __post_init__(self) -> None:
        self.run, results = stored_run(self.directory)
        self.assignment = read(Path(self.run.solution))
        self.results = read_rules(self.directory).without_cases(results)
        self._file = {file.name: file for file in self.files}
        self._read: OrderedDict[str, Shown] = OrderedDict()
        self._rows: tuple[object, dict[str, Row]] = ((), {})

    @cached_property
    def order(self) -> list[str]:
        """All students: by their ids, or where those are hidden in an order that tells nothing of them."""
        drawn = {student: hashlib.sha256(student.encode()).digest() for student in self.run.handed_in}
        return sorted(drawn, key=drawn.__getitem__) if self.anonymous else sorted(drawn)

    @cached_property
    def number(self) -> dict[str, int]:
        """Student → number of the submission in addresses, from 1."""
        return {student: n for n, student in enumerate(self.order, 1)}

    @cached_property
    def queues(self) -> dict[str, Queue]:
        """All ways through the class."""
        return queues(self.assignment, self.order, self.rows(), self.results, self.run.similar)

    def rows(self) -> dict[str, Row]:
        """Student → line of the gradebook, made again if one of its files is another one now.

        Raises:
            ValueError: If adjust.csv, written.csv or rules.json does not fit.
        """
        stamps = [stamp_of(self.directory / name) for name in (adjust.FILE, FORM, "rules.json")]
        if self._rows[0] != stamps:
            adjustments = adjust.read_adjustments(self.directory / adjust.FILE, self.assignment)
            grades, _ = grades_for(self.directory, self.run, self.assignment, self.results)
            rules = read_rules(self.directory)
            made = gradebook(self.run, self.assignment, self.results, grades, adjustments, rules)
            self._rows = (stamps, {row.student: row for row in made})
        return self._rows[1]

    def called(self, student: str) -> str:
        """How a page calls a submission."""
        if self.anonymous:
            return f"Submission {self.number[student]}"
        name = self.run.names.get(student, "")
        return f"{name} ({student})" if name else student

    def hidden(self, student: str, text: str) -> str:
        """Words of the grader's about a submission; where names are hidden, without those of the student."""
        if not self.anonymous:
            return text
        words = {student, self.run.names.get(student, ""), self.run.handed_in[student].name} - {""}
        longest_first = sorted(map(re.escape, words), key=len, reverse=True)
        return re.sub("|".join(longest_first), "…", text) if longest_first else text

    def notebook(self, student: str) -> Shown:
        """What the student handed in."""
        if student not in self._read:
            self._read[student] = self._opened(student)
            if len(self._read) > KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(student)
        return self._read[student]

    def was_changed(self, student: str) -> bool:
        """Whether the file is surely another one than was graded; files beside a notebook leave that open."""
        result, now, name = self.results.get(student), self.notebook(student).digest, self.run.handed_in[student].name
        folder = name.rpartition("/")[0]
        beside = any(one.name.rpartition("/")[0] == folder and one.ending != ".ipynb" for one in self.files)
        return bool(result and now) and not beside and result.submission not in (now, digest(b""))

    def _opened(self, student: str) -> Shown:
        name = self.run.handed_in[student].name
        if not name:
            return Shown(trouble="nothing was handed in")
        if name not in self._file:
            return Shown(trouble="the file is not in the submissions any more")
        try:
            return shown(self._file[name].read(), self.assignment)
        except ValueError as error:
            return Shown(trouble=str(error))
