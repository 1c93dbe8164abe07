"""Text against behaviour: the lecture's table on MovieLens-100K, cold items, and worlds that decide who wins.

    python benchmarks/text.py table --write    # three minutes on one core
    python benchmarks/text.py cold --write     # one minute
    python benchmarks/text.py through --write  # one minute; `make results` does all three
    python benchmarks/text.py world

With --write the runs go to notebooks/results/text_table.csv, …, from where notebook 09 reads them. Everything on one
thread. Nothing is chosen here but the weight of text beside LightGCN, on validation, and MAPPED, on another split: the
other recipes are the shipped ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from pinsage import BPR, features_of
from torch import Tensor
from tqdm import tqdm

from course_lib.comparison import split_of
from course_lib.datasets import Dataset, load, planted
from course_lib.diffusion import layer_weights, normalized_adjacency, polynomial
from course_lib.evaluation import evaluate, run_seeds, summarize
from course_lib.features import genre_features, item_texts, taste_features, text_features
from course_lib.graph import InteractionGraph, Split, split
from course_lib.metrics import recall_at_k
from course_lib.models import (
    EASE,
    EmbeddingModel,
    LightGCN,
    MatrixFactorization,
    Model,
    PinSAGE,
    Popularity,
    TextMean,
)
from course_lib.models.base import xavier
from course_lib.training import Recipe, fit, recipe_for

RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results"
K = 12  # as in the lecture's table, row 14
METRICS = tuple(f"{name}@{K}" for name in ("map", "precision", "recall", "f1"))
LECTURE = {"map": "15.0 (15×)", "precision": "3.1 (3×)", "recall": "44.0 (40×)", "f1": "–"}
RECIPES = {
    "MF, BPR": recipe_for(MatrixFactorization, "movielens-100k"),
    "LightGCN": recipe_for(LightGCN, "movielens-100k"),
    "LightGCN, softmax": recipe_for(LightGCN, "movielens-100k", "softmax"),
    "PinSAGE": BPR,
}
WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
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


class Blend:
    """LightGCN's scores plus ``weight`` times those of text, each with mean 0 and spread 1 within a user."""

    def __init__(self, light: Model, text: Model, weight: float) -> None:
        self.num_users, self.num_items = light.num_users, light.num_items
        self._parts = (light, 1.0), (text, weight)

    def score(self, users: Tensor) -> Tensor:
        """Weighted sum, shape (B, I)."""
        return sum(weight * standardized(model.score(users)) for model, weight in self._parts)


def standardized(scores: Tensor) -> Tensor:
    """Mean 0 and spread 1 in each row; zeros where all are equal."""
    scores = scores - scores.mean(dim=1, keepdim=True)
    return scores / scores.std(dim=1, keepdim=True).clamp(min=1e-9)


@torch.no_grad()
def blended(films: Dataset, features: Tensor, seed: int) -> Blend:
    """LightGCN and centred text, with the weight that is best on validation."""
    parts = split(films.graph, seed=seed)
    light, text = LightGCN(parts.train, seed=seed), TextMean(parts.train, features, center=True)
    with torch.enable_grad():
        fit(light, parts, replace(RECIPES["LightGCN"], seed=seed), progress=False)
    tried = [Blend(light, text, weight) for weight in WEIGHTS]
    return max(tried, key=lambda model: evaluate(model, parts, ks=(K,), on="val")[METRICS[0]])


def table(seeds: range) -> pd.DataFrame:
    """The lecture's four metrics for every model: one row per run."""
    films = load("movielens-100k")
    both, titles = item_texts(films.titles, films.genres), item_texts(films.titles)
    features = text_features(both)
    builders: dict[str, Builder] = {
        "chance": Chance,
        "text: title": by_text(text_features(titles)),
        "text: title, centred": by_text(text_features(titles), center=True),
        "text": by_text(features),
        "text, centred": by_text(features, center=True),
        "words": by_text(text_features(both, "tfidf")),
        "words, centred": by_text(text_features(both, "tfidf"), center=True),
        "genres": by_text(genre_features(films.genres)),
        "genres, centred": by_text(genre_features(films.genres), center=True),
        "popularity": lambda graph, seed: Popularity(graph),
        "MF, BPR": lambda graph, seed: MatrixFactorization(graph, seed=seed),
        "LightGCN": lambda graph, seed: LightGCN(graph, seed=seed),
        "LightGCN, softmax": lambda graph, seed: LightGCN(graph, seed=seed),
        "LightGCN + text": lambda graph, seed: blended(films, features, seed),
        "PinSAGE": lambda graph, seed: PinSAGE(graph, features_of(films), num_layers=1, seed=seed),
        "EASE": lambda graph, seed: EASE(graph),
    }
    runs = run_seeds(builders, lambda seed: split(films.graph, seed=seed), RECIPES, seeds, ks=(K,))
    return runs[[*METRICS, "seconds"]]


def report_table(runs: pd.DataFrame) -> None:
    """Print the table, and how often GNN beats text."""
    print(summarize(runs, METRICS).to_string(float_format="{:.4f}".format))
    means = runs.groupby(level="model").mean()
    ratios = pd.DataFrame({name: means.loc["LightGCN"] / means.loc[name] for name in ("text", "text, centred")})
    ratios = ratios.loc[list(METRICS)].assign(slide=[LECTURE[metric.split("@")[0]] for metric in METRICS])
    print("\nLightGCN / text", ratios.to_string(float_format="{:.1f}".format), sep="\n")
    for first, second in (("LightGCN", "text, centred"), ("LightGCN + text", "LightGCN")):
        ahead = (runs.xs(first)[list(METRICS)] > runs.xs(second)[list(METRICS)]).sum()
        print(f"\nseeds on which {first} is ahead of {second}: {ahead.to_dict()}")


def without_items(graph: InteractionGraph, items: Tensor) -> InteractionGraph:
    """The graph as it was before anybody had these items."""
    kept = ~torch.isin(graph.item, items)
    return InteractionGraph(graph.num_users, graph.num_items, graph.user[kept], graph.item[kept])


def new_films(films: Dataset, seed: int) -> tuple[Split, Tensor]:
    """A split of what was there before some films came, and these films: a fifth of those with at least 20 edges."""
    generator = torch.Generator().manual_seed(seed)
    known = (films.graph.item_degree >= 20).nonzero().flatten()
    cold = known[torch.randperm(len(known), generator=generator)[: len(known) // 5]]
    return split(without_items(films.graph, cold), ratios=(0.9, 0.1, 0.0), seed=seed), cold


def cold_recalls(films: Dataset, features: Tensor, seed: int) -> dict[str, float]:
    """Recall@20 among items that training never saw."""
    parts, cold = new_films(films, seed)
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


def cold(seeds: range) -> pd.DataFrame:
    """Recall@20 among cold items: one row per run."""
    films = load("movielens-100k")
    features = text_features(item_texts(films.titles, films.genres))
    rows = {seed: cold_recalls(films, features, seed) for seed in tqdm(seeds, unit="seed", ncols=100)}
    return pd.DataFrame(rows).rename_axis(index="model", columns="seed").stack().to_frame("recall@20")


def report_cold(runs: pd.DataFrame) -> None:
    """Print cold recall over seeds."""
    by_model = runs["recall@20"].groupby("model", sort=False).agg(["mean", "std"])
    print("recall@20 among cold items", by_model.to_string(float_format="{:.4f}".format), sep="\n")


def diffused_texts(graph: InteractionGraph, features: Tensor, num_layers: int) -> Tensor:
    """LightGCN's mean of layers over centred texts (N, F); a user starts as the mean of the user's texts."""
    texts = torch.cat(TextMean(graph, features, center=True).embed())
    return polynomial(normalized_adjacency(graph), texts, layer_weights(None, num_layers))


class Diffused:
    """Texts after three layers, without any training."""

    def __init__(self, graph: InteractionGraph, features: Tensor) -> None:
        self.num_users, self.num_items = graph.num_users, graph.num_items
        self._users, self._items = diffused_texts(graph, features, 3).split([self.num_users, self.num_items])

    def score(self, users: Tensor) -> Tensor:
        """Dot products, shape (B, I)."""
        return self._users[users] @ self._items.T


class MappedText(EmbeddingModel):
    """Texts through one learnt matrix and LightGCN's diffusion.

    The diffusion mixes nodes and the matrix mixes the numbers of a node, so the texts are diffused once, beforehand.
    """

    def __init__(self, graph: InteractionGraph, features: Tensor, num_layers: int, seed: int, dim: int = 64) -> None:
        super().__init__(graph)
        self.register_buffer("nodes", diffused_texts(graph, features, num_layers), persistent=False)  # (N, F)
        (self.weight,) = xavier([(dim, features.shape[1])], seed)

    def embed(self) -> tuple[Tensor, Tensor]:
        """Users (U, D) and items (I, D)."""
        users, items = (self.nodes @ self.weight.T).split([self.num_users, self.num_items])
        return users, items

    def penalty(self, users: Tensor, items: Tensor) -> Tensor:
        """Half the mean squared weight."""
        return self.weight.square().mean() / 2


# Step size and weight decay of a map, chosen on the validation edges of split 100, with all edges and with a fifth.
MAPPED = {
    ("text, mapped", "all edges"): (0.01, 1.0),
    ("text, mapped", "a fifth"): (0.01, 50.0),
    ("text, mapped, diffused", "all edges"): (0.1, 1.0),
    ("text, mapped, diffused", "a fifth"): (0.1, 3.0),
}


def through_models(parts: Split, features: Tensor, edges: str, seed: int) -> dict[str, Model]:
    """Texts as they are, diffused, mapped, and both; only a map is trained."""
    models: dict[str, Model] = {
        "text": TextMean(parts.train, features, center=True),
        "text, diffused": Diffused(parts.train, features),
    }
    for name, num_layers in (("text, mapped", 0), ("text, mapped, diffused", 3)):
        lr, decay = MAPPED[name, edges]
        models[name] = MappedText(parts.train, features, num_layers, seed)
        fit(models[name], parts, Recipe("softmax", 200, 1024, lr, decay, patience=10, seed=seed), progress=False)
    return models


def through_recalls(films: Dataset, features: Tensor, seed: int) -> dict[tuple[str, str], float]:
    """Recall@20 of texts with and without the graph: of all films, with a fifth of the edges, of new films."""
    found, users = {}, torch.arange(films.graph.num_users)
    for edges, dataset in (("all edges", films.name), ("a fifth", f"{films.name} thinned")):
        parts = split_of(dataset, seed)
        for name, model in through_models(parts, features, edges, seed).items():
            found[name, edges] = evaluate(model, parts)["recall@20"]
    past, new = new_films(films, seed)
    positives = films.graph.rows(users)[:, new]  # (U, new)
    for name, model in through_models(past, features, "all edges", seed).items():
        found[name, "new films"] = recall_at_k(model.score(users)[:, new].detach(), positives, 20).item()
    return found


def through(seeds: range) -> pd.DataFrame:
    """Texts with and without a learnt map, with and without the graph: one row per run."""
    films = load("movielens-100k")
    features = text_features(item_texts(films.titles, films.genres))
    rows = {seed: through_recalls(films, features, seed) for seed in tqdm(seeds, unit="seed", ncols=100)}
    return pd.DataFrame(rows).rename_axis(index=["model", "edges"], columns="seed").stack().to_frame("recall@20")


def report_through(runs: pd.DataFrame) -> None:
    """Print recall over seeds."""
    table = runs["recall@20"].groupby(["edges", "model"], sort=False).agg(["mean", "std"])
    print("recall@20", table.to_string(float_format="{:.4f}".format), sep="\n")


def world_recalls(behaviour: float, seed: int) -> list[float]:
    """Recall@20 of LightGCN, then of text with each signal, in a world without popularity."""
    world = planted(**WORLD, noise=1 - behaviour, seed=seed)
    parts = split(world.graph, seed=seed)
    light = LightGCN(parts.train, dim=32, seed=seed)
    fit(light, parts, WORLD_RECIPE, progress=False)
    texts = [TextMean(parts.train, taste_features(world.item_taste, signal, seed=seed)) for signal in SIGNALS]
    return [evaluate(model, parts)["recall@20"] for model in (light, *texts)]


def world(seeds: range) -> pd.DataFrame:
    """Recall@20 of all for each share of behaviour: one row per run."""
    rows = {
        (behaviour, seed): world_recalls(behaviour, seed)
        for behaviour in tqdm(SIGNALS, unit="world", ncols=100)
        for seed in seeds
    }
    columns = ["LightGCN", *(f"text {signal:g}" for signal in SIGNALS)]
    runs = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return runs.set_index(pd.MultiIndex.from_tuples(rows, names=["behaviour", "seed"]))


def report_world(runs: pd.DataFrame) -> None:
    """Print who wins, for each share of behaviour and each signal of text."""
    ahead = runs.gt(runs["LightGCN"], axis=0).groupby("behaviour").sum().drop(columns="LightGCN")
    chance = 20 / (WORLD["num_items"] - 0.9 * WORLD["edges_per_user"])
    print(f"test recall@20, mean over seeds; chance is about {chance:.3f}")
    print(runs.groupby("behaviour").mean().to_string(float_format="{:.3f}".format))
    print("\nseeds on which text is ahead of LightGCN", ahead.to_string(), sep="\n")


PARTS = {
    "table": (table, report_table),
    "cold": (cold, report_cold),
    "through": (through, report_through),
    "world": (world, report_world),
}


def main() -> None:
    """Measure one part, print it, and store it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="store the runs for notebook 09")
    args = parser.parse_args()
    torch.set_num_threads(1)
    measure, report = PARTS[args.part]
    runs = measure(range(args.seeds))
    if args.write:
        runs.to_csv(RESULTS / f"text_{args.part}.csv", float_format="%.6g")
    report(runs)


if __name__ == "__main__":
    main()
