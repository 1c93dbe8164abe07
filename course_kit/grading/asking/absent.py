"""Modules that a notebook imports and that are not here cost nothing but what is done with them.

Otherwise the import would end its cell, which is likely to hold the notebook's other imports, although it worked where
the notebook was written. Google Colab's own helpers, such as `google.colab.drive`, are nowhere else, so nothing is said
of them; of any other module the error is raised at the end of the cell.
"""

from __future__ import annotations

import ast
import contextlib
from importlib.util import find_spec
from typing import Any

COLAB = "google.colab"
HERE = f"__import__({__name__!r}, fromlist=['NOTHING'])"
BIND = "{} = " + HERE + ".NOTHING"
KEEP = f"{HERE}.LATER.append(_not_here)"
RAISE = f"if {HERE}.LATER: raise {HERE}.LATER[0]"
LATER: list[ImportError] = []  # errors of the cell that runs, which are raised at its end


class Nothing(str):
    """An empty text that can be called and has every attribute, as any helper would be that finds and returns none.

    As a decorator, with arguments or without, it leaves a function as it is.
    """

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **how: object) -> Any:
        """Whatever is asked for."""
        decorates = len(arguments) == 1 and not how and callable(arguments[0])
        return arguments[0] if decorates else self

    def __getitem__(self, key: object) -> Nothing:
        return self

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        """Let an error go on."""


NOTHING = Nothing()


class AbsentImports(ast.NodeTransformer):
    """Has imports at the top of a cell bind `NOTHING` where there is no such module.

    Within `try` such an import fails as ever: that is how a notebook asks what is there. A part that is missing of a
    package that is there (which may be withheld) is an error where it stands.
    """

    def visit_Module(self, module: ast.Module) -> ast.Module:
        """A cell."""
        LATER.clear()
        absent = [node for node in module.body if any(_is_absent(name) for name in _modules(node))]
        module.body = [one for node in module.body for one in _optional(node)]
        module.body += [_placed(RAISE, node) for node in absent[:1]]
        return module


def _modules(node: ast.stmt) -> list[str]:
    """Full names of what a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _optional(node: ast.stmt) -> list[ast.stmt]:
    """A statement as it is; an import of what is not here in a `try`, apart from other imports of its line."""
    if isinstance(node, ast.Import) and len(node.names) > 1:
        return [one for alias in node.names for one in _optional(ast.copy_location(ast.Import([alias]), node))]
    names = _modules(node)
    if any(map(_is_colab, names)):
        return [_tried(node, [])]
    return [_tried(node, [KEEP])] if any(map(_is_absent, names)) else [node]


def _is_colab(name: str) -> bool:
    return f"{name}.".startswith(f"{COLAB}.")


def _is_absent(name: str) -> bool:
    """Whether a module, other than Colab's, is of a package that is not here."""
    with contextlib.suppress(ValueError):  # a module of a notebook's own making may be of no kind that Python knows
        return not _is_colab(name) and find_spec(name.partition(".")[0]) is None
    return False


def _tried(node: ast.Import | ast.ImportFrom, otherwise: list[str]) -> ast.Try:
    names = [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]
    instead = "; ".join([*(BIND.format(name) for name in names), *otherwise]) or "pass"
    tried = _placed(f"try: pass\nexcept ImportError as _not_here: {instead}", node)
    tried.body = [node]
    return tried


def _placed(source: str, node: ast.stmt) -> ast.stmt:
    """A statement of ours, in the place of one of the notebook's."""
    (placed,) = ast.parse(source).body
    for one in ast.walk(placed):
        ast.copy_location(one, node)
    return placed
