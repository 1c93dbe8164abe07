"""One line that refuses something, as every error of the course reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def refused(said: str, error: type[Exception] = ValueError) -> Iterator[None]:
    """Expect an error whose text matches, and is one line.

    Args:
        said: Regular expression that is found in the text.
        error: Its kind.
    """
    with pytest.raises(error, match=said) as raised:
        yield
    assert "\n" not in str(raised.value)


def refused_argument(name: str) -> pytest.RaisesExc[ValueError]:
    """Expect `course_lib.arguments.refuse` to name an argument, what it got and what it wants, in one line."""
    return pytest.raises(ValueError, match=rf"^{name}: got [^\n]+, wanted [^\n]+$")
