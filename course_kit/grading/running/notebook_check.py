"""The public checks of a whole notebook: the student's cells under nbval, then every case of every exercise."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from course_kit.grading.asking.limits import CELL_SECONDS, NOTEBOOK_SECONDS
from course_kit.grading.asking.question import Key, Question, unpack
from course_kit.grading.running.recorder import OUT_OF_TIME
from course_kit.grading.running.resuming import run_on
from course_kit.grading.running.splice import NAMES, NO_FILES, Cell, Ran, run_cells

PACKED = re.compile(r'Check\(\s*"""\n([A-Za-z0-9+/=\n]+)\n"""')
TELL = "__import__('course_kit.grading.asking.telling', fromlist=['tell']).tell({})"
WITHHOLD = "__import__('course_kit.grading.asking.withholding', fromlist=['withhold']).withhold({!r})"
NAME = "_course_check"  # ours among the names of the student's notebook


def check_notebook(
    sources: Sequence[str], title: str, beside: Mapping[str, bytes] = NO_FILES, progress: bool = True
) -> dict[str, Any]:
    """Run code cells and the public checks after them as grading does, without the modules that it withholds.

    A cell that ends the kernel, or runs too long, costs itself: the others go on, as they will in grading.

    Args:
        sources: The student's code cells.
        title: What to call the notebook.
        beside: Files that lie beside it: path → bytes.
        progress: Show a bar over the cells.

    Returns:
        `errors` of the student's cells; for each of the `exercises` its cases, points and what a check cell says; and
        the total `points` `of` those that can be had.

    Raises:
        ValueError: If no cell holds the checks that release packed, or the run broke off.
    """
    from tqdm import tqdm

    packed = next((found[1] for source in sources if (found := PACKED.search(source))), None)
    if packed is None:
        raise ValueError(f"{title} holds no checks; is it one of assignments/, its folded cell still there?")
    pairs = unpack(packed)
    setup = f'from course_kit.grading.asking.check import Check as {NAME}\n\n{NAME} = {NAME}("""\n{packed}\n""")'
    withheld = sorted({module for question, _ in pairs.values() for module in question.withheld})
    before_checks = [Cell(WITHHOLD.format(withheld)), *map(Cell, sources), Cell(setup)]
    checks = [cell for question, key in pairs.values() for cell in _check_cells(question, key)]

    def run(cells: Sequence[Cell]) -> Iterator[Ran]:
        shown = {"leave": False, "ncols": 100, "unit": "cell", "disable": not progress}
        return iter(tqdm(run_cells(cells, CELL_SECONDS, beside), title, len(cells), **shown))

    started = time.monotonic()
    ran = run_on(run, before_checks, checks)
    seconds = time.monotonic() - started
    if len(ran) < len(before_checks) + len(checks):
        raise ValueError(f"{title}: the run broke off at code cell {len(ran)}")
    own, checked = ran[1 : len(sources) + 1], iter(ran[len(before_checks) :])
    exercises = [
        _exercise(question, [next(checked) for _ in range(1 + len(question.cases))]) for question, _ in pairs.values()
    ]
    return {
        "notebook": title,
        "errors": [*(f"code cell {n}: {error}" for n, error in _errors(own)), *_too_long(seconds)],
        "exercises": exercises,
        "points": round(sum(exercise["points"] for exercise in exercises), 1),
        "of": sum(exercise["of"] for exercise in exercises),
    }


def _check_cells(question: Question, key: Key) -> list[Cell]:
    """A cell that tells what the check cell says, then a cell per case that tells its digest, for nbval to compare."""
    at_most = question.seconds * len(question.cases) + CELL_SECONDS
    says = Cell(TELL.format(f"{NAME}.report_in({NAMES}, {question.name!r}).text"), seconds=at_most)
    digests = (TELL.format(f"{NAME}.digest_in({NAMES}, {question.name!r}, {case!r})") for case in question.cases)
    pairs = zip(digests, question.cases, strict=True)
    return [says, *(Cell(source, f"{key.right[case]}\n", at_most) for source, case in pairs)]


def _exercise(question: Question, ran: list[Ran]) -> dict[str, Any]:
    says, *cases = ran
    passed = {case: cell.passed for case, cell in zip(question.cases, cases, strict=True)}
    points = round(question.points * sum(passed.values()) / len(passed), 1)
    return {
        "name": question.name,
        "cases": passed,
        "points": points,
        "of": question.points,
        "says": f"✗ {question.name} ends the kernel when it is asked" if says.ended else says.printed.strip(),
    }


def _too_long(seconds: float) -> Iterator[str]:
    if seconds > NOTEBOOK_SECONDS:
        yield f"the notebook took {seconds:.0f} s; grading stops it after {NOTEBOOK_SECONDS} s, cases included"


def _errors(ran: Sequence[Ran]) -> Iterator[tuple[int, str]]:
    """Number and error of each cell that failed."""
    for number, cell in enumerate(ran, 1):
        if cell.ended:
            yield number, "it ends the kernel; all other cells were run without it"
        elif cell.trouble == OUT_OF_TIME:
            yield number, f"stopped after {CELL_SECONDS} s: does a loop never end?"
        elif not cell.passed:
            yield number, cell.trouble or cell.error
