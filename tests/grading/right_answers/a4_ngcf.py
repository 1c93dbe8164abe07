"""Right answers to A4 in other styles: loops over edges, numpy, scipy, networkx, PyG, nn.Linear, float64."""

from __future__ import annotations

import math
from itertools import pairwise

import networkx as nx
import numpy as np
import scipy.sparse
import torch
from torch import nn
from torch_geometric.nn import SAGEConv
from torch_geometric.utils import coalesce, to_undirected


def neighbors_of(num_nodes, num_users, user, item):
    lists = [set() for _ in range(num_nodes)]
    for u, i in zip(user.tolist(), item.tolist(), strict=True):
        lists[u].add(num_users + i)
        lists[num_users + i].add(u)
    return [sorted(some) for some in lists]


def biadjacency(num_users, num_items, user, item):
    table = scipy.sparse.coo_matrix((np.ones(len(user)), (user, item)), (num_users, num_items)).tocsr()
    table.data[:] = 1
    return scipy.sparse.bmat([[None, table], [table.T, None]], format="csr")


def layer_in_lists(h, user, item, num_users, weight, bias):
    h, weight, bias = h.tolist(), weight.tolist(), bias.tolist()
    rows = []
    for own, ids in zip(h, neighbors_of(len(h), num_users, user, item), strict=True):
        mean = [sum(h[m][d] for m in ids) / len(ids) if ids else 0.0 for d in range(len(own))]
        both = own + mean
        sums = [sum(w * x for w, x in zip(row, both, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        rows.append([max(0.0, total) for total in sums])
    return rows


def layer_in_scipy(h, user, item, num_users, weight, bias):
    matrix = biadjacency(num_users, len(h) - num_users, user, item)
    degree = np.asarray(matrix.sum(axis=1)).clip(min=1)
    means = matrix @ h.double().numpy() / degree
    return np.maximum(np.hstack([h.numpy(), means]) @ weight.numpy().T + bias.numpy(), 0)


def layer_in_two_halves(h, user, item, num_users, weight, bias):
    ends = to_undirected(torch.stack([user, item + num_users]), num_nodes=len(h))
    sums = torch.zeros_like(h).index_add_(0, ends[0], h[ends[1]])
    degree = torch.bincount(ends[0], minlength=len(h))
    own, heard = weight.chunk(2, dim=1)
    return (h @ own.T + sums / degree.clamp(min=1)[:, None] @ heard.T + bias).clamp(min=0)


def layer_as_a_module(h, user, item, num_users, weight, bias):
    linear = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.double)
    linear.load_state_dict({"weight": weight, "bias": bias})
    means = [h[ids].mean(0) if ids else torch.zeros(h.shape[1]) for ids in neighbors_of(len(h), num_users, user, item)]
    return linear(torch.cat([h, torch.stack(means)], dim=1).double()).relu()


def layer_with_pyg(h, user, item, num_users, weight, bias):
    (new_dim, both), ends = weight.shape, to_undirected(torch.stack([user, item + num_users]), num_nodes=len(h))
    sage = SAGEConv(both // 2, new_dim, aggr="mean")
    own, heard = weight.float().chunk(2, dim=1)
    sage.load_state_dict({"lin_r.weight": own, "lin_l.weight": heard, "lin_l.bias": bias})
    return sage(h.float(), ends).relu()


def paper_layer_message_by_message(h, user, item, num_users, w1, w2):
    ids = neighbors_of(len(h), num_users, user, item)
    rows = []
    for n, own in enumerate(h):
        total = own @ w1
        for m in ids[n]:
            total = total + (h[m] @ w1 + (h[m] * own) @ w2) / math.sqrt(len(ids[n]) * len(ids[m]))
        rows.append(torch.where(total > 0, total, 0.2 * total))
    return torch.stack(rows)


def paper_layer_edge_by_edge(h, user, item, num_users, w1, w2):
    h, w1, w2 = (x.double().numpy() for x in (h, w1, w2))
    edges = set(zip(user.tolist(), (item + num_users).tolist(), strict=True))
    degree = np.bincount([end for edge in edges for end in edge], minlength=len(h))
    total = h @ w1
    for u, v in edges:
        product = h[u] * h[v] @ w2
        total[u] += (h[v] @ w1 + product) / np.sqrt(degree[u] * degree[v])
        total[v] += (h[u] @ w1 + product) / np.sqrt(degree[u] * degree[v])
    return np.maximum(total, 0.2 * total)


def paper_layer_in_scipy(h, user, item, num_users, w1, w2):
    matrix = biadjacency(num_users, len(h) - num_users, user, item)
    inverse = np.asarray(matrix.sum(axis=1)).ravel().clip(min=1) ** -0.5
    received = scipy.sparse.diags(inverse) @ matrix @ scipy.sparse.diags(inverse) @ h.numpy()
    looped = received + h.numpy()
    return nn.LeakyReLU(0.2)(torch.from_numpy(looped @ w1.numpy() + (received * h.numpy()) @ w2.numpy()))


def paper_layer_with_scatter(h, user, item, num_users, w1, w2):
    to, sender = coalesce(torch.cat([torch.stack([user, item + num_users]), torch.stack([item + num_users, user])], 1))
    root = torch.bincount(to, minlength=len(h)).sqrt()
    messages = (h[sender] @ w1 + (h[sender] * h[to]) @ w2) / (root[to] * root[sender])[:, None]
    return nn.functional.leaky_relu((h @ w1).index_add(0, to, messages), negative_slope=0.2)


def field_by_a_vector(num_users, num_items, user, item, node, hops):
    at = np.zeros(num_users + num_items, dtype=bool)
    at[node] = True
    matrix = biadjacency(num_users, num_items, user, item)
    for _ in range(hops):
        at = matrix @ at > 0
    return np.flatnonzero(at)


def field_by_a_dense_power(num_users, num_items, user, item, node, hops):
    table = torch.zeros(num_users + num_items, num_users + num_items)
    table[user, item + num_users] = table[item + num_users, user] = 1
    return torch.linalg.matrix_power(table, hops)[node].nonzero().flatten()


def field_by_recursion(num_users, num_items, user, item, node, hops):
    if hops == 0:
        return [node]
    if node < num_users:
        near = {int(i) + num_users for u, i in zip(user, item, strict=True) if u == node}
    else:
        near = {int(u) for u, i in zip(user, item, strict=True) if i == node - num_users}
    fields = [field_by_recursion(num_users, num_items, user, item, m, hops - 1) for m in near]
    return np.unique(np.concatenate(fields)) if fields else []


def field_with_networkx(num_users, num_items, user, item, node, hops):
    """A node with a neighbour is reached by every walk that is longer by an even number of hops."""
    graph = nx.Graph(zip(user.tolist(), (item + num_users).tolist(), strict=True))
    if node not in graph:
        return torch.tensor([node] * (hops == 0))
    distance = nx.single_source_shortest_path_length(graph, node, cutoff=hops)
    return torch.tensor(sorted(n for n, far in distance.items() if (hops - far) % 2 == 0))


def report_with_a_counter(val, test, patience):
    best, best_epoch, waited = -math.inf, None, 0
    for epoch, value in enumerate(val.tolist()):
        if value > best:
            best, best_epoch, waited = value, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return {"test": float(test[best_epoch]), "epoch": best_epoch}


def report_in_numpy(val, test, patience):
    val = val.numpy()
    records = [t for t in range(len(val)) if t == 0 or val[t] > val[:t].max()]
    late = [r for r, following in pairwise(records) if following - r > patience]
    best = (late or records[-1:])[0]
    return {"epoch": np.int64(best), "test": test.numpy()[best]}


def report_from_running_maxima(val, test, patience):
    highest = val.double().cummax(0).values
    first = torch.tensor([int((highest == top).nonzero()[0]) for top in highest])
    over = (torch.arange(len(val)) - first >= patience).nonzero()
    stop = int(over[0]) if len(over) else len(val) - 1
    return {"epoch": first[stop], "test": test[first[stop]]}


RIGHT = {
    "ngcf_layer": [layer_in_lists, layer_in_scipy, layer_in_two_halves, layer_as_a_module, layer_with_pyg],
    "ngcf_paper_layer": [
        paper_layer_message_by_message,
        paper_layer_edge_by_edge,
        paper_layer_in_scipy,
        paper_layer_with_scatter,
    ],
    "receptive_field": [field_by_a_vector, field_by_a_dense_power, field_by_recursion, field_with_networkx],
    "select_and_report": [report_with_a_counter, report_in_numpy, report_from_running_maxima],
}
