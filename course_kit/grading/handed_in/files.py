"""The files of a class, as a folder or a zip holds them.

Nothing is unpacked to disk, no link is followed, and no zip inside is opened. Each file says for itself why it cannot
be read.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

LARGEST = 50_000_000  # bytes of a file; stored pictures may be most of a notebook, and grading does not use them
LONGEST_NAME = 1_000  # characters of a path; a longer one is made to be slow to look at
TIGHTEST = 200  # times that a megabyte and more may be packed; an honest notebook reaches some ten
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
CLUTTER = (".", "__MACOSX", "~$")  # what operating systems and editors leave beside a file
ENDING = re.compile(r"\.ipynb(?![a-z0-9]).*$|\.json$", re.IGNORECASE | re.DOTALL)  # and what browsers add: "(1).txt"


@dataclass(frozen=True)
class File:
    """A file of the class.

    Args:
        name: Its path in SUBMISSIONS, with slashes between folders and composed letters.
        stamp: The time that the zip or the file system has for it. A zip's time has no zone.
        read: Gives its bytes, or raises ValueError with the reason why not.
    """

    name: str
    stamp: datetime | None
    read: Callable[[], bytes]

    @property
    def parts(self) -> tuple[str, ...]:
        """Its folders, and its own name last."""
        return tuple(self.name.split("/"))

    @property
    def ending(self) -> str:
        """The ending of a notebook, also of one that a browser gave more; "" for all other files."""
        found = ENDING.search(self.parts[-1])
        return found[0].lower() if found else ""


@contextmanager
def opened(path: Path) -> Iterator[list[File]]:
    """All files of a folder or a zip, except clutter; a zip can be read as long as the context lasts.

    Raises:
        ValueError: If there is no such folder or zip.
    """
    if path.is_dir():
        yield _kept(_in_folder(path))
        return
    if not path.exists():
        raise ValueError(f"{path}: there is no such folder or zip")
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # damaged in whatever way: zipfile raises many kinds
        raise ValueError(f"{path} is neither a folder nor a zip that can be read: {error}") from error
    with archive:
        yield _kept(_member(archive, info) for info in archive.infolist() if not info.filename.endswith(("/", "\\")))


def is_safe(name: str) -> bool:
    """Whether a name leads nowhere else and shows as what it is."""
    parts = name.split("/")
    return not (
        len(name) > LONGEST_NAME or UNSAFE.search(name) or {"", ".."} & set(parts) or re.match("[A-Za-z]:", name)
    )


def _kept(files: Iterator[File]) -> list[File]:
    return [file for file in files if not any(part.startswith(CLUTTER) and part != ".." for part in file.parts)]


def _plain(name: str) -> str:
    """One spelling for every system: macOS stores letters decomposed, old Windows zips have backslashes.

    A name that is refused for its length stays as it is: many accents on one letter take a second to put in order.
    """
    name = name.replace("\\", "/")
    return name if len(name) > LONGEST_NAME else unicodedata.normalize("NFC", name)


def _in_folder(root: Path) -> Iterator[File]:
    closed: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=closed.append):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(names) + links:
            path = Path(folder, name)
            yield File(_plain(path.relative_to(root).as_posix()), _changed(path), lambda path=path: _read_file(path))
    for error in closed:
        name = PurePosixPath(_plain(Path(error.filename).relative_to(root).as_posix()), "(a closed folder)")
        yield File(str(name), None, bytes)


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, timezone.utc)
    except (ValueError, OverflowError, OSError):  # a time far outside of the calendar
        return None


def _read_file(path: Path) -> bytes:
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("a link, not followed" if stat.S_ISLNK(found.st_mode) else "no ordinary file")
        with open(path, "rb", opener=_not_following) as file:
            return _small(file.read(LARGEST + 1))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error


def _not_following(path: str, flags: int) -> int:
    """Open no link that has come to lie here meanwhile, and wait for nobody at a pipe; Windows has neither."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> File:
    try:
        time = datetime(*info.date_time) if info.date_time[0] > 1980 else None
    except ValueError:
        time = None
    return File(_plain(info.filename), time, lambda: _read_member(archive, info))


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
