"""nbgrader's source notebooks: read as parts, and written from a solution notebook.

Source: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from course_kit.grading.asking.question import pack
from course_kit.grading.authoring.assignment import Assignment, Exercise, definitions, part_of
from course_kit.grading.authoring.release import KERNEL, public_question, secret_question, student_cells
from course_kit.grading.platforms.parts import Marks, Part

SOLUTIONS, TESTS = (Marks(f"BEGIN {what}", f"END {what}") for what in ("SOLUTION", "HIDDEN TESTS"))
SCHEMA = 3  # of nbgrader 0.6 and later
INDENT = "    "
LOADED = "# What grading asks is put here."
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
ASK = "assert exam.digest_in(globals(), {0!r}, {1!r}) == exam.pairs[{0!r}][1].right[{1!r}]"


def is_nbgraders(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Whether cells are a source notebook of nbgrader's."""
    return any("nbgrader" in cell["metadata"] for cell in cells)


def parts_of(cells: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The parts of a source notebook of nbgrader's."""
    for cell in cells:
        yield from _parts(cell["cell_type"], cell["source"], cell["metadata"].get("nbgrader") or {})


def _parts(kind: str, source: str, told: Mapping[str, Any]) -> Iterator[Part]:
    name, points = str(told.get("grade_id") or ""), float(told.get("points") or 0)
    whole, outside, inside = SOLUTIONS.apart(source)
    if told.get("task"):
        yield Part("written", source, name, points)
    elif told.get("solution") and kind != "code":
        yield Part("written", outside if inside else "YOUR ANSWER HERE", name, points)
        yield Part("note", whole, name)
    elif told.get("solution"):
        yield Part("note" if told.get("grade") else "answer", whole, name, points, SOLUTIONS.stub(source))
    elif told.get("grade"):
        _, shown, hidden = TESTS.apart(source)
        yield Part("test", shown, name, points, hidden=hidden)
    else:
        yield Part("code" if kind == "code" else "text", source, name)


def source_notebook(assignment: Assignment, seed: str) -> dict[str, Any]:
    """Write a solution notebook as a source notebook of nbgrader's: an answer for each function, a test for each case.

    The tests are hidden ones and need the course's package where nbgrader grades. They ask what `course grade` asks,
    with inputs of a seed, and hold digests of the right answers.

    Args:
        assignment: The assignment.
        seed: What the tests' inputs are drawn from.

    Returns:
        The notebook.

    Raises:
        ValueError: If an exercise would not grade fairly.
    """
    exercises = assignment.exercises.values()
    checks = pack(public_question(assignment, exercise) for exercise in exercises)
    exam = {exercise.name: secret_question(assignment, exercise, seed) for exercise in exercises}
    cells = []
    for cell in assignment.cells:
        for new in student_cells(cell, assignment, checks):
            name = new["id"].removeprefix("check-")
            cells.append(_told(new, cell, assignment))
            if new["id"] == "checks":
                cells.append(_test("exam", LOADED, _loading(pack(exam.values())), 0))
            elif new["id"] == f"check-{name}":
                cells += _tests(assignment.exercises[name], list(exam[name][0].cases))
    return {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _told(new: dict[str, Any], cell: dict[str, Any], assignment: Assignment) -> dict[str, Any]:
    """A cell that students get, with what nbgrader has to know of it."""
    part = part_of(cell)
    if part == "stub" and new["id"] == cell["id"]:
        exercise = next(one for one in assignment.exercises.values() if one.stub == cell["source"])
        return {**new, "source": answer(exercise), "metadata": _metadata(exercise.name, solution=True)}
    if part == "written":
        name = next(tag for tag in cell["metadata"]["tags"] if tag.startswith("written:")).removeprefix("written:")
        points = assignment.written[name]
        source = f"{cell['source']}\n\n### BEGIN SOLUTION\n### END SOLUTION"
        return {**new, "source": source, "metadata": _metadata(name, solution=True, grade=True, points=points)}
    if new["id"] == "checks":
        return {**new, "metadata": {**new["metadata"], **_metadata("checks", locked=True)}}
    return new


def answer(exercise: Exercise) -> str:
    """A function or class written out, with marks around what nbgrader takes away for students.

    Args:
        exercise: The exercise. What its solution defines beside a function comes to lie inside of it. Of a class,
            students keep the methods that its stub has; what only the solution defines stands between the marks of the
            method before it.
    """
    stub, node = definitions(exercise.stub)[exercise.name], definitions(exercise.solution)[exercise.name]
    beside = [one for one in ast.parse(exercise.solution).body if getattr(one, "name", "") != exercise.name]
    if not isinstance(stub, ast.ClassDef):
        head, indent = _head(exercise.stub, stub, node, 0)
        inside = [textwrap.indent(ast.unparse(one), indent) for one in beside]
        return "\n".join([*head, *_marked([*inside, _body(exercise.solution, node, stub)], indent)])
    given = {one.name: one for one in stub.body if isinstance(one, ast.FunctionDef)}
    first = next(iter(given.values()))
    lines = exercise.stub.splitlines()[: _start(first)]
    own = {one.name: one for one in node.body if getattr(one, "name", "") in given}
    more = [one for one in node.body if getattr(one, "name", "") not in given and not _is_docstring(one)]
    for name, method in given.items():
        head, indent = _head(exercise.stub, method, own[name], _start(method))
        body = [_body(exercise.solution, own[name], method)]
        if method is first:  # where it is called does not matter, but it must not be left outside of the marks
            body += ["", *(textwrap.indent(ast.unparse(one), INDENT) for one in more)] if more else []
        lines += [*head, *_marked(body, indent), ""]
    return "\n".join([*lines[:-2], *(ast.unparse(one) for one in beside), *lines[-2:-1]])


def _start(node: ast.FunctionDef) -> int:
    """The lines above a function and its decorators."""
    return min(one.lineno for one in (node, *node.decorator_list)) - 1


def _head(source: str, stub: ast.FunctionDef, node: ast.FunctionDef, start: int) -> tuple[list[str], str]:
    """What students get of a function: its lines up to the first statement of their own; and its indent."""
    kept = len(stub.body) - len(_statements(stub)) + _given(stub, node)
    end = stub.body[kept - 1].end_lineno if kept else stub.body[0].lineno - 1
    return source.splitlines()[start:end], " " * stub.col_offset + INDENT


def _body(source: str, node: ast.FunctionDef, stub: ast.FunctionDef) -> str:
    """The statements of a function as they stand in its source, without the docstring and what the stub gives."""
    body = _statements(node)[_given(stub, node) :]
    if body[0].lineno > node.lineno:
        return "\n".join(source.splitlines()[body[0].lineno - 1 : body[-1].end_lineno])
    return textwrap.indent(ast.unparse(body), " " * node.col_offset + INDENT)  # all of it on one line


def _given(stub: ast.FunctionDef, node: ast.FunctionDef) -> int:
    """How many statements a stub and its solution begin with alike; one at least is left to the students."""
    pairs = zip(_statements(stub), _statements(node)[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: ast.dump(pair[0]) == ast.dump(pair[1]), pairs))


def _statements(node: ast.FunctionDef) -> list[ast.stmt]:
    """What a function does, without its docstring."""
    return node.body[_is_docstring(node.body[0]) :]


def _marked(lines: Sequence[str], indent: str) -> list[str]:
    return [f"{indent}### BEGIN SOLUTION", *lines, f"{indent}### END SOLUTION"]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _loading(packed: str) -> str:
    return f'from course_kit.grading.asking.check import Check\n\nexam = Check(\n    """\n{packed}\n"""\n)'


def _tests(exercise: Exercise, cases: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A test for each case, which together earn the function's points."""
    each = round(exercise.points / len(cases), 2)
    for number, case in enumerate(cases, 1):
        points = each if number < len(cases) else round(exercise.points - each * (len(cases) - 1), 2)
        comment = f"# {exercise.name}: test {number} of {len(cases)}"
        yield _test(f"{exercise.name}_{number}", comment, ASK.format(exercise.name, case), points)


def _test(name: str, comment: str, hidden: str, points: float) -> dict[str, Any]:
    told = _metadata(name, grade=True, locked=True, points=points)
    cell = {"cell_type": "code", "id": f"test-{name}"[:64], "metadata": told, "execution_count": None, "outputs": []}
    return {**cell, "source": f"{comment}\n{HIDDEN.format(hidden)}"}


def _metadata(name: str, **told: float) -> dict[str, Any]:
    usual = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": SCHEMA}
    return {"nbgrader": {**usual, "grade_id": name, **told}}
