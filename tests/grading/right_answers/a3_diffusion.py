"""Right answers to A3 in other styles: loops over entries, numpy, scipy, pandas, PyG, networkx, CSR, float64."""

from __future__ import annotations

import math
import warnings

import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse
import torch
from scipy.stats import spearmanr
from torch_geometric.nn import LGConv
from torch_geometric.utils import to_undirected
from torch_geometric.utils.sparse import to_torch_csr_tensor


def adjacency_with_loops(num_users, num_items, user, item):
    edges = {(int(u), num_users + int(i)) for u, i in zip(user, item, strict=True)}
    degree = [0] * (num_users + num_items)
    for u, i in edges:
        degree[u] += 1
        degree[i] += 1
    table = [[0.0] * len(degree) for _ in degree]
    for u, i in edges:
        table[u][i] = table[i][u] = 1 / math.sqrt(degree[u]) / math.sqrt(degree[i])
    return table


def adjacency_in_scipy(num_users, num_items, user, item):
    biadjacency = scipy.sparse.coo_matrix((np.ones(len(user)), (user, item)), (num_users, num_items)).tocsr()
    biadjacency.data[:] = 1
    table = scipy.sparse.bmat([[None, biadjacency], [biadjacency.T, None]])
    degree = np.asarray(table.sum(axis=1)).ravel()
    inverse = np.zeros_like(degree)
    inverse[degree > 0] = degree[degree > 0] ** -0.5
    return (scipy.sparse.diags(inverse) @ table @ scipy.sparse.diags(inverse)).tocsr()


def adjacency_dense_in_float64(num_users, num_items, user, item):
    table = torch.zeros(num_users + num_items, num_users + num_items, dtype=torch.double)
    table[user, num_users + item] = 1
    table = table + table.T
    root = table.sum(1, keepdim=True).sqrt()
    return (table / (root @ root.T)).nan_to_num(0)


def adjacency_as_csr(num_users, num_items, user, item):
    ends = to_undirected(torch.stack([user, item + num_users]), num_nodes=num_users + num_items)
    root = torch.bincount(ends[0], minlength=num_users + num_items).sqrt()
    weights = 1 / (root[ends[0]] * root[ends[1]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # CSR is in beta
        return to_torch_csr_tensor(ends, weights, size=(num_users + num_items,) * 2)


def weights_of(num_layers, alpha):
    return [1 / (num_layers + 1)] * (num_layers + 1) if alpha is None else alpha


def light_gcn_entry_by_entry(adjacency, embedding, num_layers, alpha=None):
    rows, columns = adjacency.indices()
    entries = list(zip(rows.tolist(), columns.tolist(), adjacency.values().tolist(), strict=True))
    layer = embedding.numpy()
    weights = weights_of(num_layers, alpha)
    final = weights[0] * layer
    for weight in weights[1:]:
        following = np.zeros_like(layer)
        for row, column, value in entries:
            following[row] += value * layer[column]
        layer = following
        final = final + weight * layer
    return final


def light_gcn_in_scipy(adjacency, embedding, num_layers, alpha=None):
    places = tuple(adjacency.indices().numpy())
    matrix = scipy.sparse.csr_matrix((adjacency.values().double().numpy(), places), adjacency.shape)
    layers = [embedding.double().numpy()]
    for _ in range(num_layers):
        layers.append(matrix @ layers[-1])
    return sum(weight * layer for weight, layer in zip(weights_of(num_layers, alpha), layers, strict=True))


def light_gcn_by_horner(adjacency, embedding, num_layers, alpha=None):
    *inner, last = weights_of(num_layers, alpha)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # CSR is in beta
        matrix = adjacency.to_sparse_csr()
    final = last * embedding
    for weight in reversed(inner):
        final = matrix @ final + weight * embedding
    return final


def light_gcn_by_messages(adjacency, embedding, num_layers, alpha=None):
    (row, column), value = adjacency.indices(), adjacency.values()[:, None]
    layers = [embedding]
    for _ in range(num_layers):
        layers.append(torch.zeros_like(embedding).index_add_(0, row, value * layers[-1][column]))
    return torch.einsum("l,lnd->nd", torch.tensor(weights_of(num_layers, alpha)), torch.stack(layers))


def light_gcn_with_pyg(adjacency, embedding, num_layers, alpha=None):
    step, layer = LGConv(normalize=False), embedding.float()
    final = weights_of(num_layers, alpha)[0] * layer
    for weight in weights_of(num_layers, alpha)[1:]:
        layer = step(layer, adjacency.indices(), adjacency.values().float())
        final = final + weight * layer
    return final


def two_hops_in_a_dense_matrix(num_users, num_items, user, item, u, v):
    table = torch.tensor(adjacency_with_loops(num_users, num_items, user, item), dtype=torch.float32)
    return (table @ table)[u, v]


def two_hops_in_scipy(num_users, num_items, user, item, u, v):
    table = adjacency_in_scipy(num_users, num_items, user, item)
    return (table @ table)[u, v]


def two_hops_with_networkx(num_users, num_items, user, item, u, v):
    graph = nx.Graph(zip(user.tolist(), (item + num_users).tolist(), strict=True))
    total = sum(1 / graph.degree(i) for i in set(graph[u]) & set(graph[v]))
    return total / math.sqrt(graph.degree(u) * graph.degree(v))


def two_hops_in_numpy(num_users, num_items, user, item, u, v):
    table = np.zeros((num_users, num_items), dtype=np.float32)
    table[user.numpy(), item.numpy()] = 1
    weights = np.divide(1, table.sum(0), out=np.zeros(num_items, dtype=np.float32), where=table.sum(0) > 0)
    return np.float32((table[u] * table[v]) @ weights / np.sqrt(table[u].sum() * table[v].sum()))


def at_each_depth(measure, light_gcn=light_gcn_in_scipy):
    def correlations(adjacency, embedding, num_users, num_layers):
        (rows, _), means = adjacency.indices().tolist(), []
        degree = [rows.count(node) for node in range(num_users, len(embedding))]
        for depth in range(num_layers + 1):
            final = np.asarray(light_gcn(adjacency, embedding, depth))
            scores = final[:num_users] @ final[num_users:].T
            means.append(sum(measure(row, degree) for row in scores) / num_users)
        return means

    return correlations


def spearman_in_scipy(scores, degree):
    return spearmanr(scores, degree).statistic


def spearman_in_pandas(scores, degree):
    return pd.Series(scores).corr(pd.Series(degree), method="spearman")


def spearman_by_counting(scores, degree):
    """Rank of a value = how many are below it, and half of those that equal it."""
    ranks = [[sum((x < y) + (x == y) / 2 for x in values) for y in values] for values in (scores, degree)]
    (a, b), n = ranks, len(degree)
    mean = n / 2
    products = [sum((x - mean) * (y - mean) for x, y in zip(*pair, strict=True)) for pair in ((a, b), (a, a), (b, b))]
    return products[0] / math.sqrt(products[1] * products[2])


def correlations_from_running_sums(adjacency, embedding, num_users, num_layers):
    degree = pd.Series((adjacency.to_dense() != 0).sum(1)[num_users:].numpy()).rank()
    layer, total, means = embedding.double(), embedding.double(), []
    for _ in range(num_layers + 1):
        scores = pd.DataFrame((total[:num_users] @ total[num_users:].T).numpy().T)  # (I, U)
        means.append(scores.rank().corrwith(degree).mean())
        layer = adjacency.double() @ layer
        total = total + layer
    return np.array(means)


RIGHT = {
    "normalized_adjacency": [
        adjacency_with_loops,
        adjacency_in_scipy,
        adjacency_dense_in_float64,
        adjacency_as_csr,
    ],
    "light_gcn": [
        light_gcn_entry_by_entry,
        light_gcn_in_scipy,
        light_gcn_by_horner,
        light_gcn_by_messages,
        light_gcn_with_pyg,
    ],
    "two_hop_coefficient": [
        two_hops_in_a_dense_matrix,
        two_hops_in_scipy,
        two_hops_with_networkx,
        two_hops_in_numpy,
    ],
    "popularity_correlation": [
        at_each_depth(spearman_in_scipy),
        at_each_depth(spearman_in_pandas, light_gcn_by_messages),
        at_each_depth(spearman_by_counting),
        correlations_from_running_sums,
    ],
}
