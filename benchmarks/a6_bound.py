"""How the bound of assignment A6 was chosen: what right and wrong runs find in twenty of its hidden worlds.

    python benchmarks/a6_bound.py --write
    python benchmarks/a6_bound.py --seeds 3

Trains the assignment's own solution, the same with other settings, and its known mistakes, and asks popularity and
EASE. A run's share is its Recall@20 on the hidden items, divided by that of the tastes the world was drawn from. Prints
the table; --write stores the shares as benchmarks/a6_bound.csv, which a test holds against the bound.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from course_kit.grading.asking.probe import names_in
from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.authoring.versions import versions
from course_lib.graph import InteractionGraph, Split

ROOT = Path(__file__).parent.parent
TABLE = Path(__file__).with_suffix(".csv")
EXERCISE = "train_lightgcn"
MODEL = "model = LightGCN(train, dim=32, num_layers=3)"
SETTINGS = {"step size 0.05": ("lr=0.02", "lr=0.05")}  # a right run's name → what it changes in the solution
HARMLESS = {  # mistakes that no bound on recall finds here
    "negatives may be hers": ("while has[users, neg].any()", "while False"),
    "last layer only": (
        MODEL,
        f"{MODEL}\n    last = lambda: model.layer(model.layer(model.layer(model.table)))"
        "\n    model.embed = lambda: last().split([train.num_users, train.num_items])",
    ),
}
Run = Callable[[Split, int], Any]


def assignment() -> Assignment:
    """The assignment, as it stands."""
    return read(ROOT / "solutions/a6_recommender.ipynb")


def world_of(source: Assignment) -> SimpleNamespace:
    """What the exercise's probe defines: how a world is drawn, and its bound."""
    return SimpleNamespace(**names_in(source.probe_source(source.exercises[EXERCISE])))


def runs(source: Assignment) -> dict[str, Run]:
    """The solution, the same with each change, and the known mistakes, each a training function."""
    exercise = source.exercises[EXERCISE]
    written = versions(source, exercise)
    found: dict[str, Run] = {"the solution": written.solution}
    for name, (old, new) in {**SETTINGS, **HARMLESS}.items():
        if old not in exercise.solution:
            raise ValueError(f"{name}: got {old!r}, wanted what stands in the solution")
        changed = exercise.solution.replace(old, new)
        names: dict[str, Any] = dict(written.solution.__globals__)
        exec(changed, names)
        found[name] = names[EXERCISE]
    return found | {name.replace("_", " "): mistake for name, mistake in written.mistakes.items()}


def shares(source: Assignment, some: dict[str, Run], seed: int) -> Iterator[tuple[str, float, float]]:
    """Name, Recall@20 and share of each run, and of the closed forms, in one world."""
    world = world_of(source)
    chance, (train, val, test) = world.draw_world(np.random.RandomState(seed))
    size, nothing = (world.USERS, world.ITEMS), torch.empty(2, 0, dtype=torch.long)
    parts = Split(*(InteractionGraph(*size, *ends) for ends in (world.ends_of(train), world.ends_of(val), nothing)))
    best = world.mean_recall(chance, train, val, test)
    scores = {name: _scores(run(parts, seed)) for name, run in some.items()}
    ease = versions(source, source.exercises["ease"]).solution
    scores |= {f"EASE, ridge {ridge:g}": ease(parts.train, ridge).numpy() for ridge in (100.0, 300.0)}
    scores["popularity"] = np.tile(parts.train.item_degree.numpy(), (world.USERS, 1))
    for name, table in scores.items():
        found = world.mean_recall(table, train, val, test)
        yield name, found, found / best


def _scores(model: Any) -> np.ndarray:
    users, items = model.embed()
    return (users @ items.T).detach().numpy()


def measure(seeds: range) -> pd.DataFrame:
    """Recall and share of every run in every world."""
    source = assignment()
    some = runs(source)
    rows = [(seed, *row) for seed in tqdm(seeds, unit="world") for row in shares(source, some, seed)]
    return pd.DataFrame(rows, columns=["world", "run", "recall@20", "share"])


def summary(table: pd.DataFrame, bound: float) -> pd.DataFrame:
    """One row per run: mean, spread, range and how often it passes."""
    by_run = table.groupby("run", sort=False)["share"]
    columns = {
        "recall@20": table.groupby("run", sort=False)["recall@20"].mean(),
        "share": by_run.mean(),
        "sd": by_run.std(),
        "lowest": by_run.min(),
        "highest": by_run.max(),
    }
    return pd.DataFrame(columns).round(3).assign(passes=by_run.apply(lambda share: int((share >= bound).sum())))


def main() -> None:
    """Measure, print, and store if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="number of worlds")
    parser.add_argument("--write", action="store_true", help="store the table")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table = measure(range(arguments.seeds))
    print(summary(table, world_of(assignment()).SHARE).to_string())
    if arguments.write:
        table.round(4).to_csv(TABLE, index=False)


if __name__ == "__main__":
    main()
