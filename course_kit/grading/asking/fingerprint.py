"""A value as canonical text: what is equal to the digits that count has the same text, whoever computed it and how."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np

MAX_LISTED = 16  # numbers an array may have to be written out; a larger one is projected
MAX_DENSE = 20_000_000
PROJECTIONS = 8
MOST_WORDS = 100_000  # parts of an array that holds no numbers
TEXT = "text "  # how a leaf begins that stands for a text
ZERO = 1e-6  # a case whose numbers are all smaller is all zeros
Leaves = dict[str, "np.ndarray | str"]


def leaves(value: Any) -> Leaves:
    """Take a value apart into arrays of float64.

    Args:
        value: What a function returned: numbers, texts, arrays or tensors (dense or sparse), tables, and lists, sets or
            dicts of them.

    Returns:
        Place in the value ("" for the whole of it) → its numbers; or `TEXT` and a digest; or its type in words.
    """
    return dict(_walk(value, "", depth=0))


def _walk(value: Any, place: str, depth: int) -> Iterator[tuple[str, np.ndarray | str]]:
    value = _listed(value)
    array = numbers_in(value)
    if array is not None:
        yield place, array
    elif isinstance(value, str):
        yield place, TEXT + str(int(hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest(), 16))[-12:]
    elif isinstance(value, Mapping | list | tuple) and value and depth < 4:
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, part in sorted(((_plain(key), part) for key, part in pairs), key=lambda pair: str(pair[0])):
            yield from _walk(part, f"{place}[{key!r}]", depth + 1)
    else:
        yield place, "None" if value is None else f"a {type(value).__name__}"


def _plain(key: Any) -> Any:
    """A key as Python's own: that of an enumeration of texts and those of numpy are equal to it, and look different."""
    if isinstance(key, str):
        return str.__str__(key)
    return key.item() if isinstance(key, np.generic) else key


def _listed(value: Any) -> Any:
    """A set in order, a table of more than numbers as its columns, an array of words as a list; others as they are.

    A dict of any kind becomes a plain one: its attributes may be its keys.
    """
    if isinstance(value, Mapping):
        return dict(value.items())
    if isinstance(value, set | frozenset):
        try:
            return sorted(value)
        except TypeError:
            return sorted(value, key=str)
    if hasattr(value, "columns") and any(column.kind not in "biuf" for column in value.dtypes):
        return {str(name): value[name].to_numpy() for name in value.columns}
    if getattr(getattr(value, "dtype", None), "kind", "") in ("O", "U", "S") and value.size <= MOST_WORDS:
        return value.tolist()
    return value


def numbers_in(value: Any) -> np.ndarray | None:
    """A value as one array of float64; None if it is something else, or too large."""
    if isinstance(value, Mapping | str):
        return None
    if isinstance(value, Fraction | Decimal):
        return np.asarray(float(value))
    if isinstance(value, list | tuple):
        if not value:
            return np.zeros(0)
        parts = [numbers_in(part) for part in value]
        same = len({None if part is None else part.shape for part in parts}) == 1
        return np.stack(parts) if same and parts[0] is not None else None
    if math.prod(getattr(value, "shape", ())) > MAX_DENSE:
        return None
    if hasattr(value, "detach"):  # a tensor; torch itself is never imported here
        value = value.detach().to_dense().cpu()
        value = (value if value.is_complex() else value.double()).numpy()
    for convert in ("toarray", "to_numpy"):  # scipy, pandas
        value = getattr(value, convert, lambda value=value: value)()
    if isinstance(value, int | float | np.number | np.ndarray | np.bool_):
        array = np.asarray(value)
        return array.astype(np.float64) if array.dtype.kind in "biuf" else None
    return None


def summary(value: Any) -> Leaves:
    """The leaves of a value, each cut down to at most 16 numbers, its place followed by its shape.

    An array of more numbers becomes eight seeded projections, scaled by 1/√size so that they stay comparable with
    numbers that are listed; where it is not finite goes into the place, exactly.
    """
    short: Leaves = {}
    for place, leaf in leaves(value).items():
        if isinstance(leaf, str):
            short[place] = leaf
        elif leaf.size <= MAX_LISTED:
            short[f"{place}{leaf.shape}"] = leaf.ravel()
        else:
            odd = np.isnan(leaf) * 1 + np.isposinf(leaf) * 2 + np.isneginf(leaf) * 3
            mark = f" not finite: {hashlib.sha256(odd.tobytes()).hexdigest()[:8]}" if odd.any() else ""
            short[f"{place}{leaf.shape}{mark}"] = _project(np.where(odd, 0, leaf).ravel())
    return short


def _project(numbers: np.ndarray) -> np.ndarray:
    return _weights(numbers.size) @ numbers / math.sqrt(numbers.size)


@functools.lru_cache(maxsize=4)
def _weights(size: int) -> np.ndarray:
    return np.stack([np.random.RandomState(seed).uniform(-1, 1, size) for seed in range(PROJECTIONS)])


def fingerprint(value: Any, digits: int = 4) -> str:
    """Canonical text of a value.

    Args:
        value: What a function returned.
        digits: Digits kept of the value's largest finite magnitude.

    Returns:
        One line; the same for Python, numpy and torch, for float32 and float64, for sparse and dense.
    """
    with localcontext(Context()), np.errstate(all="ignore"):  # a notebook may have set its own for all that follows
        return text_of(summary(value), digits)


def text_of(short: Leaves, digits: int) -> str:
    """The fingerprint of a value whose summary is there already."""
    exponent = last_digit(largest_of(short), digits)
    return "; ".join(
        f"{place}: {leaf if isinstance(leaf, str) else ' '.join(_rounded(leaf, exponent))}"
        for place, leaf in short.items()
    )


def last_digit(largest: float, digits: int) -> int | None:
    """Power of ten of the last digit kept; None where everything counts as zero.

    A magnitude a hair below a power of ten counts as one: 0.9999999 is how float32 may write 1.
    """
    return math.floor(math.log10(largest * 1.00001)) - digits + 1 if largest >= ZERO else None


def largest_of(short: Leaves) -> float:
    """Largest finite magnitude among all numbers; 0 without any."""
    numbers = [abs(number) for leaf in short.values() if not isinstance(leaf, str) for number in leaf]
    return max(filter(math.isfinite, numbers), default=0.0)


def _rounded(numbers: np.ndarray, exponent: int | None) -> Iterator[str]:
    for number in numbers:
        if not math.isfinite(number):
            yield str(number)
        elif exponent is None:
            yield "0"
        else:
            yield f"{Decimal(round(number / 10.0**exponent)).scaleb(exponent).normalize():f}"


def is_clear(short: Leaves, noise: float, digits: int) -> bool:
    """Whether noise cannot change a fingerprint: the guard against a right answer failing by 1e-6.

    Args:
        short: The value's summary.
        noise: How far any of its numbers may be moved.
        digits: Digits that the fingerprint will keep.

    Returns:
        True if every number stays clear of a rounding boundary, and the last digit kept stays the same.
    """
    numbers = numbers_of(short)
    largest = largest_of(short)
    if not math.isfinite(noise):
        return False
    exponent = last_digit(largest, digits)
    if exponent is None:
        return largest + noise < ZERO
    if {last_digit(largest - noise, digits), last_digit(largest + noise, digits)} != {exponent}:
        return False
    unit = 10.0**exponent
    return bool((np.abs((numbers / unit) % 1 - 0.5) * unit > noise).all())


def numbers_of(short: Leaves) -> np.ndarray:
    """All finite numbers of a summary, in order."""
    numbers = np.concatenate([[], *(leaf for leaf in short.values() if not isinstance(leaf, str))])
    return numbers[np.isfinite(numbers)]


def vanishing(exact: Leaves, single: Leaves, digits: int) -> str:
    """The place of a part that is not zero, yet keeps less than two digits beside the largest part; "" if none does.

    All parts of a value are rounded at the same place, so a wrong number would pass for a right one there.

    Args:
        exact: Summary of the value in float64.
        single: Its summary in float32; a part that is no larger than their disagreement counts as zero.
        digits: Digits that the fingerprint will keep.
    """
    exponent = last_digit(largest_of(exact), digits)
    for place, leaf in exact.items():
        part, doubt = largest_of({place: leaf}), 0.0
        if not isinstance(leaf, str):
            doubt = float(np.abs(numbers_of({place: leaf}) - numbers_of({place: single[place]})).max(initial=0))
        if exponent is not None and 100 * doubt < part < 10.0 ** (exponent + 1):
            return place.rpartition("(")[0]
    return ""


def is_guessable(value: Any, digits: int = 4) -> bool:
    """Whether somebody could hit the value without computing it: truth values, small numbers, shapes, constants."""
    found = leaves(value).values()
    if any(isinstance(leaf, str) and leaf.startswith(TEXT) for leaf in found):
        return False  # how many texts it could be nobody knows; release compares those of several draws
    numbers = [leaf.ravel()[:1000] for leaf in found if not isinstance(leaf, str)]
    exponent = last_digit(largest_of(dict(enumerate(numbers))), digits)
    return _digits(text for leaf in numbers for text in _rounded(leaf, exponent)) < digits


def tells(text: str) -> bool:
    """Whether two people hardly arrive at this answer by different ways: it has three digits or more.

    Args:
        text: A fingerprint, or what stands in its place ("raised ValueError"), which never tells.
    """
    return _digits(number for part in text.split("; ") for number in part.rpartition(": ")[2].split()) >= 3


def _digits(numbers: Iterable[str]) -> int:
    """Digits of the distinct numbers among some words, leading and final zeros not counted."""
    bare = {number.lstrip("-0.") for number in numbers if number[-1].isdigit()}
    return sum(len(number.replace(".", "").rstrip("0")) for number in bare)


def form(value: Any) -> str:
    """What a value is, in words and without its numbers: "a number", "an array of shape (2, 3)"."""
    parts = {place: _kind(leaf) for place, leaf in leaves(value).items()}
    return parts.get("") or f"a {type(value).__name__} with " + ", ".join(f"{p}: {kind}" for p, kind in parts.items())


def _kind(leaf: np.ndarray | str) -> str:
    if isinstance(leaf, str):
        return "a str" if leaf.startswith(TEXT) else leaf
    return f"an array of shape {leaf.shape}" if leaf.shape else "a number"
