from __future__ import annotations

import math
import tracemalloc
from collections import Counter
from itertools import product

import networkx as nx
import numpy as np
import pytest
import torch
from refusing import refused_argument
from scipy.stats import chisquare, ks_2samp
from torch import Tensor

from course_lib.graph import InteractionGraph
from course_lib.walks import importance_neighbors, personalized_pagerank, visit_counts

# Users 0–3 hold items 0–4 together, user 4 has item 5 for itself, user 5 and item 6 have no edge.
USERS, ITEMS = 6, 7
EDGES = [(0, 0), (0, 1), (1, 1), (1, 2), (1, 3), (2, 1), (2, 3), (2, 4), (3, 0), (3, 1), (4, 5)]
N = USERS + ITEMS
RESTARTS = pytest.mark.parametrize("restart", [0, 0.15, 0.5, 1])
STARTS = pytest.mark.parametrize("start", [0, 3, 4, 5, USERS + 1, USERS + 4, USERS + 5, USERS + 6])


def build(edges: list[tuple[int, int]], num_users: int, num_items: int) -> InteractionGraph:
    user, item = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).T
    return InteractionGraph(num_users, num_items, user, item)


GRAPH = build(EDGES, USERS, ITEMS)
NEIGHBORS = {node: sorted(GRAPH.to_networkx()[node]) for node in range(N)}


def of(start: int, times: int = 1) -> dict[str, Tensor]:
    """A node as the keyword that starts there."""
    key, node = ("start_users", start) if start < USERS else ("start_items", start - USERS)
    return {key: torch.full((times,), node)}


def visits(start: int, num_steps: int, restart: float, times: int = 1, seed: int = 0) -> np.ndarray:
    counts = visit_counts(GRAPH, **of(start, times), num_steps=num_steps, restart=restart, seed=seed)
    return counts.to_dense().numpy()


def limit(start: int, restart: float) -> np.ndarray:
    return personalized_pagerank(GRAPH, **of(start), restart=restart)[0].numpy()


# ---- the reference: the law of one step, written out


def transition(start: int, restart: float) -> np.ndarray:
    """Probability of each step, entry by entry."""
    matrix = np.zeros((N, N))
    for node in range(N):
        matrix[node, start] += restart
        for neighbor in NEIGHBORS[node] or [start]:
            matrix[node, neighbor] += (1 - restart) / len(NEIGHBORS[node] or [start])
    return matrix


def loop(start: int, num_steps: int, restart: float, rng: np.random.Generator) -> list[int]:
    """One walk, step by step."""
    node, arrivals = start, []
    for _ in range(num_steps):
        node = start if rng.random() < restart or not NEIGHBORS[node] else int(rng.choice(NEIGHBORS[node]))
        arrivals.append(node)
    return arrivals


# ---- the walk


@RESTARTS
@STARTS
def test_counts_have_the_law_of_the_walk(start, restart):
    """All walks of three steps, with their probabilities: not the mean alone but the whole joint law."""
    matrix, law, times = transition(start, restart), Counter(), 20_000
    for walk in product(range(N), repeat=3):
        probability = math.prod(matrix[here, there] for here, there in zip((start, *walk), walk, strict=False))
        law[tuple(np.bincount(walk, minlength=N).tolist())] += probability
    law = {counts: probability for counts, probability in law.items() if probability}
    seen = Counter(map(tuple, visits(start, 3, restart, times).tolist()))
    assert set(seen) <= set(law)
    if len(law) > 1:
        expected = times * np.array(list(law.values()))
        assert expected.min() > 5
        assert chisquare([seen[counts] for counts in law], expected).pvalue > 1e-4


@pytest.mark.parametrize("restart", [0, 0.3])
def test_counts_are_those_of_a_loop(restart):
    rng = np.random.default_rng(1)
    slow = np.array([np.bincount(loop(0, 25, restart, rng), minlength=N) for _ in range(1_500)])
    fast = visits(0, 25, restart, times=6_000)
    assert (fast.any(axis=0) == slow.any(axis=0)).all()
    for node in np.flatnonzero(slow.any(axis=0)):
        assert ks_2samp(slow[:, node], fast[:, node]).pvalue > 1e-4


@RESTARTS
@STARTS
def test_mean_counts_are_the_sum_of_the_powers(start, restart):
    matrix, at, expected = transition(start, restart), np.eye(N)[start], np.zeros(N)
    for _ in range(40):
        at = at @ matrix
        expected += at
    got = visits(start, 40, restart, times=5_000)
    error = got.std(axis=0) / math.sqrt(5_000)
    assert (np.abs(got.mean(axis=0) - expected) <= 4.5 * error + 1e-9).all()


def test_every_step_is_one_visit():
    counts = visit_counts(GRAPH, start_items=torch.arange(ITEMS), num_steps=77, restart=0.2)
    assert (counts.shape, counts.dtype, counts.layout) == ((ITEMS, N), torch.int64, torch.sparse_coo)
    assert counts.is_coalesced() and counts.values().min() > 0
    assert counts.to_dense().sum(dim=1).tolist() == [77] * ITEMS


@pytest.mark.parametrize("start", [5, USERS + 6])
@pytest.mark.parametrize("restart", [0, 0.3, 1])
def test_a_start_without_edges_visits_itself_alone(start, restart):
    assert visits(start, 9, restart).tolist() == [[9 * (node == start) for node in range(N)]]
    assert limit(start, restart).tolist() == [float(node == start) for node in range(N)]


def test_restart_one_never_leaves():
    assert visits(0, 30, restart=1)[0, 0] == 30


def test_many_starts_keep_their_rows():
    """More steps than are held at a time, from two parts of the graph in turn."""
    users = torch.tensor([0, 4, 5, 2]).repeat(700)
    counts = visit_counts(GRAPH, start_users=users, num_steps=1_000, restart=0.1).to_dense().bool()
    reach = [{*range(4), *range(USERS, USERS + 5)}, {4, USERS + 5}, {5}]
    for row, expected in enumerate([reach[0], reach[1], reach[2], reach[0]]):
        same = counts[row::4]
        assert (same == same[0]).all()
        assert set(same[0].nonzero().flatten().tolist()) == expected


def test_walks_from_the_same_start_are_independent():
    first, second = (visits(0, 20, 0.2, times=8_000)[half::2, USERS + 1] for half in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / math.sqrt(4_000)


def test_row_85_without_restart_items_come_at_odd_steps_only():
    for num_steps in range(1, 12):
        counts = visits(0, num_steps, restart=0, times=50)
        assert (counts[:, USERS:].sum(axis=1) == (num_steps + 1) // 2).all()
        assert (counts[:, :USERS].sum(axis=1) == num_steps // 2).all()


@pytest.mark.parametrize("restart", [0, 0.2])
def test_row_85_a_walk_of_n_steps_sees_n_hops(restart):
    hops = nx.single_source_shortest_path_length(GRAPH.to_networkx(), 0)
    for num_steps in range(1, 7):
        seen = set(visits(0, num_steps, restart, times=3_000).any(axis=0).nonzero()[0].tolist())
        assert seen - {0} == {node for node, hop in hops.items() if 0 < hop <= num_steps}
        assert (0 in seen) == (restart > 0 or num_steps > 1)


def test_row_85_more_restart_stays_closer():
    hops = nx.single_source_shortest_path_length(GRAPH.to_networkx(), 0)
    distance = np.array([hops.get(node, 0) for node in range(N)])
    means = [(visits(0, 20_000, restart)[0] @ distance) / 20_000 for restart in (0, 0.15, 0.5, 0.9)]
    assert means == sorted(means, reverse=True)
    near = [0, *NEIGHBORS[0]]
    assert visits(0, 20_000, restart=0.99)[0, near].sum() > 0.999 * 20_000


# ---- its limit


@pytest.mark.parametrize("restart", [0.01, 0.15, 0.5, 1])
@STARTS
def test_row_79_pagerank_is_what_the_steps_leave_unchanged(start, restart):
    matrix = transition(start, restart)
    equations = np.vstack([matrix.T - np.eye(N), np.ones(N)])  # π M = π and Σ π = 1
    solution = np.linalg.lstsq(equations, np.append(np.zeros(N), 1), rcond=None)[0]
    np.testing.assert_allclose(limit(start, restart), solution, atol=1e-8)


@pytest.mark.parametrize("restart", [0.15, 0.5, 1])
@STARTS
def test_row_85_pagerank_matches_power_iteration(start, restart):
    at = np.eye(N)[start]
    for _ in range(200):
        at = at @ transition(start, restart)
    np.testing.assert_allclose(limit(start, restart), at, atol=1e-8)


@pytest.mark.parametrize("restart", [0.05, 0.15, 0.5])
@STARTS
def test_pagerank_matches_networkx(start, restart):
    home = {start: 1}
    ranks = nx.pagerank(
        GRAPH.to_networkx(), 1 - restart, personalization=home, dangling=home, tol=1e-12, max_iter=2_000
    )
    np.testing.assert_allclose(limit(start, restart), [ranks[node] for node in range(N)], atol=1e-8)


@STARTS
def test_without_restart_pagerank_is_the_share_of_edges_in_the_start_s_component(start):
    component = nx.node_connected_component(GRAPH.to_networkx(), start)
    degree = np.array([len(NEIGHBORS[node]) * (node in component) for node in range(N)], dtype=float)
    expected = degree / degree.sum() if degree.any() else np.eye(N)[start]
    np.testing.assert_allclose(limit(start, 0), expected, atol=1e-8)


def test_pagerank_rows_belong_to_their_starts():
    rows = personalized_pagerank(GRAPH, start_items=torch.tensor([4, 6, 0, 4]), restart=0.2)
    assert (rows.shape, rows.dtype) == ((4, N), torch.float64)
    for row, item in zip(rows, (4, 6, 0, 4), strict=True):
        np.testing.assert_allclose(row, limit(USERS + item, 0.2), atol=1e-12)


def test_pagerank_keeps_its_digits_on_a_long_thin_graph():
    """A path of 80 nodes mixes slowly, and nothing is far from being cut off."""
    graph = build([(u, i) for u in range(40) for i in (u, u + 1) if i < 40], 40, 40)
    (row,) = personalized_pagerank(graph, start_users=torch.tensor([0]), restart=1e-4)
    adjacency = nx.to_numpy_array(graph.to_networkx(), nodelist=range(80))
    matrix = (1 - 1e-4) * adjacency / adjacency.sum(axis=1, keepdims=True)
    expected = np.linalg.solve(np.eye(80) - matrix.T, 1e-4 * np.eye(80)[0])
    np.testing.assert_allclose(row, expected, atol=1e-6)


@pytest.mark.parametrize("restart", [0, 0.2])
def test_row_79_visits_come_near_pagerank_as_one_over_root_steps(restart):
    steps, expected = np.array([100, 400, 1_600, 6_400]), limit(0, restart)
    errors = [((visits(0, n, restart, times=150) / n - expected) ** 2).sum(axis=1).mean() ** 0.5 for n in steps]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.06)


# ---- neighbours by importance


def test_row_79_neighbours_are_the_items_most_visited_by_the_same_walk():
    items = torch.tensor([3, 0, 6, 5, 1, 3])
    counts = visit_counts(GRAPH, start_items=items, num_steps=60, restart=0.2, seed=4).to_dense()[:, USERS:]
    ids, weights = importance_neighbors(GRAPH, items, 3, num_steps=60, restart=0.2, seed=4)
    assert (ids.shape, ids.dtype, weights.shape, weights.dtype) == ((6, 3), torch.int64, (6, 3), torch.float32)
    for row, item in enumerate(items.tolist()):
        count = {other: int(n) for other, n in enumerate(counts[row]) if n and other != item}
        best = sorted(count, key=lambda other: (-count[other], other))[:3]
        total = sum(count[other] for other in best)
        pad = 3 - len(best)
        assert ids[row].tolist() == best + [-1] * pad
        assert weights[row].tolist() == pytest.approx([count[other] / total for other in best] + [0] * pad)


def test_equal_visits_put_the_lower_id_first():
    """Four steps from item 2 of a star without restart: hub, leaf, hub, leaf."""
    star = build([(0, i) for i in range(9)], 1, 9)
    ids, weights = importance_neighbors(star, torch.full((500,), 2), 4, num_steps=4, restart=0)
    tied = ids[weights[:, 1] == 0.5]
    assert len(tied) > 100
    assert (tied[:, 0] < tied[:, 1]).all()


def test_row_79_with_many_steps_the_neighbours_are_those_of_pagerank():
    items = torch.arange(5)
    ranks = personalized_pagerank(GRAPH, start_items=items, restart=0.3)[:, USERS:]
    ranks[items, items] = 0
    ids, weights = importance_neighbors(GRAPH, items, 4, num_steps=50_000, restart=0.3)
    exact = ranks / ranks.sum(dim=1, keepdim=True)
    torch.testing.assert_close(weights.double(), exact.sort(descending=True).values[:, :4], atol=0.02, rtol=0)
    torch.testing.assert_close(weights.double(), exact.gather(1, ids), atol=0.02, rtol=0)


def test_row_73_one_edge_gives_an_item_neighbours_and_none_gives_padding():
    ids, weights = importance_neighbors(GRAPH, torch.tensor([4, 6, 5]), 4, num_steps=2_000, restart=0.2)
    assert set(ids[0].tolist()) == {0, 1, 2, 3}
    assert weights[0].sum().item() == pytest.approx(1)
    assert ids[1:].tolist() == [[-1] * 4] * 2  # no edge; and a user with this item alone
    assert weights[1:].tolist() == [[0.0] * 4] * 2


@RESTARTS
def test_nobody_neighbours_itself_and_padding_comes_last(restart):
    items = torch.arange(ITEMS).repeat(40)
    ids, weights = importance_neighbors(GRAPH, items, ITEMS + 3, num_steps=6, restart=restart)
    assert (ids != items[:, None]).all() and ids.min() == -1 and ids.max() < ITEMS
    assert ((ids >= 0) == (weights > 0)).all()
    assert (weights.diff(dim=1) <= 0).all()
    found = (ids >= 0).any(dim=1)
    assert found.any() == (restart < 1)
    torch.testing.assert_close(weights.sum(dim=1), found.float())


# ---- for all


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: visit_counts(GRAPH, start_users=torch.arange(6), num_steps=50, restart=0.2, seed=seed).to_dense(),
        lambda seed: importance_neighbors(GRAPH, torch.arange(6), 3, num_steps=50, restart=0.2, seed=seed)[1],
    ],
    ids=["visit_counts", "importance_neighbors"],
)
def test_a_seed_repeats_and_another_differs(draw):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def test_nobody_gets_nothing():
    nobody = torch.empty(0, dtype=torch.long)
    assert visit_counts(GRAPH, start_users=nobody, num_steps=5, restart=0.2).shape == (0, N)
    assert personalized_pagerank(GRAPH, start_items=nobody, restart=0.2).shape == (0, N)
    assert [part.shape for part in importance_neighbors(GRAPH, nobody, 3, 5, 0.2)] == [(0, 3), (0, 3)]


def test_a_graph_without_edges_goes_nowhere():
    empty = build([], 2, 3)
    assert visit_counts(empty, start_items=[1], num_steps=5, restart=0.2).to_dense().tolist() == [[0, 0, 0, 5, 0]]
    assert personalized_pagerank(empty, start_users=[1], restart=0).tolist() == [[0, 1, 0, 0, 0]]
    assert importance_neighbors(empty, [0, 2], 1, 5, 0.2)[0].tolist() == [[-1], [-1]]


def test_memory_follows_the_steps_and_not_users_times_items():
    """400,000 × 400,000 pairs, of which a dense matrix of bits alone would take 20 GB."""
    size = 400_000
    user = torch.arange(size)
    graph = InteractionGraph(size, size, user.repeat(2), torch.cat([user, (user + 1) % size]))
    tracemalloc.start()
    try:
        importance_neighbors(graph, user[:4_000], 5, num_steps=500, restart=0.2)
        assert tracemalloc.get_traced_memory()[1] < 150 * 2**20
    finally:
        tracemalloc.stop()


STEPS = {"num_steps": 5, "restart": 0.2}


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("start_users", lambda: visit_counts(GRAPH, **STEPS)),
        ("start_users", lambda: visit_counts(GRAPH, start_users=[0], start_items=[0], **STEPS)),
        ("start_users", lambda: visit_counts(GRAPH, start_users=[USERS], **STEPS)),
        ("start_items", lambda: visit_counts(GRAPH, start_items=[-1], **STEPS)),
        ("start_items", lambda: visit_counts(GRAPH, start_items=[0.5], **STEPS)),
        ("start_items", lambda: visit_counts(GRAPH, start_items=3, **STEPS)),
        ("num_steps", lambda: visit_counts(GRAPH, start_users=[0], num_steps=0, restart=0.2)),
        ("num_steps", lambda: visit_counts(GRAPH, start_users=[0], num_steps=2.5, restart=0.2)),
        ("restart", lambda: visit_counts(GRAPH, start_users=[0], num_steps=5, restart=1.01)),
        ("restart", lambda: visit_counts(GRAPH, start_users=[0], num_steps=5, restart=math.nan)),
        ("seed", lambda: visit_counts(GRAPH, start_users=[0], seed=-1, **STEPS)),
        ("start_users", lambda: personalized_pagerank(GRAPH, restart=0.2)),
        ("start_items", lambda: personalized_pagerank(GRAPH, start_items=[ITEMS], restart=0.2)),
        ("restart", lambda: personalized_pagerank(GRAPH, start_users=[0], restart=-0.1)),
        ("items", lambda: importance_neighbors(GRAPH, [ITEMS], 3, **STEPS)),
        ("num_neighbors", lambda: importance_neighbors(GRAPH, [0], 0, **STEPS)),
        ("num_steps", lambda: importance_neighbors(GRAPH, [0], 3, num_steps=-1, restart=0.2)),
        ("restart", lambda: importance_neighbors(GRAPH, [0], 3, num_steps=5, restart=2)),
    ],
)
def test_bad_input_is_refused_by_name(argument, call):
    with refused_argument(argument):
        call()
