"""A small graph with lonely nodes, and its matrix written out entry by entry: what models are held against."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from course_lib.graph import InteractionGraph


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
