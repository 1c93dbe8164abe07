"""The checks of arguments, and the one form of their errors: what came, what was wanted, what to do."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import torch


def refuse(argument: str, got: object, wanted: str, remedy: str = "") -> NoReturn:
    """Raise the one-line error with which every module refuses bad input.

    Args:
        argument: Name of the argument, as the caller wrote it.
        got: What came; shown with ``str``.
        wanted: What the function accepts.
        remedy: What the caller can do about it.

    Raises:
        ValueError: Always.

    Example:
        >>> refuse("k", 0, "a whole number of at least 1", "pass k=20")
        Traceback (most recent call last):
        ValueError: k: got 0, wanted a whole number of at least 1; pass k=20
    """
    said = f"{argument}: got {got}, wanted {wanted}" + (f"; {remedy}" if remedy else "")
    raise ValueError(" ".join(said.splitlines()))  # what came may hold more than one


def whole(argument: str, value: object, least: int) -> int:
    """Check a whole number.

    Args:
        argument: Name of the argument.
        value: What came: an int of Python or numpy, or a tensor with one element.
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


def seeded(seed: int | torch.Generator, argument: str = "seed") -> torch.Generator:
    """A generator of random numbers for a seed.

    Args:
        seed: A whole number of Python or numpy, also below zero; or a generator, which is returned as it is.
        argument: Name of the argument.

    Returns:
        The generator.

    Raises:
        ValueError: If the seed is neither.
    """
    import torch

    if isinstance(seed, torch.Generator):
        return seed
    try:
        number = operator.index(seed)
    except TypeError:
        refuse(argument, repr(seed), "a whole number or a torch.Generator")
    if not -(1 << 63) <= number < 1 << 64:
        refuse(argument, number, "a whole number of at most 64 bits")
    return torch.Generator().manual_seed(number)
