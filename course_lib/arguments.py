"""One sentence form for every refused argument: what came, what was wanted, what to do."""

from __future__ import annotations

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
