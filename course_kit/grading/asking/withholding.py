"""Take away the modules that are not there in grading, so that a check says today what would lose points later."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Iterator, MutableMapping
from types import ModuleType
from typing import Any


def withhold(modules: Collection[str]) -> None:
    """Make modules impossible to import from now on, in a kernel that has not imported them yet."""
    sys.modules.update(dict.fromkeys(modules))


@contextlib.contextmanager
def withheld(modules: Collection[str], names: MutableMapping[str, Any]) -> Iterator[dict[str, str]]:
    """Take modules away, and what a notebook has from them, until the block ends.

    Args:
        modules: Full names of the modules.
        names: What the notebook has defined; it is as before after the block.

    Yields:
        Names that are missing within the block → the module that each of them comes from.
    """
    inside = tuple(f"{module}." for module in modules)
    packages = {name.partition(".")[0] for name in modules}  # a notebook's kernel has thousands of modules of others
    siblings = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages}
    gone = {name for name in siblings if name.startswith(inside)} | set(modules)
    gone |= {name for name, module in siblings.items() if _leans_on(name, module, gone)}
    loaded = {name: sys.modules[name] for name in gone if name in sys.modules}
    hidden = {name: value for name, value in names.items() if _origin(value) in gone}
    places = {name: name.rpartition(".") for name in gone}
    attributes = [
        (sys.modules[parent], child, vars(sys.modules[parent])[child])
        for parent, _, child in places.values()
        if child in vars(sys.modules.get(parent, sys))
    ]
    try:
        sys.modules.update(dict.fromkeys(gone))
        for name in hidden:
            del names[name]
        for parent, child, _ in attributes:
            delattr(parent, child)
        yield {
            **{child: name for name, (_, _, child) in places.items()},
            **{name: name for name in gone},
            **{name: _origin(value) for name, value in hidden.items()},
        }
    finally:
        for name in gone:
            sys.modules.pop(name, None)
        sys.modules.update(loaded)
        names.update(hidden)
        for parent, child, value in attributes:
            setattr(parent, child, value)


def _leans_on(name: str, module: ModuleType | None, gone: set[str]) -> bool:
    """Whether a module holds something of a module that is gone, and so cannot be imported; its own package may."""
    if module is None or any(other.startswith(f"{name}.") for other in gone):
        return False
    return any(_origin(value) in gone for value in list(vars(module).values()))


def _origin(value: Any) -> str:
    """Name of the module that a value is or comes from; "" where it does not say."""
    if isinstance(value, ModuleType):
        return value.__name__
    with contextlib.suppress(Exception):
        origin = getattr(value, "__module__", "")
        return origin if isinstance(origin, str) else ""
    return ""
