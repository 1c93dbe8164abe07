"""Whose a file is: by what an LMS says, else by the name of its folder or its own, and never by a guess."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from course_kit.grading.handed_in.files import UNSAFE, File
from course_kit.grading.handed_in.naming import READY, STAMP, Named, may_be, stamped_time, told_by, uncopied
from course_kit.grading.handed_in.roster import Roster, Student

GRADESCOPE = "submission_metadata.yml"
CLASSROOM = "-submissions"  # GitHub Classroom clones a1-ann, a1-bob, … into a1-submissions
LATE = "late, says Canvas; the zip does not tell how late"
UNGROUPED = "for work in groups the class list needs a column `group`"


@dataclass(frozen=True)
class Claim:
    """A file and one of its owners.

    Args:
        student: Id of the owner.
        file: The file.
        called: The name that the student gave the file, as far as that is known.
        flags: What a person should look at, in words.
        time: When it was handed in, if the LMS says so.
        source: Who says so.
        version: The larger, the later it was handed in, where no time is known.
    """

    student: str
    file: File
    called: str
    flags: tuple[str, ...] = ()
    time: datetime | None = None
    source: str = ""
    version: int = 0


class Owners:
    """Finds the owners of files.

    Args:
        files: All files.
        roster: Who is in the class; None takes everybody for whom there is a file.
        forms: How the LMS names files.
        outer: Name of the folder that all files lay in.
        only: Whether the LMS names every file so; a file that has another name is the LMS's own, then, or nobody's.
    """

    def __init__(
        self,
        files: Sequence[File],
        roster: Roster | None,
        forms: Sequence[re.Pattern[str]],
        outer: str,
        only: bool = False,
    ) -> None:
        self.roster, self.forms, self.only = roster, forms, only
        self.submitters = _gradescope(files)
        self.stamps = _stamps(files, forms)
        self.prefix = _prefix({file.parts[0] for file in files}, roster, outer)

    def of(self, file: File) -> tuple[list[Claim], str]:
        """The owners of a file, and where it has none the reason."""
        folder = file.parts[0]
        if folder in self.submitters:
            return self._handed_in_together(file, *self.submitters[folder])
        if named := told_by(file.name, self.forms):
            return self._named(file, named)
        if self.only:
            return [], "not named as --names says" if file.ending else ""
        student = folder if len(file.parts) > 1 else file.name[: -len(file.ending)] if file.ending else _stem(folder)
        if len(file.parts) == 1 and self.roster is None and file.ending in ("", ".json"):
            return [], "not a notebook"
        called, student = "/".join(file.parts[1:]) or folder, student.removeprefix(self.prefix)
        original = uncopied(student) if self.roster else uncopied(student, numbered=False)
        if original != student and not self._knows(student) and (self.roster is None or self._knows(original)):
            return self._claims(file, Named({"student": original}), called, (f"{file.name}: read as {original}'s",))
        return self._claims(file, Named({"student": student}), called)

    def _knows(self, student: str) -> bool:
        """Whether somebody in the class list, or a group, is called so."""
        return bool(self.roster and (self.roster.find([("student", student)]) or self.roster.members(student)))

    def _named(self, file: File, named: Named) -> tuple[list[Claim], str]:
        found = named.found
        flags = (LATE,) if "late" in found else ()
        return self._claims(file, named, found.get("file") or file.parts[-1], flags)

    def _claims(self, file: File, named: Named, called: str, flags: tuple[str, ...] = ()) -> tuple[list[Claim], str]:
        students, flags, reason = self._students(named, flags)
        time = named.time
        source = "the file's name" if time else ""
        if stamp := next((self.stamps[folder] for folder in _folders(file) if folder in self.stamps), None):
            time, source = stamp, f"Sakai's {STAMP}"
        claims = [Claim(student, file, called, flags, time, source, named.version) for student in students]
        return claims, reason

    def _students(self, named: Named, flags: tuple[str, ...]) -> tuple[list[str], tuple[str, ...], str]:
        """Ids of the owners, flags, and the reason if there is none."""
        if self.roster is None:
            return [UNSAFE.sub("", named.label)], flags, ""
        student, name = self.roster.find(named.keys), named.found.get("name", "")
        group = self.roster.members(named.found.get("group") or name or named.label)
        if student and may_be(name, student.name):
            return [student.id], flags, ""
        if group:
            return [one.id for one in group], (*flags, f"handed in by the group {name or named.label}"), ""
        if student and "canvas" in named.found:  # the number of one who is in the group
            return [student.id], (*flags, f"the file is called after {name}, who is not this student; {UNGROUPED}"), ""
        if student:
            number = named.found.get("moodle", named.label)
            return [], flags, f"called after {name}, but number {number} is somebody else; {UNGROUPED}"
        return [], flags, "nobody in the roster"

    def _handed_in_together(
        self, file: File, submitters: Sequence[Student], time: datetime | None
    ) -> tuple[list[Claim], str]:
        claims, unknown = [], []
        called = "/".join(file.parts[1:])
        for one in submitters:
            found = self.roster.find(sorted(one.keys, key=lambda key: key[0], reverse=True)) if self.roster else one
            others = ", ".join(other.name or other.id for other in submitters if other is not one)
            flags = (f"handed in together with {others}",) if others else ()
            if found:
                claims.append(Claim(UNSAFE.sub("", found.id), file, called, flags, time, "Gradescope" if time else ""))
            else:
                unknown.append(one.name or one.id)
        reason = f"{', '.join(unknown)}: nobody in the roster" if unknown and claims else "nobody in the roster"
        return claims, reason if unknown else ""


def without_outer(
    files: list[File], roster: Roster | None, forms: Sequence[re.Pattern[str]], called: str, around: str = ""
) -> tuple[list[File], list[str]]:
    """Leave out folders that everything lies in, unless the folder is a student's.

    Args:
        files: All files.
        roster: Who is in the class.
        forms: How the LMS names files.
        called: How the assignment's notebook is called, "a1_metrics".
        around: Name of the folder or zip that holds the files.

    Returns:
        The files, and the names of the folders left out, the outermost first.
    """
    left_out: list[str] = []
    while files:
        tops = {file.parts[0] for file in files}
        if len(tops) != 1 or any(len(file.parts) == 1 for file in files) or told_by(files[0].name, forms):
            break
        if (left_out[-1] if left_out else around).endswith(CLASSROOM):  # in there each folder is a student's
            break
        (top,) = tops
        within = [File("/".join(file.parts[1:]), file.stamp, file.read) for file in files]
        if _is_students(top, within, roster, called):
            break
        left_out.append(top)
        files = within
    return files, left_out


def _is_students(top: str, within: Sequence[File], roster: Roster | None, called: str) -> bool:
    """Whether the one folder that all lies in is a student's, and not one around all students."""
    if roster:
        return any(
            roster.find([("student", name)]) or roster.members(name) for name in (top, uncopied(top), *_logins(top))
        )
    notebooks = [file for file in within if file.ending]
    homes = {file.parts[0] if len(file.parts) == 2 else "" for file in notebooks}
    if called and homes == {called}:  # <student>/<assignment>/<notebook>, as nbgrader lays it down
        return True
    flat = all(len(file.parts) == 1 for file in notebooks)
    short = called.partition("_")[0]
    named = any(
        file.parts[-1].lower().startswith((f"{short}.", f"{short}_", f"{short}-", f"{short} ")) for file in notebooks
    )
    return flat and not top.endswith(CLASSROOM) and (len(notebooks) == 1 or (bool(called) and named))


def _logins(folder: str) -> list[str]:
    """What may be a login in a folder's name of GitHub Classroom, the longest first."""
    return [folder[place + 1 :] for place, letter in enumerate(folder) if letter == "-"]


def _prefix(tops: set[str], roster: Roster | None, outer: str) -> str:
    """What GitHub Classroom puts before each login; "" if it is another's folder."""
    slug = outer[: -len(CLASSROOM)] + "-" if outer.endswith(CLASSROOM) else ""
    if slug and all(top.startswith(slug) for top in tops):
        return slug
    if not roster or any(roster.find([("student", top)]) or roster.members(top) for top in tops):
        return ""
    first = min(tops, default="")
    for start in (first[: place + 1] for place, letter in enumerate(first) if letter == "-"):
        logins = [top[len(start) :] for top in tops if top.startswith(start)]
        is_known = any(roster.find([("student", login)]) or roster.members(login) for login in logins)
        if len(logins) == len(tops) and is_known:
            return start
    return ""


def _stem(name: str) -> str:
    return Path(name).stem


def _gradescope(files: Sequence[File]) -> dict[str, tuple[list[Student], datetime | None]]:
    """Folder of a Gradescope export → who handed it in and when, as its metadata say."""
    import yaml

    meta = next((file for file in files if file.name == GRADESCOPE), None)
    try:
        plain: Any = yaml.safe_load(meta.read()) if meta else {}
        return {folder: _submitters(one[":submitters"], one.get(":created_at")) for folder, one in plain.items()}
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _stamps(files: Sequence[File], forms: Sequence[re.Pattern[str]]) -> dict[str, datetime]:
    """Folder of a Sakai export → when it was handed in. A student's own files lie one folder deeper."""
    if READY["sakai"] not in {form.pattern for form in forms}:
        return {}
    stamps = {}
    for file in files:
        named = told_by(file.name, forms)
        if named and named.found.get("file") == STAMP and file.parts[-1] == STAMP:
            with contextlib.suppress(ValueError):
                if time := stamped_time(file.read()[:100].decode(errors="replace")):
                    stamps["/".join(file.parts[:-1])] = time
    return stamps


def _folders(file: File) -> Iterator[str]:
    """The folders that a file lies in, the innermost first."""
    return ("/".join(file.parts[:depth]) for depth in range(len(file.parts) - 1, 0, -1))


def _submitters(submitters: list[dict[str, Any]], at: object) -> tuple[list[Student], datetime | None]:
    time = at if isinstance(at, datetime) else None
    if time and time.tzinfo is None:
        time = time.replace(tzinfo=timezone.utc)  # which a time in YAML means that was written with "Z"
    students = []
    for one in submitters:
        ids = [str(one[key]) for key in (":sid", ":email") if one.get(key)]
        name = str(one[":name"])
        students.append(Student([*ids, name][0], name, others=tuple(ids)))
    return students, time
