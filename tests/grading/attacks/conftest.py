"""One grader for all attacks; an attack is graded, and right after it an honest submission."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from hostile import ALL_RIGHT, MARKS, PARTS, RIGHT, USUAL, HastyGrader, Limits, Stock, notebook, outcomes, stock
from solution_notebooks import write

from course_kit.grading.containment.levels import best_level
from course_kit.grading.containment.warm import NAMESPACES
from course_kit.grading.marking.bundle import Bundle, draw_bundle
from course_kit.grading.marking.result import Result

Graded = Callable[..., Result]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Bundle:
    """Two functions, three cases, a module withheld."""
    folder = tmp_path_factory.mktemp("bundle")
    return draw_bundle(write(folder / "small.ipynb", **PARTS), MARKS["secret"].encode(), folder, progress=False)


@pytest.fixture(scope="session")
def confined(tmp_path_factory) -> str:
    """The full sandbox; without it a test is skipped, and in CI it fails."""
    if best_level(tmp_path_factory.mktemp("empty")) != NAMESPACES:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("this system allows no namespaces")
    return NAMESPACES


@pytest.fixture(scope="package")
def grader(bundle, confined) -> Iterator[HastyGrader]:
    """The grader that all attacks go to, with what it must not pass on in its environment."""
    grader = HastyGrader(bundle, confined, COURSE_TOKEN=MARKS["token"], PYTEST_ADDOPTS="-n 2")
    yield grader
    grader.close()


@pytest.fixture(scope="package")
def graded(grader) -> Graded:
    """Grade a submission of these code cells, or bytes, in bounded time, by a grader that lives on."""
    grader.grade("ann", notebook(RIGHT))  # the processes are there, and warm
    pid = grader.pid

    def grade(*sources: str, content: bytes = b"", student: str = "mallory", limits: Limits = USUAL) -> Result:
        start = time.monotonic()
        result = grader.grade(student, content or notebook(*sources), limits=limits)
        assert time.monotonic() - start < limits.wall + 50
        assert grader.pid == pid
        return result

    return grade


@pytest.fixture
def attacked(graded) -> Iterator[Graded]:
    """As `graded`; and afterwards an honest submission gets what it deserves, in the same sandbox."""
    yield graded
    honest = graded(RIGHT, student="ann")
    assert (outcomes(honest), honest.errors, honest.flags) == (ALL_RIGHT, {}, ())


@pytest.fixture
def stock_nbval(bundle, tmp_path) -> Callable[..., Stock]:
    """Run the same cells under nbval alone."""
    return lambda *sources, seconds=600: stock(bundle, tmp_path, sources, seconds)
