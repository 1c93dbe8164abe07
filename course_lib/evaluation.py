"""How models are compared: rank all items, exclude those already seen, leave out users without positives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from course_lib.arguments import refuse, whole
from course_lib.graph import InteractionGraph, Split
from course_lib.metrics import FROM_HITS, per_user_values
from course_lib.models import Model
from course_lib.retrieval import list_hits
from course_lib.training import Recipe, fit

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    model: Model, split: Split, ks: Sequence[int] = (20,), on: Literal["train", "val", "test"] = "test"
) -> dict[str, float]:
    """Mean ranking metrics of a model on one part of a split.

    On test, items in train and val are excluded from the lists; on val, items in train. On train nothing is excluded,
    because without the seen items the *training* recall would always be 0.

    Args:
        model: Anything with ``score(users)``, or with ``embed()``, which is then called only once.
        split: The graphs; the model was built from ``split.train``.
        ks: List lengths K.
        on: The part whose edges are the positives.

    Returns:
        ``{"recall@20": …, "precision@20": …, "f1@20": …, "hit_rate@20": …, "ndcg@20": …, "map@20": …}`` for each K:
        means over the users with positives, nan if there are none.

    Raises:
        ValueError: If ``on`` is unknown, ks is empty or below 1, or the model was built for other users or items.

    Example:
        >>> from course_lib.datasets import load
        >>> from course_lib.graph import split
        >>> from course_lib.models import ItemKNN, Popularity
        >>> parts = split(load("campus").graph)
        >>> popular, similar = (evaluate(model(parts.train), parts, ks=(20,)) for model in (Popularity, ItemKNN))
        >>> popular["recall@20"] < similar["recall@20"]
        True

    Source: lecture rows 10–12 and 20.
    """
    if on not in ("train", "val", "test"):
        refuse("on", repr(on), "'train', 'val' or 'test'")
    if not len(ks):
        refuse("ks", "none", "list lengths", "pass ks=(20,)")
    ks = [whole("ks", k, least=1) for k in ks]
    got, wanted = ((part.num_users, part.num_items) for part in (model, split.train))
    if got != wanted:
        refuse("model", f"{got} users and items", f"those of the split, {wanted}", "build it from split.train")
    seen = {"train": (), "val": (split.train,), "test": (split.train, split.val)}[on]
    hits, num_positives = list_hits(model, getattr(split, on), max(ks), seen)
    return {
        f"{name}@{k}": per_user_values(formula, hits[:, :k], num_positives).nanmean().item()
        for k in ks
        for name, formula in FROM_HITS.items()
    }


def run_seeds(
    builders: Mapping[str, Callable[[InteractionGraph, int], Model]],
    split_for_seed: Callable[[int], Split],
    recipes: Mapping[str, Recipe],
    seeds: Sequence[int],
    ks: Sequence[int] = (20,),
    progress: bool = True,
) -> pd.DataFrame:
    """Build, fit and test every model on the same splits, once per seed.

    Args:
        builders: Name → ``build(train_graph, seed)``.
        split_for_seed: Gives the split of a seed, which is the same for all models.
        recipes: Name → recipe, for the models that are trained. The seed of a run replaces the seed of its recipe.
        seeds: Seeds; each model has one run per seed.
        ks: List lengths K.
        progress: Show a progress bar over the runs.

    Returns:
        One row per run, indexed by (model, seed): the test metrics of :func:`evaluate`, and ``seconds`` to build and
        fit.

    Raises:
        ValueError: If there is no builder or no seed, or a recipe has no builder.

    Source: lecture rows 68–71.
    """
    import pandas as pd
    from tqdm.auto import tqdm

    if not builders:
        refuse("builders", "none", "at least one model")
    if unknown := set(recipes) - set(builders):
        refuse("recipes", f"{sorted(unknown)} without a builder", f"names among {list(builders)}")
    if not len(seeds):
        refuse("seeds", "none", "at least one", "pass range(5)")
    rows = {}
    with tqdm(total=len(builders) * len(seeds), disable=not progress, unit="run") as bar:
        for seed in seeds:
            split = split_for_seed(seed)
            for name, build in builders.items():
                bar.set_description(f"{name}, seed {seed}")
                rows[name, seed] = _run(build, split, recipes.get(name), seed, ks)
                bar.update()
    runs = pd.DataFrame.from_dict(rows, orient="index")
    runs.index = pd.MultiIndex.from_tuples(rows, names=["model", "seed"])
    return runs


def _run(
    build: Callable[[InteractionGraph, int], Model],
    split: Split,
    recipe: Recipe | None,
    seed: int,
    ks: Sequence[int],
) -> dict[str, float]:
    started = time.perf_counter()
    model = build(split.train, seed)
    if recipe is not None:
        fit(model, split, replace(recipe, seed=seed), progress=False)
    seconds = time.perf_counter() - started
    return {**evaluate(model, split, ks), "seconds": seconds}


def summarize(runs: pd.DataFrame, metrics: Sequence[str] = ("recall@20",)) -> pd.DataFrame:
    """Mean and standard deviation over seeds.

    Args:
        runs: Result of :func:`run_seeds`.
        metrics: Columns to summarize.

    Returns:
        One row per model, best first: columns ``"recall@20 mean"``, ``"recall@20 sd"``, … and ``"seconds"`` (mean).
    """
    by_model = runs.groupby(level="model", sort=False)
    columns = {}
    for metric in metrics:
        columns |= {f"{metric} mean": by_model[metric].mean(), f"{metric} sd": by_model[metric].std()}
    table = by_model[[]].first().assign(**columns, seconds=by_model["seconds"].mean())
    return table.sort_values(f"{metrics[0]} mean", ascending=False)


def compare(
    builders: Mapping[str, Callable[[InteractionGraph, int], Model]],
    split_for_seed: Callable[[int], Split],
    recipes: Mapping[str, Recipe],
    seeds: Sequence[int],
    metrics: Sequence[str] = ("recall@20",),
    progress: bool = True,
) -> pd.DataFrame:
    """Fair comparison in one call: :func:`run_seeds`, then :func:`summarize`.

    Args, Raises: as :func:`run_seeds`; metrics as :func:`summarize`. The list lengths are those in the metrics' names.

    Returns:
        One row per model, best first: mean and standard deviation over the seeds, and mean seconds per run.

    Source: lecture rows 68–71.
    """
    for metric in metrics:
        name, _, k = metric.partition("@")
        if name not in FROM_HITS or not k.isdecimal() or isinstance(metrics, str):
            wanted = f"a tuple of names such as 'recall@20', each one of {', '.join(FROM_HITS)}, then @ and K"
            refuse("metrics", repr(metrics), wanted, "pass metrics=('recall@20', 'ndcg@20')")
    ks = sorted({int(metric.partition("@")[2]) for metric in metrics})
    return summarize(run_seeds(builders, split_for_seed, recipes, seeds, ks, progress), metrics)
