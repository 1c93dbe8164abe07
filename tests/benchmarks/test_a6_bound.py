"""The bound of A6 on hidden data: as the text states it, as the stored table shows it, and in a few worlds anew."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("a6_bound", ROOT / "benchmarks/a6_bound.py")
a6_bound = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(a6_bound)
SOURCE = a6_bound.assignment()
WORLD = a6_bound.world_of(SOURCE)
MISTAKES = [name.replace("_", " ") for name in SOURCE.exercises[a6_bound.EXERCISE].hints]


@pytest.fixture(scope="module")
def stored():
    return a6_bound.summary(pd.read_csv(a6_bound.TABLE), WORLD.SHARE)


def test_the_text_states_the_bound_and_the_world_that_are_asked():
    text = SOURCE.exercises[a6_bound.EXERCISE].text
    assert re.findall(r"\*\*(\d+) %\*\*", text) == [f"{100 * WORLD.SHARE:.0f}"]
    assert f"{WORLD.USERS} users with tastes and {WORLD.ITEMS} items" in text
    assert WORLD.KEPT == (6, 2, 4)
    assert "6 items of each user to train on and 2 to validate on" in text
    assert "Four more items of each user" in text


def test_in_the_stored_table_what_is_right_passes_with_room_and_mistakes_fail_with_room(stored):
    right, wrong = stored.loc[["the solution", *a6_bound.SETTINGS]], stored.loc[[*MISTAKES, "popularity"]]
    assert (right["passes"] == 20).all()
    assert (right["share"] - 2 * right["sd"] > WORLD.SHARE).all()
    assert (wrong["share"] + 2 * wrong["sd"] < WORLD.SHARE).all()
    assert (wrong["passes"] == 0).all()


@pytest.mark.slow
def test_three_worlds_trained_anew_agree_with_the_table(stored):
    runs = {name: run for name, run in a6_bound.runs(SOURCE).items() if name in ("the solution", "no graph")}
    anew = [row for seed in range(100, 103) for row in a6_bound.shares(SOURCE, runs, seed)]
    for name, _, share in anew:
        # five spreads of one world: another processor moves a run far less
        assert abs(share - stored.loc[name, "share"]) < 5 * stored.loc[name, "sd"], name
