"""Change one line of a table that other programs may change as well: only that line, and only if it is as it was."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from course_kit.grading.handed_in.table import read_table, to_csv
from course_kit.grading.reports.outputs import MARK
from course_kit.storing import replace

TRIES = 5
NUMBERS = ("points", "change", "of")  # columns that a spreadsheet should read as numbers

Line = Mapping[str, str]


class ChangedMeanwhile(ValueError):
    """Another program changed the line after the page had shown it."""


def find(lines: Sequence[Line], key: Callable[[Line], bool], where: str) -> Line | None:
    """The line with this key; None if there is none.

    Raises:
        ValueError: If there are several.
    """
    found = [line for line in lines if key(line)]
    if len(found) > 1:
        raise ValueError(f"{where} has {len(found)} lines for this; change them there")
    return found[0] if found else None


def put(
    path: Path, columns: Sequence[str], key: Callable[[Line], bool], before: Line, after: Line, keep: bool = False
) -> None:
    """Replace, add or remove the line with a key; all others stay as the file has them now.

    Args:
        path: A CSV file; it may be missing.
        columns: Its columns where it has none yet.
        key: Tells the line.
        before: The cells that the page has shown, "" each where there was no line.
        after: The cells that it has from now on.
        keep: Keep the line although it says nothing in the columns of `before`; otherwise it is removed.

    Raises:
        ChangedMeanwhile: If the line is not as it was shown.
        ValueError: If several lines have the key.
    """
    for _ in range(TRIES):
        stamp = stamp_of(path)
        lines = read_table(path) if path.exists() else []
        old = find(lines, key, str(path))
        now = {name: (old or {}).get(name, "") for name in before}
        if now != dict(before):
            told = ", ".join(f"{name} {value!r}" for name, value in now.items())
            raise ChangedMeanwhile(f"{path.name} was changed meanwhile and says now: {told}; load the page again")
        new = {**(old or {}), **after}
        kept = [new if line is old else line for line in lines] + ([new] if old is None else [])
        kept = [line for line in kept if line is not new or keep or any(new[name] for name in before)]
        names = list(dict.fromkeys([*(lines[0] if lines else columns), *columns]))
        text = MARK + to_csv(names, [[_cell(name, line.get(name, "")) for name in names] for line in kept])
        if stamp_of(path) == stamp:
            replace(path, text)
            return
    raise ChangedMeanwhile(f"{path.name} is being changed by another program; try again")


def stamp_of(path: Path) -> tuple[int, ...]:
    """What is different as soon as another program has written the file; empty if there is none."""
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(path)
        return found.st_ino, found.st_mtime_ns, found.st_size
    return ()


def _cell(name: str, text: str) -> object:
    if name in NUMBERS:
        with contextlib.suppress(ValueError, OverflowError):
            number = float(text)
            return number if abs(number) < 1e9 else text  # nan fails the comparison and stays text
    return text
