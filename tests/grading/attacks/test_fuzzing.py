"""Files with bytes and values changed at random: readers take them or refuse them in one line, and nothing else.

More rounds by hand: FUZZ_SECONDS=600 .venv/bin/python -m pytest tests/grading/attacks/test_fuzzing.py
"""

from __future__ import annotations

import io
import json
import os
import random
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from graded_class import A1, CANVAS, IN_TIME, MOODLE, result, run
from hostile import RIGHT, notebook

from course_kit.grading.handed_in.collect import collect
from course_kit.grading.handed_in.reading import _steps
from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.lms import Filling, export

SECONDS = float(os.environ.get("FUZZ_SECONDS", "1"))  # of each reader
ODD = (None, True, -1, 1e400, 10**400, "", "\ud800", "\x00", "'=1", [], [[]], {}, {"": {}}, "x" * 5000)
BYTES = (b"\x00", b"\xff", b"\xef\xbb\xbf", b'"', b"\\", b"\r", b"\n", b";", b",", b"\t", b"{", b"]", b"\xed\xa0\x80")
OLD = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": RIGHT, "outputs": [{}]}, {"level": 2}]}]}


def rounds() -> Iterator[random.Random]:
    """A source of chance after the other, the same in every run, until the time is over."""
    until, seed = time.monotonic() + SECONDS, 0
    while seed < 20 or time.monotonic() < until:
        yield random.Random(seed)
        seed += 1


def bent(value: Any, chance: random.Random, odds: float = 0.1) -> Any:
    """A JSON value with some of its parts replaced, left out or doubled."""
    if chance.random() < odds:
        return chance.choice(ODD)
    if isinstance(value, dict):
        kept = [key for key in value if chance.random() > odds / 2]
        return {key: bent(value[key], chance, odds) for key in kept}
    if isinstance(value, list):
        return [bent(part, chance, odds) for part in value for _ in range(chance.choice((1, 1, 1, 2)))]
    return value


def broken(content: bytes, chance: random.Random) -> bytes:
    """Bytes with a few cut out, put in or moved."""
    for _ in range(chance.randrange(1, 6)):
        start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
        part = chance.choice((chance.choice(BYTES), content[start:end][:40], b""))
        content = content[:start] + part + content[chance.choice((start, start + 1, end)) :]
    return content


def test_a_bent_notebook_is_read_or_refused():
    for chance in rounds():
        plain = chance.choice((json.loads(notebook(RIGHT, "x = 1")), OLD))
        content = json.dumps(bent(plain, chance)).encode()
        if chance.random() < 0.3:
            content = broken(content, chance)
        for said in _steps(content, A1, {"a9": ["spread", "centred"]}, analysed=True):
            json.dumps(said).encode()


def gradebooks(kind: str) -> Callable[[Path], object]:
    """Fill in the grade file of an LMS."""
    results = {"doe1": result(A1), "roe2": result(A1)}
    rows = gradebook(run(A1, dict.fromkeys(results, IN_TIME)), A1, results, {})
    return lambda path: export(kind, rows, A1, results, read_roster(path), Filling())


TABLE = 'student,name,email,section\nann,"Ann, A",ann@x.org,1\nbob,Bob,bob@x.org,2\ncid,"C ""x""",,3\n'
READERS = {"a table": (read_table, TABLE), "a roster": (read_roster, TABLE)}
READERS |= {"Canvas": (gradebooks("canvas"), CANVAS), "Moodle": (gradebooks("moodle"), MOODLE)}


@pytest.mark.parametrize("what", READERS)
def test_a_bent_table_is_read_or_refused_in_one_line(what, tmp_path):
    read, text = READERS[what]
    file = tmp_path / "table.csv"
    for chance in rounds():
        file.write_bytes(broken(text.replace(",", chance.choice(",;\t")).encode(), chance))
        try:
            read(file)
        except ValueError as error:
            assert len(str(error).splitlines()) == 1


def test_a_bent_archive_is_collected_or_refused_in_one_line(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("doe_101_1002_a1.ipynb", "Jane Doe_7001_assignsubmission_file_/a1.ipynb", "x/../y.ipynb", "b.csv"):
            archive.writestr(name, notebook(RIGHT))
    for chance in rounds():
        (tmp_path / "class.zip").write_bytes(broken(packed.getvalue(), chance))
        try:
            collect(tmp_path / "class.zip")
        except ValueError as error:
            assert len(str(error).splitlines()) == 1
