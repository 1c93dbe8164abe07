from __future__ import annotations

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import Tensor

from course_lib.graph import InteractionGraph
from course_lib.models import GCN, NGCF, LightGCN, MatrixFactorization

BUILDERS = {
    "GCN": lambda graph, **kw: GCN(graph, dim=6, num_layers=3, **kw),
    "SGC": lambda graph, **kw: GCN(graph, dim=6, num_layers=3, relu=False, **kw),
    "ReLU without weights": lambda graph, **kw: GCN(graph, dim=6, num_layers=3, weights=False, **kw),
    "LightGCN": lambda graph, **kw: LightGCN(graph, dim=6, num_layers=3, **kw),
    "NGCF, lecture": lambda graph, **kw: NGCF(graph, dim=6, num_layers=3, variant="lecture", **kw),
    "NGCF, paper": lambda graph, **kw: NGCF(graph, dim=6, num_layers=3, variant="paper", **kw),
}
EACH_MODEL = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)


def refused(argument: str):
    return pytest.raises(ValueError, match=rf"^{argument}: got [^\n]+, wanted [^\n]+$")


def random_graph(seed: int = 0) -> InteractionGraph:
    """9 users and 11 items, the last of each without an edge."""
    mask = np.random.default_rng(seed).random((9, 11)) < 0.3
    mask[-1], mask[:, -1] = False, False
    user, item = torch.tensor(mask).nonzero().T
    return InteractionGraph(9, 11, user, item)


def dense_adjacency(graph: InteractionGraph) -> Tensor:
    """Ã entry by entry: 1 / √(d_m d_n) at each edge."""
    matrix = torch.zeros(graph.num_nodes, graph.num_nodes)
    for u, i in zip(graph.user.tolist(), graph.item.tolist(), strict=True):
        weight = 1 / (int(graph.user_degree[u]) * int(graph.item_degree[i])) ** 0.5
        matrix[u, graph.num_users + i] = matrix[graph.num_users + i, u] = weight
    return matrix


def table(model: torch.nn.Module) -> Tensor:
    return torch.cat([model.user_table, model.item_table]).detach()


def final(model: torch.nn.Module) -> Tensor:
    return torch.cat(model.embed()).detach()


# ---- the ladder


@pytest.mark.parametrize("num_layers", [0, 1, 2, 4])
def test_row_58_every_layer_is_relu_of_a_e_w(num_layers):
    model = GCN(random_graph(), dim=6, num_layers=num_layers, std=1.0)
    expected = table(model)
    for weight in model.weights:
        expected = (dense_adjacency(random_graph()) @ expected @ weight.detach()).clamp(min=0)
    assert torch.allclose(final(model), expected, atol=1e-5)
    assert len(model.weights) == num_layers


def test_row_59_without_relu_the_layers_collapse_into_one_power_and_one_matrix():
    graph = random_graph()
    model = GCN(graph, dim=6, num_layers=3, relu=False, std=1.0)
    power = torch.linalg.matrix_power(dense_adjacency(graph), 3)
    w0, w1, w2 = (weight.detach() for weight in model.weights)
    assert torch.allclose(final(model), power @ table(model) @ (w0 @ w1 @ w2), atol=1e-5)
    assert not torch.allclose(final(model), power @ table(model) @ (w2 @ w1 @ w0), atol=1e-3)
    with_relu = GCN(graph, dim=6, num_layers=3, std=1.0)
    assert not torch.allclose(final(with_relu), final(model), atol=1e-3)


def test_row_60_without_weights_it_is_lightgcn_read_out_at_the_last_layer():
    graph = random_graph()
    model = GCN(graph, dim=6, num_layers=3, relu=False, weights=False, seed=4)
    light = LightGCN(graph, dim=6, num_layers=3, alpha=(0, 0, 0, 1), seed=4)
    assert torch.equal(final(model), final(light))
    assert torch.allclose(final(model), torch.linalg.matrix_power(dense_adjacency(graph), 3) @ table(model), atol=1e-6)


def test_the_steps_of_the_ladder_differ_in_their_parameters():
    counts = [
        sum(p.numel() for p in GCN(random_graph(), dim=6, num_layers=3, weights=weights).parameters())
        for weights in (True, False)
    ]
    assert counts == [20 * 6 + 3 * 6 * 6, 20 * 6]


# ---- what all models over the graph share


@EACH_MODEL
def test_relabelled_nodes_give_relabelled_embeddings(build):
    graph = random_graph()
    model = build(graph, std=1.0)
    users, items = (torch.randperm(n, generator=torch.Generator().manual_seed(n)) for n in (9, 11))  # old → new
    other = build(InteractionGraph(9, 11, users[graph.user], items[graph.item]), std=1.0)
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        other.user_table[users], other.item_table[items] = model.user_table.clone(), model.item_table.clone()
    for new, old, order in zip(other.embed(), model.embed(), (users, items), strict=True):
        assert torch.allclose(new[order], old, atol=1e-5)
        assert old.abs().max() > 0.01


@EACH_MODEL
def test_everything_learnt_gets_a_gradient(build):
    model = build(random_graph(), std=1.0)
    model.score(torch.arange(8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@EACH_MODEL
def test_nodes_without_an_edge_and_graphs_without_an_edge_stay_finite(build):
    for graph in (random_graph(), InteractionGraph(2, 3, [], []), InteractionGraph(0, 3, [], [])):
        model = build(graph)
        model.score(torch.arange(graph.num_users)).sum().backward()
        assert final(model).isfinite().all()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@EACH_MODEL
def test_the_tables_start_as_matrix_factorization_whatever_the_weights(build):
    shallow = MatrixFactorization(random_graph(), dim=6, seed=5)
    assert torch.equal(table(build(random_graph(), seed=5)), table(shallow))


@EACH_MODEL
def test_a_seed_decides_the_start_and_the_global_generator_is_left_alone(build):
    before = torch.get_rng_state()
    first, again, other = (build(random_graph(), seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not value.any() or not torch.equal(value, other[name])


@EACH_MODEL
def test_a_copy_and_a_reloaded_model_score_alike_and_learn_apart(build):
    model = build(random_graph())
    expected = model.score(torch.arange(9)).detach()
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}, "the matrix is no weight"
    for twin in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin.score(torch.arange(9)), expected)
        with torch.no_grad():
            twin.user_table.zero_()
        assert torch.equal(model.score(torch.arange(9)), expected)
    assert deepcopy(model).adjacency is model.adjacency


@EACH_MODEL
def test_the_matrix_moves_with_the_model(build):
    model = build(random_graph())
    rough = final(model)
    assert model.double().embed()[0].dtype == torch.double
    assert torch.allclose(final(model), rough.double(), atol=1e-6)
    assert model.to("meta").adjacency.device.type == "meta"


def test_weights_and_tables_share_no_numbers():
    model = GCN(random_graph(), dim=6)
    draws = torch.rand(36, generator=torch.Generator().manual_seed(0)).view(6, 6)
    bound = (6 / 12) ** 0.5
    assert model.weights[0].abs().max() <= bound
    assert not torch.allclose(model.weights[0], (2 * draws - 1) * bound)


@pytest.mark.parametrize(("argument", "value"), [("num_layers", -1), ("num_layers", 1.5), ("dim", 0)])
@pytest.mark.parametrize("model", [GCN, LightGCN, NGCF])
def test_sizes_that_make_no_sense_are_refused(model, argument, value):
    with refused(argument):
        model(random_graph(), **{argument: value})
