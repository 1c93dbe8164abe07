"""Files that are made to be slow, large or deep cost their authors, within bounds, and nobody else."""

from __future__ import annotations

import faulthandler
import json
import resource
from collections.abc import Callable

import pytest
from graded_class import A1, SOLUTIONS

from course_kit.grading.handed_in.bounded import MEMORY, bounded
from course_kit.grading.handed_in.notebook import LONGEST_FLAG, MOST_FLAGS
from course_kit.grading.handed_in.reading import Reader, other_assignments
from course_kit.grading.handed_in.submission import parse

HEADING = {"cell_type": "heading", "level": 400_000_000, "metadata": {}, "source": "x"}


def old(*cells: dict) -> bytes:
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


def code(*sources: str) -> bytes:
    cells = [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": one} for n, one in enumerate(sources)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def bad_outputs() -> bytes:
    outputs = [{"output_type": "pyout", "prompt_number": 1, "metadata": {}, "nonsense": []}] * 20_000
    return old({"cell_type": "code", "input": "1", "language": "python", "outputs": outputs})


SLOW: dict[str, Callable[[], bytes]] = {
    "a heading of level 400,000,000": lambda: old(HEADING),
    "20,000 bad outputs of format 3": bad_outputs,
    "10 MB of empty cells": lambda: b'{"cells":[' + b"{}," * 3_300_000 + b"{}]}",
    "10 MB of empty objects": lambda: b'{"cells":[{"cell_type":"code","source":[' + b"{}," * 3_300_000 + b"1]}]}",
    "a long dotted name": lambda: code("import " + ".".join("a" * 49_000)),
    "many long names": lambda: code(*[f"from {'a' * 400}{n} import " + ",".join("b" * 30_000) for n in range(12)]),
    "deep brackets": lambda: code("x = " + "(" * 90 + "1" + ")" * 90, "[" * 90_000),
    "a long expression": lambda: code("def top_k(scores, k):\n    return " + "+".join("1" * 45_000)),
    "many conflicts": lambda: code(*["<<<<<<< HEAD\n"] * 4_000),
    "a long kernel": lambda: b'{"cells":[],"metadata":{"kernelspec":{"language":"' + b"z" * 9_000_000 + b'"}}}',
    "deep calls": lambda: code(*["x = " + "f(" * 50 + "1" + ")" * 50 + "\n"] * 4_900),
    "ten megabytes of zeros": lambda: code("x = 1") + bytes(10_000_000),
    "packed checks that are a bomb": lambda: code('check = Check(\n    """\n' + _bomb() + '\n""")'),
}


def _bomb() -> str:
    import base64
    import zlib

    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(320)) + packer.flush()
    return base64.b64encode(packed).decode()


def spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.mark.parametrize("what", SLOW)
def test_a_slow_file_costs_five_seconds_at_most_and_is_not_paid_for_twice(what, tmp_path):
    content = SLOW[what]()
    reader = Reader(A1, other_assignments(SOLUTIONS / "a1_metrics.ipynb"), tmp_path / "too_much.json")
    own, before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, spent()
    reading = reader(content)
    parsed = parse(reading.content, A1)  # as grading does, once more
    assert spent() - before < 6  # two times two seconds, and what starting the processes takes on a busy machine
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own < 100 << 10  # KiB, of the process that grades
    assert len(reading.flags) <= MOST_FLAGS + 1
    assert all(len(flag) <= LONGEST_FLAG + 1 for flag in reading.flags)
    if not reading.content and (tmp_path / "too_much.json").exists():
        again, start = Reader(A1, {}, tmp_path / "too_much.json"), spent()
        assert again(content).flags == reading.flags
        assert spent() - start < 1
    assert parsed.sources or reading.flags


def _eats() -> object:
    yield "first"
    held = []
    while True:
        held.append(bytearray(1 << 24))


def _spins() -> object:
    yield "first"
    while True:
        pass


def _ends() -> object:
    import os

    yield "first"
    os.kill(os.getpid(), 11)


def _says() -> object:
    while True:
        yield "x" * (1 << 20)


def _talks() -> object:
    import os

    os.write(1, b"hello")
    os.write(2, b"hello")
    yield resource.getrlimit(resource.RLIMIT_CORE)
    yield faulthandler.is_enabled()


def test_the_reading_process_says_nothing_and_leaves_no_core(capfd):
    assert bounded(_talks) == ([[0, 0], False], "")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("steps", "seconds", "why"),
    [
        (_eats, 60, f"more than {MEMORY >> 20} MB"),
        (_spins, 1, "more than 1 s"),
        (_ends, 60, "ended"),
        (_says, 60, "too much"),
    ],
)
def test_whatever_the_reading_process_does_it_is_ended_and_what_it_said_before_stands(steps, seconds, why):
    found, reason = bounded(steps, seconds=seconds)
    assert why in reason
    assert found[0] == "first" or steps is _says
