from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from refusing import refused_argument
from torch import Tensor

from course_lib import metrics
from course_lib.evaluation import compare, evaluate, run_seeds, summarize
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import MatrixFactorization, Popularity
from course_lib.training import Recipe, fit

DENSE = {
    "recall": metrics.recall_at_k,
    "precision": metrics.precision_at_k,
    "f1": metrics.f1_at_k,
    "hit_rate": metrics.hit_rate_at_k,
    "ndcg": metrics.ndcg_at_k,
    "map": metrics.average_precision_at_k,
}


class Scores:
    """A model that has only ``score``, and remembers for how many users it was asked at once."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix, (self.num_users, self.num_items), self.asked = matrix, matrix.shape, []

    def score(self, users: Tensor) -> Tensor:
        self.asked.append(len(users))
        return self.matrix[users]


class Embeddings:
    """A model that has only ``embed``."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items = users, items
        self.num_users, self.num_items = len(users), len(items)

    def embed(self) -> tuple[Tensor, Tensor]:
        return self.users, self.items


def random_split(seed: int, num_users: int = 15, num_items: int = 25) -> Split:
    """Some users have no edge, others none in val or test."""
    rng = np.random.default_rng(seed)
    mask = rng.random((num_users, num_items)) < rng.choice([0.0, 0.1, 0.5], num_users)[:, None]
    user, item = torch.tensor(mask).nonzero().T
    return split(InteractionGraph(num_users, num_items, user, item), ratios=(0.5, 0.2, 0.3), seed=seed)


def dense(graph: InteractionGraph) -> Tensor:
    return graph.biadjacency().to_dense() > 0


def densely(scores: Tensor, parts: Split, ks: tuple[int, ...], on: str) -> dict[str, float]:
    train, val, test = (dense(part) for part in (parts.train, parts.val, parts.test))
    positives, exclude = {"train": (train, None), "val": (val, train), "test": (test, train | val)}[on]
    return {f"{n}@{k}": f(scores, positives, k, exclude=exclude).item() for k in ks for n, f in DENSE.items()}


@pytest.mark.parametrize("on", ["train", "val", "test"])
@pytest.mark.parametrize("seed", range(6))
def test_equals_the_metrics_of_the_dense_matrix(seed, on):
    parts, generator = random_split(seed), torch.Generator().manual_seed(seed)
    users, items = (torch.randint(-2, 3, (n, 3), generator=generator).float() for n in (15, 25))  # integers: many ties
    expected = densely(users @ items.T, parts, (1, 5, 40), on)
    for model in (Scores(users @ items.T), Embeddings(users, items)):
        got = evaluate(model, parts, ks=(1, 5, 40), on=on)
        assert got == pytest.approx(expected, abs=1e-12)
        assert list(got) == list(expected)


def test_official_splits_may_repeat_an_edge_in_train_and_test():
    parts = random_split(2)
    overlap = Split(parts.train, parts.val, parts.train)
    scores = torch.rand(15, 25, generator=torch.Generator().manual_seed(0))
    assert evaluate(Scores(scores), overlap)["recall@20"] == 0


def test_test_is_the_default_part_and_20_the_default_length():
    parts, model = random_split(0), Scores(torch.rand(15, 25))
    assert evaluate(model, parts) == evaluate(model, parts, ks=(20,), on="test")


def test_an_empty_part_gives_nan_for_everything():
    graph = random_split(1).train
    parts = split(graph, ratios=(1.0, 0.0, 0.0))
    assert all(np.isnan(value) for value in evaluate(Popularity(graph), parts, on="val").values())


def test_the_score_of_another_user_never_enters():
    parts = random_split(3)
    scores = torch.rand(15, 25, generator=torch.Generator().manual_seed(0))
    changed = torch.where((parts.test.user_degree > 0)[:, None], scores, torch.rand(15, 25))
    assert evaluate(Scores(scores), parts) == evaluate(Scores(changed), parts)


def test_batches_do_not_change_the_values(monkeypatch):
    parts, model = random_split(5), Scores(torch.rand(15, 25, generator=torch.Generator().manual_seed(0)))
    whole = evaluate(model, parts)
    monkeypatch.setattr("course_lib.retrieval.CELLS_AT_ONCE", 1)
    model.asked.clear()
    assert evaluate(model, parts) == whole
    assert set(model.asked) == {1}


class Wide:
    """Scores 50,000 items without holding them for all users."""

    num_items = 50_000

    def __init__(self, num_users: int) -> None:
        self.num_users, self.asked = num_users, []

    def score(self, users: Tensor) -> Tensor:
        self.asked.append(len(users))
        return (users[:, None] * 7919 + torch.arange(self.num_items) * 104729).remainder(99991).float()


def test_the_number_of_rows_held_at_once_does_not_grow_with_the_users():
    widest = []
    for num_users in (200, 800):
        users, none = torch.arange(num_users), torch.empty(0, dtype=torch.long)
        empty = InteractionGraph(num_users, 50_000, none, none)
        model = Wide(num_users)
        evaluate(model, Split(empty, empty, InteractionGraph(num_users, 50_000, users, users)))
        assert sum(model.asked) == num_users
        widest.append(max(model.asked))
    assert widest[0] == widest[1] < 200


LARGE = """
import torch
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split

torch.set_num_threads(1)
U, I, D = 200_000, 50_000, 64

def graph(num_users, each):
    user = torch.arange(U)[:: U // num_users].repeat_interleave(each)
    return InteractionGraph(U, I, user, torch.randint(I, (len(user),)))

class Model:
    num_users, num_items = U, I
    tables = torch.randn(U, D), torch.randn(I, D)
    def embed(self):
        return self.tables

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024

model, train, val = Model(), graph(U, 10), graph(U, 1)
peaks = [peak()]
for num_users in (250, 4_000):
    evaluate(model, Split(train, val, graph(num_users, 2)))
    peaks.append(peak())
print(peaks[1] - peaks[0], peaks[2] - peaks[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of memory from /proc")
def test_200_000_users_and_50_000_items_fit_into_a_gigabyte_and_a_half():
    # Peak of a process of its own, in MB. VmHWM starts anew with a program; getrusage would inherit pytest's own peak.
    result = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    extra, growth = map(float, result.stdout.split())
    assert extra < 1500
    # Sixteen times the users with positives. Small lists kept between batches can pin the heap: 150 KB for each user.
    assert growth < 200


@pytest.mark.parametrize("ks", [(), (0,), (5, -1)])
def test_unusable_list_lengths_are_refused(ks):
    parts = random_split(0)
    with refused_argument("ks"):
        evaluate(Popularity(parts.train), parts, ks=ks)


def test_an_unknown_part_and_a_model_of_another_graph_are_refused():
    parts = random_split(0)
    with refused_argument("on"):
        evaluate(Popularity(parts.train), parts, on="all")
    with refused_argument("model"):
        evaluate(Popularity(random_split(0, num_items=24).train), parts)


# ---- comparing models over seeds


class Seen:
    """Builders that remember which graph and seed they were given."""

    def __init__(self, build) -> None:
        self.build, self.calls = build, []

    def __call__(self, graph: InteractionGraph, seed: int):
        self.calls.append((graph, seed))
        return self.build(graph, seed)


RECIPE = Recipe(epochs=3, batch_size=32, seed=99)


def mf(graph: InteractionGraph, seed: int) -> MatrixFactorization:
    return MatrixFactorization(graph, dim=4, seed=seed)


def popularity(graph: InteractionGraph, seed: int) -> Popularity:
    return Popularity(graph)


BUILDERS = {"mf": mf, "popularity": popularity}


def test_every_run_is_what_fitting_and_evaluating_by_hand_gives():
    runs = run_seeds(BUILDERS, random_split, {"mf": RECIPE}, seeds=[4, 7], ks=(5, 10), progress=False)
    assert list(runs.index) == [("mf", 4), ("popularity", 4), ("mf", 7), ("popularity", 7)]
    for seed in (4, 7):
        parts = random_split(seed)
        model = mf(parts.train, seed)
        fit(model, parts, Recipe(epochs=3, batch_size=32, seed=seed), progress=False)  # the seed of the run, not 99
        by_hand = {
            "mf": evaluate(model, parts, (5, 10)),
            "popularity": evaluate(Popularity(parts.train), parts, (5, 10)),
        }
        for name in BUILDERS:
            row = runs.loc[(name, seed)].to_dict()
            assert row.pop("seconds") >= 0
            assert row == pytest.approx(by_hand[name])


def test_all_models_of_a_seed_get_the_same_split():
    builders, asked = {name: Seen(build) for name, build in BUILDERS.items()}, []

    def deal(seed: int) -> Split:
        asked.append(seed)
        return random_split(seed)

    run_seeds(builders, deal, {}, seeds=range(3), progress=False)
    assert asked == [0, 1, 2]
    for mine, theirs in zip(builders["mf"].calls, builders["popularity"].calls, strict=True):
        assert mine[0] is theirs[0]
        assert mine[1] == theirs[1]


def test_mean_and_sd_are_those_of_pandas_over_the_runs():
    runs = run_seeds(BUILDERS, random_split, {"mf": RECIPE}, seeds=range(4), ks=(5, 20), progress=False)
    table = summarize(runs, metrics=("recall@5", "ndcg@20"))
    for name in BUILDERS:
        mine = runs.xs(name, level="model")
        for metric in ("recall@5", "ndcg@20"):
            assert table.loc[name, f"{metric} mean"] == pytest.approx(np.mean(mine[metric]))
            assert table.loc[name, f"{metric} sd"] == pytest.approx(np.std(mine[metric], ddof=1))
        assert table.loc[name, "seconds"] == pytest.approx(mine["seconds"].mean())
    assert list(table["recall@5 mean"]) == sorted(table["recall@5 mean"], reverse=True)


def test_compare_is_run_seeds_then_summarize():
    metric_names = ("ndcg@5", "recall@3")
    table = compare(BUILDERS, random_split, {"mf": RECIPE}, [0, 1, 2], metrics=metric_names, progress=False)
    runs = run_seeds(BUILDERS, random_split, {"mf": RECIPE}, [0, 1, 2], ks=(3, 5), progress=False)
    expected = summarize(runs, metric_names)
    pd.testing.assert_frame_equal(table.drop(columns="seconds"), expected.drop(columns="seconds"))


@pytest.mark.parametrize("metrics", ["recall@20", ("recall",), ("recall@",), ("recal@20",), ("recall@2.5",)])
def test_compare_refuses_a_metric_that_it_cannot_compute_before_it_trains(metrics):
    with refused_argument("metrics"):
        compare({}, random_split, {}, [0], metrics=metrics)


def test_progress_is_silent_when_told_and_never_on_stdout(capsys):
    run_seeds(BUILDERS, random_split, {}, [0], progress=False)
    assert capsys.readouterr() == ("", "")
    run_seeds(BUILDERS, random_split, {}, [0])
    out, err = capsys.readouterr()
    assert out == ""
    assert "popularity" in err


def test_comparisons_that_cannot_run_are_refused():
    with refused_argument("recipes"):
        run_seeds(BUILDERS, random_split, {"lightgcn": RECIPE}, [0], progress=False)
    with refused_argument("seeds"):
        run_seeds(BUILDERS, random_split, {}, [], progress=False)
    with refused_argument("builders"):
        run_seeds({}, random_split, {}, [0], progress=False)
