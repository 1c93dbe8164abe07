"""Notebooks of nbgrader and Otter become solution notebooks, and solution notebooks become nbgrader's."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import solution_notebooks

from course_kit.cli import main
from course_kit.grading.asking.check import Check
from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.authoring.release import release
from course_kit.grading.platforms.nbgrader import answer
from course_kit.grading.platforms.parts import Part
from course_kit.grading.platforms.template import scaled, solution_notebook
from course_kit.grading.running.notebook_check import PACKED

ROOT = Path(__file__).parents[3]
MEAN = '''def mean(values):
    """The mean."""
    total = 0
    ### BEGIN SOLUTION
    for value in values:
        total += value
    ### END SOLUTION
    return total / len(values)'''
MEAN_TESTS = """import math
some = [1, 2]
assert mean(some) == 1.5
got = mean([4])
assert got == 4
for n in range(3):
    assert mean([n]) == n
### BEGIN HIDDEN TESTS
some = [7, 9]
assert math.isclose(mean(some), 8)
### END HIDDEN TESTS"""


def cell(kind: str, source: str, **nbgrader: Any) -> dict[str, Any]:
    told = {"nbgrader": {"grade": False, "solution": False, "locked": False, "schema_version": 3, **nbgrader}}
    return {"cell_type": kind, "metadata": told if nbgrader else {}, "source": source}


NBGRADER = [
    cell("markdown", "# Homework"),
    cell("code", "import numpy as np"),
    cell("code", MEAN, grade_id="mean", solution=True),
    cell("code", MEAN_TESTS, grade_id="mean_tests", grade=True, points=3),
    cell("code", "x = 3", grade_id="x", solution=True),
    cell("code", "assert x == 3", grade_id="x_test", grade=True, points=1),
    cell("markdown", "The mean is a sum.", grade_id="why", grade=True, solution=True, points=1),
    cell("code", "print('plot')", grade_id="plot", grade=True, solution=True, points=2),
]
OTTER = [
    cell("raw", "# ASSIGNMENT CONFIG\ngenerate: true"),
    cell("code", "%matplotlib inline\nimport numpy as np"),
    cell("raw", "# BEGIN QUESTION\nname: q1\npoints: 4"),
    cell("markdown", "Write `square`."),
    cell("raw", "# BEGIN SOLUTION"),
    cell("code", "def square(x):\n    y = x * x # SOLUTION NO PROMPT\n    return y # SOLUTION"),
    cell("raw", "# END SOLUTION"),
    cell("raw", "# BEGIN TESTS"),
    cell("code", "square(np.ones(2)).sum() == 2"),
    cell(
        "code",
        '""" # BEGIN TEST CONFIG\nhidden: true\n""" # END TEST CONFIG\ndef test_far(square):\n'
        "    assert square(7) == 49\n\ntest_far(square)  # IGNORE",
    ),
    cell("raw", "# END TESTS"),
    cell("raw", "# END QUESTION"),
    cell("raw", "# BEGIN QUESTION\nname: q2\nmanual: true"),
    cell("markdown", "Why?"),
    cell("raw", "# BEGIN PROMPT"),
    cell("markdown", "Because …"),
    cell("raw", "# END PROMPT"),
    cell("raw", "# BEGIN SOLUTION"),
    cell("markdown", "Because of this."),
    cell("raw", "# END SOLUTION"),
    cell("raw", "# END QUESTION"),
]


@pytest.fixture
def converted(tmp_path, capsys) -> Callable[..., tuple[Assignment, list[str]]]:
    """The solution notebook that the command makes of cells, and what it says is not carried over."""

    def convert(cells: list[dict[str, Any]], code: int) -> tuple[Assignment, list[str]]:
        path = tmp_path / "other.ipynb"
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
        assert main(["convert", str(path), str(tmp_path / "a7_mine.ipynb")]) == code
        return read(tmp_path / "a7_mine.ipynb"), capsys.readouterr().err.splitlines()

    return convert


def asked(source: str, called: str, function: Callable) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    return names[called](function, None)


def test_nbgraders_tests_become_cases_and_what_cannot_be_carried_is_said(converted):
    assignment, said = converted(NBGRADER, 1)
    (exercise,) = assignment.exercises.values()
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    assert asked(exercise.probe, "probe", mean) == {"mean_tests 1": 1.5, "mean_tests 2": 4}
    assert asked(exercise.hidden, "hidden", mean) == {"mean_tests 1": 8}
    assert "BEGIN" not in exercise.solution and "total += value" in exercise.solution
    assert "total += value" not in exercise.stub and "raise NotImplementedError" in exercise.stub
    assert "total = 0" in exercise.stub  # what students were given
    assert len(said) == 3
    assert "mean([n])" in said[0] and "inside of a block" in said[0]
    assert "x: no function" in said[1]
    assert "plot: code that a person grades, 2 points" in said[2]
    assert assignment.written == {"why": 25} and exercise.points == 75


def test_otters_questions_become_exercises_with_hidden_cases_and_written_parts(converted):
    assignment, said = converted(OTTER, 0)
    (exercise,) = assignment.exercises.values()
    assert said == []
    assert asked("import numpy as np\n" + exercise.probe, "probe", lambda x: x.sum()) == {"q1 1": 2}
    assert asked(exercise.hidden, "hidden", lambda x: x * x) == {"q1 1": 49}
    assert exercise.solution == "def square(x):\n    y = x * x\n    return y"
    assert "x * x" not in exercise.stub
    assert assignment.setup == "import numpy as np"
    assert (exercise.points, assignment.written) == (80, {"q2": 20})
    assert [one["source"] for one in assignment.cells if "written:q2" in one["metadata"].get("tags", ())] == [
        "Because …"
    ]


def test_points_are_whole_in_proportion_and_add_up():
    assert scaled({0: 1, 1: 1, 2: 1}) == {0: 34, 1: 33, 2: 33}
    assert scaled({0: 0, 1: 0}) == {0: 50, 1: 50}
    assert scaled({0: 0.5, 1: 1.5}) == {0: 25, 1: 75}
    assert scaled({0: 0, 1: 5}) == {0: 1, 1: 99}
    assert sum(scaled({n: n for n in range(17)}).values()) == 100


def test_a_case_is_only_what_a_probe_can_ask():
    """Not a call inside of another, nor one of many, nor one whose input the function itself made."""
    tests = [
        "assert double(double(1)) == 4",
        "assert [double(n) for n in (1, 2)] == [2, 4]",
        "two = double(1)\nthree = two + 1\nassert double(three) == 6",
        "keep = double\nassert double(5) == 10",
        "two = 3\ntwo += 1\nassert double(two) == 8\ndel two",
    ]
    parts = [Part("answer", "def double(x):\n    return 2 * x", "q")]
    parts += [Part("test", source, f"t{n}") for n, source in enumerate(tests)]
    made = solution_notebook(parts)
    (probe,) = [one["source"] for one in made.notebook["cells"] if "probe" in one["metadata"].get("tags", ())]
    assert asked(probe, "probe", lambda x: 2 * x) == {"t2 1": 2, "t3 1": 10, "t4 1": 8}
    assert len(made.left) == 4


def test_what_cannot_be_converted_is_one_line_and_overwrites_nothing(tmp_path, capsys):
    empty = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    plain, variables = tmp_path / "plain.ipynb", tmp_path / "variables.ipynb"
    plain.write_text(json.dumps({**empty, "cells": [cell("code", "1")]}))
    variables.write_text(json.dumps({**empty, "cells": NBGRADER[4:6]}))
    (tmp_path / "broken.ipynb").write_text("{")
    for name, target in (("plain", "x"), ("variables", "x"), ("broken", "x"), ("none", "x"), ("variables", "plain")):
        assert main(["convert", str(tmp_path / f"{name}.ipynb"), str(tmp_path / f"{target}.ipynb")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in errors] == ["course"] * 5
    assert not (tmp_path / "x.ipynb").exists()


def regions(cells: list[dict[str, Any]], what: str) -> Iterator[str]:
    """What nbgrader takes out of each cell for students."""
    for one in cells:
        yield from re.findall(rf"### BEGIN {what}\n(.*?)### END {what}", "".join(one["source"]), re.S)


def test_a_solution_notebook_becomes_one_that_nbgrader_can_hand_out_and_grade(tmp_path):
    hidden = "def hidden(f, rng):\n    return {'a case without a name': f(rng.randn(7))}"
    solution = solution_notebooks.write(tmp_path / "a9_small.ipynb", hidden=hidden)
    assert main(["convert", str(solution), str(tmp_path / "source.ipynb")]) == 0
    cells = json.loads((tmp_path / "source.ipynb").read_text("utf-8"))["cells"]
    told = [one["metadata"]["nbgrader"] for one in cells if "nbgrader" in one["metadata"]]
    assert len({one["grade_id"] for one in told}) == len(told)
    assert sum(one.get("points", 0) for one in told) == 100
    for_students = "\n".join(
        re.sub(r"### BEGIN (.*?)\n.*?### END \1", "", "".join(one["source"]), flags=re.S) for one in cells
    )
    assert "x.max()" not in for_students and "a case without a name" not in for_students
    assert 'def spread(x):\n    """Largest minus smallest."""' in for_students
    assert "def smallest" not in json.dumps(cells)
    loading, *asking = regions(cells, "HIDDEN TESTS")
    assert len(asking) == 3
    (right,) = ["".join(one["source"]) for one in cells if one["metadata"].get("nbgrader", {}).get("solution")]
    assert passed(loading, asking, right) == [True] * 3
    assert passed(loading, asking, "def spread(x):\n    return x.min()") == [False] * 3


def cleared(source: str) -> str:
    """What nbgrader leaves of an answer for students."""
    return re.sub(r"### BEGIN SOLUTION\n.*?### END SOLUTION", "raise NotImplementedError()", source, flags=re.S)


@pytest.mark.parametrize(("file", "name"), [("a6_recommender", "LightGCN"), ("template", "RunningMean")])
def test_a_class_keeps_its_methods_for_students_and_nothing_of_the_solution(file, name):
    """The class is defined as it is handed out, and each of its methods waits to be written."""
    exercise = read(ROOT / f"solutions/{file}.ipynb").exercises[name]
    whole, handed_out = (ast.parse(text) for text in (answer(exercise), cleared(answer(exercise))))
    stub, solution = ast.parse(exercise.stub).body[-1], ast.parse(exercise.solution).body[-1]
    (theirs,) = handed_out.body
    assert ast.get_docstring(theirs) == ast.get_docstring(stub)
    assert [one.name for one in methods(theirs)] == [one.name for one in methods(stub)]
    for mine, given in zip(methods(theirs), methods(stub), strict=True):
        assert ast.unparse(mine.args) == ast.unparse(given.args)
        assert ast.get_docstring(mine) == ast.get_docstring(given)
        assert ast.unparse(mine.body[-1]) == "raise NotImplementedError()"
        assert list(map(ast.unparse, mine.body[:-1])) == list(map(ast.unparse, given.body[:-1]))  # super().__init__()
    bodies = {one.name: ast.unparse(one.body[-1]) for one in methods(solution)}
    assert {one.name: ast.unparse(one.body[-1]) for one in methods(whole.body[-1])} == bodies


def methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [one for one in node.body if isinstance(one, ast.FunctionDef)]


def passed(loading: str, asking: list[str], answer: str) -> list[bool]:
    """Whether each test passes, as nbgrader runs them after the student's cells."""
    names: dict[str, Any] = {}
    exec(f"import numpy as np\n{answer}\n{loading}", names)
    found = []
    for test in asking:
        try:
            exec(test, names)
            found.append(True)
        except AssertionError:
            found.append(False)
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("a*.ipynb")), ids=lambda path: path.stem)
def test_the_answers_of_each_assignment_stay_right_with_their_helpers_inside(path):
    """Held against the checks that students have, which know nothing of how a solution is written."""
    assignment, released = read(path), (ROOT / "assignments" / path.name).read_text("utf-8")
    sources = ["".join(one["source"]) for one in json.loads(released)["cells"]]
    check = Check(next(found[1] for source in sources if (found := PACKED.search(source))))
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("\n".join([assignment.setup, *map(answer, assignment.exercises.values())]), names)
    for name in assignment.exercises:
        report = check.report_in(names, name)
        assert all(report.passed.values()), report


@pytest.mark.slow
def test_a_converted_notebook_is_released_once_it_is_finished(converted, tmp_path):
    converted(NBGRADER, 1)
    path = tmp_path / "a7_mine.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    finished = {
        "mistakes": 'def first(values):\n    """You took one value alone."""\n    return values[0]',
        "probe": "def probe(f, rng):\n    return {'some': f(list(rng.randn(5)))}",
        "hidden": "def hidden(f, rng):\n    return {'many': f(list(rng.randn(50)))}",
    }
    for one in notebook["cells"]:
        part = one["metadata"].get("tags", [""])[0]
        one["source"] = finished.get(part, one["source"])
    path.write_text(json.dumps(notebook))
    assert release(path, tmp_path / "out").exists()
