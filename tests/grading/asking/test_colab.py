"""A notebook that was written in Google Colab runs elsewhere, and can still ask where it is."""

from __future__ import annotations

import ast
import json
import math
import sys
from types import ModuleType
from typing import Any

import pytest

from course_kit.grading.asking.colab import NOTHING, ColabImports


def ran(source: str) -> dict[str, Any]:
    """What a cell defines."""
    names: dict[str, Any] = {}
    exec(compile(ColabImports().visit(ast.parse(source)), "a cell", "exec"), names)
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


def test_any_other_module_that_is_missing_is_an_error_where_it_stands():
    with pytest.raises(ModuleNotFoundError) as caught:
        ran("from google.colab import drive\n\nimport google.colabs")
    assert caught.traceback[-1].lineno == 3 - 1  # which counts from 0


def test_nothing_is_an_empty_text_that_takes_any_call():
    assert NOTHING.get("KEY")(1, two=2).more == ""
    assert not hasattr(NOTHING, "__array__")
