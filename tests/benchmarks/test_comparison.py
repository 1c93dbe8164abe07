"""The comparison: one data set can be run again without the others, and a run is read at the right epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from course_lib.comparison import split_of
from course_lib.evaluation import evaluate
from course_lib.models import LightGCN, MatrixFactorization
from course_lib.training import fit, recipe_for


@pytest.fixture
def comparison(script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    module = script("comparison")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


@pytest.fixture
def rows(comparison: ModuleType) -> pd.DataFrame:
    table = pd.DataFrame(
        {"dataset": ["lastfm", "movielens-100k"], "model": "EASE", "seed": 0, "recall@20": [0.25, 0.4]}
    )
    comparison.store("comparison", table)
    return table


def test_one_data_set_again_leaves_the_rows_of_the_others(comparison, rows, tmp_path):
    again = rows[rows["dataset"] == "lastfm"].assign(**{"recall@20": 0.3})
    comparison.store("comparison", again)
    stored = pd.read_csv(tmp_path / "comparison.csv").set_index("dataset")["recall@20"]
    assert stored.to_dict() == {"movielens-100k": 0.4, "lastfm": 0.3}


def test_data_sets_stand_in_one_order_whichever_came_last(comparison, rows, tmp_path):
    comparison.store("comparison", rows[::-1])
    assert list(pd.read_csv(tmp_path / "comparison.csv")["dataset"]) == ["movielens-100k", "lastfm"]


def test_the_best_epoch_by_validation_is_the_one_that_fit_keeps(comparison, monkeypatch):
    parts = split_of("campus", 0)
    recipe = replace(recipe_for("MatrixFactorization", "campus"), epochs=4)
    monkeypatch.setattr(comparison, "recipe_for", lambda *_: recipe)
    found = comparison.ends(parts, "campus", 0)
    model = MatrixFactorization(parts.train)
    fit(model, parts, recipe, progress=False)
    assert found["MF, best on validation"] == evaluate(model, parts)["recall@20"]
    diffused = LightGCN(parts.train, num_layers=2)
    diffused.load_state_dict(model.state_dict())
    assert found["MF, diffused"] == evaluate(diffused, parts)["recall@20"]
    assert found["MF, best on test"] >= found["MF, best on validation"]
