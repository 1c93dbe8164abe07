from __future__ import annotations

import math

import pytest
import torch
from refusing import refused_argument
from small_graphs import random_graph

from course_lib.datasets import planted
from course_lib.evaluation import evaluate
from course_lib.features import taste_features
from course_lib.graph import InteractionGraph, split
from course_lib.metrics import recall_at_k
from course_lib.models import MatrixFactorization, TextMean
from course_lib.retrieval import TwoStage, recommend

GRAPH = random_graph()
ACTIVE, ALONE = (GRAPH.user_degree > 0).nonzero().flatten(), (GRAPH.user_degree == 0).nonzero().flatten()
FEATURES = torch.randn(11, 4, generator=torch.Generator().manual_seed(0)) + 1


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


@pytest.mark.parametrize("center", [False, True])
def test_a_score_is_the_mean_cosine_to_the_items_of_the_user(center):
    vectors = FEATURES.tolist()
    if center:
        mean = [sum(column) / 11 for column in zip(*vectors, strict=True)]
        vectors = [[x - m for x, m in zip(vector, mean, strict=True)] for vector in vectors]
    scores = TextMean(GRAPH, FEATURES, center=center).score(torch.arange(9))
    assert scores.shape == (9, 11)
    for user in ACTIVE.tolist():
        own = GRAPH.item[GRAPH.user == user].tolist()
        for item in range(11):
            by_hand = sum(cosine(vectors[item], vectors[other]) for other in own) / len(own)
            assert scores[user, item].item() == pytest.approx(by_hand, abs=1e-5)


def test_embeddings_are_unit_items_and_their_plain_mean():
    users, items = TextMean(GRAPH, FEATURES).embed()
    assert torch.allclose(items.norm(dim=1), torch.ones(11), atol=1e-6)
    several = GRAPH.user_degree.argmax()
    own = GRAPH.rows(several[None])[0]
    assert torch.allclose(users[several], items[own].mean(dim=0), atol=1e-6)
    assert users[several].norm() < 0.99, "a mean, not normalised again"


def test_a_user_without_items_and_an_item_without_text_score_zero():
    features = FEATURES.clone()
    features[2] = 0
    scores = TextMean(GRAPH, features).score(torch.arange(9))
    assert not scores[ALONE].any()
    assert not scores[:, 2].any()
    assert scores[ACTIVE, 10].all(), "an item that nobody has is scored by its text"


def test_what_all_texts_have_in_common_drowns_the_rest_until_it_is_subtracted():
    common = FEATURES + 100 * torch.ones(4)
    raw, bare, centered = (
        TextMean(GRAPH, features, center).score(ACTIVE)
        for features, center in ((common, False), (FEATURES, True), (common, True))
    )
    assert raw.min() > 0.99
    assert torch.allclose(centered, bare, atol=1e-3)


def test_the_features_stay_as_they_were_and_a_gradient_reaches_them():
    features = FEATURES.clone().requires_grad_()
    TextMean(GRAPH, features, center=True).score(torch.arange(9)).square().sum().backward()
    assert features.grad.any(dim=1).all()
    assert torch.equal(features.detach(), FEATURES)


def test_it_ranks_and_retrieves_like_any_model():
    model = TextMean(GRAPH, FEATURES)
    lists = recommend(model, torch.arange(9), 4, seen=(GRAPH,))
    two_stage = TwoStage(model, model, num_candidates=11).recommend(torch.arange(9), 4, GRAPH.rows(torch.arange(9)))
    assert torch.equal(lists, two_stage)
    assert TwoStage(model, MatrixFactorization(GRAPH), num_candidates=3).recommend(torch.tensor([0]), 2).shape == (1, 2)


@pytest.mark.parametrize(
    "features",
    [FEATURES[:10], FEATURES[0], FEATURES[None], FEATURES.long(), FEATURES.masked_fill(FEATURES > 1, torch.nan)],
    ids=["another number of items", "one vector", "a batch", "integers", "nan"],
)
def test_features_that_do_not_fit_are_refused(features):
    with refused_argument("features"):
        TextMean(GRAPH, features)


@pytest.mark.parametrize("user", [-1, 9])
def test_unknown_users_are_refused(user):
    with refused_argument("users"):
        TextMean(GRAPH, FEATURES).score(torch.tensor([user]))


# ---- row 13: text or behaviour


def test_row_13_text_that_tells_nothing_recommends_by_chance():
    world = planted(1500, 400, 8, edges_per_user=15, skew=0, noise=0)
    parts = split(world.graph)
    blind, telling = (TextMean(parts.train, taste_features(world.item_taste, signal)) for signal in (0, 1))
    chance = 20 / (400 - 0.9 * 15)  # of what the user has not seen, 20 are listed
    assert evaluate(blind, parts)["recall@20"] == pytest.approx(chance, rel=0.25)
    assert evaluate(telling, parts)["recall@20"] > 5 * chance


def test_row_13_text_that_tells_the_taste_finds_items_that_nobody_has_yet():
    world = planted(300, 200, 4, edges_per_user=20, skew=0, noise=0)
    cold = torch.arange(0, 200, 5)
    old = ~torch.isin(world.graph.item, cold)
    train = InteractionGraph(300, 200, world.graph.user[old], world.graph.item[old])
    scores = TextMean(train, taste_features(world.item_taste, 0.5)).score(torch.arange(300))[:, cold]
    liked = world.graph.rows(torch.arange(300))[:, cold]
    assert recall_at_k(scores, liked, 10) > 2 * 10 / len(cold)
