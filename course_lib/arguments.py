"""One sentence form for every refused argument: what came, what was wanted, what to do."""

from __future__ import annotations

import operator
from typing import NoReturn


def refuse(argument: str, got: object, wanted: str, remedy: str = "") -> NoReturn:
    """Raise the one-line error that every module uses for bad input.

    Args:
        argument: Name of the argument, as the caller wrote it.
        got: What came; shown with ``str``.
        wanted: What the function accepts.
        remedy: What the caller can do about it.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{argument}: got {got}, wanted {wanted}" + (f"; {remedy}" if remedy else ""))


def whole(argument: str, value: object, least: int) -> int:
    """Check a whole number.

    Args:
        argument: Name of the argument.
        value: What came: an int of Python, numpy or a one-element tensor.
        least: Smallest value accepted.

    Returns:
        The number as a Python int.

    Raises:
        ValueError: If it is not whole or too small.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        refuse(argument, repr(value), f"a whole number of at least {least}")
    return number
