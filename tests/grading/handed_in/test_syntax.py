"""What can be told of source without running it."""

from __future__ import annotations

import tracemalloc

import pytest

from course_kit.grading.handed_in.syntax import LONGEST, functions, named_modules, parsed


def test_the_last_definition_counts_and_cells_that_are_no_python_are_passed_over():
    found = functions(
        ["def f(x):\n    return 1", "def f(:", "%matplotlib inline\n!ls\ndef g(): pass", "def f(y): return 2"]
    )
    assert {name: node.args.args[:1] and node.args.args[0].arg for name, node in found.items()} == {"f": "y", "g": []}


LINES = {
    "IPython's": "%matplotlib inline\n!ls\n?f\nf?\nos.path.join??\nfiles = !ls\nspent = %timeit -o f(1)\n{}",
    "a cell of IPython's": "%%time\n{}",
    "that begin with an operator": "{}\nrest = (\n    1\n    % 2\n)\nwords = '''\n!\n'''",
    "of Windows": "%matplotlib inline\r\n{}",
}


@pytest.mark.parametrize("lines", LINES)
def test_a_function_is_found_beside_lines_(lines):
    source = LINES[lines].format("def f(x):\n    return x")
    assert functions([source.replace("\n", "\r\n") if "\r" in source else source]).keys() == {"f"}


@pytest.mark.parametrize(
    "source",
    [
        "import course_lib.metrics as m",
        "from course_lib import graph, metrics",
        "def f():\n    from course_lib.metrics import recall_at_k",
        "__import__('course_lib.metrics')",
        "import importlib; importlib.import_module('course_lib.metrics.top')",
    ],
)
def test_a_withheld_module_is_found_however_it_is_imported(source):
    assert named_modules([source], ["course_lib.metrics", "course_lib.losses"]) == ["course_lib.metrics"]


@pytest.mark.parametrize(
    "source", ["import course_lib", "from course_kit.grading.asking.check import Check", "metrics = 1"]
)
def test_other_modules_are_not(source):
    assert named_modules([source], ["course_lib.metrics"]) == []


@pytest.mark.parametrize(
    "source",
    [
        *("1+" * (LONGEST // 2 - 1) + "1", "-" * 90_000 + "1", "(" * 9000, "\x00", "f" + "()" * 40_000, "'" * 99),
        *("\ud800", " " * 99_000 + "?x", "x" * 99_000 + "?", "x, " * 33_000 + "=!"),
    ],
)
def test_hostile_source_is_passed_over(source):
    assert functions([source, "def f(): pass"]).keys() == {"f"}
    assert named_modules([source], ["course_lib.metrics"]) == []


def test_long_names_take_little_memory():
    source = f"from {'a' * 20_000} import " + ",".join(f"b{number}" for number in range(8_000))
    tracemalloc.start()
    assert named_modules([source], ["course_lib.metrics"]) == []
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40_000_000  # where each name is kept whole, 160 MB


def test_a_cell_so_long_that_its_nesting_could_end_python_is_not_looked_at():
    assert parsed("x\n" * 50_000) is not None
    assert parsed("x\n" * 50_001) is None
