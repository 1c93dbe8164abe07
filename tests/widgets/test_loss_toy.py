from __future__ import annotations

import numpy as np
import pytest
import torch

from course_kit.widgets import LossToy
from course_lib.losses import binary_loss, bpr_loss
from course_lib.metrics import recall_at_k


def test_the_browser_computes_what_the_library_does(js):
    rng = np.random.default_rng(0)
    for scale in (0.1, 3, 800):
        for _ in range(30):
            scores = (scale * rng.normal(size=(2, 2))).tolist()
            edges = rng.integers(2, size=2).tolist()
            table, positives = torch.tensor(scores, dtype=torch.double), torch.eye(2).bool()[edges]
            wanted = recall_at_k(table, positives, 1), binary_loss(table, positives), bpr_loss(table, positives)
            got = js("losses", scores, edges)
            assert [got[name] for name in ("recall", "binary", "bpr")] == pytest.approx([v.item() for v in wanted])


def test_equal_scores_rank_by_lower_id(js):
    assert js("losses", [[1, 1], [1, 1]], [0, 1])["recall"] == 0.5


def test_lifting_a_row_moves_binary_alone(show):
    shown = show(LossToy())
    assert shown.numbers() == {"Recall@1": "1.0000", "binary": "1.7535", "BPR": "0.1269"}
    shown.set("add to u1's row", -3)
    assert shown.numbers() == {"Recall@1": "1.0000", "binary": "0.9942", "BPR": "0.1269"}
    assert shown.say() == "u1's row stands 3.0 lower: Recall@1 stayed, binary fell, BPR stayed."


@pytest.mark.parametrize("scores", [[[1, 2, 3], [1, 2]], [[1, 2]], [[1, float("nan")], [0, 0]], [[9, 0], [0, 0]]])
def test_bad_scores_are_refused(scores):
    with pytest.raises(ValueError, match=r"^scores: got "):
        LossToy(scores)


def test_edges_are_items():
    with pytest.raises(ValueError, match=r"^edges: got "):
        LossToy(edges=[0, 2])
