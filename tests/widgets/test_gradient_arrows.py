from __future__ import annotations

import numpy as np
import pytest
import torch

from course_kit.widgets import GradientArrows
from course_lib.losses import binary_loss, bpr_loss


@pytest.mark.parametrize(("name", "loss"), [("binary", binary_loss), ("BPR", bpr_loss)])
def test_the_push_is_minus_autograds_gradient(js, name, loss):
    rng = np.random.default_rng(0)
    for scale in (1, 30):
        for _ in range(20):
            edges = rng.integers(2, size=2).tolist()
            table = torch.tensor(scale * rng.normal(size=(2, 2)), requires_grad=True)
            value = loss(table, torch.eye(2).bool()[edges])
            value.backward()
            got = js("push", table.tolist(), edges, name)
            assert got["value"] == pytest.approx(value.item())
            assert np.array(got["push"]) == pytest.approx(-table.grad.numpy())


def test_bpr_leaves_the_middle_of_a_row_and_binary_does_not(show):
    shown = show(GradientArrows())
    shown.set("loss", "BPR")
    shown.press("ten steps")
    assert [sum(row) for row in shown.state("scores")] == pytest.approx([-4, 6])
    shown.press("reset")
    shown.press("ten steps")  # the hint promises that these are enough to see it
    assert [abs(sum(row)) < 2 for row in shown.state("scores")] == [True, True]


def test_bad_scores_are_refused():
    with pytest.raises(ValueError, match=r"^scores: got "):
        GradientArrows([[0, 1], [2, float("inf")]])
