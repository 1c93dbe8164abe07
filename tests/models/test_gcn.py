from __future__ import annotations

import pytest
import torch
from small_graphs import dense_adjacency, random_graph
from torch import Tensor

from course_lib.models import GCN, LightGCN


def table(model: torch.nn.Module) -> Tensor:
    return torch.cat([model.user_table, model.item_table]).detach()


def final(model: torch.nn.Module) -> Tensor:
    return torch.cat(model.embed()).detach()


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
