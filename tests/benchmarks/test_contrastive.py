"""The view of a graph model that the contrastive term compares, and the step that adds the term to BPR."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

from course_lib.datasets import load
from course_lib.models import LightGCN
from course_lib.training import STEPS, Recipe


@pytest.fixture
def contrastive(script) -> ModuleType:
    return script("contrastive")


@pytest.fixture
def model() -> LightGCN:
    return LightGCN(load("campus").graph, dim=8)


def test_a_view_without_noise_is_the_models_own(contrastive, model):
    view = contrastive.view(model, 0.0, torch.Generator())
    assert torch.allclose(view, torch.cat(model.embed()), atol=1e-6)


def test_noise_has_its_length_at_each_layer_and_keeps_every_sign(contrastive, model):
    model.alpha = [0.0, 1.0]
    clean, noisy = (contrastive.view(model, noise, torch.Generator().manual_seed(0)) for noise in (0.0, 0.3))
    moved = noisy - clean
    assert torch.allclose(moved.norm(dim=1), torch.tensor(0.3))
    assert (moved * clean >= 0).all()


def test_weight_0_leaves_the_step_of_bpr(contrastive, model):
    graph, recipe = load("campus").graph, Recipe("bpr", batch_size=32)
    step = contrastive.Contrast(weight=0.0, temperature=0.2, noise=0.1)
    with_term, plain = (s(model, graph, recipe, torch.Generator().manual_seed(0))[0] for s in (step, STEPS["bpr"]))
    assert with_term.item() == plain.item()
