"""An answer as plain numbers in a text: what somebody else's process says is read by this code, and by no unpickler."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from course_kit.grading.asking.fingerprint import numbers_in

MOST_NUMBERS = 50_000
MOST_TOLD = 700_000  # characters
DEEPEST = 4  # lists and dicts inside of each other
EXACT = 2**53  # whole numbers below are the same as float64


def told(value: Any) -> str:
    """A value as text, floats to nine digits; "null" for what is no plain numbers, or too many."""
    try:
        text = json.dumps(_plain(value, 0))
    except ValueError:
        return "null"
    return text if len(text) <= MOST_TOLD else "null"


def _plain(value: Any, depth: int) -> Any:
    array = numbers_in(value)
    if array is not None and array.size <= MOST_NUMBERS:
        numbers = [int(x) if x.is_integer() and abs(x) < EXACT else float(f"{x:.9g}") for x in array.ravel().tolist()]
        return {"shape": array.shape, "numbers": numbers}
    if isinstance(value, Mapping | list | tuple) and depth < DEEPEST and len(value) <= MOST_NUMBERS:
        if isinstance(value, Mapping):
            return {"parts": {str(key): _plain(part, depth + 1) for key, part in value.items()}}
        return [_plain(part, depth + 1) for part in value]
    raise ValueError


def read(text: str) -> Any:
    """What `told` told.

    Returns:
        An array, of int64 if all its numbers are whole, else of float64; or a list, or a dict, of such.

    Raises:
        ValueError: If it is anything else.
    """
    if len(text) > MOST_TOLD:
        raise ValueError(f"an answer of {len(text)} characters")
    try:
        return _read(json.loads(text), 0)
    except (TypeError, KeyError, OverflowError, RecursionError, AttributeError) as error:
        raise ValueError(f"no plain numbers: {error}") from error


def _read(plain: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError("too deep")
    if isinstance(plain, list):
        return [_read(part, depth + 1) for part in plain]
    if "parts" in plain:
        return {key: _read(part, depth + 1) for key, part in plain["parts"].items()}
    shape, numbers = plain["shape"], plain["numbers"]
    if not all(type(size) is int and size >= 0 for size in shape) or len(shape) > 8:
        raise ValueError("no shape")
    if len(numbers) != math.prod(shape) or not all(type(number) in (int, float) for number in numbers):
        raise ValueError("no numbers of that shape")
    array = np.array(numbers, dtype=np.float64).reshape(shape)
    whole = bool(np.all(np.isfinite(array) & (np.abs(array) < EXACT))) and bool(np.all(array == np.floor(array)))
    return array.astype(np.int64) if whole else array
