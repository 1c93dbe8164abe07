from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.graph import InteractionGraph
from course_lib.models import MatrixFactorization

GRAPH = InteractionGraph(5, 7, torch.tensor([0, 1, 4]), torch.tensor([6, 0, 3]))


@pytest.mark.parametrize("dim", [1, 8, 64])
def test_there_is_one_vector_a_user_and_one_an_item(dim):
    assert sum(p.numel() for p in MatrixFactorization(GRAPH, dim=dim).parameters()) == (5 + 7) * dim
    users, items = MatrixFactorization(GRAPH, dim=dim).embed()
    assert (users.shape, items.shape) == ((5, dim), (7, dim))


def test_scores_are_dot_products_in_numpy():
    model = MatrixFactorization(GRAPH, dim=6, seed=3)
    users, items = (table.detach().numpy() for table in model.embed())
    expected = np.einsum("ud,id->ui", users, items)
    assert np.allclose(model.score(torch.arange(5)).detach().numpy(), expected, atol=1e-6)


def test_a_seed_gives_the_same_start_and_another_seed_another():
    tables = [torch.cat(MatrixFactorization(GRAPH, dim=4, seed=seed).embed()) for seed in (1, 1, 2)]
    assert torch.equal(tables[0], tables[1])
    assert not (tables[0] == tables[2]).any()


def test_the_edges_do_not_matter():
    other = InteractionGraph(5, 7, torch.tensor([2]), torch.tensor([2]))
    assert torch.equal(MatrixFactorization(GRAPH, dim=4).user_table, MatrixFactorization(other, dim=4).user_table)


def test_row_42_a_score_pulls_on_its_own_two_vectors_only():
    model = MatrixFactorization(GRAPH, dim=4)
    model.score(torch.tensor([1]))[0, 5].backward()
    assert model.user_table.grad.any(dim=1).nonzero().flatten().tolist() == [1]
    assert model.item_table.grad.any(dim=1).nonzero().flatten().tolist() == [5]
    assert torch.equal(model.user_table.grad[1], model.item_table[5])


def test_row_38_as_many_dimensions_as_the_rank_reproduce_the_matrix():
    matrix = np.random.default_rng(0).random((5, 7)) < 0.5
    left, values, right = np.linalg.svd(matrix.astype(np.float32), full_matrices=False)
    model = MatrixFactorization(GRAPH, dim=5)
    model.load_state_dict({"user_table": torch.tensor(left * values), "item_table": torch.tensor(right.T.copy())})
    assert np.allclose(model.score(torch.arange(5)).detach().numpy(), matrix, atol=1e-5)
