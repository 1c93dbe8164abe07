from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from course_lib.graph import InteractionGraph
from course_lib.models import NGCF, Cosine, LightGCN, MatrixFactorization
from course_lib.training import Recipe, train_epochs

MASK = np.random.default_rng(0).random((12, 9)) < 0.3
GRAPH = InteractionGraph(12, 9, *torch.tensor(MASK).nonzero().T)
EACH_MODEL = pytest.mark.parametrize("model", [MatrixFactorization, LightGCN, NGCF])


@EACH_MODEL
def test_scores_are_cosines_in_numpy(model):
    inner = model(GRAPH, dim=4)
    users, items = (table.detach().double().numpy() for table in inner.embed())
    lengths = np.linalg.norm(users, axis=1)[:, None] * np.linalg.norm(items, axis=1)
    expected = users @ items.T / np.where(lengths > 0, lengths, 1)
    assert np.allclose(Cosine(inner).score(torch.arange(12)).detach().numpy(), expected, atol=1e-6)


@EACH_MODEL
def test_parameters_and_penalty_are_those_of_the_model(model):
    inner = model(GRAPH, dim=4)
    cosine = Cosine(inner)
    assert list(map(id, cosine.parameters())) == list(map(id, inner.parameters()))
    users, items = torch.tensor([0, 3]), torch.tensor([[1], [2]])
    assert cosine.penalty(users, items) == inner.penalty(users, items)


def test_it_is_trained_copied_and_restored_like_any_model():
    cosine = Cosine(LightGCN(GRAPH, dim=4))
    losses = list(train_epochs(cosine, GRAPH, Recipe("softmax", 30, 12, 0.05, 0.0, temperature=0.2)))
    assert losses[-1] < 0.9 * losses[0]
    other = Cosine(LightGCN(GRAPH, dim=4, seed=1))
    other.load_state_dict(cosine.state_dict())
    for twin in (deepcopy(cosine), other):
        assert torch.equal(twin.score(torch.arange(12)), cosine.score(torch.arange(12)))


def test_a_vector_of_zeros_scores_zero():
    inner = MatrixFactorization(GRAPH, dim=4)
    inner.user_table.data[0] = 0
    assert not Cosine(inner).score(torch.tensor([0])).any()
