from __future__ import annotations

import math

import pytest
import torch
from refusing import refused_argument
from small_graphs import dense_adjacency, random_graph
from torch import Tensor
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from course_lib.graph import InteractionGraph
from course_lib.models import LightGCN, MatrixFactorization


def table(model: LightGCN) -> Tensor:
    return torch.cat([model.user_table, model.item_table]).detach()


@pytest.mark.parametrize("alpha", [None, (0.4, 0.3, 0.2, 0.1), (0.0, 1.0, -2.0, 0.5)])
@pytest.mark.parametrize("seed", range(3))
def test_row_63_embeddings_equal_pygs_for_equal_weights(alpha, seed):
    graph = random_graph(seed)
    model = LightGCN(graph, dim=8, alpha=alpha, seed=seed)
    reference = PyGLightGCN(20, 8, 3, alpha=None if alpha is None else torch.tensor(alpha))
    reference.embedding.weight.data = table(model)
    edges = torch.stack([graph.user, graph.item + 9])
    expected = reference.get_embedding(torch.cat([edges, edges.flip(0)], dim=1))
    assert torch.allclose(torch.cat(model.embed()), expected, atol=1e-6)


@pytest.mark.parametrize("num_layers", [0, 1, 2, 5])
def test_row_61_embeddings_are_the_mean_of_the_layers(num_layers):
    graph = random_graph()
    model = LightGCN(graph, dim=8, num_layers=num_layers)
    powers = [torch.linalg.matrix_power(dense_adjacency(graph), l) for l in range(num_layers + 1)]
    assert torch.allclose(torch.cat(model.embed()), torch.stack(powers).mean(dim=0) @ table(model), atol=1e-6)


@pytest.mark.parametrize("alpha", [None, (0.4, 0.3, 0.2, 0.1), (0.0, 1.0, -2.0, 0.5)])
def test_row_63_the_plain_loop_gives_the_same_embeddings_and_the_same_gradient(alpha):
    model = LightGCN(random_graph(), dim=8, alpha=alpha, std=1.0)
    nodes, total = torch.cat([model.user_table, model.item_table]), 0
    for weight in model.alpha:
        total = total + weight * nodes
        nodes = torch.sparse.mm(model.adjacency, nodes)  # E ← Ã E
    fast = torch.cat(model.embed())
    assert torch.allclose(fast, total, atol=1e-6)
    pull = torch.randn(fast.shape, generator=torch.Generator().manual_seed(0))
    gradients = [torch.autograd.grad((pull * result).sum(), model.parameters()) for result in (fast, total)]
    assert all(torch.allclose(*pair, atol=1e-5) for pair in zip(*gradients, strict=True))


def test_row_61_with_all_weight_on_layer_0_it_is_matrix_factorization():
    light = LightGCN(random_graph(), dim=8, alpha=(1, 0, 0, 0), seed=3)
    shallow = MatrixFactorization(random_graph(), dim=8, seed=3)
    assert torch.equal(light.score(torch.arange(9)), shallow.score(torch.arange(9)))


def test_row_68_it_has_the_parameters_of_matrix_factorization_and_their_start():
    light, shallow = (model(random_graph(), dim=8, seed=3).state_dict() for model in (LightGCN, MatrixFactorization))
    assert light.keys() == shallow.keys()
    assert all(torch.equal(light[name], shallow[name]) for name in shallow)


def test_row_42_an_item_three_hops_away_moves_with_a_single_step_on_a_score():
    user, item = torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1])  # user 0 – item 0 – user 1 – item 1
    graph = InteractionGraph(2, 2, user, item)
    for model, reached in ((LightGCN(graph), [0, 1]), (MatrixFactorization(graph), [0])):
        model.score(torch.tensor([0]))[0, 0].backward()
        assert model.item_table.grad.any(dim=1).nonzero().flatten().tolist() == reached


def test_a_node_without_an_edge_keeps_the_share_of_layer_0():
    model = LightGCN(random_graph(), dim=8, alpha=(0.25, 1.0, 2.0, 3.0))
    users, items = model.embed()
    assert torch.allclose(users[-1], model.user_table[-1] / 4)
    assert torch.allclose(items[-1], model.item_table[-1] / 4)


def test_row_66_after_128_layers_everything_is_finite_and_a_user_is_like_any_other():
    side = torch.arange(6)
    ring = InteractionGraph(6, 6, torch.cat([side, side, side]), torch.cat([side, (side + 1) % 6, (side + 3) % 6]))
    alpha = [0.0] * 127 + [0.5, 0.5]
    few, many = LightGCN(ring, num_layers=1), LightGCN(ring, num_layers=128, alpha=alpha)
    spread = [torch.corrcoef(model.embed()[0].detach()).min().item() for model in (few, many)]
    assert spread[0] < 0.9
    assert spread[1] > 0.999
    assert LightGCN(ring, num_layers=128).score(torch.arange(6)).isfinite().all()


def test_learnt_layer_weights_get_a_gradient_and_belong_to_the_model():
    alpha = torch.nn.Parameter(torch.full((4,), 0.25))
    model = LightGCN(random_graph(), dim=8, alpha=alpha)
    model.score(torch.arange(9)).square().sum().backward()
    assert all(alpha.grad)
    assert "alpha" in model.state_dict()
    assert torch.allclose(torch.cat(model.embed()), torch.cat(LightGCN(random_graph(), dim=8).embed()), atol=1e-6)


@pytest.mark.parametrize(
    "alpha", [(), (1.0,), (0.25,) * 5, (1, 0, 0, math.nan), (1, 0, 0, math.inf), torch.ones(3)], ids=str
)
def test_wrong_layer_weights_are_refused(alpha):
    with refused_argument("alpha"):
        LightGCN(random_graph(), num_layers=3, alpha=alpha)
