"""What a class handed in, as a folder or a zip of it: one notebook a student.

Nothing is unpacked to disk, no link is followed, no zip inside is opened, and whatever a student did becomes a flag.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from course_kit.grading.handed_in.late import Late
from course_kit.grading.handed_in.roster import Roster, squashed

LARGEST = 10_000_000  # bytes of a notebook
TIGHTEST = 200  # times that a megabyte and more may be packed; an honest notebook reaches some ten
MOODLE = re.compile(r"(.+)_(\d+)_assignsubmission_(?:file|onlinetext)_?.*", re.DOTALL)
CANVAS = re.compile(r"([^_]+)_(LATE_)?(\d+)_\d+_.+", re.DOTALL)
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
GRADESCOPE = "submission_metadata.yml"


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


@dataclass(frozen=True)
class _File:
    """A file as it lies in SUBMISSIONS; `read` raises ValueError with the reason if it will not."""

    name: str
    stamp: datetime | None
    read: Callable[[], bytes]

    @property
    def time(self) -> datetime | None:
        """When it was handed in; in what Canvas exports, a file bears the time of the download."""
        return None if CANVAS.fullmatch(self.name) else self.stamp

    @property
    def parts(self) -> list[str]:
        return self.name.replace("\\", "/").split("/")

    @property
    def is_notebook(self) -> bool:
        return self.name.lower().endswith(".ipynb")


@dataclass(frozen=True)
class _Owner:
    """Whose file it is: a name to go by without a roster, keys to look up in one, and what the LMS says."""

    label: str
    keys: tuple[tuple[str, str], ...]
    flags: tuple[str, ...] = ()
    time: datetime | None = None


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
    late = late or Late()
    if path.is_dir():
        return _sorted_out(list(_in_folder(path)), roster, late)
    try:
        with zipfile.ZipFile(path) as archive:
            return _sorted_out(_without_root([_member(archive, i) for i in archive.infolist()], roster), roster, late)
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"{path} is neither a folder nor a zip that can be read: {error}") from error


def _sorted_out(files: list[_File], roster: Roster | None, late: Late) -> Collected:
    """Files → students, then one notebook of each."""
    owned, strangers = _owned(files, roster)
    submissions = []
    for student, theirs in sorted(owned.items()):
        flags = dict.fromkeys(flag for owner, _ in theirs for flag in owner.flags)
        one = _choose(student, [file for _, file in theirs], tuple(flags), late.due_for(student))
        told = [roster.students[student].submitted] if roster else []
        told += [owner.time for owner, _ in theirs]
        submissions.append(replace(one, time=next(filter(None, told), one.time)))
    return Collected(submissions, sorted(strangers))


def _owned(files: list[_File], roster: Roster | None) -> tuple[dict[str, list[tuple[_Owner, _File]]], list[str]]:
    """Student → what is theirs; and the files that are nobody's."""
    handed_in = _gradescope(files)
    owned: dict[str, list[tuple[_Owner, _File]]] = {student: [] for student in roster.students} if roster else {}
    strangers = []
    for file in files:
        if any(part.startswith((".", "__MACOSX", "~$", GRADESCOPE)) and part != ".." for part in file.parts):
            continue
        if UNSAFE.search(file.name) or {"", ".."} & set(file.parts) or re.match("[A-Za-z]:", file.name):
            strangers.append(f"{file.name!r}: no safe name")
            continue
        for owner in _owners(file, handed_in):
            student = roster.find(owner.keys) if roster else None
            if student or (not roster and (file.is_notebook or len(file.parts) > 1)):
                name = student.id if student else UNSAFE.sub("", owner.label)
                owned.setdefault(name, []).append((owner, file))
            else:
                strangers.append(f"{file.name!r}: {'nobody in the roster' if roster else 'not a notebook'}")
    return owned, strangers


def _choose(student: str, files: list[_File], flags: tuple[str, ...], due: datetime | None) -> Submission:
    """Of a student's notebooks the newest before the deadline, else the newest, that can be read."""
    notebooks = [file for file in files if file.is_notebook]
    if not notebooks:
        others = sorted(file.name for file in files)
        flags += tuple(f"no notebook but {name}" for name in others[:3])
        return Submission(student, others[0] if others else "", b"", None, flags)
    early = datetime.min.replace(tzinfo=timezone.utc)

    def rank(file: _File) -> tuple[bool, datetime, str]:
        return bool(due and file.time and file.time <= due), file.time or early, file.name

    for file in sorted(notebooks, key=rank, reverse=True):
        try:
            content = file.read()
        except ValueError as refused:
            flags += (f"{file.name}: {refused}",)
            continue
        if len(notebooks) > 1:
            flags += (f"{len(notebooks)} notebooks; graded is {file.name}",)
        if not content:
            flags += ("an empty file",)
        return Submission(student, file.name, content, file.time, flags)
    return Submission(student, notebooks[0].name, b"", notebooks[0].time, flags)


def _owners(file: _File, handed_in: Mapping[str, list[_Owner]]) -> list[_Owner]:
    """Whose a file is: by the folder or the name that an LMS gave it, else by its own."""
    first = file.parts[0]
    if first in handed_in:
        return handed_in[first]
    if match := MOODLE.fullmatch(first):
        name, number = match.groups()
        return [_Owner(f"{name}_{number}", (("moodle", number), *(("name", form) for form in squashed(name))))]
    if len(file.parts) == 1 and (match := CANVAS.fullmatch(first)):
        name, is_late, number = match.groups()
        told = ("late, says Canvas; the zip does not tell how late",) if is_late else ()
        return [_Owner(f"{name}_{number}", (("canvas", number), ("name", name)), told)]
    student = first if len(file.parts) > 1 else os.path.splitext(first)[0]
    return [_Owner(student, (("student", student),))]


def _gradescope(files: list[_File]) -> dict[str, list[_Owner]]:
    """Folder of a Gradescope export → who handed it in, as its metadata say."""
    import yaml

    meta = next((file for file in files if file.name == GRADESCOPE), None)
    try:
        plain: Any = yaml.safe_load(meta.read()) if meta else {}
        return {folder: _handed_in(one[":submitters"], one.get(":created_at")) for folder, one in plain.items()}
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _handed_in(submitters: list[dict[str, Any]], at: object) -> list[_Owner]:
    owners, time = [], at.astimezone() if isinstance(at, datetime) else None
    names = [str(one[":name"]) for one in submitters]
    for one, name in zip(submitters, names, strict=True):
        ids = [str(one[key]) for key in (":sid", ":email") if one.get(key)]
        others = ", ".join(other for other in names if other != name)
        keys = [*(("student", text) for text in ids), *(("name", form) for form in squashed(name))]
        told = (f"handed in together with {others}",) if others else ()
        owners.append(_Owner([*ids, name][0], tuple(keys), told, time))
    return owners


def _in_folder(root: Path) -> Iterator[_File]:
    closed: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=closed.append):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(names) + links:
            path = Path(folder, name)
            time = datetime.fromtimestamp(path.lstat().st_mtime, timezone.utc)
            yield _File(path.relative_to(root).as_posix(), time, lambda path=path: _read_file(path))
    for error in closed:
        yield _File(f"{Path(error.filename).relative_to(root).as_posix()}/(a closed folder)", None, bytes)


def _read_file(path: Path) -> bytes:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("a link, not followed" if stat.S_ISLNK(found.st_mode) else "no ordinary file")
    try:
        with path.open("rb") as file:
            return _small(file.read(LARGEST + 1))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _File:
    try:
        time = datetime(*info.date_time).astimezone() if info.date_time[0] > 1980 else None
    except (ValueError, OverflowError, OSError):
        time = None
    return _File(info.filename, time, lambda: _read_member(archive, info))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ValueError("a link, not followed" if kind == stat.S_IFLNK else "no ordinary file")
    if info.file_size > max(1_000_000, TIGHTEST * info.compress_size):
        raise ValueError("packed so tightly that it looks like a zip bomb")
    try:
        with archive.open(info) as file:
            return _small(file.read(LARGEST + 1))
    except ValueError:
        raise
    except Exception as error:  # a password, an unknown method, a wrong checksum: zipfile raises many kinds
        raise ValueError(f"cannot be unpacked: {error}") from error


def _small(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise ValueError(f"larger than {LARGEST // 1_000_000} MB")
    return content


def _without_root(files: list[_File], roster: Roster | None) -> list[_File]:
    """Leave out the one folder that everything lies in, unless it is a student's."""
    files = [file for file in files if not file.name.endswith("/") and not file.name.startswith("__MACOSX/")]
    tops = {file.name.partition("/")[0] for file in files}
    within = [file.name.partition("/")[2] for file in files]
    if len(tops) != 1 or not all(within) or MOODLE.fullmatch(*tops):
        return files
    is_students = (
        roster.find([("student", top) for top in tops])
        if roster
        else sum(name.endswith(".ipynb") for name in within) == 1 and not any("/" in name for name in within)
    )
    return files if is_students else [_File(n, f.stamp, f.read) for n, f in zip(within, files, strict=True)]
