"""The models of the fair comparison, its splits and settings. Every setting was chosen on validation edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from course_lib.arguments import refuse
from course_lib.datasets import load
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import (
    EASE,
    GCN,
    NGCF,
    EmbeddingModel,
    ItemKNN,
    LightGCN,
    LowPassFilter,
    MatrixFactorization,
    Model,
    Popularity,
)
from course_lib.training import RECIPES, Recipe, fit

MODELS: dict[str, tuple[type, dict[str, Any]]] = {
    "Popularity": (Popularity, {}),
    "ItemKNN": (ItemKNN, {}),
    "EASE": (EASE, {}),
    "LowPassFilter": (LowPassFilter, {}),
    "MatrixFactorization": (MatrixFactorization, {}),
    "NGCF": (NGCF, {}),
    "NGCF, paper": (NGCF, {"variant": "paper"}),
    "GCN": (GCN, {"num_layers": 3}),
    "GCN, no ReLU": (GCN, {"num_layers": 3, "relu": False}),
    "GCN, no ReLU, no W": (GCN, {"num_layers": 3, "relu": False, "weights": False}),
    "LightGCN": (LightGCN, {}),
}
"""Name → class, and the options that make the variant; every graph model has three layers."""

THINNED = " thinned"
KEPT = 0.2
"""Share of each user's training edges that a data set with the name "… thinned" keeps."""


def split_of(dataset: str, seed: int) -> Split:
    """The split of a seed: 80 % of each user's edges for training, 10 % for validation, 10 % for test.

    Args:
        dataset: Name of a data set. If " thinned" follows the name, only a fifth of each user's training edges is
            kept, while validation and test stay as they are.
        seed: Seed of the split and of the thinning.

    Returns:
        The split.

    Raises:
        ValueError: If there is no such data set.
    """
    parts = split(load(dataset.removesuffix(THINNED)).graph, seed=seed)
    return replace(parts, train=parts.train.subsample(KEPT, seed)) if dataset.endswith(THINNED) else parts


def build(name: str, graph: InteractionGraph, seed: int, **settings: Any) -> Model:
    """Build a model of the comparison, not yet trained.

    Args:
        name: A name in ``MODELS``.
        graph: The training graph.
        seed: Seed of the start, for the models that have one.
        settings: Further arguments of the model.

    Returns:
        The model.

    Raises:
        ValueError: If there is no such name.
    """
    if name not in MODELS:
        refuse("name", repr(name), "one of " + ", ".join(map(repr, MODELS)))
    model, options = MODELS[name]
    start = {"seed": seed} if issubclass(model, EmbeddingModel) else {}
    return model(graph, **options, **start, **settings)


def contestants(
    dataset: str, loss: str = "bpr"
) -> tuple[dict[str, Callable[[InteractionGraph, int], Model]], dict[str, Recipe]]:
    """What ``run_seeds`` needs: builders and recipes, with the settings of a data set.

    Args:
        dataset: "movielens-100k", "movielens-100k thinned", "lastfm", "lastfm thinned" or "campus".
        loss: Loss of the models that are trained, "bpr" or "softmax".

    Returns:
        Name → ``build(graph, seed)``; and name → recipe, for the models that are trained. With MovieLens that is all of
        them, otherwise those that were tuned for it.

    Raises:
        ValueError: If no settings were chosen for this data set, or no recipe for this loss.
    """
    if dataset not in SETTINGS:
        refuse("dataset", repr(dataset), " or ".join(map(repr, SETTINGS)), "tune with benchmarks/tune.py")
    recipes = {name: RECIPES[name, dataset, loss] for name in MODELS if (name, dataset, loss) in RECIPES}
    if not recipes:
        refuse("loss", repr(loss), "'bpr' or 'softmax'")
    builders = {
        name: lambda graph, seed, name=name: build(name, graph, seed, **SETTINGS[dataset].get(name, {}))
        for name, (model, _) in MODELS.items()
        if name in recipes or not issubclass(model, EmbeddingModel)
    }
    return builders, recipes


def trained(dataset: str, names: Sequence[str], seed: int = 0) -> dict[str, Model]:
    """Models of the comparison, fitted to the split of a seed with the settings of a data set.

    Args:
        dataset: As for ``contestants``.
        names: Names in ``MODELS``; models that are trained use the BPR loss.
        seed: Seed of the split, of the starts and of the draws.

    Returns:
        Name → model, in the order of the names.

    Raises:
        ValueError: If no settings were chosen for this data set.
        KeyError: If a model has no recipe for it.
    """
    builders, recipes = contestants(dataset)
    parts = split_of(dataset, seed)
    models = {name: builders[name](parts.train, seed) for name in names}
    for name in filter(recipes.__contains__, names):
        fit(models[name], parts, replace(recipes[name], seed=seed), progress=False)
    return models


# Chosen by benchmarks/tune.py, like the recipes: the best mean validation recall@20 over three splits.
# On the thinned films, all neighbours do no better than 800, and a ridge of 100,000 no better than 10,000.
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "movielens-100k": {
        "ItemKNN": {"neighbors": 200},
        "EASE": {"ridge": 300.0},
        "LowPassFilter": {"rank": 64, "alpha": 0.3},
    },
    "movielens-100k thinned": {
        "ItemKNN": {"neighbors": 800},
        "EASE": {"ridge": 10_000.0},
        "LowPassFilter": {"rank": 16, "alpha": 3.0},
    },
    "lastfm": {
        "ItemKNN": {"neighbors": 800},  # within 1 % of the 1,600 that are best, in half the time
        "EASE": {"ridge": 100.0},
        "LowPassFilter": {"rank": 128, "alpha": 0.3},
    },
    "lastfm thinned": {
        "ItemKNN": {"neighbors": 100},
        "EASE": {"ridge": 30_000.0},
        "LowPassFilter": {"rank": 64, "alpha": 30.0},
    },
    "campus": {
        "ItemKNN": {"neighbors": 200},
        "EASE": {"ridge": 200.0},
        "LowPassFilter": {"rank": 8, "alpha": 30.0},
    },
}
