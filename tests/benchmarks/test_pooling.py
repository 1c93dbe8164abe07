"""What a convolution pools, and the hit rate by which the ways are compared."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from course_lib.datasets import load
from course_lib.features import genre_features
from course_lib.graph import split
from course_lib.models import PinSAGE
from course_lib.models.pinsage import consecutive_pairs


@pytest.fixture
def pinsage(script) -> ModuleType:
    return script("pinsage")


def test_random_neighbours_are_as_many_and_a_plain_mean_weighs_alike(pinsage):
    graph = load("campus").graph
    found = pinsage.ways(graph, 0)
    near, alpha = found["importance"]
    assert torch.equal(found["plain mean"][0], near)
    assert torch.equal(found["random items"][0] >= 0, near >= 0)
    assert not torch.equal(found["random items"][0], near)
    equal = found["plain mean"][1]
    assert torch.allclose(equal.sum(dim=1), alpha.sum(dim=1))
    assert all(len(row[row > 0].unique()) <= 1 for row in equal)


@pytest.mark.parametrize("on", ["val", "test"])
def test_hit_rate_of_the_next_item_is_that_of_a_double_loop(pinsage, on):
    campus = load("campus")
    parts = split(campus.graph, seed=0)
    model = PinSAGE(parts.train, genre_features(campus.genres), dim=8, num_layers=1)
    with torch.no_grad():
        z = model.embed()[1]
    held_out = getattr(parts, on).rows(torch.arange(campus.graph.num_users))
    had = parts.train.rows(torch.arange(campus.graph.num_users))
    hits = []
    for user, query, following in zip(*consecutive_pairs(campus.graph), strict=True):
        if held_out[user, following]:
            scores = z @ z[query]
            rivals = [item for item in range(len(z)) if not had[user, item] and item != query]
            best = sorted(rivals, key=lambda item: (-scores[item].item(), item))[:20]
            hits.append(following.item() in best)
    assert pinsage.next_hit_rate(model, parts, campus.graph, on) == pytest.approx(sum(hits) / len(hits), abs=0.02)
