"""A notebook that was written where there is more than here runs all the same, and can still ask what there is."""

from __future__ import annotations

import ast
import json
import math
import sys
from types import ModuleType
from typing import Any

import pytest

from course_kit.grading.asking.absent import NOTHING, AbsentImports


def ran(source: str) -> dict[str, Any]:
    """What a cell defines."""
    names: dict[str, Any] = {}
    exec(compile(AbsentImports().visit(ast.parse(source)), "a cell", "exec"), names)
    return names


@pytest.mark.parametrize(
    "line",
    [
        "import math, google.colab, json",
        "from google.colab import drive; import math, json",
        "from google.colab import drive, files as f\nimport json, math\ndrive.mount('/content/drive')",
        "from google import colab\nimport json, math",
        "from google.colab import *\nimport json, math",
        "import google.colab.files as f, json, math\nfor name in f.upload().keys():\n    1 / 0",
    ],
)
def test_what_a_cell_imports_beside_colabs_helpers_is_there(line):
    names = ran(line)
    assert (names["math"], names["json"]) == (math, json)


def test_a_notebook_that_asks_where_it_is_gets_the_true_answer():
    asks = "try:\n    import google.colab\n    inside = True\nexcept ImportError:\n    inside = False"
    assert ran(asks)["inside"] is False


def test_in_colab_its_helpers_are_what_they_are(monkeypatch):
    google, colab = ModuleType("google"), ModuleType("google.colab")
    google.colab, colab.drive = colab, math
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert ran("from google.colab import drive")["drive"] is math


HELPERS = {
    "a plot": "import no_plots as sns, math\nwith sns.axes_style('dark'):\n    sns.set_theme()\ndef f(x): return x",
    "a hint": "from no_hints import Float\ndef f(x: Float['u i']) -> Float: return x",
    "a decorator": "from no_compiler import jit\n@jit\ndef f(x): return x",
    "a decorator with arguments": "import no_compiler.cpu as cpu\n@cpu.jit(parallel=True)\ndef f(x): return x",
    "after __future__": "from __future__ import annotations\nimport no_plots\ndef f(x: Nowhere): return x",
}


@pytest.mark.parametrize("source", HELPERS.values(), ids=HELPERS)
def test_a_cell_goes_on_without_a_module_that_is_not_here_and_says_so_at_its_end(source):
    names: dict[str, Any] = {}
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_") as caught:
        exec(compile(AbsentImports().visit(ast.parse(source)), "a cell", "exec"), names)
    line = next(n for n, line in enumerate(source.splitlines()) if " no_" in line)
    assert caught.traceback[1].lineno == line  # which counts from 0
    assert names["f"](3) == 3


@pytest.mark.parametrize("line", ["import scipy.nothing", "from math import nothing", "import course_lib.withheld"])
def test_a_part_that_a_package_lacks_is_an_error_where_it_stands(line):
    with pytest.raises(ImportError) as caught:
        ran(f"\n{line}\nimport no_plots")
    assert caught.traceback[2].lineno == 2 - 1
    ran("from google.colab import drive")  # in the next cell nothing is said of it


def test_a_module_that_the_cell_itself_makes_is_found(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    made = ran(f"open({str(tmp_path / 'of_mine.py')!r}, 'w').write('x = 3')\nimport of_mine")
    assert made["of_mine"].x == 3


def test_nothing_is_an_empty_text_that_takes_any_call():
    assert NOTHING.get("KEY")(1, two=2).more[0] == ""
    assert not hasattr(NOTHING, "__array__")
