"""How far the rounding of some other processor, or of another right way to compute, may move an answer.

Nobody can ask every processor. So a function is asked in float64 with its inputs moved by what float32 cannot see: what
comes out moves as far as rounding may move it, and it does so alike on every machine, because float64 hides the
machine's own rounding. A run in float32 is looked at as well, for functions that round badly on the way.
"""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from course_kit.grading.asking.attempt import Outcome, look
from course_kit.grading.asking.fingerprint import Leaves, largest_of, numbers_of, summary
from course_kit.grading.asking.packing import packed
from course_kit.grading.asking.probe import Call, Calls

STEP = 2.0**-23  # what float32 cannot see, as a part of a number
WAVES = (1, 3)
LEAST = 1e-6  # of an answer's largest number: the least noise that is reckoned with


@dataclass(frozen=True)
class Safety:
    """By what the disagreements that were seen are multiplied.

    Args:
        moved: Those between inputs that were moved and inputs that were not.
        single: That between float32 and float64; 0 where it only shows a function that rounds badly on the way.
    """

    moved: float
    single: float


FOR_SOLUTIONS = Safety(moved=16, single=10)
FOR_MISTAKES = Safety(moved=8, single=0)  # there are so many that a disagreement of this machine's would soon matter
ONE_RUN = Safety(moved=0, single=0)  # for answers that are compared on the machine where they were computed
BADLY = 1.25  # a disagreement this many times as large as the noise, and the function rounds badly on the way


@dataclass(frozen=True)
class Answer:
    """What a function answers to one case on any machine.

    Args:
        short: Summary of the value, or the failure: in float64, or in float32 where the two differ in kind.
        single: The same in float32, which is what a student's kernel computes with.
        noise: How far rounding may move a number of it; infinite where it changes what kind of value comes back.
    """

    short: Leaves | Outcome
    single: Leaves | Outcome
    noise: float

    @property
    def is_one_in_both(self) -> bool:
        """Whether float32 and float64 differ in nothing but rounding."""
        return self.short is not self.single


def answer(
    function: Callable, call: Call | Calls, seconds: float, safety: Safety, known: Answer | None = None
) -> Answer:
    """Ask a function in float32, in float64, and with its inputs moved.

    Args:
        function: The solution or a known mistake.
        call: The inputs.
        seconds: Time limit of a run.
        safety: By what to multiply the disagreements.
        known: Another function's answer; one that is the same in float32 is taken for the same.

    Returns:
        Its answer; a failure has no noise.
    """
    inputs = packed(call)

    def run(kind: str, wave: int = 0) -> Leaves | Outcome:
        asked = pickle.loads(inputs).cast(kind)
        with _double() if kind == "float64" else contextlib.nullcontext():
            return look(function, asked.changed(partial(_moved, wave=wave)) if wave else asked, seconds, summary)

    single = run("float32")
    if isinstance(single, Outcome):
        return Answer(single, single, 0.0)
    if known is not None and _comparable(known.single, single) and _apart(known.single, single) == 0:
        return known
    if safety == ONE_RUN:
        return Answer(single, single, LEAST * largest_of(single))
    exact = run("float64")
    kind, short = ("float64", exact) if _comparable(exact, single) else ("float32", single)
    noise = LEAST * largest_of(short)
    for wave in WAVES if _has_floats(call) else ():
        noise = max(noise, safety.moved * _disagreement(short, run(kind, wave)))
    astray = _disagreement(short, single)
    if astray > BADLY * noise:
        for wave in WAVES:
            with _unsteady(wave):
                noise = max(noise, safety.moved / 4 * _disagreement(short, run(kind)))
    return Answer(short, single, max(noise, safety.single * astray))


def _has_floats(call: Call | Calls) -> bool:
    inputs = packed(call.cast("float64"))
    return packed(pickle.loads(inputs).changed(partial(_moved, wave=1))) != inputs


def _disagreement(first: Leaves, second: Leaves | Outcome) -> float:
    return _apart(first, second) if _comparable(first, second) else math.inf


@contextlib.contextmanager
def _unsteady(wave: int) -> Iterator[None]:
    """Within the block every result of torch is moved, as float32 would round it, though it is float64."""
    if "torch" not in sys.modules:
        yield
        return
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Unsteady(TorchDispatchMode):
        def __torch_dispatch__(self, operation: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
            result = operation(*args, **(kwargs or {}))
            is_new = not any(returned.alias_info for returned in operation._schema.returns)
            is_plain = isinstance(result, torch.Tensor) and result.layout == torch.strided
            return _moved(result, wave) if is_new and is_plain else result

    with Unsteady():
        yield


def _comparable(first: Leaves | Outcome, second: Leaves | Outcome) -> bool:
    """Whether two summaries differ in nothing but finite numbers."""
    if isinstance(first, Outcome) or isinstance(second, Outcome) or first.keys() != second.keys():
        return False
    for one, other in zip(first.values(), second.values(), strict=True):
        if isinstance(one, str) or isinstance(other, str):
            if isinstance(one, str) != isinstance(other, str) or one != other:
                return False
        elif not np.array_equal(_odd(one), _odd(other), equal_nan=True):
            return False
    return True


def _odd(numbers: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(numbers), 0, numbers)


def _apart(first: Leaves, second: Leaves) -> float:
    return float(np.abs(numbers_of(first) - numbers_of(second)).max(initial=0))


def _moved(value: Any, wave: int) -> Any:
    """An input with its floating numbers moved by at most `STEP` of themselves.

    Equal numbers stay equal and whole numbers stay as they are: ties, ids and limits keep their meaning.
    """
    if hasattr(value, "is_floating_point"):
        import torch

        if not value.is_floating_point():
            return value
        moved = value.clone()
        numbers = moved if moved.layout == torch.strided else moved.values()
        numbers += torch.where(numbers.isfinite(), numbers * torch.sin(torch.pi * wave * numbers) * STEP, 0)
        return moved
    if hasattr(value, "state_dict"):  # a model
        model = copy.deepcopy(value)
        for parameter in model.parameters():
            parameter.data = _moved(parameter.data, wave)
        return model
    if hasattr(value, "columns"):  # a table
        table = value.copy()
        for name in table.columns[[column.kind == "f" for column in table.dtypes]]:
            table[name] = _moved(table[name].to_numpy(), wave)
        return table
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        finite = np.where(np.isfinite(value), value, 0)
        return value + finite * np.sin(np.pi * wave * finite) * STEP
    return value


@contextlib.contextmanager
def _double() -> Iterator[None]:
    """Within the block torch makes float64 of numbers whose kind nobody names."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
