from __future__ import annotations

from collections import Counter

import torch

from course_lib.graph import InteractionGraph
from course_lib.metrics import top_k
from course_lib.models import Popularity

USER, ITEM = [0, 1, 2, 0, 1, 3, 0, 0], [4, 4, 4, 2, 2, 1, 2, 0]  # the edge (0, 2) comes twice
GRAPH = InteractionGraph(5, 6, torch.tensor(USER), torch.tensor(ITEM))


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
