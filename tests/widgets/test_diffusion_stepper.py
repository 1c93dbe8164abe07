from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from small_graphs import random_graph

from course_kit.widgets import DiffusionStepper
from course_kit.widgets.diffusion_stepper import MIXES
from course_lib.diffusion import diffuse, multi_scale, normalized_adjacency
from course_lib.graph import InteractionGraph


def state(widget: DiffusionStepper) -> dict:
    return {trait: getattr(widget, trait) for trait in ("num_users", "num_items", "edges", "embeddings")}


def test_layers_and_their_mix_are_the_librarys(js):
    widget = DiffusionStepper(random_graph(5), dim=3)
    start = torch.tensor(widget.embeddings, dtype=torch.double)
    layers = diffuse(normalized_adjacency(widget.graph), start, 9)
    got = js("diffuse", state(widget), 9)
    torch.testing.assert_close(torch.tensor(got, dtype=torch.double), layers, rtol=0, atol=1e-6)
    widget.layers = 9
    for widget.mix in MIXES:
        assert js("alpha", widget.mix, 9) == pytest.approx(widget.alpha())
        mixed = torch.tensor(js("mixed", got, widget.alpha()), dtype=torch.double)
        torch.testing.assert_close(mixed, multi_scale(layers, widget.alpha()), rtol=0, atol=1e-6)
        torch.testing.assert_close(mixed, torch.cat(widget.embed()), rtol=0, atol=1e-6)


@pytest.mark.parametrize("layers", [0, 1, 2, 3, 128])
def test_the_mix_of_both_signs_is_the_mean_less_what_the_last_two_layers_share(js, layers):
    widget = DiffusionStepper(random_graph(5))
    widget.layers, widget.mix = layers, "signed"
    assert js("alpha", "signed", layers) == pytest.approx(widget.alpha())
    assert len(widget.alpha()) == layers + 1
    assert sum(widget.alpha()) == pytest.approx(0 if layers >= 2 else 1)  # at 1, the eigenvalue of popularity
    assert any(weight < 0 for weight in widget.alpha()) == (layers >= 2)


def test_rank_correlation_with_ties(js):
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(size=12).tolist(), rng.integers(4, size=12).tolist()
        assert js("spearman", a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_128_layers_are_the_popularity_list_and_alpha_keeps_the_person(show):
    shown = show(DiffusionStepper())
    shown.set("layers", 128)
    assert int(shown.numbers()["different lists"].split()[0]) <= 3
    assert float(shown.numbers()["rank correlation with popularity"]) > 0.9
    shown.set("mix of the layers", "fading: 0.2 · 0.8^l")
    assert int(shown.numbers()["different lists"].split()[0]) > 15
    shown.set("mix of the layers", "both signs: mean of all − mean of the last two")
    assert int(shown.numbers()["different lists"].split()[0]) > 15
    assert abs(float(shown.numbers()["rank correlation with popularity"])) < 0.5
    shown.set("mix of the layers", "layer 0 only: matrix factorisation")
    assert "noise" in shown.say()


def test_bad_worlds_are_refused():
    nothing = torch.empty(0, dtype=torch.long)
    with pytest.raises(ValueError, match=r"^graph: got "):
        DiffusionStepper(InteractionGraph(2, 2, nothing, nothing))
    with pytest.raises(ValueError, match=r"^groups: got 1 groups"):
        DiffusionStepper(random_graph(), groups=[0])
    with pytest.raises(ValueError, match=r"^k: got 0"):
        DiffusionStepper(random_graph(), k=0)
