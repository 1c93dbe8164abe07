"""Rows 21–36: surrogate losses, and what they are good for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import log

import numpy as np
import pytest
import torch
from claims.frame import claim, mean_sd
from over_seeds import SEEDS, lead
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from course_lib.graph import split
from course_lib.losses import binary_loss, bpr_loss, sampled_binary_loss, sampled_bpr_loss
from course_lib.metrics import recall_at_k
from course_lib.negatives import uniform_negatives, uniform_non_edges

TOY = torch.tensor([[-1.0, -3.0], [2.0, 4.0]])  # scores of two users for two items
LIKES = torch.eye(2, dtype=torch.bool)
THE_TOY = ("02", "6 · The toy that decides")


def gradient(loss: Callable[[Tensor, Tensor], Tensor], scores: Tensor, edges: Tensor = LIKES) -> Tensor:
    scores = scores.clone().requires_grad_()
    loss(scores, edges).backward()
    return scores.grad


def descend(loss: Callable[[Tensor, Tensor], Tensor], num_steps: int) -> Tensor:
    """The toy's scores after gradient descent on the scores themselves."""
    scores = TOY
    for _ in range(num_steps):
        scores = scores - 2 * gradient(loss, scores)
    return scores


def random_models(num: int, seed: int = 0) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Edges of 30 users and 40 items; a model's scores, some signal and some noise; the same, each row shifted."""
    draw = torch.Generator().manual_seed(seed)
    edges = torch.rand(30, 40, generator=draw) < 0.1  # (U, I)
    for _ in range(num):
        signal, noise, height = torch.rand(3, generator=draw) * torch.tensor([3.0, 2.0, 4.0])
        scores = signal * edges + noise * torch.randn(30, 40, generator=draw)
        yield edges, scores, scores + height * torch.randn(30, 1, generator=draw)


@claim(
    row=21,
    says="Recall is not differentiable; the surrogate losses are.",
    verdict="holds",
    shown=("02", "2 · Recall is a staircase"),
)
def test_recall_is_flat_where_the_losses_have_a_slope(measured):
    likes = torch.tensor([[True, False, False, False]])
    rows = [torch.tensor([[x, 1.0, -0.5, -2.0]]) for x in torch.linspace(-4, 4, 161)]
    jumps = sum(recall_at_k(low, likes, 1) != recall_at_k(high, likes, 1) for low, high in pairwise(rows))
    assert jumps == 1
    assert all(gradient(loss, row, likes)[0, 0] < 0 for loss in (binary_loss, bpr_loss) for row in rows)
    measured("one score moved in 160 steps: recall@1 changes in 1, both losses fall in all")


@claim(
    row=22,
    says="Surrogate losses should align well with recall.",
    verdict="holds as a tendency, not from model to model",
    shown=("02", "7 · Do the losses align with recall?"),
)
def test_a_lower_loss_means_a_higher_recall_most_of_the_time(measured):
    one_right = torch.tensor([[3.0, 0.0], [0.01, 0.0]])  # one user very sure and right, one just wrong
    all_right = torch.tensor([[0.1, 0.0], [0.0, 0.1]])
    for loss in (binary_loss, bpr_loss):
        assert loss(one_right, LIKES) < loss(all_right, LIKES)
    assert recall_at_k(one_right, LIKES, 1) < recall_at_k(all_right, LIKES, 1)
    models = list(random_models(200))
    recall = [recall_at_k(scores, edges, 4) for edges, scores, _ in models]
    correlation = [
        spearmanr([loss(scores, edges) for edges, scores, _ in models], recall).statistic
        for loss in (binary_loss, bpr_loss)
    ]
    assert max(correlation) < -0.85
    measured(
        "rank correlation of 200 random models: binary {:.2f}, BPR {:.2f}; yet BPR 0.37 with recall 0.5, "
        "0.64 with recall 1".format(*correlation)
    )


@claim(
    row=23,
    says="Every pair without an edge is negative.",
    verdict="does not hold here: what users will like next is among them",
    shown=("02", "4 · Binary loss"),
)
def test_the_negatives_contain_all_future_positives(films, measured):
    parts = split(films.graph, seed=0)
    future = parts.val.num_edges + parts.test.num_edges
    negatives = films.graph.num_users * films.graph.num_items - parts.train.num_edges
    assert not parts.train.has_edges(parts.test.user, parts.test.item).any()
    assert 0.005 < future / negatives < 0.015
    measured(f"MovieLens: {future:,} of {negatives:,} training negatives are hidden positives")


@claim(
    row=24,
    says="σ maps scores into [0, 1].",
    verdict="holds, but 0 and 1 are reached by rounding only, and then the log is infinite",
    shown=("02", "3 · The sigmoid, and how computers lose it"),
)
def test_the_sigmoid_rounds_to_one(measured):
    scores = torch.arange(-100.0, 101.0)
    assert ((scores.sigmoid() >= 0) & (scores.sigmoid() <= 1)).all()
    assert ((scores.double()[84:117].sigmoid() > 0) & (scores.double()[84:117].sigmoid() < 1)).all()  # −16 … 16
    first = scores[(scores.sigmoid() == 1).nonzero()[0]].item()
    assert (1 - torch.tensor(first).sigmoid()).log() == -torch.inf
    assert binary_loss(torch.tensor([[-first, first]]), torch.tensor([[True, False]])) == pytest.approx(2 * first)
    measured(f"in float32 σ({first:.0f}) = 1 and log(1 − σ) = -∞; written with softplus it is {-first:.0f}")


@claim(
    row=25,
    says="Binary loss is the classification of edges against non-edges.",
    verdict="holds with both classes weighted alike, which plain cross-entropy does not do",
    shown=("02", "4 · Binary loss"),
)
def test_two_means_are_not_one(measured):
    edges = (torch.arange(100) == 0)[None]  # (1, 100): one in a hundred
    low = torch.full((1, 100), -4.0)
    slide = [binary_loss(scores, edges).item() for scores in (0 * low, low)]
    plain = [binary_cross_entropy_with_logits(scores, edges.float()).item() for scores in (0 * low, low)]
    weighted = binary_cross_entropy_with_logits(low, edges.float(), pos_weight=torch.tensor(99.0), reduction="sum") / 99
    assert slide[1] > 2 * slide[0]
    assert plain[1] < plain[0] / 2
    assert weighted.item() == pytest.approx(slide[1])
    measured(
        "1 edge in 100 pairs, all scores from 0 to -4: the slide's loss {:.2f} → {:.2f}, plain cross-entropy "
        "{:.2f} → {:.2f}".format(*slide, *plain)
    )


@claim(
    row=26,
    says="Binary loss pushes positive edges above negative ones.",
    verdict="holds, without ever comparing two scores: each is held against 0",
    shown=THE_TOY,
)
def test_binary_pushes_each_score_on_its_own(measured):
    push = -gradient(binary_loss, TOY)
    assert (push[LIKES] > 0).all()
    assert (push[~LIKES] < 0).all()
    raised = TOY.clone()
    raised[1, 0] = 20.0
    assert torch.equal(-gradient(binary_loss, raised)[LIKES], push[LIKES])
    measured(f"push on (u0, v0) {push[0, 0]:.3f}, whether the non-edge (u1, v0) scores 2 or 20")


@claim(
    row=27,
    says="Binary loss can be approximated with mini-batches of edges and non-edges.",
    verdict="holds",
    shown=("02", "8 · What a mini-batch estimates"),
)
def test_batches_estimate_the_binary_loss(campus, measured):
    graph, draw = campus.graph, torch.Generator().manual_seed(0)
    table = torch.randn(graph.num_users, graph.num_items, generator=draw)
    exact = binary_loss(table, graph.biadjacency().to_dense().bool()).item()
    losses = []
    for _ in range(1000):
        edge = torch.randint(graph.num_edges, (256,), generator=draw)
        negatives = uniform_non_edges(graph, 256, draw)
        losses.append(sampled_binary_loss(table[graph.user[edge], graph.item[edge]], table[negatives][:, None]))
    off = standard_errors(torch.stack(losses), exact)
    assert off < 4
    measured("mean of 1,000 batches of 256 on campus: within 4 standard errors of the exact loss")


def standard_errors(losses: Tensor, exact: float) -> float:
    """How many standard errors the mean of the losses is away."""
    return ((losses.mean() - exact).abs() / (losses.std() / len(losses) ** 0.5)).item()


@claim(
    row=28,
    says="Binary loss pushes all positives above all negatives, across users.",
    verdict="holds",
    shown=THE_TOY,
)
def test_binary_sorts_across_users_and_bpr_does_not(measured):
    binary, bpr = descend(binary_loss, 30), descend(bpr_loss, 30)
    assert binary[LIKES].min() > binary[~LIKES].max()
    assert bpr[LIKES].min() < bpr[~LIKES].max()
    assert recall_at_k(bpr, LIKES, 1) == 1
    measured(
        f"the toy after 30 steps: lowest edge {binary[LIKES].min():.1f}, highest non-edge {binary[~LIKES].max():.1f}; "
        f"under BPR {bpr[LIKES].min():.1f} and {bpr[~LIKES].max():.1f}"
    )


@claim(
    row=29,
    says="Recall@1 is perfect, and binary loss still penalises: a negative of u1 scores above the positive of u0.",
    verdict="holds",
    shown=THE_TOY,
)
def test_binary_penalises_what_no_list_shows(measured):
    level = TOY + torch.tensor([[2.0], [-3.0]])  # the same lists; now every edge is above every non-edge
    assert recall_at_k(TOY, LIKES, 1) == recall_at_k(level, LIKES, 1) == 1
    before, after = (binary_loss(scores, LIKES).item() for scores in (TOY, level))
    assert after < before / 2
    measured(f"our scores for the toy: binary {before:.2f}; rows moved, lists as they were: {after:.2f}")


@claim(
    row=30,
    says="(Implied) BPR, unlike binary loss, does not penalise a perfect recall.",
    verdict="does not hold here: it does; what it lacks is the penalty for the height of a row",
    shown=THE_TOY,
)
def test_bpr_penalises_a_perfect_recall_too(measured):
    values = [bpr_loss(factor * TOY, LIKES).item() for factor in (1, 5)]
    assert values[0] > values[1] > 0
    sums = [gradient(loss, TOY).sum(dim=1) for loss in (binary_loss, bpr_loss)]
    assert (sums[0].abs() > 0.3).all()
    assert torch.allclose(sums[1], torch.zeros(2), atol=1e-6)
    row_sums = "{:+.2f}, {:+.2f}".format(*sums[0].tolist())
    measured(f"BPR {values[0]:.3f} at recall 1; its gradient sums to 0 in each row, that of binary to {row_sums}")


@claim(
    row=31,
    says="Recall is personalised; binary loss is not.",
    verdict="holds",
    shown=THE_TOY,
)
def test_a_shift_of_rows_moves_binary_alone(measured):
    for edges, scores, shifted in random_models(100):
        assert recall_at_k(scores, edges, 4) == recall_at_k(shifted, edges, 4)
        assert torch.allclose(bpr_loss(scores, edges), bpr_loss(shifted, edges), atol=1e-5)
    change = [
        abs(binary_loss(shifted, edges) - binary_loss(scores, edges)) for edges, scores, shifted in random_models(100)
    ]
    assert sum(c > 1e-3 for c in change) >= 95
    measured("100 random models, users' rows shifted: recall and BPR unchanged in 100, binary in none")


@claim(
    row=32,
    says="A loss should care for the order within a user only; BPR does.",
    verdict="holds; a constant for each user gives binary loss the same",
    shown=THE_TOY,
)
def test_bpr_leaves_the_height_of_rows_alone(measured):
    heights = [descend(loss, 400).mean(dim=1).tolist() for loss in (bpr_loss, binary_loss)]
    assert heights[0] == pytest.approx([-2, 3], abs=1e-4)
    assert heights[1] == pytest.approx([0, 0], abs=0.1)
    best = min(
        binary_loss(TOY + torch.tensor([[a], [b]]), LIKES).item() for a in range(-4, 5) for b in range(-4, 5)
    )  # over constants for each of the two users
    assert best == pytest.approx(binary_loss(TOY - TOY.mean(dim=1, keepdim=True), LIKES).item())
    measured(f"400 steps on the toy leave row means -2 and 3 under BPR, take them to 0 under binary ({best:.2f} there)")


@claim(
    row=33,
    says="BPR aligns better with recall than binary loss.",
    verdict="holds when models differ in the height of users' rows, and only then",
    shown=("02", "7 · Do the losses align with recall?"),
)
def test_bpr_aligns_better_when_rows_differ_in_height(measured):
    found = {"BPR": [], "binary": [], "binary, rows shifted": []}
    for seed in SEEDS:
        models = list(random_models(100, seed))
        recall = [recall_at_k(scores, edges, 4) for edges, scores, _ in models]
        losses = {
            "BPR": [bpr_loss(shifted, edges) for edges, _, shifted in models],
            "binary": [binary_loss(scores, edges) for edges, scores, _ in models],
            "binary, rows shifted": [binary_loss(shifted, edges) for edges, _, shifted in models],
        }
        for name, values in losses.items():
            found[name].append(spearmanr(values, recall).statistic)
    bpr, level, shifted = map(np.array, found.values())
    assert lead(shifted - bpr, over=0.2) > 3
    assert lead(0.1 - abs(bpr - level)) > 3
    measured(
        "rank correlation with recall, 5 worlds: "
        + ", ".join(f"{name} {mean_sd(values)}" for name, values in found.items())
    )


@claim(
    row=34,
    says="BPR wants a user's positives above her negatives, as recall does.",
    verdict="holds for the order of all pairs: BPR / log 2 bounds the share in wrong order",
    shown=("02", "7 · Do the losses align with recall?"),
)
def test_bpr_bounds_the_share_of_wrong_pairs(measured):
    slack = []
    for edges, scores, _ in random_models(100):
        rows = [
            (row[own][:, None] <= row[~own]).double().mean()
            for row, own in zip(scores, edges, strict=True)
            if own.any()
        ]
        slack.append(bpr_loss(scores, edges) / log(2) - torch.stack(rows).mean())
    assert min(slack) >= 0
    measured(f"BPR / log 2 ≥ 1 − AUC in 100 of 100 random models, by {min(slack):.2f} at least")


@claim(
    row=35,
    says="A batch of users, with one positive each, estimates the BPR loss.",
    verdict="holds when users are drawn; drawing edges, as some code does, estimates another loss",
    shown=("02", "8 · What a mini-batch estimates"),
)
def test_batches_of_users_estimate_the_bpr_loss(campus, measured):
    graph, draw = campus.graph, torch.Generator().manual_seed(0)
    table = torch.randn(graph.num_users, graph.num_items, generator=draw) * graph.user_degree[:, None] / 20
    exact = bpr_loss(table, graph.biadjacency().to_dense().bool()).item()

    def batch(users: Tensor) -> Tensor:
        place = (torch.rand(len(users), generator=draw) * graph.user_degree[users]).long()
        positives = graph.item[graph.user_offsets[users] + place]
        negatives = uniform_negatives(graph, users, 1, draw)
        return sampled_bpr_loss(table[users, positives], table[users[:, None], negatives])

    by_user = [batch(torch.randint(graph.num_users, (256,), generator=draw)) for _ in range(1000)]
    by_edge = [batch(graph.user[torch.randint(graph.num_edges, (256,), generator=draw)]) for _ in range(1000)]
    assert standard_errors(torch.stack(by_user), exact) < 4
    assert standard_errors(torch.stack(by_edge), exact) > 10
    means = [torch.stack(losses).mean().item() for losses in (by_user, by_edge)]
    measured("exact {:.2f}; mean of 1,000 batches by users {:.2f}, by edges {:.2f}".format(exact, *means))
