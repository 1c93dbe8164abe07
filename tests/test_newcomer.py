from __future__ import annotations

import numpy as np
import pytest
import torch
from refusing import refused_argument
from small_graphs import dense_adjacency, random_graph
from torch import Tensor

from course_lib.comparison import split_of, trained
from course_lib.graph import InteractionGraph
from course_lib.metrics import recall_at_k
from course_lib.models import EASE, ItemKNN, LightGCN, MatrixFactorization, Popularity
from course_lib.newcomer import RIDGE, influence, share_new

GRAPH = random_graph()
ROWS = (torch.rand(5, 11, generator=torch.Generator().manual_seed(1)) < 0.4).float()  # five newcomers


def joined(graph: InteractionGraph, rows: Tensor) -> InteractionGraph:
    """The graph with one more user per row."""
    user, item = rows.nonzero().T
    users, items = torch.cat([graph.user, user + graph.num_users]), torch.cat([graph.item, item])
    return InteractionGraph(graph.num_users + len(rows), graph.num_items, users, items)


@pytest.mark.parametrize("build", [lambda g: ItemKNN(g, 3), lambda g: ItemKNN(g, 11), lambda g: EASE(g, 2.0)])
def test_whoever_is_known_gets_the_same_scores_as_a_newcomer(build):
    model = build(GRAPH)
    everybody = torch.arange(GRAPH.num_users)
    assert torch.allclose(GRAPH.rows(everybody).float() @ influence(model), model.score(everybody), atol=1e-6)


def test_a_newcomer_to_matrix_factorization_is_a_ridge_regression_on_the_items():
    model = MatrixFactorization(GRAPH, dim=3, std=20.0)
    items = model.item_table.detach()
    taller = torch.cat([items, RIDGE**0.5 * torch.eye(3)])  # least squares with λ|z|² as three more rows
    vectors = torch.linalg.lstsq(taller, torch.cat([ROWS.T, torch.zeros(3, 5)])).solution  # (D, 5)
    wanted = (items @ vectors).T
    assert wanted.abs().max() > 0.1
    assert torch.allclose(ROWS @ influence(model), wanted, atol=1e-4)


@pytest.mark.parametrize("alpha", [None, (0.1, 0.2, 0.0, 0.7), torch.nn.Parameter(torch.tensor([0.4, 1.0, -0.5, 0.3]))])
def test_a_newcomer_to_light_gcn_is_one_more_row_of_the_matrix(alpha):
    model = LightGCN(GRAPH, dim=4, num_layers=3, alpha=alpha)
    users, nodes = GRAPH.num_users, GRAPH.num_nodes
    matrix = torch.zeros(nodes + 5, nodes + 5)  # the newcomers last; nobody reads them
    matrix[:nodes, :nodes] = dense_adjacency(GRAPH)
    for row, has in enumerate(ROWS):
        for item in has.nonzero().flatten().tolist():
            degree = max(int(GRAPH.item_degree[item]), 1)
            matrix[nodes + row, users + item] = 1 / (float(has.sum()) * degree) ** 0.5
    layer = torch.cat([model.user_table, model.item_table, torch.zeros(5, 4)]).detach()
    final = torch.zeros_like(layer)
    for weight in torch.as_tensor(model.alpha).detach().tolist():
        final, layer = final + weight * layer, matrix @ layer
    wanted = final[nodes:] @ final[users:nodes].T
    scores = ROWS @ influence(model) / ROWS.sum(dim=1, keepdim=True).sqrt()
    assert torch.allclose(scores, wanted, atol=1e-6)


@pytest.fixture(scope="module")
def campus() -> dict[str, object]:
    return trained("campus", ["ItemKNN", "EASE", "MatrixFactorization", "LightGCN"])


def test_one_more_user_hardly_changes_what_the_others_are_to_light_gcn(campus):
    """The newcomer only reads. With edges both ways, the scores are nearly the same."""
    graph, model = split_of("campus", 0).train, campus["LightGCN"]
    row = graph.rows(torch.tensor([17])).float()
    both_ways = LightGCN(joined(graph, row), dim=64)
    both_ways.user_table.data = torch.cat([model.user_table.detach(), torch.zeros(1, 64)])
    both_ways.item_table = model.item_table
    wanted = both_ways.score(torch.tensor([graph.num_users])).detach().flatten()
    scores = (row @ influence(model) / row.sum().sqrt()).flatten()
    assert np.corrcoef(wanted, scores)[0, 1] > 0.99


def test_folded_in_users_get_nearly_as_good_lists_as_trained_ones(campus):
    parts = split_of("campus", 0)
    everybody = torch.arange(parts.train.num_users)
    seen, hidden = parts.train.rows(everybody), parts.test.rows(everybody)
    for name, model in campus.items():
        own = recall_at_k(model.score(everybody).detach(), hidden, 20, exclude=seen)
        folded = recall_at_k(seen.float() @ influence(model), hidden, 20, exclude=seen)
        assert folded > own - 0.06, name


def test_a_share_of_a_list_is_new():
    before, after = torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.tensor([[2, 1, 0], [5, 6, 7]])
    assert share_new(before, after).tolist() == pytest.approx([0, 2 / 3])


@pytest.mark.parametrize("model", [Popularity(GRAPH), LightGCN(GRAPH, dim=2, num_layers=0)])
def test_a_model_that_knows_nothing_of_a_newcomer_is_refused(model):
    with refused_argument("model"):
        influence(model)
