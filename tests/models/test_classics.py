from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
import torch
from refusing import refused_argument
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import cosine_similarity

from course_lib.diffusion import polynomial
from course_lib.graph import InteractionGraph
from course_lib.metrics import top_k
from course_lib.models import EASE, ItemKNN, LowPassFilter, Popularity, SharpenedFilter, classics
from course_lib.models.classics import sharpening

USER, ITEM = [0, 1, 2, 0, 1, 3, 0, 0], [4, 4, 4, 2, 2, 1, 2, 0]  # the edge (0, 2) comes twice
GRAPH = InteractionGraph(5, 6, torch.tensor(USER), torch.tensor(ITEM))
LEARNT = {
    "ItemKNN": ItemKNN,
    "EASE": EASE,
    "LowPassFilter": lambda graph: LowPassFilter(graph, rank=4),
    "SharpenedFilter": lambda graph: SharpenedFilter(graph, rank=4),
}
EACH_MODEL = pytest.mark.parametrize("build", LEARNT.values(), ids=LEARNT)


def interactions(seed: int = 0) -> np.ndarray:
    """30 users × 20 items, dense; the last user and the last item have nothing."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((30, 20)) < rng.uniform(0.05, 0.6, 20)
    matrix[-1], matrix[:, -1] = False, False
    return matrix.astype(float)


def graph_of(matrix: np.ndarray) -> InteractionGraph:
    user, item = torch.tensor(matrix).nonzero().T
    return InteractionGraph(*matrix.shape, user, item)


def scores(model: ItemKNN | EASE | LowPassFilter) -> np.ndarray:
    return model.score(torch.arange(model.num_users)).numpy()


# ---- popularity


def test_items_are_ranked_by_their_number_of_users_ties_by_id():
    counts = Counter(item for _, item in set(zip(USER, ITEM, strict=True)))
    expected = sorted(range(6), key=lambda item: (-counts[item], item))
    scores = Popularity(GRAPH).score(torch.tensor([3, 4, 0]))
    assert scores.shape == (3, 6)
    assert scores.is_floating_point()
    assert top_k(scores, 6).tolist() == [expected] * 3


def test_it_carries_its_size_and_scores_nobody():
    model = Popularity(GRAPH)
    assert (model.num_users, model.num_items) == (5, 6)
    assert model.score(torch.empty(0, dtype=torch.long)).shape == (0, 6)


# ---- item neighbours


@pytest.mark.parametrize("neighbors", [1, 3, 10, 19, 100])
@pytest.mark.parametrize("seed", range(3))
def test_item_knn_adds_the_cosines_of_an_items_nearest_items(seed, neighbors):
    matrix = interactions(seed)
    cosine = cosine_similarity(matrix.T)
    expected = np.zeros_like(matrix)
    for item in range(20):
        others = sorted((-round(cosine[item, other], 9), other) for other in range(20) if other != item)
        for _, other in others[:neighbors]:
            expected[:, item] += matrix[:, other] * cosine[item, other]
    assert np.allclose(scores(ItemKNN(graph_of(matrix), neighbors)), expected, atol=1e-5)


def test_of_equally_similar_neighbors_the_lower_ids_are_kept():
    pairs = list(combinations(range(5), 2))  # a user for each pair of items: all cosines are 1/4
    matrix = np.array([[item in pair for item in range(5)] for pair in pairs]).astype(float)
    kept = [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]
    expected = [[len({*pair} & {*kept[item]}) / 4 for item in range(5)] for pair in pairs]
    assert np.allclose(scores(ItemKNN(graph_of(matrix), neighbors=2)), expected)


def test_item_knn_works_through_a_catalogue_of_several_blocks():
    matrix = np.random.default_rng(0).random((6, 1100)) < 0.3
    cosine = cosine_similarity(matrix.T.astype(float))
    np.fill_diagonal(cosine, 0)
    assert np.allclose(scores(ItemKNN(graph_of(matrix), 1100)), matrix @ cosine, atol=1e-3)


# ---- ridge regression


@pytest.mark.parametrize("ridge", [0.5, 20.0, 500.0])
def test_ease_is_a_ridge_regression_of_each_item_on_all_others(ridge):
    matrix = interactions()
    expected = np.zeros_like(matrix)
    for item in range(20):
        others = np.delete(matrix, item, axis=1)
        expected[:, item] = Ridge(alpha=ridge, fit_intercept=False).fit(others, matrix[:, item]).predict(others)
    assert np.allclose(scores(EASE(graph_of(matrix), ridge)), expected, atol=1e-5)


def test_a_catalogue_too_large_for_a_dense_matrix_is_refused_before_it_is_built():
    with refused_argument("graph"):
        EASE(InteractionGraph(2, 50_001, torch.tensor([0]), torch.tensor([50_000])))


# ---- low-pass filter


def low_pass(matrix: np.ndarray, rank: int, alpha: float) -> np.ndarray:
    """The published formula with dense matrices; 1/0 is 0."""
    left, right = (np.diag([d**-0.5 if d else 0.0 for d in matrix.sum(axis=axis)]) for axis in (1, 0))
    normal = left @ matrix @ right
    ideal = np.linalg.svd(normal)[2][:rank].T
    back = np.diag(np.sqrt(matrix.sum(axis=0)))
    return matrix @ (normal.T @ normal + alpha * right @ ideal @ ideal.T @ back)


@pytest.mark.parametrize(("rank", "alpha"), [(1, 0.3), (6, 0.3), (12, 2.0), (19, 1.0), (6, 0.0)])
@pytest.mark.parametrize("seed", range(3))
def test_the_filter_equals_its_dense_formula(seed, rank, alpha):
    matrix = interactions(seed)
    assert np.allclose(scores(LowPassFilter(graph_of(matrix), rank, alpha)), low_pass(matrix, rank, alpha), atol=1e-5)


def test_the_filter_works_for_more_items_than_users():
    matrix = interactions().T
    assert np.allclose(scores(LowPassFilter(graph_of(matrix), 6, 0.3)), low_pass(matrix, 6, 0.3), atol=1e-5)


# ---- sharpened filter


@pytest.mark.parametrize("coefficients", [(1.0,), (1.0, -0.5), (0.3, 0.0, -2.0, 1.5), (-1.0,)])
@pytest.mark.parametrize("shape", ["wide", "tall"])
def test_sharpening_is_a_polynomial_of_the_dense_item_matrix(shape, coefficients):
    matrix = interactions().T if shape == "wide" else interactions()
    left, right = (np.diag([d**-0.5 if d else 0.0 for d in matrix.sum(axis=axis)]) for axis in (1, 0))
    items = (left @ matrix @ right).T @ (left @ matrix @ right)
    powers = sum(c * np.linalg.matrix_power(items, k) for k, c in enumerate(coefficients))
    expected = low_pass(matrix, rank=6, alpha=0.3) @ powers
    model = SharpenedFilter(graph_of(matrix), coefficients, rank=6, alpha=0.3)
    assert np.allclose(scores(model), expected, atol=1e-5)


def test_the_series_tends_to_the_exponential_and_strength_0_changes_nothing():
    eigenvalue = np.linspace(0, 1, 11)
    series = np.polyval(sharpening(2.5, terms=20)[::-1], eigenvalue)
    assert np.allclose(series, np.exp(-2.5 * eigenvalue))
    assert sharpening(2.0, terms=2) == (1, -2, 2)
    matrix = interactions()
    plain, unchanged = LowPassFilter(graph_of(matrix), 6), SharpenedFilter(graph_of(matrix), sharpening(0), 6)
    assert np.allclose(scores(plain), scores(unchanged))


def test_only_the_asked_users_are_diffused_so_memory_does_not_grow_with_all_pairs(monkeypatch):
    shapes = []

    def watched(adjacency, x, alpha):
        shapes.append(tuple(x.shape))
        return polynomial(adjacency, x, alpha)

    monkeypatch.setattr(classics, "polynomial", watched)
    SharpenedFilter(graph_of(interactions()), rank=4).score(torch.tensor([3, 9]))
    assert shapes == [(50, 2)] * 2  # a number per node and user asked for, to blur and to sharpen


# ---- all of them


@EACH_MODEL
def test_a_second_fit_is_the_same_bit_by_bit_and_leaves_the_global_generators_alone(build):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    assert np.array_equal(scores(build(graph_of(interactions()))), scores(build(graph_of(interactions()))))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


@EACH_MODEL
def test_users_and_items_without_an_edge_score_zero(build):
    result = scores(build(graph_of(interactions())))
    assert np.isfinite(result).all()
    assert np.abs(result[-1]).max() == 0
    assert np.abs(result[:, -1]).max() < 1e-12  # an eigensolver rounds
    assert np.abs(result).max() > 0.01


@EACH_MODEL
def test_scores_are_float_rows_of_the_asked_users(build):
    model = build(graph_of(interactions()))
    users = torch.tensor([7, 0, 7])
    assert model.score(users).dtype == torch.float32
    assert torch.allclose(model.score(users), torch.from_numpy(scores(model))[users], atol=1e-6)
    assert model.score(torch.empty(0, dtype=torch.long)).shape == (0, 20)
    assert (model.num_users, model.num_items) == (30, 20)
    with refused_argument("users"):
        model.score(torch.tensor([30]))


@EACH_MODEL
def test_they_find_the_camps_that_popularity_cannot_see(build):
    camp = np.arange(40) % 2
    graph = graph_of((camp[:, None] == camp) & (np.random.default_rng(0).random((40, 40)) < 0.5))
    lists = top_k(build(graph).score(torch.arange(40)), 4, graph.rows(torch.arange(40)))
    assert torch.equal(lists % 2, torch.tensor(camp)[:, None].expand(-1, 4))


@pytest.mark.parametrize(
    ("argument", "build"),
    [
        ("neighbors", lambda graph: ItemKNN(graph, neighbors=0)),
        ("neighbors", lambda graph: ItemKNN(graph, neighbors=2.5)),
        ("ridge", lambda graph: EASE(graph, ridge=0.0)),
        ("ridge", lambda graph: EASE(graph, ridge=float("nan"))),
        ("rank", lambda graph: LowPassFilter(graph, rank=0)),
        ("rank", lambda graph: LowPassFilter(graph, rank=20)),
        ("alpha", lambda graph: LowPassFilter(graph, rank=4, alpha=-0.1)),
        ("alpha", lambda graph: LowPassFilter(graph, rank=4, alpha=float("nan"))),
        ("graph", lambda graph: LowPassFilter(graph_of(np.zeros((30, 20))), rank=4)),
        ("coefficients", lambda graph: SharpenedFilter(graph, (), rank=4)),
        ("coefficients", lambda graph: SharpenedFilter(graph, (1.0, float("inf")), rank=4)),
        ("strength", lambda graph: SharpenedFilter(graph, sharpening(float("nan")), rank=4)),
        ("terms", lambda graph: SharpenedFilter(graph, sharpening(1.0, terms=-1), rank=4)),
    ],
)
def test_nonsense_is_refused_by_name(argument, build):
    with refused_argument(argument):
        build(graph_of(interactions()))
