"""The long runs behind notebooks 02 and 06: every contestant, its losses, and fewer and fewer training edges.

    python benchmarks/comparison.py            # about half an hour on one core; `make results` does the same
    python benchmarks/comparison.py --only thinning   # one of the tables
    python benchmarks/comparison.py --data lastfm "lastfm thinned"   # the rows of some data sets, the others stay

Writes comparison.csv, softmax.csv, signs.csv, sizes.csv, shallow.csv, thinning.csv and losses.csv into
notebooks/results. All settings were chosen on other splits by benchmarks/tune.py; the test edges of these splits are
looked at once, here, except where shallow.csv shows what it brings to look more often.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from course_lib.comparison import build, contestants, split_of
from course_lib.evaluation import evaluate, run_seeds
from course_lib.graph import Split
from course_lib.models import LightGCN, SharpenedFilter
from course_lib.training import RECIPES, fit, recipe_for

RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results"
SEEDS = range(5)
DATASETS = ("movielens-100k", "movielens-100k thinned", "lastfm", "lastfm thinned")
COLUMNS = ["dataset", "model", "seed", "recall@20", "ndcg@20", "seconds"]
SHARES = (1.0, 0.6, 0.4, 0.2, 0.1)
# Each share of the edges has settings of its own: the best mean validation recall@20 over three other splits, by
# `benchmarks/tune.py MODEL movielens-100k --keep SHARE --halve`, where --lr 0.01 0.02 0.05 and a --weight-decay from
# 0.003 to 0.1 (from 0.02 to 0.8 for a tenth) were given. Those of all edges and of a fifth are the shipped ones.
# On the edge of that grid lie the step of 0.01 of matrix factorisation at three shares, the step of 0.05 of LightGCN
# at 0.4 and at 0.1, and its weight decay at 0.6.
TUNED = {
    "EASE": [{"ridge": ridge} for ridge in (300.0, 200.0, 500.0, 10_000.0, 3000.0)],
    "MatrixFactorization": [
        {"lr": lr, "weight_decay": decay}
        for lr, decay in ((0.01, 0.02), (0.01, 0.05), (0.01, 0.05), (0.02, 0.1), (0.01, 0.4))
    ],
    "LightGCN": [
        {"lr": lr, "weight_decay": decay}
        for lr, decay in ((0.02, 0.001), (0.02, 0.003), (0.05, 0.01), (0.05, 0.02), (0.05, 0.2))
    ],
}
SETTING = {(name, share): setting for name, row in TUNED.items() for share, setting in zip(SHARES, row, strict=True)}


def comparison(datasets: Sequence[str]) -> pd.DataFrame:
    """All contestants on some data sets, trained with BPR: one row per run."""
    return contest(datasets, "bpr")


def softmax(datasets: Sequence[str]) -> pd.DataFrame:
    """Those that were tuned for the softmax over all items, trained with it: one row per run."""
    tuned = {dataset for _, dataset, loss in RECIPES if loss == "softmax"}
    return contest([name for name in datasets if name in tuned], "softmax", trained_only=True)


def contest(datasets: Sequence[str], loss: str, trained_only: bool = False) -> pd.DataFrame:
    """Five splits of every data set, the same for every contestant."""
    tables = []
    for dataset in datasets:
        builders, recipes = contestants(dataset, loss)
        some = {name: builders[name] for name in (recipes if trained_only else builders)}
        runs = run_seeds(some, lambda seed, dataset=dataset: split_of(dataset, seed), recipes, SEEDS)
        tables.append(runs[["recall@20", "ndcg@20", "seconds"]].assign(dataset=dataset).reset_index())
    return pd.concat(tables)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def signs(datasets: Sequence[str]) -> pd.DataFrame:
    """The filter R_u (P + c P²) with a second blur of either sign: one row per run."""
    runs = [(dataset, c, seed) for dataset in datasets for c in (-0.5, 0.5) for seed in SEEDS]
    rows = []
    for dataset, c, seed in tqdm(runs, unit="run", desc="signs"):
        parts = split_of(dataset, seed)
        rows.append((dataset, c, seed, evaluate(SharpenedFilter(parts.train, (1.0, c), 1, 0.0), parts)["recall@20"]))
    return pd.DataFrame(rows, columns=["dataset", "c", "seed", "recall@20"])


def sizes(datasets: Sequence[str]) -> pd.DataFrame:
    """How large each data set is, and how many training edges the user in the middle has on the first split."""
    rows = []
    for dataset in datasets:
        train = split_of(dataset, SEEDS[0]).train
        rows.append((dataset, train.num_users, train.num_items, train.num_edges, train.user_degree.median().item()))
    return pd.DataFrame(rows, columns=["dataset", "users", "items", "training edges", "median of a user"])


def shallow(datasets: Sequence[str]) -> pd.DataFrame:
    """What a run of matrix factorisation gives, depending on who chooses the epoch, and with two layers put on it."""
    runs = [(dataset, seed) for dataset in datasets for seed in SEEDS]
    rows = []
    for dataset, seed in tqdm(runs, unit="run", desc="shallow"):
        rows += [(dataset, name, seed, recall) for name, recall in ends(split_of(dataset, seed), dataset, seed).items()]
    return pd.DataFrame(rows, columns=["dataset", "model", "seed", "recall@20"])


def ends(parts: Split, dataset: str, seed: int) -> dict[str, float]:
    """Test recall of matrix factorisation at its best epoch by validation and by test, and of the former diffused."""
    model = build("MatrixFactorization", parts.train, seed)
    recipe = replace(recipe_for(model, dataset), seed=seed)
    test: list[float] = []

    def look() -> None:
        test.append(evaluate(model, parts)["recall@20"])

    history = fit(model, parts, recipe, progress=False, after_epoch=look)
    diffused = LightGCN(parts.train, num_layers=2)
    diffused.load_state_dict(model.state_dict())
    return {
        "MF, best on validation": test[history.best_epoch],
        "MF, best on test": max(test),
        "MF, diffused": evaluate(diffused, parts)["recall@20"],
    }


def tested(name: str, share: float, parts: Split, seed: int) -> float:
    """Test recall of a model with the settings that were chosen for this share of the training edges."""
    setting = SETTING.get((name, share), {})
    trained = "lr" in setting
    model = build(name, parts.train, seed, **({} if trained else setting))
    if trained:
        recipe = replace(recipe_for(name, "movielens-100k"), seed=seed, **setting)
        fit(model, parts, recipe, progress=False)
    return evaluate(model, parts)["recall@20"]


def thinning() -> pd.DataFrame:
    """Recall where only a share of every user's training edges is left: one row per run."""
    runs = [(share, name, seed) for share in SHARES for name in ("Popularity", *TUNED) for seed in SEEDS]
    rows = []
    for share, name, seed in tqdm(runs, unit="run", desc="thinning"):
        parts = split_of("movielens-100k", seed)
        parts = replace(parts, train=parts.train.subsample(share, seed))
        edges = parts.train.num_edges / parts.train.num_users
        rows.append((share, edges, name, seed, tested(name, share, parts, seed)))
    return pd.DataFrame(rows, columns=["share", "edges a user", "model", "seed", "recall@20"])


def losses() -> pd.DataFrame:
    """Matrix factorisation on all edges by each loss with its own recipe, and by BPR with a careless one."""
    recipes = {loss: recipe_for("MatrixFactorization", "movielens-100k", loss) for loss in ("bpr", "binary")}
    recipes["bpr, careless"] = replace(recipes["bpr"], weight_decay=recipes["bpr"].weight_decay / 10)
    builders = dict.fromkeys(recipes, lambda graph, seed: build("MatrixFactorization", graph, seed))
    runs = run_seeds(builders, lambda seed: split_of("movielens-100k", seed), recipes, SEEDS)
    return runs[["recall@20", "ndcg@20", "seconds"]].rename_axis(["loss", "seed"]).reset_index()


BY_DATASET = {"comparison": comparison, "softmax": softmax, "signs": signs, "sizes": sizes, "shallow": shallow}
OF_MOVIELENS = {"thinning": thinning, "losses": losses}


def store(name: str, table: pd.DataFrame) -> None:
    """Write a table; where it has data sets, in the place of their old rows."""
    path = RESULTS / f"{name}.csv"
    if "dataset" in table and path.exists():
        stored = pd.read_csv(path)
        table = pd.concat([stored[~stored["dataset"].isin(table["dataset"])], table])
        table = table.sort_values("dataset", key=lambda names: names.map(DATASETS.index), kind="stable")
    table.to_csv(path, index=False, float_format="%.6g")


def main() -> None:
    """Run what is asked for and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=(*BY_DATASET, *OF_MOVIELENS))
    parser.add_argument("--data", nargs="+", choices=DATASETS, metavar="NAME", help=f"of {', '.join(DATASETS)}")
    args = parser.parse_args()
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    for name, run in BY_DATASET.items():
        if args.only in (None, name):
            store(name, run(args.data or DATASETS))
    for name, run in OF_MOVIELENS.items():
        if args.only == name or (args.only is None and not args.data):
            store(name, run())


if __name__ == "__main__":
    main()
