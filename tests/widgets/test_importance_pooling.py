from __future__ import annotations

import pytest
import torch

from course_kit.widgets import ImportancePooling
from course_lib.datasets import load
from course_lib.walks import importance_neighbors


def test_the_weights_are_the_limit_of_the_librarys_walks(js):
    widget = ImportancePooling()
    graph = {trait: getattr(widget, trait) for trait in ("users", "items", "edges")}
    ids, weights = importance_neighbors(load("toy").graph, torch.arange(6), 2, num_steps=200_000, restart=0.5)
    for item in range(6):
        best = js("pooled", graph, item, 2, 0.5)["best"]
        assert [v for v, _ in best] == ids[item].tolist()
        assert [w for _, w in best] == pytest.approx(weights[item].tolist(), abs=0.02)
        assert sum(w for _, w in best) == pytest.approx(1)


def test_a_restart_forgets_far_items_and_a_sure_one_all(show):
    shown = show(ImportancePooling())
    shares = []
    for restart in (0.1, 0.5, 0.9):
        shown.set("restart", restart)
        shares.append(float(shown.numbers()["pooled"].split()[1].rstrip(",")))
    assert shares == sorted(shares)
    shown.set("restart", 1)
    assert shown.numbers() == {"pooled": "nothing", "share of the visits kept": "–"}
