from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
import torch
from refusing import refused_argument
from scipy.integrate import quad
from scipy.stats import chisquare, kstest, uniform
from torch import Tensor
from torch.nn.functional import softplus

from course_lib.graph import InteractionGraph
from course_lib.losses import bpr_loss, margin_loss
from course_lib.negatives import (
    curriculum,
    distance_density,
    distance_weighted_negatives,
    distance_weights,
    hard_negatives,
    shared_mask,
    shared_negatives,
    uniform_negatives,
    uniform_non_edges,
)
from course_lib.walks import visit_counts


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


# ---- shared by a batch


def test_row_82_shared_negatives_are_distinct_and_cover_the_catalogue_evenly():
    draws = torch.stack([shared_negatives(GRAPH, 3, seed) for seed in range(2000)])
    assert draws.shape == (2000, 3)
    assert all(len(set(row)) == 3 for row in draws.tolist())
    assert chisquare(torch.bincount(draws.flatten(), minlength=7).numpy()).pvalue > 1e-3
    assert shared_negatives(GRAPH, 7).sort().values.tolist() == list(range(7))


def test_row_82_the_mask_is_false_exactly_on_a_users_own_positives():
    users, shared = torch.tensor([4, 0, 6, 4]), torch.tensor([6, 2, 0])
    assert shared_mask(GRAPH, users, shared).tolist() == [
        [item not in ROWS[user] for item in shared.tolist()] for user in users.tolist()
    ]


def test_row_82_a_user_collides_with_as_many_shared_negatives_as_its_degree_says():
    num, seeds = 3, range(1000)
    collisions = sum((~shared_mask(GRAPH, torch.arange(7), shared_negatives(GRAPH, num, s))).sum(dim=1) for s in seeds)
    expected = num * GRAPH.user_degree / GRAPH.num_items
    assert (collisions / len(seeds)).tolist() == pytest.approx(expected.tolist(), abs=0.1)


def test_row_82_the_masked_loss_is_the_slides_bpr_loss_on_the_batch():
    users, pos, shared = torch.tensor([1, 3, 4]), torch.tensor([0, 6, 2]), torch.tensor([0, 3, 5])
    scores = torch.randn(3, 7, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    mask = shared_mask(GRAPH, users, shared)
    chosen = scores[:, shared]
    terms = [
        fmean(softplus(chosen[row, n] - scores[row, pos[row]]).item() for n in range(3) if mask[row, n])
        for row in range(3)
    ]
    positives = torch.zeros(3, 7, dtype=torch.bool).scatter(1, pos[:, None], True)
    negatives = torch.zeros(3, 7, dtype=torch.bool).index_copy(1, shared, mask)
    assert fmean(terms) == pytest.approx(bpr_loss(scores, positives, negatives).item())
    assert not mask.all()


def test_row_81_a_batch_that_shares_embeds_223_times_less_not_2048_times():
    graph, users = InteractionGraph(2048, 600, torch.arange(2048), torch.arange(2048) % 600), torch.arange(2048)
    own, shared = uniform_negatives(graph, users, 500).numel(), shared_negatives(graph, 500).numel()
    assert own / shared == 2048
    assert (2 * 2048 + own) / (2 * 2048 + shared) == pytest.approx(223.7, abs=0.05)


# ---- hard by visits


def band_by_hand(visits: list[float], positives: list[bool], lo: int, hi: int) -> list[int]:
    ranked = sorted((i for i in range(len(visits)) if not positives[i]), key=lambda i: (-visits[i], i))
    return ranked[lo:hi]


def random_visits(seed: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(1, 6)), int(rng.integers(1, 15))
    return torch.tensor(rng.integers(0, 4, shape)), torch.tensor(rng.random(shape) < rng.random())


@pytest.mark.parametrize("dtype", [torch.long, torch.float32])
def test_row_85_bands_equal_a_plain_sort_positives_gone_first_ties_to_the_lower_id(dtype):
    for seed in range(200):
        visits, positives = random_visits(seed)
        rng = np.random.default_rng(seed)
        lo = int(rng.integers(0, 14))
        hi = lo + int(rng.integers(1, 8))
        bands = hard_negatives(visits.to(dtype), positives, (lo, hi))
        assert bands.shape == (len(visits), max(min(hi, visits.shape[1]) - lo, 0))
        for row, visited, owned in zip(bands.tolist(), visits.tolist(), positives.tolist(), strict=True):
            expected = band_by_hand(visited, owned, lo, hi)
            assert row == expected + [-1] * (len(row) - len(expected))


VISITS = torch.tensor([[5, 0, 9, 0, 7, 5, 0, 1, 0, 2]])
OWNED = torch.tensor([[False, False, True, False, False, False, False, False, True, False]])


def test_row_85_a_hand_example_where_what_no_walk_reached_stays_in_the_ranking():
    assert hard_negatives(VISITS, OWNED, (0, 3)).tolist() == [[4, 0, 5]]
    assert hard_negatives(VISITS, OWNED, (4, 8)).tolist() == [[7, 1, 3, 6]]
    assert hard_negatives(VISITS, OWNED, (6, 90)).tolist() == [[3, 6, -1, -1]]
    assert hard_negatives(VISITS, OWNED, (10, 12)).shape == (1, 0)
    assert hard_negatives(VISITS, OWNED, (2000, 5000), num=2).tolist() == [[-1, -1]]  # the slide's, on 10 items


def test_row_85_quantiles_are_of_the_catalogue_and_tile_it():
    assert hard_negatives(VISITS, OWNED, (0.2, 0.5)).tolist() == hard_negatives(VISITS, OWNED, (2, 5)).tolist()
    cuts = (0.0, 0.13, 0.25, 0.55, 1.0)
    parts = [hard_negatives(VISITS, OWNED, window) for window in pairwise(cuts)]
    assert torch.equal(torch.cat(parts, dim=1), hard_negatives(VISITS, OWNED, (0, 10)))
    assert hard_negatives(VISITS, OWNED, (0.0, 0.01)).shape == (1, 0)


def test_row_85_draws_are_distinct_uniform_over_the_band_and_stop_where_it_ends():
    visits, positives = VISITS.repeat(3000, 1), OWNED.repeat(3000, 1)
    drawn = hard_negatives(visits, positives, (1, 6), num=2, seed=0)
    band = hard_negatives(VISITS, OWNED, (1, 6)).flatten()
    assert all(len(set(row)) == 2 for row in drawn.tolist())
    counts = torch.bincount(drawn.flatten(), minlength=10)
    assert counts.sum() == counts[band].sum()
    assert chisquare(counts[band].numpy()).pvalue > 1e-3
    (short,) = hard_negatives(VISITS, OWNED, (6, 9), num=4).tolist()
    assert sorted(short[:2]) == [3, 6] and short[2:] == [-1, -1]


def test_row_85_walks_from_a_user_feed_it():
    users = torch.arange(7)
    visits = visit_counts(GRAPH, start_users=users, num_steps=500, restart=0.2).to_dense()[:, GRAPH.num_users :]
    bands = hard_negatives(visits, GRAPH.rows(users), (0, 7))
    for user, row in enumerate(bands.tolist()):
        assert sorted(i for i in row if i >= 0) == sorted(set(range(7)) - ROWS[user])
    assert bands[1, 0] == 6  # user 1 has item 0 alone, and most of those who share it have item 6 as well


def test_row_85_visits_and_positives_are_left_as_they_were():
    visits, positives = VISITS.clone(), OWNED.clone()
    hard_negatives(visits, positives, (0, 4), num=2)
    assert torch.equal(visits, VISITS) and torch.equal(positives, OWNED)


def test_row_84_epoch_n_adds_n_minus_one():
    assert [curriculum(epoch) for epoch in range(1, 6)] == [0, 1, 2, 3, 4]


def test_row_86_hard_ones_come_on_top_of_the_shared_ones():
    users, shared = torch.tensor([1, 2]), shared_negatives(GRAPH, 3)
    visits = torch.arange(14).reshape(2, 7)
    for epoch in range(2, 5):
        extra = hard_negatives(visits, GRAPH.rows(users), (0, 6), curriculum(epoch))
        assert torch.cat([shared.expand(2, -1), extra], dim=1).shape == (2, 3 + epoch - 1)


# ---- weighted by distance

DIMS = (2, 3, 8, 16, 64, 128)


def on_sphere(num: int, dim: int, seed: int = 0) -> Tensor:
    points = torch.randn(num, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
    return points / points.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("dim", DIMS[1:])  # in 2 dimensions it has a pole at 2
def test_row_87_the_density_integrates_to_one(dim):
    assert quad(lambda d: distance_density(torch.tensor(d).double(), dim).item(), 0, 2)[0] == pytest.approx(1, abs=1e-6)


def test_row_87_on_the_circle_and_on_the_common_sphere_the_density_is_known():
    distances = torch.linspace(0, 2, 11, dtype=torch.double)
    assert distance_density(distances, 3).tolist() == pytest.approx((distances / 2).tolist())
    arc = distances[:-1]
    assert distance_density(arc, 2).tolist() == pytest.approx((2 / (math.pi * (4 - arc**2).sqrt())).tolist())


@pytest.mark.parametrize("dim", DIMS)
def test_row_87_the_density_is_that_of_random_pairs(dim):
    apart = (on_sphere(20_000, dim, 1) - on_sphere(20_000, dim, 2)).norm(dim=1)
    edges = torch.linspace(0, 2, 20_001, dtype=torch.double)
    middle = (edges[1:] + edges[:-1]) / 2
    reached = torch.cat([torch.zeros(1), distance_density(middle, dim).cumsum(0) * (edges[1] - edges[0])])
    assert kstest(apart.numpy(), lambda d: np.interp(d, edges.numpy(), reached.numpy())).pvalue > 1e-3


def test_row_87_distances_crowd_around_root_two():
    for dim in (64, 256):
        apart = (on_sphere(5_000, dim, 1) - on_sphere(5_000, dim, 2)).norm(dim=1)
        assert apart.mean().item() == pytest.approx(math.sqrt(2), abs=0.005)
        assert apart.std().item() == pytest.approx(1 / math.sqrt(2 * dim), rel=0.05)


def weights_by_hand(distances: list[float], dim: int, cutoff: float, upper: float, bound: float) -> list[float]:
    """Straight from the definition, in exact fractions of q: no logarithm, no float that could overflow."""
    eligible = {i: Fraction(max(d, cutoff)) for i, d in enumerate(distances) if d < upper}
    weight = {i: 1 / (d ** (dim - 2) * (1 - d**2 / 4) ** ((dim - 3) // 2)) for i, d in eligible.items()}
    smallest = min(weight.values(), default=Fraction(1))
    weight = {i: w / smallest for i, w in weight.items()}
    if bound < math.inf:
        weight = {i: min(w, Fraction(bound)) for i, w in weight.items()}
    total = sum(weight.values())
    return [float(weight[i] / total) if i in weight else 0.0 for i in range(len(distances))]


@pytest.mark.parametrize("dim", [3, 5, 17, 63, 129])  # odd: q is then a polynomial
@pytest.mark.parametrize("bound", [math.inf, 1e3, 1.0])
def test_row_87_weights_equal_the_definition_in_exact_arithmetic(dim, bound):
    for seed in range(10):
        distances = torch.randint(128, (12,), generator=torch.Generator().manual_seed(seed)).double() / 64
        for cutoff, upper in ((0.5, 1.4), (0.9, 1.99)):
            expected = weights_by_hand(distances.tolist(), dim, cutoff, upper, bound)
            got = distance_weights(distances, dim, cutoff, upper, bound)
            assert got.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-300)
            low = distance_weights(distances.float(), dim, cutoff, upper, bound)
            assert low.tolist() == pytest.approx(expected, rel=2e-3, abs=1e-30)


def test_row_87_nothing_overflows_in_128_dimensions():
    weights = distance_weights(torch.tensor([0.5, 1.39]), 128)
    assert weights.tolist() == [1.0, pytest.approx(0, abs=1e-30)]
    assert distance_weights(torch.tensor([0.5, 1.39]), 128, max_weight=3).tolist() == pytest.approx([0.75, 0.25])


def test_row_87_under_the_cutoff_all_weigh_alike_and_from_upper_on_nothing():
    weights = distance_weights(torch.tensor([0.0, 0.2, 0.5, 1.3, 1.41, 2.0, math.inf]), 8)
    assert weights[0] == weights[1] == weights[2] > weights[3] > 0
    assert not weights[4:].any()
    assert weights.sum().item() == pytest.approx(1)


def test_row_87_rows_are_weighed_apart_and_a_row_with_nothing_near_is_zero():
    distances = torch.tensor([[0.6, 1.0, 1.3], [1.5, 1.6, 1.9], [1.39, 1.38, 1.5]])
    weights = distance_weights(distances, 64)
    assert weights.sum(dim=1).tolist() == pytest.approx([1, 0, 1])
    for row, alone in zip(weights, distances, strict=True):
        assert torch.equal(row, distance_weights(alone, 64))


def test_row_87_drawn_as_weighed():
    query, candidates = on_sphere(2, 4, 1), on_sphere(30, 4, 2)
    drawn = distance_weighted_negatives(query, candidates, 20_000, seed=0)
    for row, expected in zip(drawn, distance_weights(torch.cdist(query, candidates), 4), strict=True):
        counts, possible = torch.bincount(row, minlength=30), expected > 0
        assert not counts[~possible].any()
        assert chisquare(counts[possible].numpy(), 20_000 * expected[possible].numpy()).pvalue > 1e-3


def from_uniform(apart: Tensor) -> float:
    return kstest(apart.flatten().numpy(), uniform(0.5, 0.9).cdf).statistic


def test_row_87_distances_become_uniform_in_8_dimensions_and_cannot_in_64():
    distance = {}
    for dim in (8, 64):
        query, candidates = on_sphere(100, dim, 1), on_sphere(5_000, dim, 2)
        drawn = distance_weighted_negatives(query, candidates, 50)
        distance[dim] = from_uniform((query[:, None] - candidates[drawn]).norm(dim=2))
        assert distance[dim] < from_uniform(torch.cdist(query, candidates)) - 0.15
    assert distance[8] < 0.12
    assert distance[64] > 0.4  # nothing lies nearer than about 0.9


def test_row_87_a_mask_takes_candidates_out_and_who_has_none_gets_none():
    query = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    candidates = torch.tensor([[0.8, 0.6], [0.6, 0.8], [-1.0, 0.0]])
    mask = torch.tensor([[True, True, True], [False, True, True], [False, False, True]])
    drawn = distance_weighted_negatives(query, candidates, 200, mask)
    assert [set(row) for row in drawn.tolist()] == [{0, 1}, {1}, {-1}]


def test_row_78_a_pull_on_the_margin_loss_moves_the_query_from_its_negative_to_its_positive():
    query, pos, neg = (on_sphere(4, 3, seed).requires_grad_() for seed in range(3))
    margin_loss((query * pos).sum(dim=1), (query * neg).sum(dim=1)[:, None], 4.0).backward()  # all terms active
    assert torch.allclose(query.grad, (neg - pos).detach() / 4)
    assert torch.allclose(pos.grad, -query.detach() / 4)
    assert torch.allclose(neg.grad, query.detach() / 4)


# ---- seeds and refusals

LARGE = InteractionGraph(1, 900, torch.tensor([0]), torch.tensor([0]))


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: uniform_negatives(GRAPH, torch.arange(6), 8, seed),
        lambda seed: uniform_non_edges(GRAPH, 48, seed)[0],
        lambda seed: shared_negatives(LARGE, 40, seed),
        lambda seed: hard_negatives(torch.arange(80).reshape(2, 40), torch.zeros(2, 40).bool(), (3, 30), 8, seed),
        lambda seed: distance_weighted_negatives(on_sphere(3, 4, 1), on_sphere(50, 4, 2), 8, None, seed),
    ],
    ids=["uniform", "non_edges", "shared", "hard", "distance_weighted"],
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
    with refused_argument("num"):
        uniform_negatives(GRAPH, torch.tensor([0]), num)
    with refused_argument("num"):
        uniform_non_edges(GRAPH, num)
    with refused_argument("num"):
        shared_negatives(GRAPH, num)
    with refused_argument("num"):
        hard_negatives(VISITS, OWNED, (0, 3), num)
    with refused_argument("num"):
        distance_weighted_negatives(on_sphere(1, 2), on_sphere(1, 2), num)


def test_a_complete_graph_has_no_pair_to_draw():
    with refused_argument("graph"):
        uniform_non_edges(of([{0, 1}, {0, 1}], 2), 1)


@pytest.mark.parametrize("user", [-1, 7])
def test_unknown_users_are_refused(user):
    with refused_argument("users"):
        uniform_negatives(GRAPH, torch.tensor([user]), 2)
    with refused_argument("users"):
        shared_mask(GRAPH, torch.tensor([user]), torch.tensor([0]))
    with refused_argument("shared"):
        shared_mask(GRAPH, torch.tensor([0]), torch.tensor([user]))


def test_more_shared_negatives_than_items_are_refused():
    with refused_argument("num"):
        shared_negatives(GRAPH, 8)


@pytest.mark.parametrize(
    "window", [(3, 3), (5, 2), (-1, 3), (0.5, 0.2), (-0.1, 0.2), (0.2, 1.5), (0, 0.5), (1,), (1, 2, 3), (0.1, math.nan)]
)
def test_windows_that_are_no_band_are_refused(window):
    with refused_argument("window"):
        hard_negatives(VISITS, OWNED, window)


@pytest.mark.parametrize(
    ("visits", "positives", "argument"),
    [
        (VISITS[0], OWNED[0], "visits"),
        (VISITS.to_sparse(), OWNED, "visits"),
        (-VISITS, OWNED, "visits"),
        (VISITS * math.nan, OWNED, "visits"),
        (VISITS, OWNED[:, :4], "positives"),
        (VISITS, OWNED.long(), "positives"),
    ],
)
def test_visits_and_positives_that_do_not_fit_are_refused(visits, positives, argument):
    with refused_argument(argument):
        hard_negatives(visits, positives, (0, 3))


@pytest.mark.parametrize("epoch", [0, -1, 1.5, None])
def test_epochs_count_from_one(epoch):
    with refused_argument("epoch"):
        curriculum(epoch)


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"distances": torch.tensor([-0.1])}, "distances"),
        ({"distances": torch.tensor([math.nan])}, "distances"),
        ({"distances": torch.tensor([1])}, "distances"),
        ({"distances": torch.tensor(1.0)}, "distances"),
        ({"distances": torch.empty(2, 0)}, "distances"),
        ({"dim": 1}, "dim"),
        ({"cutoff": 0.0}, "cutoff, upper"),
        ({"cutoff": 1.4}, "cutoff, upper"),
        ({"upper": 2.1}, "cutoff, upper"),
        ({"max_weight": 0.0}, "max_weight"),
    ],
)
def test_distances_that_make_no_weights_are_refused(change, argument):
    with refused_argument(argument):
        distance_weights(**{"distances": torch.tensor([1.0]), "dim": 8} | change)


@pytest.mark.parametrize("distance", [-0.1, 2.1, math.nan])
def test_a_density_outside_the_sphere_is_refused(distance):
    with refused_argument("distances"):
        distance_density(torch.tensor([1.0, distance]), 8)
    with refused_argument("dim"):
        distance_density(torch.tensor([1.0]), 1)


def test_vectors_of_other_lengths_than_one_are_refused():
    with refused_argument("query"):
        distance_weighted_negatives(torch.ones(2, 3), on_sphere(4, 3), 1)
    with refused_argument("candidates"):
        distance_weighted_negatives(on_sphere(4, 3), torch.zeros(2, 3), 1)
    with refused_argument("candidates"):
        distance_weighted_negatives(on_sphere(4, 3), on_sphere(4, 2), 1)
    with refused_argument("mask"):
        distance_weighted_negatives(on_sphere(4, 3), on_sphere(2, 3), 1, torch.ones(2, 4, dtype=torch.bool))
