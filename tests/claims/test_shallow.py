"""Rows 20 and 37–42: why embeddings generalise, and what shallow ones cannot see."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from claims.frame import claim, mean_sd
from over_seeds import SEEDS, lead
from torch import Tensor
from torch.nn.functional import softplus

from course_lib.datasets import load, planted
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, split
from course_lib.models import NGCF, LightGCN, MatrixFactorization
from course_lib.training import Recipe, fit

MEMORY = ("03", "4 · Low dimension cannot memorise. Can it?")
ONE_STEP = ("03", "5 · What one step sees")
DAN, BREAD = 3, 5


@pytest.fixture(scope="module")
def toy_pair() -> tuple[InteractionGraph, InteractionGraph]:
    """The toy, and the toy without the edge between Dan and "Bread at Midnight"."""
    graph = load("toy").graph
    keep = (graph.user != DAN) | (graph.item != BREAD)
    return graph, InteractionGraph(graph.num_users, graph.num_items, graph.user[keep], graph.item[keep])


def recalls(graph: InteractionGraph, dim: int, weight_decay: float, seed: int) -> tuple[float, float]:
    """Recall@20 on seen and on unseen edges after 60 epochs that nothing stops."""
    parts = split(graph, ratios=(0.8, 0.0, 0.2), seed=seed)
    model = MatrixFactorization(parts.train, dim, seed=seed)
    fit(model, parts, Recipe(epochs=60, batch_size=1024, weight_decay=weight_decay, seed=seed), progress=False)
    return evaluate(model, parts, on="train")["recall@20"], evaluate(model, parts)["recall@20"]


@pytest.fixture(scope="module")
def by_dimension(campus) -> dict[int, list[tuple[float, float]]]:
    """Recall on seen and unseen edges for each D, without weight decay, of five seeds."""
    return {dim: [recalls(campus.graph, dim, 0.0, seed) for seed in SEEDS] for dim in (1, 16, 128)}


@pytest.mark.slow
@claim(
    row=20,
    says="High recall on seen interactions should lead to high recall on unseen ones.",
    verdict="holds up to a dimension; beyond it recall on unseen ones falls",
    shown=MEMORY,
)
def test_recall_rises_with_the_dimension_on_seen_edges_only(by_dimension, measured):
    seen, unseen = np.moveaxis(list(by_dimension.values()), 2, 0)  # (dimensions, seeds) each
    assert lead(seen[1] - seen[0], over=0.2) > 3
    assert lead(seen[2] - seen[1], over=0.05) > 3
    assert lead(unseen[1] - unseen[0]) > 3
    assert unseen[1].mean() > unseen[0].mean() + 0.1
    assert unseen[2].mean() < unseen[1].mean()
    assert (unseen[2] < unseen[1]).sum() >= 4
    rise, bend = (" → ".join(f"{mean:.2f}" for mean in part.mean(axis=1)) for part in (seen, unseen))
    measured(
        f"campus, D = 1 → 16 → 128, no weight decay, 5 splits: recall@20 on seen edges {rise}, on unseen ones {bend}"
    )


@claim(
    row=37,
    says="Similar users tend to prefer similar items.",
    verdict="holds",
    shown=("03", "1 · Similar users prefer similar items"),
)
def test_the_most_similar_user_knows_more_of_what_is_hidden(measured):
    shares = {"nearest": [], "any": []}
    for seed in SEEDS:
        parts = split(planted(300, 200, num_tastes=8, seed=seed).graph, seed=seed)
        has, hidden = (part.biadjacency().to_dense() for part in (parts.train, parts.test))  # (U, I)
        cosine = has @ has.T / has.norm(dim=1).outer(has.norm(dim=1))
        cosine.fill_diagonal_(-1)
        known = hidden @ has.T / hidden.sum(dim=1, keepdim=True)  # (U, U): share of u's hidden items that u′ has
        shares["nearest"].append(known.gather(1, cosine.argmax(dim=1, keepdim=True)).nanmean().item())
        shares["any"].append(known.nanmean().item())
    near, other = map(np.array, shares.values())
    assert lead(near - 1.5 * other) > 3
    measured(
        f"share of a user's hidden items that her nearest user has: {mean_sd(shares['nearest'])}, "
        f"that another user has: {mean_sd(shares['any'])} (5 generated worlds)"
    )


@claim(
    row=38,
    says="Low-dimensional embeddings cannot memorise all interactions.",
    verdict="does not hold here for lists: six dimensions put any three items on top",
    shown=MEMORY,
)
def test_six_dimensions_put_any_three_of_fifty_items_on_top(measured):
    """Items on the moment curve; a user's score is 0 at her items and negative elsewhere, up to a constant."""
    num_items, m = 50, 3
    angle = 2 * torch.pi * torch.arange(num_items, dtype=torch.double) / num_items
    turns = angle[:, None] * torch.arange(1, m + 1)
    items = torch.cat([turns.cos(), turns.sin()], dim=1)  # (I, 2m)
    basis = torch.cat([torch.ones(num_items, 1), items], dim=1)
    draw, right = torch.Generator().manual_seed(0), 0
    for _ in range(200):
        wanted = torch.randperm(num_items, generator=draw)[:m]
        score = -(1 - (angle[:, None] - angle[wanted]).cos()).prod(dim=1)  # (I,)
        user = torch.linalg.lstsq(basis, score).solution[1:]  # (2m,)
        right += set((items @ user).topk(m).indices.tolist()) == set(wanted.tolist())
    assert right == 200
    measured(f"D = {2 * m} ranks any {m} of {num_items} items first: {right} of 200 random wish lists")


@pytest.mark.slow
@claim(
    row=38,
    says="(Implied) It is the low dimension that makes embeddings generalise.",
    verdict="does not hold here: weight decay at a large D does it better",
    shown=MEMORY,
)
def test_weight_decay_beats_every_small_dimension(campus, by_dimension, measured):
    decayed = np.array([recalls(campus.graph, 64, 0.05, seed)[1] for seed in SEEDS])
    best = np.max(list(by_dimension.values()), axis=0)[:, 1]  # (seeds,)
    assert lead(decayed - best, over=0.03) > 3
    measured(
        f"campus, recall@20, 5 splits: D = 64 with weight decay {mean_sd(decayed)}, best D without {mean_sd(best)}"
    )


@claim(
    row=41,
    says="A shallow encoder does not know the graph; only its loss does.",
    verdict="holds",
    shown=ONE_STEP,
)
def test_an_edge_changes_the_loss_and_no_shallow_embedding(toy_pair, measured):
    for model, knows in ((MatrixFactorization, False), (NGCF, True), (LightGCN, True)):
        whole, cut = (torch.cat(model(graph).embed()) for graph in toy_pair)
        assert torch.equal(whole, cut) != knows
    measured("the toy with one edge less, before training: MF's embeddings are the same, NGCF's and LightGCN's are not")


@claim(
    row=42,
    says="Training a shallow encoder captures first-order structure only.",
    verdict="holds for one step; over several, news travels one hop a step",
    shown=ONE_STEP,
)
def test_news_of_an_edge_travels_one_hop_a_step(toy_pair, measured):
    whole, cut = toy_pair
    hops = nx.multi_source_dijkstra_path_length(cut.to_networkx(), {DAN, whole.num_users + BREAD})
    for t in (1, 2, 3, 4, 5):
        moved = (after_steps(whole, t) != after_steps(cut, t)).any(dim=1).nonzero().flatten().tolist()
        assert set(moved) == {node for node, far in hops.items() if far < t}
    measured("the toy: an edge of Dan changes only its own ends in step 1, and Ada, four hops away, in step 5")


def after_steps(graph: InteractionGraph, num_steps: int) -> Tensor:
    """Embeddings (N, D) after gradient steps that pull the ends of all edges together."""
    model = MatrixFactorization(graph, dim=4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(num_steps):
        optimizer.zero_grad()
        users, items = model.embed()
        softplus(-(users[graph.user] * items[graph.item]).sum(dim=1)).sum().backward()
        optimizer.step()
    return torch.cat(model.embed()).detach()
