"""How the shipped recipes were chosen: the same grid for every model and loss, by validation recall, never by test.

    python benchmarks/tune.py MatrixFactorization movielens-100k --loss bpr
    python benchmarks/tune.py LightGCN FOLDER --loss softmax

FOLDER holds train.txt and test.txt, lists of `user item item …`, of which only train.txt is looked at.
Prints the mean best validation recall@20 over the seeds for every point of the grid, best first.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from statistics import fmean

import torch
from tqdm import tqdm

from course_lib import models
from course_lib.datasets import load, read_lists
from course_lib.graph import InteractionGraph, split
from course_lib.training import STEPS, Recipe, fit

SAMPLED = {"lr": (0.005, 0.01, 0.02, 0.05), "weight_decay": (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2)}
GRIDS = {  # a full-batch softmax has no sampling noise and stands larger steps
    "bpr": SAMPLED,
    "binary": SAMPLED,
    "softmax": {"lr": (0.03, 0.04, 0.05, 0.06, 0.08), "weight_decay": (0.005, 0.01, 0.015, 0.02, 0.03)},
}
SEEDS = (100, 101, 102)  # splits that no notebook uses


def graph_of(dataset: str) -> InteractionGraph:
    """The edges to choose on: all of a data set by name, the training edges of a split by folder."""
    folder = Path(dataset)
    return read_lists(folder / "train.txt", folder / "test.txt")[0] if folder.is_dir() else load(dataset).graph


def validation_recall(model: str, graph: InteractionGraph, recipe: Recipe, dim: int) -> tuple[float, float, float]:
    """Mean over the seeds of best validation recall, best epoch and seconds."""
    runs = []
    for seed in SEEDS:
        parts = split(graph, seed=seed)
        runs.append(fit(getattr(models, model)(parts.train, dim, seed=seed), parts, recipe, progress=False))
    return tuple(fmean(values) for values in zip(*((max(r.val), r.best_epoch, r.seconds) for r in runs), strict=True))


def main() -> None:
    """Run the grid and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("dataset")
    parser.add_argument("--loss", choices=sorted(STEPS), default="bpr")
    parser.add_argument("--batch-size", type=int, default=4096)
    parser.add_argument("--negatives", type=int, default=1)
    parser.add_argument("--dim", type=int, default=64)
    args = parser.parse_args()
    torch.set_num_threads(1)
    graph, rows = graph_of(args.dataset), []
    for lr, weight_decay in tqdm(list(product(*GRIDS[args.loss].values())), unit="point"):
        recipe = Recipe(args.loss, 200, args.batch_size, lr, weight_decay, args.negatives, patience=10)
        rows.append((*validation_recall(args.model, graph, recipe, args.dim), lr, weight_decay))
    print("val recall@20  best epoch  seconds     lr  weight decay")
    for recall, epoch, seconds, lr, weight_decay in sorted(rows, reverse=True):
        print(f"{recall:13.4f} {epoch:11.1f} {seconds:8.1f} {lr:6g} {weight_decay:13g}")


if __name__ == "__main__":
    main()
