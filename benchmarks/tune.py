"""How the shipped settings were chosen: the same grid for every model of a kind, by validation recall, never by test.

    python benchmarks/tune.py MatrixFactorization movielens-100k --loss bpr
    python benchmarks/tune.py "NGCF, paper" "movielens-100k thinned" --halve
    python benchmarks/tune.py EASE movielens-100k
    python benchmarks/tune.py LightGCN movielens-100k --keep 0.1 --halve
    python benchmarks/tune.py LightGCN FOLDER --loss softmax

FOLDER holds train.txt and test.txt, lists of `user item item …`, of which only train.txt is looked at. With --halve,
the best quarter of the grid on the first split alone goes on to the other splits. Where the best point lay on an edge,
the search went on beyond it, with values of its own for a setting:

    python benchmarks/tune.py NGCF "movielens-100k thinned" --halve --lr 0.0005 0.001 0.002 --weight-decay 0.0003 0.003
    python benchmarks/tune.py EASE lastfm --ridge 3 10 30 100

Prints the mean best validation recall@20 over the splits for every point of the grid, best first.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from tqdm import tqdm

from course_lib.comparison import MODELS, build, split_of
from course_lib.datasets import read_lists
from course_lib.evaluation import evaluate
from course_lib.graph import Split, split
from course_lib.training import STEPS, Recipe, fit

SAMPLED = {"lr": (0.005, 0.01, 0.02, 0.05), "weight_decay": (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2)}
GRIDS = {  # a full-batch softmax has no sampling noise and stands larger steps
    "bpr": SAMPLED,
    "binary": SAMPLED,
    "softmax": {"lr": (0.03, 0.04, 0.05, 0.06, 0.08), "weight_decay": (0.005, 0.01, 0.015, 0.02, 0.03)},
}
CLOSED_FORMS = {  # nothing to train, but something to set
    "ItemKNN": {"neighbors": (10, 20, 50, 100, 200, 400, 800)},
    "EASE": {"ridge": (30.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 3000.0, 10000.0)},
    "LowPassFilter": {"rank": (4, 8, 16, 32, 64, 128), "alpha": (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)},
}
SEEDS = (100, 101, 102)  # splits that no notebook uses

Point = dict[str, Any]
Result = tuple[float, float, float]


def parts_of(dataset: str, seed: int, keep: float = 1.0) -> Split:
    """A split to choose on, with a share of each user's training edges: by name, or the training file of a folder."""
    folder = Path(dataset)
    named = not folder.is_dir()
    parts = (
        split_of(dataset, seed) if named else split(read_lists(folder / "train.txt", folder / "test.txt")[0], seed=seed)
    )
    return replace(parts, train=parts.train.subsample(keep, seed))


def trained(model: str, parts: Split, seed: int, recipe: Recipe, **settings: Any) -> Result:
    """Best validation recall, best epoch and seconds of a run."""
    history = fit(build(model, parts.train, seed, **settings), parts, recipe, progress=False)
    return max(history.val), history.best_epoch, history.seconds


def closed(model: str, parts: Split, seed: int, **settings: Any) -> Result:
    """Validation recall of a model without training."""
    return evaluate(build(model, parts.train, seed, **settings), parts, on="val")["recall@20"], 0, 0


def search(run: Callable[[Point, int], Result], points: list[Point], halve: bool) -> Iterable[tuple[Result, Point]]:
    """Mean result over the seeds of each point that saw all of them, best first."""
    results = [[run(point, SEEDS[0])] for point in tqdm(points, unit="point", desc="first split")]
    order = sorted(range(len(points)), key=lambda i: -results[i][0][0])
    going_on = order[: max(1, len(points) // 4)] if halve else order
    for i in tqdm(going_on, unit="point", desc="other splits"):
        results[i] += [run(points[i], seed) for seed in SEEDS[1:]]
    means = [(tuple(map(fmean, zip(*results[i], strict=True))), points[i]) for i in going_on]
    return sorted(means, key=lambda mean: -mean[0][0])


def main() -> None:
    """Run the grid and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=[name for name in MODELS if name != "Popularity"], metavar="MODEL")
    parser.add_argument("dataset")
    parser.add_argument("--loss", choices=sorted(STEPS), default="bpr")
    for name in ("lr", "weight_decay", "ridge", "alpha", "neighbors", "rank"):
        kind = int if name in ("neighbors", "rank") else float
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, nargs="+", help="instead of the grid's")
    parser.add_argument("--batch-size", type=int, default=4096)
    parser.add_argument("--negatives", type=int, default=1)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--patience", type=int, default=10, help="epochs without a better one before a run stops")
    parser.add_argument("--keep", type=float, default=1.0, help="share of each user's training edges that is kept")
    parser.add_argument("--halve", action="store_true", help="only the best quarter sees all splits")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = {seed: parts_of(args.dataset, seed, args.keep) for seed in SEEDS}

    def run(point: Point, seed: int) -> Result:
        if args.model in CLOSED_FORMS:
            return closed(args.model, parts[seed], seed, **point)
        recipe = Recipe(args.loss, 200, args.batch_size, negatives=args.negatives, patience=args.patience, **point)
        return trained(args.model, parts[seed], seed, recipe, dim=args.dim)

    shipped = CLOSED_FORMS.get(args.model) or GRIDS[args.loss]
    grid = {name: getattr(args, name) or values for name, values in shipped.items()}
    points = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    print("val recall@20  best epoch  seconds  point")
    for (recall, epoch, seconds), point in search(run, points, args.halve):
        print(f"{recall:13.4f} {epoch:11.1f} {seconds:8.1f}  {', '.join(f'{k} {v:g}' for k, v in point.items())}")


if __name__ == "__main__":
    main()
