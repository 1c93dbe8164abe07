"""LightGCN with a contrastive term beside BPR: is it the noise on the two views that helps, or the term?

    python benchmarks/contrastive.py            # the stored table
    python benchmarks/contrastive.py --tune "movielens-100k thinned"   # how the settings were chosen

The term compares two views of each node: without noise they are equal, with noise a small random step is added
at every layer (Yu et al. 2022, section 3.2). Step size and weight decay are those of BPR alone. The weight of the term,
its temperature and the length of the noise were chosen by mean validation recall@20 over three other splits. Writes
notebooks/results/contrastive.csv; the runs of BPR alone and of the softmax are in comparison.csv and softmax.csv.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd
import torch
import tune
from comparison import COLUMNS, SEEDS, store
from torch import Tensor
from torch.nn.functional import normalize
from tqdm import tqdm

from course_lib import diffusion
from course_lib.comparison import split_of
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split
from course_lib.losses import contrastive_loss
from course_lib.models import LightGCN
from course_lib.training import STEPS, History, Recipe, fit, recipe_for

NODES = 512  # users, and items, that a step compares with each other


@dataclass(frozen=True)
class Contrast:
    """What is added to the BPR loss: weight λ, temperature τ, and the length ε of the noise at each layer."""

    weight: float
    temperature: float
    noise: float = 0.0

    def __call__(
        self, model: LightGCN, graph: InteractionGraph, recipe: Recipe, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The step of BPR, and the contrast of some users with each other and of as many items with each other."""
        loss, penalty = STEPS["bpr"](model, graph, recipe, generator)
        first = view(model, self.noise, generator)
        second = view(model, self.noise, generator) if self.noise else first
        for start, stop in ((0, model.num_users), (model.num_users, model.num_users + model.num_items)):
            drawn = start + torch.randperm(stop - start, generator=generator)[:NODES]
            loss = loss + self.weight * contrastive_loss(first[drawn], second[drawn], self.temperature)
        return loss, penalty


# By --tune. On the thinned films without noise: weights of 0 to 0.1 and temperatures of 0.2 to 1, of which weights of
# 0.0003 to 0.003 came within 1 % of each other; with noise of 0.1 to 1: weights of 0.0003 to 0.01, temperature 0.5.
# With all edges without noise: weights of 0.0001 to 0.03, temperatures of 0.2 and 0.5; with noise of 0.1 and 0.5:
# weights of 0.0003 to 0.003, temperature 0.5.
CHOSEN = {
    ("movielens-100k", "LightGCN, contrast"): Contrast(0.0003, 0.5),
    ("movielens-100k", "LightGCN, contrast with noise"): Contrast(0.001, 0.5, 0.1),
    ("movielens-100k thinned", "LightGCN, contrast"): Contrast(0.0003, 0.5),
    ("movielens-100k thinned", "LightGCN, contrast with noise"): Contrast(0.003, 0.5, 0.5),
}


def view(model: LightGCN, noise: float, generator: torch.Generator) -> Tensor:
    """LightGCN's nodes (N, D) with a random step of this length after every layer, in the orthant of the vector."""
    nodes = torch.cat([model.user_table, model.item_table])
    total = model.alpha[0] * nodes
    for weight in model.alpha[1:]:
        nodes = diffusion.product(model.adjacency, nodes)
        if noise:
            nodes = nodes + noise * normalize(torch.rand(nodes.shape, generator=generator)) * nodes.sign()
        total = total + weight * nodes
    return total


def run(contrast: Contrast, parts: Split, dataset: str, seed: int) -> tuple[LightGCN, History]:
    """LightGCN trained on a split with the term added to BPR, stopped by validation."""
    model = LightGCN(parts.train, seed=seed)
    recipe = replace(recipe_for("LightGCN", dataset), loss=contrast, seed=seed)
    return model, fit(model, parts, recipe, progress=False)


def tuned(dataset: str, points: list[dict[str, float]]) -> None:
    """Print the mean best validation recall of each point, best first; one quarter of them sees all three splits."""
    parts = {seed: split_of(dataset, seed) for seed in tune.SEEDS}

    def result(point: dict[str, float], seed: int) -> tune.Result:
        history = run(Contrast(**point), parts[seed], dataset, seed)[1]
        return max(history.val), history.best_epoch, history.seconds

    for (recall, epoch, seconds), point in tune.search(result, points, halve=True):
        print(f"{recall:.4f}  epoch {epoch:.1f}  {seconds:.1f} s  {point}")


def table() -> pd.DataFrame:
    """The splits of the comparison, with the settings that were chosen for each data set: one row per run."""
    rows = []
    for dataset, name, seed in tqdm([(*way, seed) for way in CHOSEN for seed in SEEDS], unit="run"):
        parts = split_of(dataset, seed)
        model, history = run(CHOSEN[dataset, name], parts, dataset, seed)
        found = evaluate(model, parts)
        rows.append((dataset, name, seed, found["recall@20"], found["ndcg@20"], history.seconds))
    return pd.DataFrame(rows, columns=COLUMNS)


def main() -> None:
    """Choose on validation, or run what was chosen and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tune", metavar="DATASET")
    for name, values in (("weight", (0.003, 0.01, 0.03, 0.1)), ("temperature", (0.2, 0.5, 1.0)), ("noise", (0.0,))):
        parser.add_argument(f"--{name}", type=float, nargs="+", default=values)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.tune:
        grid = product(args.weight, args.temperature, args.noise)
        tuned(args.tune, [dict(zip(("weight", "temperature", "noise"), point, strict=True)) for point in grid])
    else:
        store("contrastive", table())


if __name__ == "__main__":
    main()
