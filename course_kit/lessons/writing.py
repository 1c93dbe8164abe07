"""Two or three lines that a student writes in a lesson: run on small inputs, and held against known mistakes."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course_kit.lessons.practice import Verdict
from course_kit.lessons.progress import note
from course_kit.lessons.tasks import TASKS, Task
from course_lib.arguments import refuse

DOTS = "… write your lines in place of the dots and run this cell again"


def check_code(name: str, function: Callable[..., Any]) -> Verdict:
    """Run a student's function on the inputs of a task, and say whether it does what was asked.

    Args:
        name: Name of the task in ``TASKS``.
        function: The student's function; while it returns ``...``, it counts as not yet written.

    Returns:
        A verdict. If a known mistake gives the same as the function for most inputs that it gets wrong, its hint.

    Raises:
        ValueError: If there is no such task, or what came is not a function.
    """
    if name not in TASKS:
        refuse("name", repr(name), "one of " + ", ".join(TASKS))
    if not callable(function):
        refuse("function", type(function).__name__, "the function itself", "hand it over without calling it")
    task = TASKS[name]
    wrong = []
    for inputs in task.cases():
        try:
            given = function(*copy.deepcopy(inputs))
        except Exception as error:  # whatever a student's lines raise
            return Verdict(False, f"✗ your function stopped with {type(error).__name__}: {error}")
        if given is ...:
            return Verdict(False, DOTS)
        if not same(given, task.answer(*inputs)):
            wrong.append((inputs, given))
    if not wrong:
        note("your code", name)
        return Verdict(True, "✓ right")
    return Verdict(False, f"✗ {_hint(task, wrong)}")


def _hint(task: Task, wrong: list[tuple[tuple, Any]]) -> str:
    """The hint of the mistake behind most of the wrong cases; else what came and what was wanted in the first."""
    for hint, mistake in task.mistakes.items():
        if sum(same(given, mistake(*inputs)) for inputs, given in wrong) > len(wrong) / 2:
            return hint
    inputs, given = wrong[0]
    if given is None:
        return "None came back: is a return missing?"
    names = [f"{name} =" for name in inspect.signature(task.answer).parameters]
    lines = [*zip(names, inputs, strict=True), ("yours gives", given), ("wanted is  ", task.answer(*inputs))]
    return "\n".join(["for", *(_line(f"  {label} ", value) for label, value in lines)])


def _line(label: str, value: Any) -> str:
    """A value behind its label; of a table, the rows below each other."""
    if isinstance(value, torch.Tensor) and value.dim() > 1:
        return label + np.array2string(value.detach().numpy(), precision=3, suppress_small=True, prefix=label)
    return label + _shown(value)


def same(first: Any, second: Any) -> bool:
    """Whether two answers are equal up to rounding, be they numbers, tensors, arrays, texts or lists of such."""
    if isinstance(first, str) or isinstance(second, str):
        return first == second
    try:
        pair = [torch.as_tensor(np.asarray(each), dtype=torch.double) for each in (first, second)]
    except (TypeError, ValueError, RuntimeError):
        parts = isinstance(first, list | tuple) and isinstance(second, list | tuple) and len(first) == len(second)
        return parts and all(map(same, first, second))
    return pair[0].shape == pair[1].shape and torch.allclose(*pair, rtol=1e-4, atol=1e-6, equal_nan=True)


def _shown(value: Any) -> str:
    """A value on one line, as short as it can be read."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = np.round(np.asarray(value, dtype=float), 3).tolist()
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shown, value)) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
