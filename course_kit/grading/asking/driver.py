"""A driver asks what no single call can: `ask(f, …)` builds a class, calls a returned model, reads a figure.

It stands in a probe's source and runs where the student's code runs. So only the driver goes there, with the names that
it uses, and nothing else of that source.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from functools import cache

from course_lib.arguments import refuse

ASK, DRIVER = "ask", "<ask "  # its name, and how the place begins that an error in it names
ELSEWHERE = frozenset({"probe", "hidden", "judge"})  # what must never come near a student's code


@cache
def driver_in(source: str) -> str:
    """What a driver needs of a probe's source, itself included; "" if there is no driver.

    Raises:
        ValueError: If it needs the probe, or what judges answers.
    """
    tree = ast.parse(source).body
    kept: list[ast.stmt] = []
    wanted = {ASK}
    while found := [node for node in tree if node not in kept and wanted.intersection(_defined(node))]:
        kept += found
        wanted |= {node.id for one in found for node in ast.walk(one) if isinstance(node, ast.Name)}
    if refused := ELSEWHERE.intersection(name for node in kept for name in _defined(node)):
        refuse(
            "ask", f"a driver that uses {', '.join(sorted(refused))}", "one that runs without: a student can read it"
        )
    return "\n\n\n".join(ast.unparse(node) for node in tree if node in kept)


def _defined(node: ast.stmt) -> Iterator[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name.partition(".")[0] for one in node.names)
    else:
        yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))


@cache
def driver(source: str) -> Callable:
    """The function `ask` that a source text defines; its lines can be shown where it stops."""
    place = f"{DRIVER}{hash(source)}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    names: dict[str, object] = {"__name__": "ask"}
    exec(compile(source, place, "exec"), names)
    return names[ASK]


def parameters(source: str) -> tuple[str, ...]:
    """Names of a driver's parameters after the first, which is what the student wrote."""
    return tuple(inspect.signature(driver(source)).parameters)[1:]


def asked(source: str) -> str:
    """The driver alone, for a student to read how an answer is asked for."""
    return next(ast.unparse(node) for node in ast.parse(source).body if ASK in _defined(node))
