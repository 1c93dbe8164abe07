"""The examples in the library's docstrings give what they show, and what a user calls first has one."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "course_lib"
PARTS = {LIBRARY: "course_lib", LIBRARY / "models": "course_lib.models"}
MODULES = sorted(
    package if file.stem == "__init__" else f"{package}.{file.stem}"
    for folder, package in PARTS.items()
    for file in folder.glob("*.py")
    if ">>> " in file.read_text()
)
FIRST_CALLED = [
    *("datasets.load", "graph.split", "graph.InteractionGraph.from_edges", "training.fit", "evaluation.evaluate"),
    *("metrics.top_k", "metrics.recall_at_k", "models.MatrixFactorization", "models.LightGCN", "models.NGCF"),
    *("models.GCN", "models.PinSAGE", "models.TextMean", "models.Popularity", "models.ItemKNN", "models.EASE"),
    *("models.LowPassFilter", "models.SharpenedFilter"),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", FIRST_CALLED)
def test_what_a_user_calls_first_shows_an_example(name):
    module, *path = name.split(".")
    thing = importlib.import_module(f"course_lib.{module}")
    for part in path:
        thing = getattr(thing, part)
    assert doctest.DocTestParser().get_examples(thing.__doc__)
