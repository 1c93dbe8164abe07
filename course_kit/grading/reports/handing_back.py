"""Feedback on its way to students: in a zip as Moodle or Canvas takes it, or as e-mail; and the same in a few lines."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from pathlib import PurePosixPath

from markupsafe import Markup, escape

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.naming import naming, told_by
from course_kit.grading.handed_in.roster import Roster, Student
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.remarks import next_steps
from course_kit.grading.reports.rules import points_by_part

PAGE = "feedback.html"
ENVELOPE = b"From course Thu Jan  1 00:00:00 1970\n"  # what parts messages in an mbox; no program reads its time
UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>|_\0', " "))


@dataclass(frozen=True)
class Page:
    """The page of one student.

    Args:
        row: The student's line of the gradebook.
        html: The page.
        handed_in: Name of the file that was handed in, as it was found.
        brief: The same in a few lines.
    """

    row: Row
    html: str
    handed_in: str
    brief: str


@dataclass(frozen=True)
class Parcel:
    """A file with feedback.

    Args:
        content: The file.
        count: How many pages are in it.
        left: Students whose page is not, with the reason.
    """

    content: bytes
    count: int
    left: dict[str, str] = field(default_factory=dict)


def brief(assignment: Assignment, row: Row, result: Result) -> str:
    """Feedback in a few lines: the total, what a person said, what to do next; no words of a student's."""
    total = "excused" if row.excused else f"{row.total:g} of {sum(points_by_part(assignment).values())} points"
    lines = [f"{assignment.title}: {total}{', provisional' if row.waiting else ''}."]
    if row.factor < 1 and not row.excused:
        lines.append(f"{row.earned + row.curve:g} were earned; {row.factor:.0%} of them count, because it came late.")
    for change in row.adjusted:
        if not change.line.is_excused:
            lines.append(": ".join(filter(None, (f"By hand, {change.told}", change.line.comment))))
    lines += [f"{part.replace('_', ' ').capitalize()}: {comment}" for part, comment in row.comments.items()]
    steps = next_steps(assignment, {exercise.name: exercise for exercise in result.exercises})
    return "\n".join([*lines, *(steps or ["Every case of every function is right."])])


def as_html(text: str) -> str:
    """Lines for Moodle's feedback comments, which are HTML: everything is escaped."""
    return str(Markup("<br>").join(escape(line) for line in text.split("\n")))


def moodle_zip(pages: Iterable[Page], roster: Roster | None) -> Parcel:
    """A zip for *Upload multiple feedback files in a zip*: a folder for each student, called as Moodle calls it.

    Args:
        pages: The pages.
        roster: Moodle's grading worksheet, or another list that has its numbers.
    """
    files, left = {}, {}
    for page in pages:
        student = _student(page, roster)
        found = told_by(page.handed_in, naming(""))
        told = found.found if found else {}
        number = student.moodle if student and student.moodle else told.get("moodle", "")
        name = (student.name if student else "") or told.get("name", "") or page.row.student
        if number:
            files[f"{' '.join(name.translate(UNSAFE).split())}_{number}_assignfeedback_file_/{PAGE}"] = page.html
        else:
            left[page.row.student] = "no participant number: name Moodle's grading worksheet with --lms FILE"
    return Parcel(_zip(files), len(files), left)


def canvas_zip(pages: Iterable[Page]) -> Parcel:
    """A zip for *Upload Submissions* in Canvas's gradebook: files called as those that it exported.

    Canvas finds student and submission by the two numbers in the name of the file that was handed in. Where a group
    handed in together, it shows the comment of that student to all of the group.
    """
    files: dict[str, str] = {}
    left = {}
    for page in pages:
        name = PurePosixPath(page.handed_in).name
        found = told_by(name, naming("canvas"))
        if found and found.found.get("canvas") and found.found.get("file"):
            file = f"{name.removesuffix(found.found['file'])}{PAGE}"
            if file in files:
                left[page.row.student] = (
                    "Canvas shows the page of the group's first to all; --email sends each their own"
                )
            files.setdefault(file, page.html)
        else:
            left[page.row.student] = "handed in by another way than Canvas, which finds feedback by its own file names"
    return Parcel(_zip(files), len(files), left)


def mbox(pages: Iterable[Page], roster: Roster | None, title: str, sender: str = "") -> Parcel:
    """A mailbox with a message for each student; the page is attached, so that no program shows it unasked.

    Args:
        pages: The pages.
        roster: A class list with e-mail addresses.
        title: The assignment's title, for the subject.
        sender: Who writes; "" leaves that to the program that sends.

    Raises:
        ValueError: If the sender is no address.
    """
    messages, left = [], {}
    writer = _address("", sender) if sender else None
    for page in pages:
        student = _student(page, roster)
        try:
            if not student or not student.email:
                raise ValueError("no e-mail address: name a class list that has them with --lms FILE")
            messages.append(_message(page, _address(student.name, student.email), title, writer))
        except ValueError as error:
            left[page.row.student] = str(error)
    return Parcel(b"".join(messages), len(messages), left)


def _message(page: Page, to: Address, title: str, sender: Address | None) -> bytes:
    message = EmailMessage(SMTP.clone(linesep="\n", mangle_from_=True))
    message["Subject"] = f"{title}: your feedback"
    message["To"] = to
    if sender:
        message["From"] = sender
    message.set_content(f"{page.brief}\n\nThe page that is attached says more.\n")
    message.add_attachment(page.html.encode(), maintype="text", subtype="html", filename=PAGE)
    message.set_boundary(f"course-{sha256(page.html.encode()).hexdigest()[:32]}")  # or it would be drawn at random
    return ENVELOPE + message.as_bytes() + b"\n"


def _address(name: str, text: str) -> Address:
    """An address; a name from a class list may hold anything."""
    try:
        return Address(" ".join("".join(c if c.isprintable() else " " for c in name).split()), addr_spec=text)
    except (MessageError, ValueError, IndexError, UnicodeError):
        raise ValueError(f"{text!r} is no e-mail address") from None


def _student(page: Page, roster: Roster | None) -> Student | None:
    return roster.find([("student", page.row.student)]) if roster else None


def _zip(files: Mapping[str, str]) -> bytes:
    """A zip that is the same for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name, text in sorted(files.items()):
            parcel.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()
