"""Rows 81–87: what negatives cost, and what they bring."""

from __future__ import annotations

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
RESULTS = ROOT / "notebooks" / "results"
PRICE = ("08", "2 · Sharing has a price")
WALKS = ("08", "4 · Hard negatives from walks")
MORE = ("08", "5 · Harder and harder, or more and more?")
NEAREST, MIDDLE = (0.0, 0.01), (0.05, 0.2)  # windows, as quantiles of the catalogue
WINDOWS = (NEAREST, (0.01, 0.05), MIDDLE, (0.2, 0.5), (0.5, 1.0))


def positive_pairs(graph: InteractionGraph, num: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Uniform users and one uniform item of each."""
    users = torch.randint(graph.num_users, (num,), generator=generator)
    nth = (torch.rand(num, generator=generator) * graph.user_degree[users]).long()
    return users, graph.item[graph.user_offsets[users] + nth]


def bpr_terms(model: MatrixFactorization, users: Tensor, pos: Tensor, neg: Tensor) -> Tensor:
    """BPR loss of every pair, (B, S)."""
    user_emb, item_emb = model.embed()
    scores = embedding(users, user_emb) @ item_emb.T  # (B, I); back through model.score's indexing takes longer
    pos_scores, neg_scores = scores.gather(1, torch.cat([pos[:, None], neg], dim=1)).tensor_split([1], 1)
    return softplus(neg_scores - pos_scores)


def trained(graph: InteractionGraph, seed: int) -> MatrixFactorization:
    """Six epochs of 40 steps, with 64 negatives that the batch shares."""
    model, generator = MatrixFactorization(graph, dim=32, seed=seed), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    for _ in range(6 * 40):
        users, pos = positive_pairs(graph, 512, generator)
        ids = shared_negatives(graph, 64, generator)
        counts = shared_mask(graph, users, ids)
        loss = (bpr_terms(model, users, pos, ids.expand(len(users), -1)) * counts).sum() / counts.sum()
        optimizer.zero_grad()
        (loss + 0.01 * model.penalty(users, pos)).backward()
        optimizer.step()
    return model


def ranking(graph: InteractionGraph) -> Tensor:
    """How often an endless walk from each user visits each item, (U, I)."""
    everybody = torch.arange(graph.num_users)
    return personalized_pagerank(graph, start_users=everybody, restart=0.5)[:, graph.num_users :]


@pytest.fixture(scope="module")
def film_splits(films: Dataset) -> list[Split]:
    """Splits of MovieLens, one per seed."""
    return [split(films.graph, seed=seed) for seed in SEEDS]


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


@claim(
    row=82,
    says="With shared negatives the performance stays similar.",
    verdict="holds for many, each variant at its best step size: 256 shared ones do what 16 of each pair's own do; 16 "
    "shared ones are behind a single own one",
    shown=PRICE,
)
def test_each_at_its_best_step_size_many_shared_are_level_with_own(measured):
    rates = pd.read_csv(RESULTS / "shared_negatives.csv").query("epochs == 12").dropna()
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
def test_most_random_negatives_teach_little_in_the_end(film_splits, measured):
    easy = {"before": [], "after": []}
    for seed, parts in zip(SEEDS, film_splits, strict=True):
        graph, generator = parts.train, torch.Generator().manual_seed(seed)
        users, pos = positive_pairs(graph, 2000, generator)
        neg = uniform_negatives(graph, users, 20, generator)
        for name, model in (("before", MatrixFactorization(graph, dim=32, seed=seed)), ("after", trained(graph, seed))):
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
def test_future_positives_are_densest_in_the_nearest_window(film_splits, measured):
    found, times_base = [], []
    for parts in film_splits:
        everybody = torch.arange(parts.train.num_users)
        visits, taken = ranking(parts.train), parts.train.rows(everybody)
        future = parts.val.rows(everybody) | parts.test.rows(everybody)
        base = future.sum() / (~taken).sum()
        windows = (hard_negatives(visits, taken, window) for window in WINDOWS)
        shares = [future.gather(1, ids.clamp(min=0))[ids >= 0].double().mean().item() for ids in windows]
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


@claim(
    row=85,
    says="Hard negatives from walks make the model better.",
    verdict="holds for a middle window; the nearest one makes it worse than none",
    shown=MORE,
)
def test_the_hardest_negatives_are_the_worst(measured):
    runs = pd.read_csv(RESULTS / "hard_negatives.csv").query("epochs == 12 and schedule == 'curriculum'")
    tested = runs.pivot(index="seed", columns="window", values="test recall@20")
    assert lead(tested["none"] - tested["0–1 %"], over=0.02) > 3
    middle = tested["5–20 %"] - tested["none"]
    assert middle.mean() > 0
    assert (middle > 0).sum() >= 4
    measured(
        "recall@20 of MF on MovieLens, 5 splits, 64 shared and by curriculum "
        + ", ".join(f"{window} {mean_sd(tested[window])}" for window in ("none", "0–1 %", "5–20 %"))
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
    runs = pd.read_csv(RESULTS / "distance_weighting.csv").dropna()
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
