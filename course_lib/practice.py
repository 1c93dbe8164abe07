"""Ungraded checks inside a lesson: type an answer, learn which mistake it was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import EllipsisType


@dataclass(frozen=True)
class Verdict:
    """What a check says to an answer; a notebook shows its one line."""

    right: bool
    message: str

    def __repr__(self) -> str:
        return self.message


def check_answer(
    answer: float | EllipsisType, expected: float, hints: Mapping[float, str] | None = None, tolerance: float = 5e-3
) -> Verdict:
    """Compare a number that a student typed with the right one and with what known mistakes give.

    Args:
        answer: The student's number; ``...`` while there is none.
        expected: The right number.
        hints: Wrong number → what to tell whoever arrives at it.
        tolerance: Distance that still counts as equal.

    Returns:
        A verdict that reads as one line and never shows the right number.
    """
    if answer is ...:
        return Verdict(False, "… replace the dots by your answer and run this cell again")
    if not isinstance(answer, int | float) and not hasattr(answer, "__float__"):
        return Verdict(False, f"✗ this wants a number; yours is a {type(answer).__name__}")
    if math.isclose(float(answer), float(expected), rel_tol=0, abs_tol=tolerance):
        return Verdict(True, "✓ right")
    near = [hint for wrong, hint in (hints or {}).items() if math.isclose(answer, wrong, rel_tol=0, abs_tol=tolerance)]
    return Verdict(False, f"✗ {near[0] if near else 'not this number: read the definition above once more'}")
