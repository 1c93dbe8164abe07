"""Run a student's code under nbval: the cells in order, then cells of ours, each with the output it should have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from course_kit.grading.asking.limits import CELL_SECONDS

SECONDS = "course_seconds"  # in a cell's metadata: a time limit of its own
NBVAL = ("-m", "pytest", "-s", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env")
NO_FILES: Mapping[str, bytes] = MappingProxyType({})
NAMES = "__import__('__main__').__dict__"  # what a notebook has defined, which may be a word such as `globals`, too
OURS = ("-p", "no:terminalreporter", "-p", "course_kit.grading.running.recorder")


@dataclass(frozen=True)
class Cell:
    """A code cell to run.

    Args:
        source: Its source.
        expected: What it must print to pass; None if only an error fails it.
        seconds: Time limit; under the usual one only where `Guard` watches.
        inputs: What `Guard` lays down for it, packed.
        file: Name of the file that `Guard` lays the inputs down in.
    """

    source: str
    expected: str | None = None
    seconds: float = CELL_SECONDS
    inputs: bytes = b""
    file: str = ""


@dataclass(frozen=True)
class Ran:
    """How a cell ended.

    Args:
        passed: Whether it ran without an error and printed what it should.
        printed: What it printed.
        aside: What it printed on stderr.
        error: The error that its code raised, in one line; "" if it raised none.
        line: Number of the line of the cell where it was raised, from 1; 0 if that is not known.
        trouble: What kept it from ending by itself, in one line; "" if nothing did.
        ended: Whether there is no kernel any more.
        asks_to_end: Whether it called `exit` or `quit`.
        said: Characters that the notebook has printed and shown so far; 0 where nobody counts them.
    """

    passed: bool
    printed: str
    aside: str
    error: str
    trouble: str
    line: int = 0
    ended: bool = False
    asks_to_end: bool = False
    said: int = 0


def spliced(cells: Sequence[Cell]) -> str:
    """A notebook of these cells. nbval compares a cell that is stored as executed, and no other."""
    return json.dumps({"cells": [_stored(cell) for cell in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def run_cells(cells: Sequence[Cell], seconds: float, beside: Mapping[str, bytes] = NO_FILES) -> Iterator[Ran]:
    """Run cells in a fresh kernel, one after the other, in an otherwise empty folder.

    Args:
        cells: The cells.
        seconds: Time limit of a cell.
        beside: Files that lie there, too: path → bytes.

    Yields:
        How each cell ended, as soon as it has; fewer than there are cells if nbval breaks off.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spliced.ipynb")
        for name, content in beside.items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(content)
        path.write_text(spliced(cells), encoding="utf-8")
        command = [sys.executable, *NBVAL, *OURS, f"--nbval-cell-timeout={seconds}", path.name]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "TORCHDYNAMO_DISABLE": "1"}  # as in grading
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=folder, env=environment, encoding="utf-8", **quiet) as nbval:
            for line in nbval.stdout:
                if line.startswith("{"):  # and not nbval's "unhandled iopub msg"
                    yield Ran(**json.loads(line))


def _stored(cell: Cell) -> dict:
    asked = cell.expected is not None
    output = {"output_type": "stream", "name": "stdout", "text": cell.expected}
    return {
        "cell_type": "code",
        "metadata": {SECONDS: cell.seconds} if cell.seconds > CELL_SECONDS else {},
        "source": cell.source,
        "execution_count": 1 if asked else None,
        "outputs": [output] if asked else [],
    }
