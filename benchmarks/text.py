"""Text against behaviour: the lecture's table on MovieLens-100K, cold items, and worlds that decide who wins.

    python benchmarks/text.py table --seeds 5
    python benchmarks/text.py cold
    python benchmarks/text.py world

Everything on one thread; nothing is chosen here: the recipes are the shipped ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from course_lib.datasets import Dataset, load, planted
from course_lib.evaluation import evaluate, run_seeds, summarize
from course_lib.features import genre_features, item_texts, taste_features, text_features
from course_lib.graph import InteractionGraph, split
from course_lib.metrics import recall_at_k
from course_lib.models import EASE, LightGCN, MatrixFactorization, Model, Popularity, TextMean
from course_lib.training import Recipe, fit, recipe_for

K = 12  # as in the lecture's table, row 14
METRICS = tuple(f"{name}@{K}" for name in ("map", "precision", "recall", "f1"))
LECTURE = {"map": "15.0 (15×)", "precision": "3.1 (3×)", "recall": "44.0 (40×)", "f1": "–"}
RECIPES = {
    "MF, BPR": recipe_for(MatrixFactorization, "movielens-100k"),
    "LightGCN": recipe_for(LightGCN, "movielens-100k"),
    "LightGCN, softmax": recipe_for(LightGCN, "movielens-100k", "softmax"),
}
WORLD = {"num_users": 300, "num_items": 400, "num_tastes": 8, "edges_per_user": 15, "skew": 0.0}
WORLD_RECIPE = Recipe("softmax", 60, 1024, 0.05, 0.05, patience=10)
SIGNALS = (0, 0.25, 0.5, 0.75, 1)
Builder = Callable[[InteractionGraph, int], Model]


class Chance:
    """Every item is as good as any other."""

    def __init__(self, graph: InteractionGraph, seed: int) -> None:
        self.num_users, self.num_items = graph.num_users, graph.num_items
        self._generator = torch.Generator().manual_seed(seed)

    def score(self, users: Tensor) -> Tensor:
        """Random numbers."""
        return torch.rand(len(users), self.num_items, generator=self._generator)


def by_text(features: Tensor, center: bool = False) -> Builder:
    """A builder of TextMean."""
    return lambda graph, seed: TextMean(graph, features, center)


def table(films: Dataset, seeds: range) -> None:
    """Print the lecture's four metrics for every model, and how often GNN beats text."""
    both, titles = item_texts(films.titles, films.genres), item_texts(films.titles)
    builders: dict[str, Builder] = {
        "chance": Chance,
        "text: title": by_text(text_features(titles)),
        "text: title, centred": by_text(text_features(titles), center=True),
        "text: title + genres": by_text(text_features(both)),
        "text: title + genres, centred": by_text(text_features(both), center=True),
        "words: title + genres": by_text(text_features(both, "tfidf")),
        "words: title + genres, centred": by_text(text_features(both, "tfidf"), center=True),
        "genres": by_text(genre_features(films.genres)),
        "genres, centred": by_text(genre_features(films.genres), center=True),
        "popularity": lambda graph, seed: Popularity(graph),
        "MF, BPR": lambda graph, seed: MatrixFactorization(graph, seed=seed),
        "LightGCN": lambda graph, seed: LightGCN(graph, seed=seed),
        "LightGCN, softmax": lambda graph, seed: LightGCN(graph, seed=seed),
        "EASE": lambda graph, seed: EASE(graph),
        # "PinSAGE": lambda graph, seed: PinSAGE(graph, text_features(both), seed=seed), with its recipe in RECIPES
    }
    recipes = {name: recipe for name, recipe in RECIPES.items() if name in builders}
    runs = run_seeds(builders, lambda seed: split(films.graph, seed=seed), recipes, seeds, ks=(K,))
    print(summarize(runs, METRICS).to_string(float_format="{:.4f}".format))
    means = runs.groupby(level="model").mean()
    rows = [name for name in builders if name.startswith("text") and "genres" in name]
    ratios = pd.DataFrame({name: means.loc["LightGCN"] / means.loc[name] for name in rows}).loc[list(METRICS)]
    ratios["lecture (slide)"] = [LECTURE[metric.split("@")[0]] for metric in METRICS]
    print("\nLightGCN / text", ratios.to_string(float_format="{:.1f}".format), sep="\n")
    print("\nLightGCN ahead of centred text on every seed:", end=" ")
    print((runs.xs("LightGCN")[list(METRICS)] > runs.xs(rows[1])[list(METRICS)]).all().to_dict())


def without_items(graph: InteractionGraph, items: Tensor) -> InteractionGraph:
    """The graph as it was before anybody had these items."""
    kept = ~torch.isin(graph.item, items)
    return InteractionGraph(graph.num_users, graph.num_items, graph.user[kept], graph.item[kept])


def cold_recalls(films: Dataset, features: Tensor, seed: int) -> dict[str, float]:
    """Recall@20 among items that training never saw, a fifth of those with at least 20 edges."""
    generator = torch.Generator().manual_seed(seed)
    known = (films.graph.item_degree >= 20).nonzero().flatten()
    cold = known[torch.randperm(len(known), generator=generator)[: len(known) // 5]]
    parts = split(without_items(films.graph, cold), ratios=(0.9, 0.1, 0.0), seed=seed)
    users = torch.arange(films.graph.num_users)
    positives = films.graph.rows(users)[:, cold]  # (U, cold)
    models: dict[str, Model] = {
        "chance": Chance(films.graph, seed),
        "text": TextMean(parts.train, features),
        "text, centred": TextMean(parts.train, features, center=True),
        "popularity, oracle": Popularity(films.graph),
    }
    for name in ("LightGCN", "LightGCN, softmax"):
        models[name] = LightGCN(parts.train, seed=seed)
        fit(models[name], parts, RECIPES[name], progress=False)
    with torch.no_grad():
        return {name: recall_at_k(model.score(users)[:, cold], positives, 20).item() for name, model in models.items()}


def cold(films: Dataset, seeds: range) -> None:
    """Print cold recall over seeds."""
    features = text_features(item_texts(films.titles, films.genres))
    runs = pd.DataFrame([cold_recalls(films, features, seed) for seed in tqdm(seeds, unit="seed")])
    print("recall@20 among cold items", runs.agg(["mean", "std"]).T.to_string(float_format="{:.4f}".format), sep="\n")


def world_recalls(behaviour: float, seed: int) -> list[float]:
    """Recall@20 of LightGCN, then of text with each signal, in a world without popularity."""
    world = planted(**WORLD, noise=1 - behaviour, seed=seed)
    parts = split(world.graph, seed=seed)
    light = LightGCN(parts.train, dim=32, seed=seed)
    fit(light, parts, WORLD_RECIPE, progress=False)
    texts = [TextMean(parts.train, taste_features(world.item_taste, signal, seed=seed)) for signal in SIGNALS]
    return [evaluate(model, parts)["recall@20"] for model in (light, *texts)]


def world(seeds: range) -> None:
    """Print who wins, for each share of behaviour and each signal of text."""
    chance = 20 / (WORLD["num_items"] - 0.9 * WORLD["edges_per_user"])
    print(f"test recall@20, mean of {len(seeds)} seeds (of them, text ahead of LightGCN); chance is about {chance:.3f}")
    print("behaviour  LightGCN  " + "".join(f"text {signal:<9}" for signal in SIGNALS))
    for behaviour in SIGNALS:
        runs = torch.tensor([world_recalls(behaviour, seed) for seed in seeds])  # (seeds, 1 + signals)
        ahead = (runs[:, 1:] > runs[:, :1]).sum(dim=0).tolist()  # seeds that text wins
        cells = zip(runs.mean(dim=0)[1:].tolist(), ahead, strict=True)
        row = "".join(f"{recall:.3f} ({won}/{len(seeds)})   " for recall, won in cells)
        print(f"{behaviour:9} {runs[:, 0].mean():9.3f}  {row}")


def main() -> None:
    """Measure one part and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("table", "cold", "world"))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(args.seeds)
    if args.part == "world":
        world(seeds)
    else:
        {"table": table, "cold": cold}[args.part](load("movielens-100k"), seeds)


if __name__ == "__main__":
    main()
