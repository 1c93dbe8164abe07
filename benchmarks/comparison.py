"""The long runs behind notebook 06: every contestant on five splits, and fewer and fewer training edges.

    python benchmarks/comparison.py            # about ten minutes on one core; `make results` does the same

Writes notebooks/results/comparison.csv and thinning.csv. The recipes are the shipped ones, chosen on other splits by
benchmarks/tune.py; the test edges of these splits are looked at once, here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from course_lib.comparison import SETTINGS, contestants, split_of
from course_lib.evaluation import evaluate, run_seeds
from course_lib.graph import Split
from course_lib.training import fit

RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results"
SEEDS = range(5)
SHARES = (1.0, 0.6, 0.4, 0.2, 0.1)
THINNED_MODELS = ("Popularity", "EASE", "MatrixFactorization", "LightGCN")


def comparison() -> pd.DataFrame:
    """All contestants on both data sets: one row a run."""
    tables = []
    for dataset in SETTINGS:
        builders, recipes = contestants(dataset)
        runs = run_seeds(builders, lambda seed, dataset=dataset: split_of(dataset, seed), recipes, SEEDS)
        tables.append(runs[["recall@20", "ndcg@20", "seconds"]].assign(dataset=dataset).reset_index())
    return pd.concat(tables)[["dataset", "model", "seed", "recall@20", "ndcg@20", "seconds"]]


def better_on_validation(name: str, parts: Split, seed: int) -> float:
    """Test recall of a model with the settings of one data set or the other, whichever validates better."""
    tried = []
    for dataset in SETTINGS:
        builders, recipes = contestants(dataset)
        model = builders[name](parts.train, seed)
        if name in recipes:
            fit(model, parts, replace(recipes[name], seed=seed), progress=False)
        tried.append((evaluate(model, parts, on="val")["recall@20"], model))
    best = max(tried, key=lambda pair: pair[0])[1]
    return evaluate(best, parts)["recall@20"]


def thinning() -> pd.DataFrame:
    """Recall where only a share of every user's training edges is left: one row a run."""
    runs = [(share, name, seed) for share in SHARES for name in THINNED_MODELS for seed in SEEDS]
    rows = []
    for share, name, seed in tqdm(runs, unit="run", desc="thinning"):
        parts = split_of("movielens-100k", seed)
        parts = replace(parts, train=parts.train.subsample(share, seed))
        edges = parts.train.num_edges / parts.train.num_users
        rows.append((share, edges, name, seed, better_on_validation(name, parts, seed)))
    return pd.DataFrame(rows, columns=["share", "edges a user", "model", "seed", "recall@20"])


def main() -> None:
    """Run both and write them down."""
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    for name, run in (("comparison", comparison), ("thinning", thinning)):
        run().to_csv(RESULTS / f"{name}.csv", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
