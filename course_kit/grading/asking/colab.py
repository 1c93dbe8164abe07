"""Google Colab's own helpers, such as `google.colab.drive`, are nowhere else: importing them costs a notebook nothing.

Otherwise the import would end its cell, which is likely to hold the notebook's other imports, although it worked where
the notebook was written.
"""

from __future__ import annotations

import ast

COLAB = "google.colab"
BIND = "{} = __import__({!r}, fromlist=['NOTHING']).NOTHING"


class Nothing(str):
    """An empty text that can be called and has every attribute, as any helper would be that finds and returns none."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: object, **how: object) -> Nothing:
        """Whatever is asked for."""
        return self


NOTHING = Nothing()


class ColabImports(ast.NodeTransformer):
    """Has imports of Colab's helpers at the top of a cell bind `NOTHING` where there are none.

    Within `try` such an import fails as ever: that is how a notebook asks whether it runs in Colab.
    """

    def visit_Module(self, module: ast.Module) -> ast.Module:
        """A cell."""
        module.body = [one for node in module.body for one in _optional(node)]
        return module


def _optional(node: ast.stmt) -> list[ast.stmt]:
    """A statement as it is; an import of Colab's in a `try`, apart from other imports of its line."""
    if isinstance(node, ast.Import) and any(_is_colab(alias.name) for alias in node.names):
        apart = [ast.copy_location(ast.Import([alias]), node) for alias in node.names]
        return [_tried(one) if _is_colab(one.names[0].name) else one for one in apart]
    if isinstance(node, ast.ImportFrom) and any(_is_colab(f"{node.module}.{alias.name}") for alias in node.names):
        return [_tried(node)]
    return [node]


def _is_colab(name: str) -> bool:
    return f"{name}.".startswith(f"{COLAB}.")


def _tried(node: ast.Import | ast.ImportFrom) -> ast.Try:
    names = [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]
    instead = "; ".join(BIND.format(name, __name__) for name in names) or "pass"
    (tried,) = ast.parse(f"try: pass\nexcept ImportError: {instead}").body
    for one in ast.walk(tried):
        ast.copy_location(one, node)
    tried.body = [node]
    return tried
