"""Tests of another grader's, statement by statement, as the cases of a probe.

A test calls a function and says what has to come out. A case is the call alone: what comes out, the solution tells.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from course_kit.grading.platforms.parts import Part

NESTED = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
BLOCKS = (ast.For, ast.While, ast.With, ast.Try, ast.If, ast.FunctionDef, ast.ClassDef)
INDENT = "    "


@dataclass
class Cases:
    """What became of the tests of one function.

    Args:
        lines: Statements of a probe that fill the dict `cases`.
        names: Names of the cases.
        left: Tests, or lines of them, that have to be turned by hand.
        lost: Names that stood for what the function returned, which a probe does not see.
    """

    lines: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def source(self, called: str) -> str:
        """The source of a probe; "" if no test could be turned.

        Args:
            called: "probe" or "hidden".
        """
        if not self.names:
            return ""
        body = [f"def {called}(f, rng):", f"{INDENT}cases = {{}}"]
        body += [INDENT + line for lines in self.lines for line in lines.splitlines()]
        return "\n".join([*body, f"{INDENT}return cases"])

    def unknown(self, known: Iterable[str]) -> list[str]:
        """Names that the probe uses and that nothing defines."""
        nodes = [node for line in self.lines for node in ast.walk(ast.parse(line))]
        defined = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        defined |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        defined |= {argument.arg for node in nodes if isinstance(node, ast.arguments) for argument in node.args}
        defined |= {
            one.asname or one.name.partition(".")[0]
            for node in nodes
            for one in getattr(node, "names", ())
            if isinstance(one, ast.alias)
        }
        used = {node.id for node in nodes if isinstance(node, ast.Name)} - {"f", "rng", "cases"}
        return sorted(used - defined - set(known) - set(dir(builtins)))


def turned(function: str, tests: Iterable[Part], hidden: bool) -> Cases:
    """Turn the tests of a function into cases.

    Args:
        function: The function's name.
        tests: The tests, in order.
        hidden: Take the cases that students do not see, and no others.
    """
    found = Cases()
    for test in tests:
        before = len(found.names)
        for source, counts in ((test.source, not hidden), (test.hidden, hidden)):
            for node in _statements(source, test, found):
                _turn(node, function, test.name, counts, found)
        mine = test.hidden if hidden else test.source
        if len(found.names) == before and function in mine and not any(test.name in line for line in found.left):
            found.left.append(f"{test.name}: nothing in it calls {function} as a case would")
    last = max((place for place, line in enumerate(found.lines) if line.startswith("cases[")), default=-1)
    del found.lines[last + 1 :]
    return found


def _statements(source: str, test: Part, found: Cases) -> Iterator[ast.stmt]:
    """The statements of a test, those inside of a test function too."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        found.left.append(f"{test.name}: it is not Python alone")
        return
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield from node.body
        else:
            yield node


def _turn(node: ast.stmt, function: str, test: str, counts: bool, found: Cases) -> None:
    """One statement: it prepares inputs, or holds calls that become cases, or is left to a person."""
    loaded, assigned = _loaded(node), _assigned(node)
    needs_lost = bool(loaded & found.lost)
    if function not in loaded:
        if needs_lost:
            found.lost |= assigned
        elif not _only_says(node):
            found.lost -= assigned
            found.lines.append(ast.unparse(node))
        return
    found.lost |= assigned
    if not counts:
        return
    calls = [] if needs_lost or isinstance(node, BLOCKS) else list(_calls(node, function))
    if not calls:
        where = next(line for line in ast.unparse(node).splitlines() if function in line)
        found.left.append(f"{test}: {where.strip()}{', inside of a block' if isinstance(node, BLOCKS) else ''}")
        return
    for call in dict.fromkeys(calls):
        name = f"{test} {1 + sum(other.startswith(f'{test} ') for other in found.names)}"
        found.names.append(name)
        found.lines.append(f"cases[{name!r}] = {call}")


def _calls(node: ast.AST, function: str) -> Iterator[str]:
    """The calls of a function in a statement, as calls of f; nothing unless each stands for itself."""
    named = [one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == function]
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and one.func in named]
    inside = [one for top in ast.walk(node) if isinstance(top, NESTED) for one in ast.walk(top)]
    inside += [
        one
        for call in calls
        for given in ast.iter_child_nodes(call)
        if given is not call.func
        for one in ast.walk(given)
    ]
    if len(calls) < len(named) or any(call in inside for call in calls):
        return
    for call in calls:
        arguments = [*map(ast.unparse, call.args), *map(ast.unparse, call.keywords)]
        yield f"f({', '.join(arguments)})"


def _loaded(node: ast.stmt) -> set[str]:
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    changed = {node.target.id} if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) else set()
    return changed | {one.id for one in names if isinstance(one.ctx, ast.Load)}


def _assigned(node: ast.stmt) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _only_says(node: ast.stmt) -> bool:
    """Whether a probe does without a statement: an assertion, a text, something printed, compared or deleted."""
    if not isinstance(node, ast.Expr):
        return isinstance(node, ast.Assert | ast.Pass | ast.Delete)
    if not isinstance(node.value, ast.Call):
        return True
    called = ast.unparse(node.value.func).rpartition(".")[2]
    return called.startswith(("assert", "print"))
