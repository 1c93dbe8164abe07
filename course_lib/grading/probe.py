"""A probe asks a function: `probe(f, rng) -> {case: value}` calls `f` on inputs drawn from `rng`, once a case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.arguments import refuse

Probe = Callable[[Callable, np.random.RandomState], "dict[str, Any]"]


@dataclass(frozen=True)
class Call:
    """The inputs of one case: given to a probe as `f`, it keeps what it is called with."""

    args: tuple = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def record(cls, *args: Any, **kwargs: Any) -> Call:
        """Stand in for the function that a probe asks."""
        return cls(args, kwargs)

    def __call__(self, function: Callable) -> Any:
        """Ask this function."""
        return function(*self.args, **self.kwargs)

    def named(self, parameters: tuple[str, ...]) -> dict[str, Any]:
        """The inputs by the names that the function's author gave them."""
        return {**dict(zip(parameters, self.args, strict=False)), **self.kwargs}

    def cast(self, kind: str) -> Call:
        """The same inputs with every floating array as `kind`, "float32" or "float64"."""
        return Call(tuple(_cast(v, kind) for v in self.args), {k: _cast(v, kind) for k, v in self.kwargs.items()})


def _cast(value: Any, kind: str) -> Any:
    if hasattr(value, "is_floating_point"):
        import torch

        return value.to(getattr(torch, kind)) if value.is_floating_point() else value
    return value.astype(kind) if hasattr(value, "astype") and value.dtype.kind == "f" else value


def load(source: str) -> Probe:
    """The function `probe` that a source text defines, with the cases of its `hidden` after it if it has one."""
    names: dict[str, Any] = {"hidden": lambda f, rng: {}}
    exec(compile(source, "<probe>", "exec"), names)
    return lambda f, rng: names["probe"](f, rng) | names["hidden"](f, rng)


def generator(seed: str, exercise: str, draw: int) -> np.random.RandomState:
    """Random numbers of one draw: RandomState, because numpy promises that its stream never changes."""
    digest = hashlib.sha256(f"{seed}/{exercise}/{draw}".encode()).digest()
    return np.random.RandomState([int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4)])


def inputs(probe: Probe, seed: str, exercise: str, draw: int) -> dict[str, Call]:
    """Draw the inputs of every case without asking anybody.

    Args:
        probe: The probe.
        seed: What to draw from; another seed, other inputs.
        exercise: Name of the function that the probe asks.
        draw: Number of the draw; draws do not depend on each other.

    Returns:
        Case → its inputs.

    Raises:
        ValueError: If a case of the probe is not a plain call of `f`.
    """
    try:
        cases = probe(Call.record, generator(seed, exercise, draw))
    except Exception as error:
        refuse(f"{exercise}, probe", f"{type(error).__name__}: {error}", "cases that are f(…) alone")
    for case, call in cases.items():
        if not isinstance(call, Call):
            refuse(f"{exercise}, case {case!r}", type(call).__name__, "what f returns, as it is", "write f(…) alone")
    return cases
