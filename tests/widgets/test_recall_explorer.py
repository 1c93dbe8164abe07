from __future__ import annotations

import numpy as np
import pytest
import torch

from course_kit.widgets import RecallExplorer
from course_lib.graph import InteractionGraph, Split
from course_lib.metrics import recall_at_k


def test_the_browser_computes_what_the_library_does(js):
    rng = np.random.default_rng(0)
    for _ in range(30):
        shape = int(rng.integers(1, 6)), int(rng.integers(1, 9))
        scores = rng.normal(size=shape).round(1)  # with ties
        positives, exclude = rng.random(shape) < 0.4, rng.random(shape) < 0.3
        k = int(rng.integers(1, 10))
        wanted = recall_at_k(*map(torch.from_numpy, (scores, positives)), k, torch.from_numpy(exclude), per_user=True)
        got = js("recalls", scores.tolist(), positives.tolist(), k, exclude.tolist())
        assert got == pytest.approx(wanted.tolist(), nan_ok=True)


def test_training_recall_is_zero_with_seen_items_left_out(show):
    shown = show(RecallExplorer())
    shown.set("positives", "known edges (training)")
    shown.set("K", 6)
    assert shown.numbers() == {"recall": "0.000", "bound min(1, K/|P|)": "1.000", "mean of all users": "0.000"}
    assert "by construction" in shown.say()
    shown.set("leave out what was seen", False)
    assert shown.numbers()["mean of all users"] == "1.000"


def test_a_short_list_cannot_hold_more_than_k(show):
    shown = show(RecallExplorer())
    assert shown.numbers()["recall"] == shown.numbers()["bound min(1, K/|P|)"] == "0.500"
    shown.set("K", 2)
    assert shown.numbers()["recall"] == "1.000"


def test_a_user_without_positives_is_left_out(show):
    edges = torch.tensor([0, 1]), torch.tensor([0, 1])
    some, none = InteractionGraph(2, 3, *edges), InteractionGraph(2, 3, edges[0][:0], edges[1][:0])
    hidden = InteractionGraph(2, 3, torch.tensor([0]), torch.tensor([2]))
    shown = show(RecallExplorer(torch.rand(2, 3), Split(some, none, hidden)))
    shown.set("user", "u1")
    assert shown.numbers()["recall"] == "–"
    assert "left out of the mean" in shown.say()


@pytest.mark.parametrize("scores", [torch.zeros(2, 2), torch.full((4, 6), torch.nan)])
def test_bad_scores_are_refused(scores):
    with pytest.raises(ValueError, match=r"^scores: got "):
        RecallExplorer(scores)
