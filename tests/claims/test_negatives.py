"""Rows 81–87: what negatives cost, and what they bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pandas as pd
import pytest
import torch
from claims.frame import ROOT, claim, mean_sd
from over_seeds import SEEDS, lead
from scipy.stats import kstest, uniform
from torch import Tensor
from torch.nn.functional import embedding, normalize, softplus

from course_lib.datasets import Dataset
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import MatrixFactorization
from course_lib.negatives import (
    curriculum,
    distance_weighted_negatives,
    hard_negatives,
    shared_mask,
    shared_negatives,
    uniform_negatives,
)
from course_lib.walks import personalized_pagerank, visit_counts

COUNTS = ("08", "1 · What a batch must embed")
PRICE = ("08", "2 · Sharing has a price")
WALKS = ("08", "4 · Hard negatives from walks")
MORE = ("08", "5 · Harder and harder, or more and more?")
NEAREST, MIDDLE = (0.0, 0.01), (0.05, 0.2)  # windows, as quantiles of the catalogue
WINDOWS = (NEAREST, (0.01, 0.05), MIDDLE, (0.2, 0.5), (0.5, 1.0))


@dataclass
class Batch:
    """What a draw of negatives may look at."""

    graph: InteractionGraph
    users: Tensor
    epoch: int
    generator: torch.Generator


Draw = Callable[[Batch], Tensor]  # ids (B, S), −1 where one does not count


def own(batch: Batch, num: int) -> Tensor:
    return uniform_negatives(batch.graph, batch.users, num, batch.generator)


def shared(batch: Batch, num: int) -> Tensor:
    ids = shared_negatives(batch.graph, num, batch.generator)
    return torch.where(shared_mask(batch.graph, batch.users, ids), ids, -1)


def with_hard(batch: Batch, band: Tensor) -> Tensor:
    """64 shared ones, and by the curriculum some of each user's band (U, W)."""
    place = torch.randint(band.shape[1], (len(batch.users), curriculum(batch.epoch)), generator=batch.generator)
    return torch.cat([shared(batch, 64), band[batch.users].gather(1, place)], dim=1)


def positive_pairs(graph: InteractionGraph, num: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Uniform users and one uniform item of each."""
    users = torch.randint(graph.num_users, (num,), generator=generator)
    nth = (torch.rand(num, generator=generator) * graph.user_degree[users]).long()
    return users, graph.item[graph.user_offsets[users] + nth]


def bpr_terms(model: MatrixFactorization, users: Tensor, pos: Tensor, neg: Tensor) -> Tensor:
    """BPR loss of every pair, (B, S)."""
    user_emb, item_emb = model.embed()
    scores = embedding(users, user_emb) @ item_emb.T  # (B, I); back through model.score's indexing takes longer
    pos_scores, neg_scores = scores.gather(1, torch.cat([pos[:, None], neg.clamp(min=0)], dim=1)).tensor_split([1], 1)
    return softplus(neg_scores - pos_scores)


def trained(graph: InteractionGraph, draw: Draw, seed: int) -> MatrixFactorization:
    """Six epochs of equally many steps, whatever the negatives."""
    model, generator = MatrixFactorization(graph, dim=32, seed=seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    for epoch in range(1, 7):
        for _ in range(40):
            users, pos = positive_pairs(graph, 512, generator)
            neg = draw(Batch(graph, users, epoch, generator))
            loss = (bpr_terms(model, users, pos, neg) * (neg >= 0)).sum() / (neg >= 0).sum()
            optimizer.zero_grad()
            (loss + 0.01 * model.penalty(users, pos)).backward()
            optimizer.step()
    return model


def ranking(graph: InteractionGraph) -> Tensor:
    """How often an endless walk from each user visits each item, (U, I)."""
    everybody = torch.arange(graph.num_users)
    return personalized_pagerank(graph, start_users=everybody, restart=0.5)[:, graph.num_users :]


def bands(graph: InteractionGraph) -> dict[tuple[float, float], Tensor]:
    """Items of each user in each window of the ranking, own ones left out."""
    visits, own_items = ranking(graph), graph.rows(torch.arange(graph.num_users))
    return {window: hard_negatives(visits, own_items, window) for window in WINDOWS}


@pytest.fixture(scope="module")
def film_bands(films: Dataset) -> list[tuple[Split, dict[tuple[float, float], Tensor]]]:
    """Splits of MovieLens, one per seed, and the items of each user in each window."""
    splits = [split(films.graph, seed=seed) for seed in SEEDS]
    return [(parts, bands(parts.train)) for parts in splits]


@pytest.fixture(scope="module")
def film_models(
    film_bands: list[tuple[Split, dict[tuple[float, float], Tensor]]],
) -> list[dict[str, MatrixFactorization]]:
    """Matrix factorisation on MovieLens by each kind of negatives: one dictionary a split."""
    models = []
    for seed, (parts, band) in zip(SEEDS, film_bands, strict=True):
        draws: dict[str, Draw] = {
            "1 own": partial(own, num=1),
            **{f"{num} shared": partial(shared, num=num) for num in (16, 64, 256)},
            "nearest": partial(with_hard, band=band[NEAREST]),
            "middle": partial(with_hard, band=band[MIDDLE]),
        }
        models.append({name: trained(parts.train, draw, seed) for name, draw in draws.items()})
    return models


@pytest.fixture(scope="module")
def recalls(film_bands: list, film_models: list[dict[str, MatrixFactorization]]) -> dict[str, Tensor]:
    """Test recall@20 of them, one per seed."""
    return {
        name: torch.tensor(
            [
                evaluate(models[name], parts)["recall@20"]
                for (parts, _), models in zip(film_bands, film_models, strict=True)
            ]
        )
        for name in film_models[0]
    }


@claim(
    row=81,
    says="Negatives of one's own take an embedding for each user and negative.",
    verdict="holds where the catalogue is large; drawn from a small one, they are the same items again and again",
    shown=COUNTS,
)
def test_own_negatives_repeat_in_a_small_catalogue(films, measured):
    drawn = uniform_negatives(films.graph, torch.arange(512), 64)
    assert drawn.numel() == 512 * 64
    different = len(drawn.unique())
    assert different <= films.graph.num_items < drawn.numel() / 20
    measured(f"MovieLens, 512 users with 64 negatives: {drawn.numel():,} drawn, {different:,} different")


@claim(
    row=82,
    says="Sharing negatives saves a factor as large as the batch has users.",
    verdict="holds for the negatives alone: users and positives must be embedded either way",
    shown=COUNTS,
)
def test_the_whole_batch_shrinks_by_less(films, measured):
    pairs, num = 2048, 500
    alone = pairs * num / len(shared_negatives(films.graph, num))
    whole = (2 * pairs + pairs * num) / (2 * pairs + num)
    assert alone == pairs
    assert whole == pytest.approx(223.7, abs=0.05)
    many = 10**9
    assert (2 * pairs + pairs * many) / (2 * pairs + many) == pytest.approx(pairs, rel=1e-3)  # the limit
    measured(f"the paper's batch, 2,048 pairs and 500 negatives: {alone:,.0f} times fewer, with its pairs {whole:.1f}")


@claim(
    row=82,
    says="(Implied) A shared negative is a negative for everybody.",
    verdict="does not hold here: N · d_u / I of a user's own positives are among them, and are masked",
    shown=PRICE,
)
def test_own_positives_are_among_the_shared(films, measured):
    graph, everybody = films.graph, torch.arange(films.graph.num_users)
    draw = torch.Generator().manual_seed(0)
    found = torch.stack(
        [(~shared_mask(graph, everybody, shared_negatives(graph, 64, draw))).sum(1) for _ in range(200)]
    )
    expected = 64 * graph.user_degree / graph.num_items
    assert found.double().mean().item() == pytest.approx(expected.mean().item(), rel=0.03)
    most = graph.user_degree.argmax()
    assert found[:, most].double().mean().item() == pytest.approx(expected[most].item(), rel=0.05)
    measured(f"MovieLens, 64 shared: {found.double().mean():.1f} for a user, {expected[most]:.0f} for the most active")


@pytest.mark.slow
@claim(
    row=82,
    says="With shared negatives the performance stays similar.",
    verdict="holds for many: 256 shared ones do what one of one's own does; 16 do not, in batches of 512",
    shown=PRICE,
)
def test_few_shared_negatives_are_worse(recalls, measured):
    own_one, few, many = (recalls[name] for name in ("1 own", "16 shared", "256 shared"))
    assert many.mean() > own_one.mean() - 0.01
    assert few.mean() < own_one.mean() - 0.02
    assert (few < own_one).sum() >= 4
    measured(
        "recall@20 of MF on MovieLens, D = 32, 240 steps of 512, 5 splits: "
        + ", ".join(f"{name} {mean_sd(recalls[name].tolist())}" for name in ("1 own", "16 shared", "256 shared"))
    )


@claim(
    row=82,
    says="With shared negatives the performance stays similar.",
    verdict="holds for many, each variant at its best step size: 256 shared ones do what 16 of each pair's own do",
    shown=PRICE,
)
def test_each_at_its_best_step_size_many_shared_are_level_with_own(measured):
    rates = pd.read_csv(ROOT / "notebooks" / "results" / "shared_negatives.csv").query("epochs == 12").dropna()
    tested = rates.pivot(index="seed", columns="negatives", values="test recall@20")
    many = tested["shared 256"] - tested["own 16"]
    few = tested["own 1"] - tested["shared 16"]
    assert abs(many.mean()) < 0.01
    assert few.mean() > 0
    assert (few > 0).sum() >= 4
    measured(
        f"MovieLens, test recall@20 of MF, 480 steps of 512, 5 splits: 256 shared − 16 own {mean_sd(many)}; 1 own − 16 "
        f"shared {mean_sd(few)}, ahead in {(few > 0).sum()}"
    )


@pytest.mark.slow
@claim(
    row=83,
    says="Random negatives are too easy.",
    verdict="holds after some training; at first none is",
    shown=("08", "3 · Random negatives become easy"),
)
def test_most_random_negatives_teach_little_in_the_end(film_bands, film_models, measured):
    easy = {"before": [], "after": []}
    for seed, (parts, _), models in zip(SEEDS, film_bands, film_models, strict=True):
        graph, generator = parts.train, torch.Generator().manual_seed(seed)
        users, pos = positive_pairs(graph, 2000, generator)
        neg = uniform_negatives(graph, users, 20, generator)
        for name, model in (("before", MatrixFactorization(graph, dim=32, seed=seed)), ("after", models["64 shared"])):
            with torch.no_grad():
                easy[name].append((bpr_terms(model, users, pos, neg) < 0.1).double().mean().item())
    assert max(easy["before"]) == 0
    assert lead(easy["after"], over=0.6) > 3
    measured(
        "share of random pairs with a BPR loss below 0.1 on MovieLens, 5 splits: 0 untrained, then "
        f"{mean_sd(easy['after'])}"
    )


@claim(
    row=84,
    says="The negatives become harder and harder: epoch n adds n − 1 hard ones.",
    verdict="does not hold here: it adds more of them, each as hard as before, to N + n − 1 in all",
    shown=MORE,
)
def test_the_curriculum_changes_how_many_not_how_hard(campus, measured):
    graph, everybody, draw = campus.graph, torch.arange(campus.graph.num_users), torch.Generator().manual_seed(0)
    visits, own_items = ranking(graph), graph.rows(everybody)
    rank = (-visits.masked_fill(own_items, -1)).argsort(dim=1, stable=True).argsort(dim=1)  # (U, I), from 0
    assert curriculum(1) == 0
    means = []
    for epoch in range(2, 13):
        hard = hard_negatives(visits, own_items, (0.05, 0.2), curriculum(epoch), draw)
        together = torch.cat([shared_negatives(graph, 64, draw).expand(len(hard), -1), hard], dim=1)
        assert together.shape[1] == 64 + epoch - 1
        means.append(rank.gather(1, hard).double().mean().item())
    assert max(means) - min(means) < 1.5
    measured(f"campus, epochs 2 to 12: 1 to 11 a user, of mean rank {min(means):.1f} to {max(means):.1f}")


@claim(
    row=85,
    says="Hard negatives are the 2000th to 5000th item by visits.",
    verdict="holds for billions of items: a small catalogue has neither these ranks nor their proportion",
    shown=WALKS,
)
def test_the_window_exists_for_billions_only(films, measured):
    some = torch.arange(5)
    visits = personalized_pagerank(films.graph, start_users=some, restart=0.5)[:, films.graph.num_users :]
    shares = 2000 / 2e9, 5000 / 2e9
    for window in ((2000, 5000), shares):
        assert hard_negatives(visits, films.graph.rows(some), window).shape == (5, 0)
    per_cent = "–".join(f"{100 * share:g}" for share in shares)
    measured(f"{per_cent} % of 2 billion; none of the {films.graph.num_items:,} films, by rank or by proportion")


@pytest.mark.slow
@claim(
    row=85,
    says="(Implied) What the walks visit most are the best negatives.",
    verdict="does not hold here: false negatives, items that the user will take, are densest there",
    shown=WALKS,
)
def test_future_positives_are_densest_in_the_nearest_window(film_bands, measured):
    found, times_base = [], []
    for parts, band in film_bands:
        everybody = torch.arange(parts.train.num_users)
        future = parts.val.rows(everybody) | parts.test.rows(everybody)
        base = future.sum() / (~parts.train.rows(everybody)).sum()
        shares = [future.gather(1, ids.clamp(min=0))[ids >= 0].double().mean().item() for ids in band.values()]
        times_base.append(shares[0] / base.item())
        found.append(shares)
    by_window = torch.tensor(found).T  # (windows, seeds)
    assert all(lead(nearer - farther) > 3 for nearer, farther in pairwise(by_window))
    assert lead(times_base, over=10) > 3
    means = by_window.mean(dim=1).tolist()
    measured(
        "MovieLens, false negatives by window of the exact walk, 5 splits: "
        + ", ".join(f"{100 * lo:g}–{100 * hi:g} % {share:.1%}" for (lo, hi), share in zip(WINDOWS, means, strict=True))
    )


@pytest.mark.slow
@claim(
    row=85,
    says="Hard negatives from walks make the model better.",
    verdict="holds for a middle window; the nearest one makes it worse than none",
    shown=MORE,
)
def test_the_hardest_negatives_are_the_worst(recalls, measured):
    none, nearest, middle = (recalls[name] for name in ("64 shared", "nearest", "middle"))
    assert lead(none - nearest, over=0.02) > 3
    assert middle.mean() > none.mean()
    assert (middle > none).sum() >= 4
    measured(
        f"recall@20 of MF on MovieLens, 5 splits, 64 shared {mean_sd(none.tolist())}, and by curriculum from 0–1 % "
        f"{mean_sd(nearest.tolist())}, from 5–20 % {mean_sd(middle.tolist())}"
    )


@claim(
    row=85,
    says="A random walk from a user visits items.",
    verdict="holds at every other step: between two items it stands on a user",
    shown=WALKS,
)
def test_walks_reach_items_at_odd_steps(campus, measured):
    graph, everybody = campus.graph, torch.arange(campus.graph.num_users)
    on_items = []
    for steps in (1, 2, 3, 100):
        visits = visit_counts(graph, start_users=everybody, num_steps=steps, restart=0).to_dense()
        on_items.append(visits[:, graph.num_users :].sum(dim=1))
        assert (on_items[-1] == (steps + 1) // 2).all()
    measured("campus, no restart: of 1, 2, 3, 100 steps from any user 1, 1, 2, 50 reach an item")


@claim(
    row=87,
    says="(Implied) Training with negatives drawn by distance helps.",
    verdict="holds in 16 dimensions, a little; in 64 it does harm",
    shown=("08", "6 · Distance-weighted sampling"),
)
def test_training_by_distance_loses_in_many_dimensions(measured):
    runs = pd.read_csv(ROOT / "notebooks" / "results" / "distance_weighting.csv").dropna()
    tested = runs.pivot(index=["D", "seed"], columns="negatives", values="test recall@20")
    low, high = (tested.loc[dim, "by distance"] - tested.loc[dim, "random"] for dim in (16, 64))
    assert low.mean() > 0
    assert (low > 0).sum() >= 4
    assert lead(-high, over=0.02) > 3
    measured(
        "MovieLens, test recall@20, vectors of length 1, hinge, 5 splits: by distance − random "
        f"{mean_sd(low)} with D = 16, ahead in {(low > 0).sum()}; {mean_sd(high)} with D = 64"
    )


@claim(
    row=87,
    says="Weighted by 1 / q, the distances of negatives are uniform on [0.5, 1.4].",
    verdict="holds where near points exist: up to some 16 dimensions for random ones",
    shown=("08", "6 · Distance-weighted sampling"),
)
def test_no_weight_draws_a_point_that_is_not_there(measured):
    gaps, nearest = {}, {}
    for dim in (8, 16, 64, 128):
        draw = torch.Generator().manual_seed(dim)
        query, items = (normalize(torch.randn(num, dim, generator=draw), dim=1) for num in (100, 1447))
        drawn = distance_weighted_negatives(query, items, 20, seed=draw)
        apart = (query[:, None] - items[drawn]).norm(dim=2)[drawn >= 0]
        gaps[dim], nearest[dim] = kstest(apart.numpy(), uniform(0.5, 0.9).cdf).statistic, apart.min().item()
    assert max(gaps[8], gaps[16]) < 0.17
    assert min(gaps[64], gaps[128]) > 0.4
    assert nearest[64] > 0.8
    measured(
        "1,447 random candidates, largest gap to uniform: "
        + ", ".join(f"n = {dim} {gap:.2f}" for dim, gap in gaps.items())
        + f"; at n = 64 nothing nearer than {nearest[64]:.2f}"
    )
