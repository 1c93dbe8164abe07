"""What the source of a submission says without being run."""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence

LONGEST = 100_000  # characters of a cell that is looked at: deeper nests than fit in here end Python 3.10 itself
LONGEST_NAME = 200  # characters of a module's name that go before each name imported from it
MAGIC = re.compile(r"^([ \t]*)([%!?].*|\w[\w.]*\?{1,2}[ \t]*|\w[\w, ]*=[ \t]*[%!].*)$", re.MULTILINE)


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a cell, lines for IPython left out if there are any; None if it is no Python."""
    if len(source) > LONGEST:
        return None
    for text in (source, MAGIC.sub(r"\1pass", source)):  # a line of Python may begin with "%", too
        with warnings.catch_warnings(), contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            warnings.simplefilter("ignore")
            return ast.parse(text)
    return None


def trees(sources: Iterable[str]) -> Iterator[ast.Module]:
    """The syntax tree of every cell that is Python."""
    return (tree for source in sources if (tree := parsed(source)))


def functions(sources: Iterable[str]) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """Functions and classes defined at the top of cells: name → the last definition."""
    kinds = ast.FunctionDef | ast.ClassDef
    found = (node for tree in trees(sources) for node in tree.body if isinstance(node, kinds))
    return {node.name: node for node in found}


def bound(sources: Iterable[str]) -> set[str]:
    """Names that cells bind outside of functions and classes: by `def`, by an import or by an assignment."""
    names: set[str] = set()
    for tree in trees(sources):
        left: list[ast.AST] = [tree]
        while left:
            node = left.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.alias):
                names.add(node.asname or node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            else:
                left += ast.iter_child_nodes(node)
    return names


def named_modules(sources: Iterable[str], modules: Sequence[str]) -> list[str]:
    """Which of these modules the source imports, or names in a text as `__import__` would want it."""
    named: set[str] = set()
    for tree in trees(sources):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                named.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = (node.module or "")[:LONGEST_NAME]
                named.update({start, *(f"{start}.{alias.name}" for alias in node.names)})
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
    return [module for module in modules if any(f"{name}.".startswith(f"{module}.") for name in named)]
