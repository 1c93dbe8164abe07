"""A notebook of another grader's as a solution notebook of the course, to be finished by its author."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_kit.grading.authoring.assignment import functions, parameters
from course_kit.grading.authoring.release import KERNEL
from course_kit.grading.platforms.cases import turned
from course_kit.grading.platforms.parts import Part, are_imports, imports, stub_of

ALL = 100  # points of an assignment
UNFINISHED = """# To finish: these inputs are the same for everybody. Draw them from rng, join cases that show the same,
# and name each after its situation, so that no answer can be copied or guessed. docs/instructor.md says how."""
MISTAKE = '''# To finish: a function for each mistake that students make; its docstring is what a tutor would say.
def what_is_wrong({}):
    """To finish: a hint."""
    raise NotImplementedError'''
NO_CASE = """def probe(f, rng):
    return {{"to finish": f({})}}"""


@dataclass(frozen=True)
class Converted:
    """What became of a notebook.

    Args:
        notebook: The solution notebook.
        exercises: Its functions.
        cases: How many cases the tests became.
        left: What could not be carried over, a line each.
    """

    notebook: dict[str, Any]
    exercises: list[str]
    cases: int
    left: list[str]


def solution_notebook(parts: Sequence[Part]) -> Converted:
    """Make a solution notebook of the parts of another one.

    Args:
        parts: The parts, in order.

    Returns:
        The notebook, with what is left to do.

    Raises:
        ValueError: If no part is a function that students write.
    """
    making = _Making(parts)
    for place, part in enumerate(parts):
        making.take(place, part)
    if not making.exercises:
        raise ValueError("it holds no function that students write and tests call, and that is what the course grades")
    if making.left:
        lines = "\n".join(f"- {line}" for line in making.left)
        making.add("markdown", f"**Not carried over**\n\n{lines}", "instructor")
    making.settle_points()
    notebook = {
        "cells": making.cells,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return Converted(notebook, making.exercises, making.cases, making.left)


@dataclass
class _Making:
    """A solution notebook while it is made."""

    parts: Sequence[Part]
    cells: list[dict[str, Any]] = field(default_factory=list)
    points: dict[int, float] = field(default_factory=dict)  # place of a cell → points for it
    exercises: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    cases: int = 0
    is_set_up: bool = False

    def add(self, kind: str, source: str, *tags: str) -> None:
        code = {"execution_count": None, "outputs": []} if kind == "code" else {}
        metadata = {"tags": list(tags)} if tags else {}
        name = f"c{len(self.cells):03}"
        self.cells.append({"cell_type": kind, "id": name, "metadata": metadata, **code, "source": source})

    def take(self, place: int, part: Part) -> None:
        """Make cells of the part at a place."""
        if part.kind == "text":
            self.add("markdown", part.source)
        elif part.kind == "code" and are_imports(part.source):
            self._set_up("\n".join(imports([part.source])))
        elif part.kind == "code":
            self.add("code", part.source)
        elif part.kind == "answer":
            self._set_up()
            self._answer(part, *_group(self.parts, place))
        elif part.kind == "written":
            self._write(part)
        elif part.kind == "note":
            self.add("markdown" if not part.points else "code", part.source, "instructor")
            if part.points:
                self.left.append(f"{part.name}: code that a person grades, {part.points:g} points")

    def settle_points(self) -> None:
        """Scale the points to those of an assignment."""
        for place, points in scaled(self.points).items():
            self.cells[place]["metadata"]["tags"].append(f"points:{points}")

    def _set_up(self, source: str = "") -> None:
        """The imports: what students get, and once what probes need."""
        everything = imports([part.source for part in self.parts if part.kind in ("code", "answer", "test")])
        usual = "\n".join(everything) or "import numpy as np"
        if source or not self.is_set_up:
            self.add("code", source or usual, "setup")
        if not self.is_set_up:
            self.add("code", usual, "tools")
        self.is_set_up = True

    def _answer(self, part: Part, answers: Sequence[Part], tests: Sequence[Part]) -> None:
        tested = [name for name in _functions(part) if any(_calls(test, name) for test in tests)]
        if not tested:
            self.add("code", part.source, "instructor")
            self.left.append(f"{part.name}: no function of it is called by a test; wrap what it asks in a function")
        everything = [name for answer in answers for name in _functions(answer)]
        for name in tested:
            mine = [test for test in tests if _calls(test, name)]
            shares = [test.points / sum(_calls(test, other) for other in everything) for test in mine]
            self._exercise(name, part, mine, part.points / len(tested) or sum(shares))

    def _exercise(self, name: str, part: Part, tests: Sequence[Part], points: float) -> None:
        shown, hidden = (turned(name, tests, hidden) for hidden in (False, True))
        inputs = ", ".join(parameters(functions(part.source)[name]))
        self.points[len(self.cells)] = points
        self.add("code", stub_of(name, part), "stub")
        self.add("code", part.source, "solution")
        self.add("code", MISTAKE.format(inputs), "mistakes")
        self.add("code", f"{UNFINISHED}\n{shown.source('probe') or NO_CASE.format(inputs)}", "probe")
        if hidden.names:
            self.add("code", f"{UNFINISHED}\n{hidden.source('hidden')}", "hidden")
        before = "\n\n".join(filter(None, (text for test in tests for text in (test.source, test.hidden))))
        self.add("code", f"# The tests of {name} as they were.\n{before}", "instructor")
        self.exercises.append(name)
        self.cases += len(shown.names) + len(hidden.names)
        self.left += [f"{name}: {line}" for line in dict.fromkeys([*shown.left, *hidden.left])]
        known = {*_names_in(imports([part.source for part in self.parts])), *_functions(part)}
        if unknown := sorted({*shown.unknown(known), *hidden.unknown(known)}):
            self.left.append(f"{name}: its cases use {', '.join(unknown)}; define that in the cell tagged tools")

    def _write(self, part: Part) -> None:
        name = re.sub(r"\W+", "_", part.name) or "text"
        name = name if name not in self.written else f"{name}_{len(self.written)}"
        self.written.append(name)
        self.points[len(self.cells)] = part.points
        self.add("markdown", part.source, f"written:{name}")


def _group(parts: Sequence[Part], place: int) -> tuple[list[Part], list[Part]]:
    """The answers that share their tests with the one at a place, and the tests: all up to the next answer."""
    first = place
    while any(part.kind == "answer" for part in parts[:first]):
        before = max(number for number, part in enumerate(parts[:first]) if part.kind == "answer")
        if any(part.kind == "test" for part in parts[before:first]):
            break
        first = before
    kinds = [part.kind for part in parts[first:]]
    start = kinds.index("test") if "test" in kinds else len(kinds)
    end = next((number for number, kind in enumerate(kinds) if number > start and kind == "answer"), len(kinds))
    group = parts[first : first + end]
    return [part for part in group if part.kind == "answer"], [part for part in group if part.kind == "test"]


def _functions(part: Part) -> list[str]:
    try:
        return list(functions(part.source))
    except ValueError:  # it is not Python alone
        return []


def _calls(test: Part, function: str) -> bool:
    return bool(re.search(rf"\b{re.escape(function)}\b", f"{test.source}\n{test.hidden}"))


def _names_in(statements: Iterable[str]) -> Iterator[str]:
    """The names that import statements define."""
    for statement in statements:
        for one in ast.parse(statement).body[0].names:
            yield one.asname or one.name.partition(".")[0]


def scaled(points: Mapping[int, float]) -> dict[int, int]:
    """Whole points that add up to those of an assignment, in the given proportions; nobody's are 0.

    Args:
        points: Place → points; where all are 0 they count alike.
    """
    shares = points if any(points.values()) else dict.fromkeys(points, 1.0)
    exact = {place: ALL * share / sum(shares.values()) for place, share in shares.items()}
    whole = {place: int(share) for place, share in exact.items()}
    by_rest = sorted(exact, key=lambda place: whole[place] - exact[place])
    for place in by_rest[: ALL - sum(whole.values())]:
        whole[place] += 1
    for place in [place for place, points in whole.items() if not points]:
        whole[max(whole, key=whole.__getitem__)] -= 1
        whole[place] = 1
    return whole
