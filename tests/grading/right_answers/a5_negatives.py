"""Right answers to A5 in other styles: lists, numpy, scipy, networkx, linear solves, float32 and float64."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import scipy.sparse
import scipy.stats
import torch
from torch.nn.functional import logsigmoid


def walk_over_lists(neighbors, start, restart, uniforms):
    walk = [start]
    for first, second in uniforms.tolist():
        some = neighbors[walk[-1]]
        home = first < restart or not some
        walk.append(start if home else some[min(math.floor(second * len(some)), len(some) - 1)])
    return walk[1:]


def walk_in_numpy(neighbors, start, restart, uniforms):
    arrivals, at = np.empty(len(uniforms), dtype=np.int64), start
    for step, (first, second) in enumerate(uniforms.numpy()):
        some = np.array(neighbors[at])
        at = start
        if first >= restart and some.size:
            at = some[np.clip(np.floor(second * some.size), 0, some.size - 1).astype(int)]
        arrivals[step] = at
    return arrivals


def walk_by_recursion(neighbors, start, restart, uniforms, at=None):
    if not len(uniforms):
        return torch.empty(0)
    (first, second), some = uniforms[0], neighbors[start if at is None else at]
    ends = [(place + 1) / len(some) for place in range(len(some) - 1)]
    at = start if first < restart or not some else some[sum(bool(second >= end) for end in ends)]
    rest = walk_by_recursion(neighbors, start, restart, uniforms[1:], at)
    return torch.cat([torch.tensor([float(at)]), rest])


def step_matrix(num_users, num_items, user, item):
    table = np.zeros((num_users + num_items,) * 2)
    table[user, item + num_users] = table[item + num_users, user] = 1
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1)


def pagerank_by_solving(num_users, num_items, user, item, start, restart):
    step = step_matrix(num_users, num_items, user, item)
    if not step[start].any():
        step[start, start] = 1
    home = np.eye(len(step))[start]
    return np.linalg.solve(np.eye(len(step)) - (1 - restart) * step.T, restart * home)


def pagerank_with_networkx(num_users, num_items, user, item, start, restart):
    graph = nx.Graph()
    graph.add_nodes_from(range(num_users + num_items))
    graph.add_edges_from(zip(user.tolist(), (item + num_users).tolist(), strict=True))
    home = {start: 1}
    pi = nx.pagerank(graph, 1 - restart, personalization=home, dangling=home, max_iter=1000, tol=1e-10)
    return [pi[node] for node in range(num_users + num_items)]


def pagerank_in_float32_until_it_rests(num_users, num_items, user, item, start, restart):
    step = torch.from_numpy(step_matrix(num_users, num_items, user, item)).float()
    step[step.sum(dim=1) == 0, start] = 1
    step = step.to_sparse()
    pi = home = torch.eye(num_users + num_items)[start]
    while True:
        before, pi = pi, restart * home + (1 - restart) * (step.T @ pi)
        if (pi - before).abs().sum() < 1e-6:
            return pi


def pagerank_edge_by_edge(num_users, num_items, user, item, start, restart):
    edges = set(zip(user.tolist(), (item + num_users).tolist(), strict=True))
    edges |= {(v, u) for u, v in edges}
    degree = [sum(u == node for u, _ in edges) for node in range(num_users + num_items)]
    pi = [float(node == start) for node in range(num_users + num_items)]
    for _ in range(300):
        following = [0.0] * len(pi)
        for u, v in edges:
            following[v] += (1 - restart) * pi[u] / degree[u]
        following[start] += 1 - sum(following)
        pi = following
    return pi


def pagerank_as_an_eigenvector(num_users, num_items, user, item, start, restart):
    step = (1 - restart) * step_matrix(num_users, num_items, user, item)
    step[:, start] += 1 - step.sum(axis=1)
    values, vectors = np.linalg.eig(step.T)
    pi = vectors[:, np.argmin(abs(values - 1))].real
    return scipy.sparse.csr_array((pi / pi.sum())[None]).toarray()[0]


def hard_by_sorting_pairs(visits, positives, window):
    pairs = [(-count, item) for item, count in enumerate(visits.tolist()) if not positives[item]]
    return [item for _, item in sorted(pairs)][window[0] : window[1]]


def hard_by_lexsort(visits, positives, window):
    ids = np.flatnonzero(~positives.numpy())
    return ids[np.lexsort((ids, -visits.numpy()[ids]))][slice(*window)]


def hard_by_counting_who_is_ahead(visits, positives, window):
    free, ids = ~positives, torch.arange(len(visits))
    ahead = (visits[None] > visits[:, None]) | ((visits[None] == visits[:, None]) & (ids[None] < ids[:, None]))
    rank = (ahead & free).sum(dim=1).masked_fill(positives, len(visits))
    found = ids[free & (rank >= window[0]) & (rank < window[1])]
    return found[rank[found].argsort()].float()


def loss_over_sets(user_emb, item_emb, users, pos, shared, positives):
    rows = []
    for u, p in zip(users.tolist(), pos.tolist(), strict=True):
        free = [j for j in shared.tolist() if not positives[u, j]]
        gaps = [float(user_emb[u].double() @ (item_emb[p] - item_emb[j]).double()) for j in free]
        if gaps:
            costs = [max(-gap, 0) + math.log1p(math.exp(-abs(gap))) for gap in gaps]
            rows.append(sum(costs) / len(costs))
    return sum(rows) / len(rows) if rows else 0


def loss_with_nanmean(user_emb, item_emb, users, pos, shared, positives):
    scores = user_emb[users] @ item_emb.T  # (B, I)
    costs = -logsigmoid(scores.gather(1, pos[:, None]) - scores[:, shared])
    costs = costs.masked_fill(positives[users][:, shared], math.nan)
    return costs.nanmean(dim=1).nanmean().nan_to_num(0)


def loss_with_scores_of_minus_infinity(user_emb, item_emb, users, pos, shared, positives):
    allowed = ~positives[users.unsqueeze(1), shared]
    scores = torch.einsum("bd,sd->bs", user_emb[users], item_emb[shared]).masked_fill(~allowed, -math.inf)
    own = torch.einsum("bd,bd->b", user_emb[users], item_emb[pos])
    sums = torch.logaddexp(scores - own[:, None], torch.zeros(1, dtype=scores.dtype)).sum(dim=1)
    count = allowed.sum(dim=1)
    return (sums / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)


def loss_in_numpy(user_emb, item_emb, users, pos, shared, positives):
    users, pos, shared = users.numpy(), pos.numpy(), shared.numpy()
    scores = user_emb.double().numpy() @ item_emb.double().numpy().T
    gaps = scores[users, pos][:, None] - scores[users][:, shared]
    costs = np.ma.masked_array(np.logaddexp(0, -gaps), positives.numpy()[users][:, shared])
    return np.float32(costs.mean(axis=1).mean())


def weights_one_by_one(distances, dim, cutoff, max_weight):
    logs = {}
    for place, d in enumerate(distances.tolist()):
        if d < 1.4:
            d = max(d, cutoff)
            logs[place] = -(dim - 2) * math.log(d) - (dim - 3) / 2 * math.log(1 - d * d / 4)
    if not logs:
        return np.zeros(len(distances))
    lowest = min(logs.values())
    weights = {place: min(max_weight, math.exp(log - lowest)) for place, log in logs.items()}
    return [weights.get(place, 0) / sum(weights.values()) for place in range(len(distances))]


def weights_in_float64_without_logarithms(distances, dim, cutoff, max_weight):
    d = distances.double().numpy().clip(min=cutoff)
    near = d < 1.4
    with np.errstate(divide="ignore"):
        weights = 1 / (d ** (dim - 2) * (1 - d**2 / 4) ** ((dim - 3) / 2))
    weights = np.where(near, np.minimum(weights / weights[near].min(initial=np.inf), max_weight), 0)
    return weights / max(weights.sum(), 1)


def weights_from_a_beta_distribution(distances, dim, cutoff, max_weight):
    """d²/4 of two random unit vectors follows a beta distribution with both parameters (n − 1) / 2."""
    d, half = np.maximum(distances.double().numpy(), cutoff), (dim - 1) / 2
    near = d < 1.4
    if not near.any():
        return [0] * len(d)
    log_weight = -(scipy.stats.beta.logpdf(d**2 / 4, half, half) + np.log(d / 2))
    relative = np.minimum(log_weight - log_weight[near].min(), np.log(max_weight))
    weights = np.exp(relative - relative[near].max(), where=near, out=np.zeros_like(d))
    return weights / weights.sum()


def weights_masked_before_the_softmax(distances, dim, cutoff, max_weight):
    far = distances >= 1.4
    d = distances.clamp(cutoff, 1.4)
    log_weights = -torch.xlogy(torch.tensor(dim - 2), d) - (dim - 3) / 2 * torch.log1p(-d * d / 4)
    smallest = log_weights.masked_fill(far, math.inf).min()
    log_weights = torch.minimum(log_weights - smallest, torch.tensor(max_weight).log())
    return log_weights.masked_fill(far, -math.inf).softmax(dim=0).nan_to_num(0)


RIGHT = {
    "random_walk": [walk_over_lists, walk_in_numpy, walk_by_recursion],
    "personalized_pagerank": [
        pagerank_by_solving,
        pagerank_with_networkx,
        pagerank_in_float32_until_it_rests,
        pagerank_edge_by_edge,
        pagerank_as_an_eigenvector,
    ],
    "hard_negatives": [hard_by_sorting_pairs, hard_by_lexsort, hard_by_counting_who_is_ahead],
    "shared_negative_loss": [
        loss_over_sets,
        loss_with_nanmean,
        loss_with_scores_of_minus_infinity,
        loss_in_numpy,
    ],
    "distance_weights": [
        weights_one_by_one,
        weights_in_float64_without_logarithms,
        weights_from_a_beta_distribution,
        weights_masked_before_the_softmax,
    ],
}
