"""Judge an answer that is right by a bound and not by equality: `judge(case, answer, rng)` beside the probe.

It gets the answer as plain numbers and `rng` as the probe got it, so it can draw the same world again with what the
student's function never saw. It never runs where a student's code runs, but in a check, which keeps no secret.
"""

from __future__ import annotations

import ast
import warnings
from functools import cache
from typing import Any

import numpy as np

from course_kit.grading.asking.attempt import OutOfTime, time_limit
from course_kit.grading.asking.plain import read
from course_kit.grading.asking.probe import names_in

JUDGED_RIGHT, JUDGED_WRONG = "judged right", "judged wrong"
SECONDS = 20


def has_judge(source: str) -> bool:
    """Whether a probe's source defines `judge`."""
    return judge_in(source) is not None


@cache
def judge_in(source: str) -> ast.FunctionDef | None:
    """The function `judge` in a probe's source."""
    found = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "judge")
    return next(found, None)


def judged(source: str, case: str, answer: Any, rng: np.random.RandomState) -> str:
    """What the judge in a source says of an answer, in one line.

    Args:
        source: The source of the probe.
        case: The case that was asked.
        answer: The answer, as `plain.read` gives it.
        rng: Random numbers, as the probe got them.

    Returns:
        `JUDGED_RIGHT` or `JUDGED_WRONG`, the latter with a hint behind a colon if the judge has one.

    Raises:
        ValueError: If it says anything but True, False, or a text that stands in it word for word: one that is made
            while it judges could pass on what only grading knows.
        Exception: Whatever the judge raises.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"), time_limit(SECONDS):
        warnings.simplefilter("ignore")
        said = names_in(source)["judge"](case, answer, rng)
    if isinstance(said, str) and said in _texts(source):
        return f"{JUDGED_WRONG}: {' '.join(said.split())}"
    if not isinstance(said, bool | np.bool_):
        raise ValueError(f"judge said {said!r}, wanted True, False or a text that stands in it word for word")
    return JUDGED_RIGHT if said else JUDGED_WRONG


@cache
def _texts(source: str) -> frozenset[str]:
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return frozenset(node.value for node in nodes if isinstance(node.value, str))


def verdict(source: str, case: str, text: str, rng: np.random.RandomState) -> str:
    """What the judge says of an answer as somebody's process told it; whatever goes wrong with it, it is wrong."""
    try:
        return judged(source, case, read(text), rng)
    except (Exception, OutOfTime):
        return JUDGED_WRONG


def hint_in(text: str) -> str:
    """The hint in a verdict; "" if there is none."""
    return text.removeprefix(f"{JUDGED_WRONG}: ") if text.startswith(f"{JUDGED_WRONG}: ") else ""
