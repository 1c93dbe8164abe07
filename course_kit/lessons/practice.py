"""What makes a lesson ask: ungraded checks that name the mistake."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from course_kit.lessons.checks import CHECKS, WORKED, Check
from course_kit.lessons.progress import note
from course_lib.arguments import refuse


@dataclass(frozen=True)
class Verdict:
    """One line for a notebook to show."""

    right: bool
    message: str

    def __repr__(self) -> str:
        return self.message


GENERAL = "not this number: read the definition above once more"
PERCENT = "this wants a share, not percent: divide by 100"
SHOW = "show"  # what a student types to see the worked answer
ENOUGH = 3  # wrong answers, after which it is shown
TRIES: Counter[tuple[str, str]] = Counter()  # how often this kernel has given the same line to the same question


def check_answer(name: str, answer: Any) -> Verdict:
    """Compare a number that a student typed with the right one and with what known mistakes give.

    Args:
        name: Name of the question in ``CHECKS``.
        answer: The student's number, or a text such as "24,768", "66.7 %" or "2/3"; ``...`` while there is none;
            "show" for the worked answer, after three wrong ones.

    Returns:
        A verdict that reads as one line and never shows the right number before three wrong ones.

    Raises:
        ValueError: If there is no such question.
    """
    if name not in CHECKS:
        refuse("name", repr(name), "one of " + ", ".join(CHECKS))
    check = CHECKS[name]
    if answer is ...:
        return Verdict(False, "… replace the dots by your answer and run this cell again")
    if isinstance(answer, str) and answer.strip() == SHOW:
        return _show(name)
    number = read_number(answer)
    if number is None:
        return Verdict(False, f"✗ {not_a_number(answer)}")
    if _equal(number, check.answer, check.tolerance) or rounds_to(number, check.answer):
        note("checks", name)
        return Verdict(True, "✓ right")
    return Verdict(False, f"✗ {next_line(name, mistake(check, number))}")


def read_number(answer: Any) -> float | None:
    """The one number that an answer holds, whatever it comes in.

    Args:
        answer: A number, a text, or a tensor, array or list with a single number.

    Returns:
        The number; None if there is none, or more than one.
    """
    if isinstance(answer, str):
        return _read_text(answer)
    if hasattr(answer, "tolist"):  # tensors, arrays and their numbers
        answer = answer.tolist()
    while isinstance(answer, list | tuple) and len(answer) == 1:
        answer = answer[0]
    try:
        return float(answer)
    except (TypeError, ValueError, OverflowError):
        return None


def _read_text(text: str) -> float | None:
    """The number in a text as people write it: thousands in groups, a percent sign, or one fraction."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text.strip().replace("−", "-"))
    found = re.fullmatch(r"(-?[\d.]+(?:e[-+]?\d+)?)\s*(?:/\s*([\d.]+)|(%))?", plain, flags=re.IGNORECASE)
    try:
        value, below, percent = found.groups() if found else ("", None, None)
        return float(value) / (float(below) if below else 100 if percent else 1)
    except (ValueError, ZeroDivisionError):
        return None


def not_a_number(answer: Any) -> str:
    """What to tell whoever handed in something that is not one number."""
    parts = answer.tolist() if hasattr(answer, "tolist") else answer
    if isinstance(parts, tuple) and all(isinstance(part, int) for part in parts) and len(parts) > 1:
        return "this wants one number; Python reads a comma as “and”: write 24768 or 24_768, not 24,768"
    if isinstance(parts, list | tuple):
        return f"this wants one number; yours is a {type(answer).__name__} of {len(parts)}"
    return f"this wants a number; yours is a {type(answer).__name__}"


def rounds_to(number: float, exact: float) -> bool:
    """Whether a number with decimals is the exact one, honestly rounded: .7 or .67 for 2/3, but not .6.

    One significant digit is enough for a share between 0 and 1; beside a number from 1 on, one decimal is wanted.
    """
    shown = f"{abs(number):.15g}"
    if not math.isfinite(number) or "e" in shown or "." not in shown:
        return False
    decimals = len(shown.partition(".")[2])
    return abs(number) >= 0.05 and abs(number - exact) <= 0.5 * 10**-decimals + 1e-12


def mistake(check: Check, number: float) -> str:
    """What to tell whoever arrives at a wrong number."""
    near = [hint for wrong, hint in check.hints.items() if _equal(number, wrong, check.tolerance)]
    if near:
        return near[0]
    if rounds_to(number / 100, check.answer) or _equal(number / 100, check.answer, check.tolerance):
        return PERCENT
    return GENERAL


def next_line(name: str, line: str) -> str:
    """A mistake's own line at first; the first step for whoever makes it again; then the offer of the worked answer.

    Args:
        name: Name of the question.
        line: What the mistake is told at first.

    Returns:
        One line.
    """
    TRIES[name, line] += 1
    if TRIES[name, line] == 1:
        return line
    first_step = WORKED[name][0]
    offer = f'Type "{SHOW}" for the worked answer.' if _tries(name) >= ENOUGH else ""
    return f"{line.removesuffix('.')}. A first step: {first_step} {offer}".rstrip()


def _show(name: str) -> Verdict:
    if (left := ENOUGH - _tries(name)) > 0:
        return Verdict(False, f"… the worked answer is shown after {ENOUGH} tries; {left} to go")
    return Verdict(False, f"The worked answer: {WORKED[name][1]}")


def _tries(name: str) -> int:
    return sum(count for (question, _), count in TRIES.items() if question == name)


def _equal(first: float, second: float, tolerance: float) -> bool:
    return math.isclose(float(first), float(second), rel_tol=0, abs_tol=tolerance)
