"""A probe asks a function: `probe(f, rng) -> {case: value}` calls `f` on inputs drawn from `rng`.

A case is one call of `f`, or a list of calls: then its answer is the list of their answers, compared as one. Where the
source defines a driver as well, see `driver`, each call of `f` is one of the driver.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from types import CodeType
from typing import Any

import numpy as np

from course_kit.grading.asking.driver import driver, driver_in, parameters
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

    @property
    def each(self) -> tuple[Call, ...]:
        """The calls of the case: this one alone."""
        return (self,)

    def __call__(self, function: Callable) -> Any:
        """Ask this function."""
        return function(*self.args, **self.kwargs)

    def named(self, parameters: tuple[str, ...]) -> dict[str, Any]:
        """The inputs by the names that the function's author gave them."""
        return {**dict(zip(parameters, self.args, strict=False)), **self.kwargs}

    def changed(self, change: Callable[[Any], Any]) -> Call:
        """The same call with every input changed by a function."""
        kwargs = {name: change(value) for name, value in self.kwargs.items()}
        return replace(self, args=tuple(map(change, self.args)), kwargs=kwargs)

    def cast(self, kind: str) -> Call:
        """The same inputs with every floating array as `kind`, "float32" or "float64"."""
        return self.changed(partial(_cast, kind=kind))


@dataclass(frozen=True)
class Driven(Call):
    """The inputs of one case that a driver asks; used like a `Call`.

    Args:
        driver: Source text that defines `ask`.
    """

    driver: str = ""

    def __call__(self, function: Callable) -> Any:
        """Ask this function, or class, by the driver."""
        return driver(self.driver)(function, *self.args, **self.kwargs)

    def named(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The inputs by the names that the driver gives them."""
        return super().named(parameters(self.driver))


@dataclass(frozen=True)
class Calls:
    """The inputs of a case that is a list of calls; used like a `Call`."""

    each: tuple[Call, ...]

    def __call__(self, function: Callable) -> list[Any]:
        """Ask this function once per call."""
        return [call(function) for call in self.each]

    def named(self, parameters: tuple[str, ...]) -> list[dict[str, Any]]:
        """The inputs of each call by the names that the function's author gave them."""
        return [call.named(parameters) for call in self.each]

    def changed(self, change: Callable[[Any], Any]) -> Calls:
        """The same calls with every input changed by a function."""
        return Calls(tuple(call.changed(change) for call in self.each))

    def cast(self, kind: str) -> Calls:
        """The same inputs with every floating array as `kind`, "float32" or "float64"."""
        return self.changed(partial(_cast, kind=kind))


def _cast(value: Any, kind: str) -> Any:
    if hasattr(value, "state_dict"):  # a model
        import torch

        return copy.deepcopy(value).to(getattr(torch, kind))
    if hasattr(value, "is_floating_point"):
        import torch

        return value.to(getattr(torch, kind)) if value.is_floating_point() else value
    return value.astype(kind) if getattr(getattr(value, "dtype", None), "kind", "") == "f" else value


def probe_in(source: str) -> Probe:
    """The function `probe` that a source text defines, with the cases of its `hidden` after it if it has one."""
    names = names_in(source)

    def probe(f: Callable, rng: np.random.RandomState) -> dict[str, Any]:
        cases = names["probe"](f, rng) | names["hidden"](f, rng)
        return {case: _driven(given, source) for case, given in cases.items()} if "ask" in names else cases

    return probe


def names_in(source: str) -> dict[str, Any]:
    """What the source of a probe defines."""
    names: dict[str, Any] = {"hidden": lambda f, rng: {}}
    exec(_compiled(source), names)
    return names


def _driven(given: Any, source: str) -> Any:
    """A recorded call as one that the source's driver asks."""
    if isinstance(given, Call):
        return Driven(given.args, given.kwargs, driver_in(source))
    return [_driven(call, source) for call in given] if isinstance(given, list) else given


@cache
def _compiled(source: str) -> CodeType:
    """Compiled once, though every case of a check runs it anew: that takes as long as many an answer."""
    return compile(source, "<probe>", "exec")


def generator(seed: str, exercise: str, draw: int) -> np.random.RandomState:
    """Random numbers of one draw: RandomState, because numpy promises that its stream never changes."""
    digest = hashlib.sha256(f"{seed}/{exercise}/{draw}".encode()).digest()
    return np.random.RandomState([int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4)])


def inputs(probe: Probe, seed: str, exercise: str, draw: int) -> dict[str, Call | Calls]:
    """Draw the inputs of every case without asking anybody.

    Args:
        probe: The probe.
        seed: What to draw from; another seed, other inputs.
        exercise: Name of the function that the probe asks.
        draw: Number of the draw; draws do not depend on each other.

    Returns:
        Case → its inputs.

    Raises:
        ValueError: If a case of the probe is not a plain call of `f` or a list of such.
    """
    try:
        cases = probe(Call.record, generator(seed, exercise, draw))
    except Exception as error:
        refuse(f"{exercise}, probe", f"{type(error).__name__}: {error}", "cases that are f(…) alone")
    return {case: _asked(f"{exercise}, case {case!r}", given) for case, given in cases.items()}


def _asked(where: str, given: Any) -> Call | Calls:
    if isinstance(given, Call):
        return given
    if isinstance(given, list) and given and all(isinstance(call, Call) for call in given):
        return Calls(tuple(given))
    refuse(where, type(given).__name__, "what f returns, as it is, or a list of that", "write f(…) alone")
