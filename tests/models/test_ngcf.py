from __future__ import annotations

import math

import pytest
import torch
from refusing import refused_argument
from small_graphs import random_graph
from torch import Tensor

from course_lib.diffusion import normalized_adjacency
from course_lib.graph import InteractionGraph
from course_lib.models import NGCF
from course_lib.models.ngcf import ngcf_layer, ngcf_paper_layer


def path(num_users: int, num_items: int) -> InteractionGraph:
    """user 0 – item 0 – user 1 – item 1 – …"""
    ends = [(step // 2 + step % 2, step // 2) for step in range(num_users + num_items - 1)]
    user, item = torch.tensor(ends).T
    return InteractionGraph(num_users, num_items, user, item)


def neighbors(graph: InteractionGraph) -> list[list[int]]:
    lists: list[list[int]] = [[] for _ in range(graph.num_nodes)]
    for u, i in zip(graph.user.tolist(), (graph.item + graph.num_users).tolist(), strict=True):
        lists[u].append(i)
        lists[i].append(u)
    return lists


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---- one layer


def test_row_48_the_lectures_layer_is_a_loop_over_nodes():
    graph = random_graph()
    h, weight, bias = normal(20, 4, seed=0), normal(5, 8, seed=1), normal(5, seed=2)
    rows, matrix, offset = h.tolist(), weight.tolist(), bias.tolist()
    out = ngcf_layer(h, normalized_adjacency(graph, "left"), weight, bias)
    for node, near in enumerate(neighbors(graph)):
        mean = [sum(rows[m][d] for m in near) / len(near) if near else 0.0 for d in range(4)]
        both = rows[node] + mean
        linear = [sum(w * x for w, x in zip(matrix[k], both, strict=True)) + offset[k] for k in range(5)]
        assert out[node].tolist() == pytest.approx([max(value, 0.0) for value in linear], abs=1e-5)


def test_equation_7_of_the_paper_is_a_sum_of_messages_along_edges():
    graph = random_graph()
    h, w1, w2 = normal(20, 4, seed=0), normal(4, 5, seed=1), normal(4, 5, seed=2)
    out = ngcf_paper_layer(h, normalized_adjacency(graph), w1, w2)
    near = neighbors(graph)
    for node in range(graph.num_nodes):
        total = h[node] @ w1
        for other in near[node]:
            message = h[other] @ w1 + (h[other] * h[node]) @ w2
            total = total + message / math.sqrt(len(near[node]) * len(near[other]))
        assert out[node].tolist() == pytest.approx([v if v > 0 else 0.2 * v for v in total.tolist()], abs=1e-5)


def test_the_mean_over_no_neighbor_is_zero():
    graph = random_graph()
    h, adjacency = normal(20, 4, seed=0), normalized_adjacency(graph, "left")
    only_neighbors = torch.cat([torch.zeros(4, 4), torch.eye(4)], dim=1)
    out = ngcf_layer(h.abs(), adjacency, only_neighbors, torch.zeros(4))
    lonely = [node for node, near in enumerate(neighbors(graph)) if not near]
    assert {8, 19} <= set(lonely)
    assert out.eq(0).all(dim=1).nonzero().flatten().tolist() == lonely


# ---- the model


@pytest.mark.parametrize("num_layers", [0, 1, 3])
def test_the_lectures_model_stacks_its_layer_and_reads_the_last_one_out(num_layers):
    graph = random_graph()
    model = NGCF(graph, dim=4, num_layers=num_layers, std=1.0)
    h = torch.cat([model.user_table, model.item_table])
    for weight, bias in model.layers:
        h = ngcf_layer(h, normalized_adjacency(graph, "left"), weight, bias)
    assert torch.equal(torch.cat(model.embed()), h)
    assert len(model.layers) == num_layers


def test_row_51_no_score_of_the_lectures_model_is_negative_and_some_of_the_papers_are():
    for seed in range(5):
        lecture, paper = (NGCF(random_graph(), variant=variant, seed=seed) for variant in ("lecture", "paper"))
        assert lecture.score(torch.arange(9)).min() >= 0
        assert lecture.score(torch.arange(9)).max() > 0
        assert paper.score(torch.arange(9)).min() < 0


def test_row_50_the_papers_score_is_the_sum_of_a_dot_product_for_each_layer():
    graph = random_graph()
    model = NGCF(graph, dim=4, num_layers=3, variant="paper", std=1.0)
    h = torch.cat([model.user_table, model.item_table])
    expected = h[:9] @ h[9:].T
    for w1, w2 in model.layers:
        h = ngcf_paper_layer(h, normalized_adjacency(graph), w1, w2)
        expected = expected + h[:9] @ h[9:].T
    assert torch.allclose(model.score(torch.arange(9)), expected, atol=1e-4)
    assert [tuple(side.shape) for side in model.embed()] == [(9, 16), (11, 16)]


@pytest.mark.parametrize("variant", ["lecture", "paper"])
@pytest.mark.parametrize("num_layers", [0, 1, 2, 3])
def test_row_43_a_node_sees_as_many_hops_as_there_are_layers_and_no_further(variant, num_layers):
    graph = path(5, 5)  # node 0, 5, 1, 6, 2, … in a line
    place = [2 * user for user in range(5)] + [2 * item + 1 for item in range(5)]
    model = NGCF(graph, dim=16, num_layers=num_layers, variant=variant)
    for parameters in model.layers:  # nothing is cut off by a ReLU
        for parameter in parameters:
            parameter.data.abs_()
    for node in (0, 2, 7):
        nodes = normal(10, 16, seed=0).abs().requires_grad_()
        model.propagate(nodes)[node].sum().backward()
        reached = nodes.grad.any(dim=1).nonzero().flatten().tolist()
        assert reached == [other for other in range(10) if abs(place[other] - place[node]) <= num_layers]


@pytest.mark.parametrize(("variant", "a_layer"), [("lecture", 2 * 8 * 8 + 8), ("paper", 2 * 8 * 8)])
def test_row_53_the_embeddings_hold_n_d_parameters_and_the_layers_some_d_squared(variant, a_layer):
    model = NGCF(random_graph(), dim=8, num_layers=3, variant=variant)
    assert model.user_table.numel() + model.item_table.numel() == 20 * 8
    assert sum(p.numel() for p in model.layers.parameters()) == 3 * a_layer


def test_row_49_users_and_items_share_the_layer():
    graph = random_graph()
    model = NGCF(graph, dim=4, num_layers=2, std=1.0)
    flipped = NGCF(InteractionGraph(11, 9, graph.item, graph.user), dim=4, num_layers=2)
    state = model.state_dict()
    flipped.load_state_dict(state | {"user_table": state["item_table"], "item_table": state["user_table"]})
    assert torch.allclose(flipped.score(torch.arange(11)), model.score(torch.arange(9)).T, atol=1e-5)


def test_weights_start_xavier_uniform_and_biases_at_zero():
    model = NGCF(random_graph(), dim=64)
    for weight, bias in model.layers:
        bound = math.sqrt(6 / (128 + 64))
        assert 0.98 * bound < weight.abs().max() <= bound
        assert weight.var().item() == pytest.approx(bound**2 / 3, rel=0.05)
        assert not bias.any()


def test_an_unknown_variant_is_refused():
    with refused_argument("variant"):
        NGCF(random_graph(), variant="slides")
