"""PinSAGE on MovieLens: warm items against text and LightGCN, items that came after training, and what inference costs.

    python benchmarks/pinsage.py --seeds 3
    python benchmarks/pinsage.py pooling --seeds 5 --write

Warm: Recall@20 on the usual random split. Cold: a fifth of the items with at least 20 users lose all their edges before
training; then m of them come back, without retraining, and only these items are ranked, for users who took one of them
in the edges that never come back. Cost: how many vectors are convolved to embed the whole catalogue. Pooling: whose
vectors a convolution pools, and by which weights, on the paper's own task, from a film to the next one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag
from tqdm import tqdm

from course_lib.datasets import Dataset, load
from course_lib.evaluation import compare, evaluate
from course_lib.features import genre_features, item_texts, text_features
from course_lib.graph import InteractionGraph, Split, split
from course_lib.metrics import recall_at_k, top_k
from course_lib.models import LightGCN, PinSAGE, TextMean
from course_lib.models.pinsage import consecutive_pairs, receptive_field
from course_lib.training import fit, recipe_for
from course_lib.walks import importance_neighbors

REVEALED = (0, 1, 3, 10)
BPR = recipe_for(PinSAGE, "movielens-100k")
MARGIN = recipe_for(PinSAGE, "movielens-100k", "margin")
TEXT_DIM = 384  # columns of the features that MiniLM made; the others are genres
RATES = (0.003, 0.01, 0.03)
TUNING = (100,)  # split on which the step size of each way of pooling is chosen
RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "pooling.csv"


def features_of(dataset: Dataset) -> Tensor:
    """MiniLM's vector of title and genres beside the genres themselves, less the mean of all items, shape (I, F)."""
    both = text_features(item_texts(dataset.titles, dataset.genres)), genre_features(dataset.genres)
    features = torch.cat(both, dim=1)
    return features - features.mean(dim=0)


# ---- warm items


def warm(dataset: Dataset, features: Tensor, seeds: int) -> pd.DataFrame:
    """Recall@20 on the usual split, best first."""

    def random_features(seed: int) -> Tensor:
        drawn = torch.randn(features.shape, generator=torch.Generator().manual_seed(seed))
        return drawn * features.std()

    builders, recipes = {}, {"LightGCN": recipe_for(LightGCN, dataset.name)}
    for name, num_layers, recipe in (
        ("PinSAGE, 1 layer, BPR", 1, BPR),
        ("PinSAGE, 2 layers, BPR", 2, BPR),
        ("PinSAGE, 1 layer, margin", 1, MARGIN),
        ("PinSAGE, 2 layers, margin", 2, MARGIN),
        ("no convolution, BPR", 0, BPR),
    ):
        recipes[name] = recipe
        builders[name] = lambda graph, seed, l=num_layers: PinSAGE(graph, features, num_layers=l, seed=seed)
    recipes["random features, 1 layer, BPR"] = BPR
    builders["random features, 1 layer, BPR"] = lambda graph, seed: PinSAGE(
        graph, random_features(seed), num_layers=1, seed=seed
    )
    builders["LightGCN"] = lambda graph, seed: LightGCN(graph, seed=seed)
    builders["text mean, centred"] = lambda graph, seed: TextMean(graph, features[:, :TEXT_DIM], center=True)
    return compare(builders, lambda seed: split(dataset.graph, seed=seed), recipes, range(seeds))


# ---- items that came after training


class Newcomers:
    """A world in which some items came after training.

    Args:
        graph: All edges.
        seed: Seed of the draw of the items, and of the order in which their edges come back.
    """

    def __init__(self, graph: InteractionGraph, seed: int) -> None:
        rng = np.random.default_rng(seed)
        known = (graph.item_degree >= 20).nonzero().flatten().numpy()
        cold = np.sort(rng.permutation(known)[: len(known) // 5])
        self.items, self._graph = torch.from_numpy(cold), graph
        order = torch.from_numpy(np.lexsort([rng.random(graph.num_edges), graph.item.numpy()]))
        first = graph.item_degree.cumsum(0) - graph.item_degree
        self._rank = torch.empty_like(order)
        self._rank[order] = torch.arange(graph.num_edges) - first[graph.item[order]]
        self._cold = torch.isin(graph.item, self.items)  # (E,)
        self.target = self._part(self._cold & (self._rank >= max(REVEALED)))

    def graph(self, revealed: int) -> InteractionGraph:
        """All edges of the old items, and some of each new one."""
        return self._part(~self._cold | (self._rank < revealed))

    def recall(self, users: Tensor, items: Tensor, revealed: int) -> float:
        """Recall@20 among the new items, from embeddings (U, D) and (I, D)."""
        asked = self.target.user_degree.nonzero().flatten()
        seen, positives = (part.rows(asked)[:, self.items] for part in (self.graph(revealed), self.target))
        return recall_at_k(users[asked] @ items[self.items].T, positives, 20, exclude=seen)

    def _part(self, mask: Tensor) -> InteractionGraph:
        return InteractionGraph(
            self._graph.num_users, self._graph.num_items, self._graph.user[mask], self._graph.item[mask]
        )


def folded_in(model: LightGCN, graph: InteractionGraph, new: Tensor) -> tuple[Tensor, Tensor]:
    """What LightGCN has no way to do: a new item as the mean of its users' vectors; with none, it ranks by id."""
    users, items = (side.clone() for side in model.embed())
    by_item = graph.item.argsort(stable=True)
    first = torch.cat([torch.zeros(1, dtype=torch.long), graph.item_degree.cumsum(0)])
    items[new] = embedding_bag(graph.user[by_item], users, first, mode="mean", include_last_offset=True)[new]
    return users, items


def cold(dataset: Dataset, features: Tensor, seeds: int) -> pd.DataFrame:
    """Recall@20 among the new items, mean over the seeds, for each number of revealed edges."""
    runs = []
    with tqdm(total=seeds, desc="cold", unit="seed", ncols=100) as bar:
        for seed in range(seeds):
            runs.append(pd.DataFrame(_cold_run(dataset, features, seed), index=[f"m = {m}" for m in REVEALED]).T)
            bar.update()
    together = pd.concat(runs)
    return together.groupby(level=0, sort=False).agg(["mean", "std"])


@torch.no_grad()
def _cold_run(dataset: Dataset, features: Tensor, seed: int) -> dict[str, list[float]]:
    world = Newcomers(dataset.graph, seed)
    graphs = {m: world.graph(m) for m in REVEALED}
    parts = split(graphs[0], ratios=(0.9, 0.1, 0.0), seed=seed)
    light, *sages = (
        LightGCN(parts.train, seed=seed),
        PinSAGE(parts.train, features, num_layers=1, seed=seed),
        PinSAGE(parts.train, features, num_layers=2, seed=seed),
    )
    with torch.enable_grad():
        for model, recipe in zip((light, *sages), (recipe_for(light, dataset.name), BPR, BPR), strict=True):
            fit(model, parts, recipe, progress=False)
    ways: dict[str, Callable[[InteractionGraph], tuple[Tensor, Tensor]]] = {
        "text mean, centred": lambda graph: TextMean(graph, features[:, :TEXT_DIM], center=True).embed(),
        "LightGCN, folded in": lambda graph: folded_in(light, graph, world.items),
        "PinSAGE, 1 layer, BPR": lambda graph: sages[0].on(graph, features).embed(),
        "PinSAGE, 2 layers, BPR": lambda graph: sages[1].on(graph, features).embed(),
    }
    rows = {name: [world.recall(*embed(graphs[m]), m) for m in REVEALED] for name, embed in ways.items()}
    return {"by chance": [20 / len(world.items)] * len(REVEALED), **rows}


# ---- what inference costs


def cost(dataset: Dataset, features: Tensor, seeds: int) -> pd.DataFrame:
    """Vectors convolved to embed the whole catalogue, and CPU seconds (median), by depth and size of a batch."""
    rows = {}
    for num_layers in tqdm((1, 2, 3), desc="cost", unit="depth", ncols=100):
        model = PinSAGE(dataset.graph, features, num_layers=num_layers)
        every = torch.arange(model.num_items)
        row: dict[str, float] = {"a tree an item": tree_sizes(model.near, num_layers).sum().item()}
        for size in (1, 64, 512, model.num_items):
            name = f"batches of {size}" if size < model.num_items else "layer by layer"
            batches = every.split(size)
            fields = (receptive_field(model.near, batch, num_layers)[:-1] for batch in batches)
            row[name] = sum(len(field) for batch in fields for field in batch)
            row[f"{name}, s"] = median(seconds(model, batches) for _ in range(seeds))
        rows[f"L = {num_layers}"] = row
    return pd.DataFrame(rows).T


@torch.no_grad()
def seconds(model: PinSAGE, batches: Sequence[Tensor]) -> float:
    """CPU seconds to embed all batches."""
    started = time.process_time()
    for batch in batches:
        model.embed_items(batch)
    return time.process_time() - started


def tree_sizes(near: Tensor, num_layers: int) -> Tensor:
    """Convolutions behind each item if none is ever shared: its own, and the trees of itself and its neighbours."""
    size = torch.zeros(len(near), dtype=torch.long)
    for _ in range(num_layers):
        size = 1 + size + (size[near] * (near >= 0)).sum(dim=1)
    return size


# ---- what a convolution pools


def ways(graph: InteractionGraph, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Neighbours and weights of all items, for each way of pooling."""
    near, alpha = importance_neighbors(graph, torch.arange(graph.num_items), 10, 1000, 0.3, seed)
    there = (near >= 0).float()
    equal = there / there.sum(dim=1, keepdim=True).clamp(min=1)
    anyone = torch.randint(graph.num_items, near.shape, generator=torch.Generator().manual_seed(seed))
    random = torch.where(near >= 0, anyone, -1)  # as many for each item
    return {
        "importance": (near, alpha),
        "plain mean": (near, equal),
        "random items": (random, equal),
        "no convolution": (near, alpha),
    }


def next_hit_rate(model: PinSAGE, parts: Split, whole: InteractionGraph, on: str) -> float:
    """How often the held-out item is among the 20 best of the item that its user took right before.

    Items that the user had in training are left out of the list, and so is the item before.
    """
    user, query, following = consecutive_pairs(whole)
    asked = getattr(parts, on).has_edges(user, following)
    user, query, following = user[asked], query[asked], following[asked]
    with torch.no_grad():
        z = model.embed()[1]
    seen = parts.train.rows(user).scatter(1, query[:, None], True)  # (P, I)
    return (top_k(z[query] @ z.T, 20, seen) == following[:, None]).any(dim=1).double().mean().item()


def pooled(dataset: Dataset, features: Tensor, way: str, seed: int, lr: float) -> tuple[PinSAGE, Split]:
    """PinSAGE trained by its own loss with one way of pooling."""
    parts = split(dataset.graph, seed=seed)
    neighbors = ways(parts.train, seed)[way]
    num_layers = 0 if way == "no convolution" else 2
    model = PinSAGE(parts.train, features, num_layers=num_layers, neighbors=neighbors, seed=seed)
    fit(model, parts, replace(MARGIN, seed=seed, lr=lr), progress=False)
    return model, parts


def pooling(dataset: Dataset, features: Tensor, seeds: int) -> pd.DataFrame:
    """Test hit rate and recall of each way of pooling, at the step size that another split chose for it."""
    rows = []
    for way in tqdm(ways(dataset.graph, 0), desc="pooling", unit="way", ncols=100):
        val = {lr: [_on_validation(dataset, features, way, seed, lr) for seed in TUNING] for lr in RATES}
        lr = max(val, key=lambda lr: sum(val[lr]))
        for seed in range(seeds):
            model, parts = pooled(dataset, features, way, seed, lr)
            hits = next_hit_rate(model, parts, dataset.graph, "test")
            rows.append((way, lr, seed, hits, evaluate(model, parts)["recall@20"]))
    return pd.DataFrame(rows, columns=["pooling", "lr", "seed", "hit rate@20", "recall@20"])


def _on_validation(dataset: Dataset, features: Tensor, way: str, seed: int, lr: float) -> float:
    return next_hit_rate(*pooled(dataset, features, way, seed, lr), dataset.graph, "val")


def shown(value: float) -> str:
    """A count with commas, a share or a time with four decimals."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4f}"


PARTS = {
    "cost": ("Convolved vectors and CPU seconds to embed all items", cost),
    "cold": ("Recall@20 among the new items, m edges revealed", cold),
    "warm": ("Recall@20, warm items", warm),
    "pooling": ("From a film to the next one: hit rate, and recall@20 for users", pooling),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="store the runs of `pooling` for notebook 07")
    args = parser.parse_args()
    if strangers := set(args.parts) - set(PARTS):
        parser.error(f"PART: {', '.join(sorted(strangers))} is none of {', '.join(PARTS)}")
    torch.set_num_threads(1)
    started = time.process_time()
    dataset = load("movielens-100k")
    features = features_of(dataset)
    print(f"{dataset}, features {tuple(features.shape)}, {args.seeds} seeds, one thread")
    for name in args.parts or PARTS:
        title, measure = PARTS[name]
        table = measure(dataset, features, args.seeds)
        print(f"\n{title}\n{table.to_string(float_format=shown)}", flush=True)
        if args.write and name == "pooling":
            table.to_csv(RESULTS, index=False, float_format="%.6g")
    print(f"\n{time.process_time() - started:.0f} CPU s")


if __name__ == "__main__":
    main()
