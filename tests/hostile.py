"""A small assignment, a grader with short time limits, and stock nbval beside it: for submissions that mean harm."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from course_kit.grading.marking.bundle import Bundle
from course_kit.grading.marking.grader import Grader
from course_kit.grading.marking.result import Result
from course_kit.grading.running.splice import Cell, spliced

RIGHT = """import numpy as np

def spread(x):
    return x.max() - x.min()

def centred(x):
    return x - x.mean()"""
WRONG = """import numpy as np

def spread(x):
    return 1.0

def centred(x):
    return x"""
ALL_RIGHT, ALL_WRONG, NO_ANSWERS = ["right"] * 3, ["wrong"] * 3, ["no answer"] * 3
MARKS = {name: f"mark-of-the-{name}/{os.urandom(16).hex()}" for name in ("secret", "token", "solution")}
PARTS = {
    "setup": None,
    "setup withhold:course_lib.metrics": "import numpy as np",
    "stub points:50": "def centred(x):\n    raise NotImplementedError",
    "solution 2": f"def centred(x):\n    # {MARKS['solution']}\n    return x - x.mean()",
    "mistakes 2": f'def halved(x):\n    """You divide twice. {MARKS["solution"]}"""\n    return x - x.mean() / 2',
    "probe 2": "def probe(f, rng):\n    return {'own mean': f(rng.randn(5))}",
}
LIMITS = "limits for a test"  # name of a file beside a submission that grading never sees
SERVE = f"""import json
from dataclasses import replace
from course_kit.grading.containment import guard
from course_kit.grading.marking import grade as marking
from course_kit.grading.marking.grader import main

grade = marking.grade

def hasty(bundle, content, student, sandbox, beside):
    limits = json.loads(beside.pop({LIMITS!r}))
    marking.CELL_SECONDS, marking.WALL_SECONDS, marking.GRACE = limits["cell"], limits["wall"], limits["grace"]
    guard.MOMENT = limits["moment"]
    variants = [tuple(replace(one, seconds=limits["case"]) for one in variant) for variant in bundle.variants]
    return grade(replace(bundle, variants=tuple(variants)), content, student, sandbox, beside)

marking.grade = hasty
main()"""
STOCK_ASK = """import pickle
from course_kit.grading.asking.attempt import attempt
print(attempt({}, pickle.load(open({!r}, "rb")), {}, {}).text)"""
STOCK = (
    *("-m", "pytest", "-v", "--color=no", "-c", os.devnull, "-p", "no:cacheprovider", "--nbval"),
    *("--nbval-current-env", "--nbval-cell-timeout=3", "merged.ipynb"),
)


@dataclass(frozen=True)
class Limits:
    """Seconds, in place of what grading allows.

    Args:
        cell: For a cell of the student's.
        case: For a case.
        grace: For a case beyond its limit.
        moment: For a cell to end once it is interrupted.
        wall: For all together.
    """

    cell: float = 20
    case: float = 15
    grace: float = 2
    moment: float = 2
    wall: float = 60


USUAL = Limits()  # ample: a busy machine changes nothing of how a case ends
LONG = Limits(cell=40, wall=90)  # for who is ended by something else, which may take a while on a busy machine
SHORT = Limits(cell=1.5, case=0.75, grace=0.75, moment=1, wall=16)  # for who only waits for the end of their time


class HastyGrader(Grader):
    """A grader as it is, but for its time limits, the user it runs as, and what stands in its environment.

    Args:
        bundle: What is asked.
        level: How to confine.
        user: Who grades; None for whoever runs the tests.
        before: Words of a command that starts it with fewer rights.
        environment: What else stands in its environment.
    """

    def __init__(
        self, bundle: Bundle, level: str, user: int | None = None, before: tuple[str, ...] = (), **environment: str
    ) -> None:
        super().__init__(bundle, level)
        self.user, self.before, self.environment = user, before, environment

    def grade(
        self, student: str, content: bytes, beside: Mapping[str, bytes] = MappingProxyType({}), limits: Limits = USUAL
    ) -> Result:
        """As any grader does, within other limits."""
        return super().grade(student, content, {**beside, LIMITS: json.dumps(asdict(limits)).encode()})

    def _start(self) -> subprocess.Popen:
        command = [*self.before, sys.executable, "-c", SERVE]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", **self.environment}
        who = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": "/"}
        return subprocess.Popen(command, env=environment, start_new_session=True, **pipes, **who)

    @property
    def pid(self) -> int | None:
        """The grader's process, if it runs."""
        return self._process and self._process.pid


def notebook(*sources: str) -> bytes:
    """A submitted notebook of these code cells."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def outcomes(result: Result) -> list[str]:
    """How the cases ended, in order."""
    return [case.outcome for exercise in result.exercises for case in exercise.cases.values()]


@dataclass(frozen=True)
class Stock:
    """What nbval alone made of a submission.

    Args:
        cases: pytest's word for each case; empty if it hung.
        exit_code: pytest's; None if it hung.
    """

    cases: list[str]
    exit_code: int | None


def stock(bundle: Bundle, folder: Path, sources: tuple[str, ...], seconds: float = 600) -> Stock:
    """Run a submission as a grader would that trusts nbval: merged notebook in a folder, a plain kernel."""
    variant = bundle.variants[0]
    cells = [Cell(source) for source in sources]
    for number, one in enumerate(variant):
        (folder / f"{number}.pickle").write_bytes(zlib.decompress(one.inputs))
        source = STOCK_ASK.format(one.exercise, f"{number}.pickle", one.digits, one.seconds)
        cells.append(Cell(source, f"{one.right}\n"))
    (folder / "merged.ipynb").write_text(spliced(cells))
    environment = {**os.environ, "HOME": str(folder), "IPYTHONDIR": str(folder / "ipython"), "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    try:
        done = subprocess.run([sys.executable, *STOCK], cwd=folder, env=environment, timeout=seconds, **quiet)
    except subprocess.TimeoutExpired:
        return Stock([], None)
    finally:
        _end_all_in(folder)
    return Stock(re.findall(r"::Cell \d+ ([A-Z]+)", done.stdout)[len(sources) :], done.returncode)


def _end_all_in(folder: Path) -> None:
    """End what a submission left running there."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()) == folder:
                process.kill()


def make_deeper_than_python_goes(folder: Path) -> None:
    """Fill a folder with folders in each other, too many for a path or for recursion."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("x", dir_fd=here)
        there = os.open("x", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)
