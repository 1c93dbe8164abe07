"""What a class handed in, as a folder or a zip of it, one notebook a student."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course_lib.grading.late import Late
from course_lib.grading.roster import Roster


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Args:
        student: Id of the student: the roster's, without a roster what the files are named by.
        name: Where it was found in SUBMISSIONS; "" if nothing was handed in.
        content: Bytes of the notebook; empty if there is none that can be read, and a flag says why.
        time: When it was handed in, if that is known.
        flags: What a person should look at, in words.
    """

    student: str
    name: str
    content: bytes
    time: datetime | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collected:
    """What a class handed in.

    Args:
        submissions: One a student, in order of their ids; with a roster everybody in it.
        strangers: Files that nobody in the roster owns, or that have no safe name, with the reason.
    """

    submissions: list[Submission]
    strangers: list[str]


def collect(path: Path, roster: Roster | None = None, late: Late | None = None) -> Collected:
    """Collect a class's submissions.

    Args:
        path: A folder or zip of `<student>.ipynb` or `<student>/….ipynb`, or what Canvas, Moodle or Gradescope exports.
        roster: Who is in the class.
        late: The due time, for students who handed in more than one notebook.

    Returns:
        The submissions; nothing that a student did raises here.

    Raises:
        ValueError: If there is no such folder or zip.
    """
    raise NotImplementedError
