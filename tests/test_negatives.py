from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from course_lib.graph import InteractionGraph
from course_lib.negatives import uniform_negatives, uniform_non_edges


def refused(argument: str):
    return pytest.raises(ValueError, match=rf"^{argument}: got [^\n]+, wanted [^\n]+$")


def of(rows: list[set[int]], num_items: int) -> InteractionGraph:
    pairs = [(u, i) for u, row in enumerate(rows) for i in row]
    user, item = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
    return InteractionGraph(len(rows), num_items, user, item)


ROWS = [set(), {0}, {6}, {0, 6}, {1, 2, 3}, {0, 1, 2, 4, 5, 6}, set(range(7))]  # the last has everything
GRAPH = of(ROWS, 7)


@pytest.mark.parametrize("user", range(6))
def test_draws_are_uniform_over_exactly_what_the_user_has_not(user):
    drawn = uniform_negatives(GRAPH, torch.full((500,), user), 20, seed=user).flatten()
    free = sorted(set(range(7)) - ROWS[user])
    assert set(drawn.tolist()) == set(free)
    counts = torch.bincount(drawn, minlength=7)[free]
    assert len(free) == 1 or chisquare(counts.numpy()).pvalue > 1e-3


def test_rows_of_one_batch_belong_to_their_users():
    users = torch.arange(7).repeat(300)
    drawn = uniform_negatives(GRAPH, users, 5, seed=1)
    assert drawn.shape == (2100, 5)
    for user, row in zip(users.tolist(), drawn.tolist(), strict=True):
        assert row == [-1] * 5 if user == 6 else set(row) <= set(range(7)) - ROWS[user]


def test_never_a_positive_on_random_graphs():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        num_items = int(rng.integers(1, 12))
        rows = [set(np.flatnonzero(rng.random(num_items) < rng.random()).tolist()) for _ in range(9)]
        graph, users = of(rows, num_items), torch.tensor(rng.integers(0, 9, 50))
        drawn = uniform_negatives(graph, users, 4, seed=seed)
        for user, row in zip(users.tolist(), drawn.tolist(), strict=True):
            assert set(row) <= ((set(range(num_items)) - rows[user]) or {-1})


def test_pairs_are_uniform_over_all_pairs_without_an_edge():
    users, items = uniform_non_edges(GRAPH, 20_000, seed=0)
    cells = torch.bincount(users * 7 + items, minlength=49).reshape(7, 7)
    edge = GRAPH.biadjacency().to_dense().bool()
    assert (cells[edge] == 0).all()
    assert chisquare(cells[~edge].numpy()).pvalue > 1e-3


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: uniform_negatives(GRAPH, torch.arange(6), 8, seed),
        lambda seed: uniform_non_edges(GRAPH, 48, seed)[0],
    ],
    ids=["uniform_negatives", "uniform_non_edges"],
)
def test_a_seed_repeats_another_differs_a_generator_goes_on(draw):
    before = torch.get_rng_state()
    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(draw(generator), draw(3))
    assert not torch.equal(draw(generator), draw(3))
    assert torch.equal(torch.get_rng_state(), before)


def test_nobody_gets_nothing():
    assert uniform_negatives(GRAPH, torch.empty(0, dtype=torch.long), 3).shape == (0, 3)


def test_a_graph_without_edges_leaves_everything():
    empty = of([set(), set()], 3)
    assert set(uniform_negatives(empty, torch.tensor([0, 1]), 200).flatten().tolist()) == {0, 1, 2}


@pytest.mark.parametrize("num", [0, -2])
def test_fewer_than_one_negative_is_refused(num):
    with refused("num"):
        uniform_negatives(GRAPH, torch.tensor([0]), num)
    with refused("num"):
        uniform_non_edges(GRAPH, num)


def test_a_complete_graph_has_no_pair_to_draw():
    with refused("graph"):
        uniform_non_edges(of([{0, 1}, {0, 1}], 2), 1)


@pytest.mark.parametrize("user", [-1, 7])
def test_unknown_users_are_refused(user):
    with refused("users"):
        uniform_negatives(GRAPH, torch.tensor([user]), 2)
