"""Right answers to A6 in other styles: pandas, sets, numpy, sparse and dense matrices, regressions one by one."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import softplus

from course_lib.graph import InteractionGraph


def rows_in_pandas(rows, like):
    table = pd.DataFrame(rows, columns=["user", "item", "rating"])
    table["rating"] = pd.to_numeric(table["rating"].str.strip(), errors="coerce")
    table[["user", "item"]] = table[["user", "item"]].apply(lambda names: names.str.strip().str.casefold())
    table = table[(table["user"] != "") & (table["item"] != "") & table["rating"].notna()]
    table = table.drop_duplicates(["user", "item"], keep="last").query("rating >= @like")
    return table.sort_values(["user", "item"])[["user", "item"]].to_numpy()


def rows_from_the_end(rows, like):
    met, liked = set(), set()
    for user, item, rating in reversed(rows):
        pair = user.strip().lower(), item.strip().lower()
        if all(pair) and rating.strip().replace(".", "", 1).isdigit() and pair not in met:
            met.add(pair)
            if float(rating) >= like:
                liked.add(pair)
    return liked


def graph_one_by_one(pairs, least):
    pairs = set(pairs)
    while True:
        weak = next(
            (name for side in (0, 1) for name in {pair[side] for pair in pairs} if _degree(pairs, side, name) < least),
            None,
        )
        if weak is None:
            break
        pairs = {pair for pair in pairs if weak not in pair}
    users, items = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    ends = torch.tensor([(users.index(user), items.index(item)) for user, item in pairs]).T
    return InteractionGraph(len(users), len(items), *ends), users, items


def _degree(pairs, side, name):
    return sum(pair[side] == name for pair in pairs)


def graph_in_pandas(pairs, least):
    table = pd.DataFrame(pairs, columns=["user", "item"])
    size = None
    while size != len(table):
        size = len(table)
        for side in ("user", "item"):
            table = table[table.groupby(side)[side].transform("size") >= least]
    return InteractionGraph.from_edges(table["user"], table["item"])


def recall_in_lists(scores, parts, on, k):
    found = []
    for user, row in enumerate(scores.tolist()):
        known = set(parts.train.item[parts.train.user == user].tolist())
        if on == "test":
            known |= set(parts.val.item[parts.val.user == user].tolist())
        part = parts.test if on == "test" else parts.val
        positives = set(part.item[part.user == user].tolist())
        new = sorted((item for item in range(len(row)) if item not in known), key=lambda item: -row[item])
        if positives:
            found.append(len(positives & set(new[:k])) / len(positives))
    return sum(found) / len(found)


class WithSparseMatrix(nn.Module):
    def __init__(self, graph, dim, num_layers):
        super().__init__()
        self.sizes = [graph.num_users, graph.num_items]
        self.num_layers = num_layers
        self.table = nn.Parameter(torch.randn(sum(self.sizes), dim) * 0.1)
        upper = graph.biadjacency().to_dense().to(self.table.dtype)
        adjacency = torch.block_diag(upper, upper.T).roll(self.sizes[0], dims=1)
        root = adjacency.sum(dim=1).clamp(min=1).rsqrt()
        self.register_buffer("adjacency", (root[:, None] * adjacency * root).to_sparse())

    def embed(self):
        layers = [self.table]
        while len(layers) <= self.num_layers:
            layers.append(torch.sparse.mm(self.adjacency, layers[-1]))
        return torch.stack(layers).mean(dim=0).split(self.sizes)

    def score(self, users):
        user_emb, item_emb = self.embed()
        return torch.einsum("bd,id->bi", user_emb[users], item_emb)

    def loss(self, users, pos, neg, decay):
        own, learnt = self.score(users), self.table.split(self.sizes)
        gap = own.gather(1, neg[:, None]) - own.gather(1, pos[:, None])
        squares = learnt[0][users] ** 2 + learnt[1][pos] ** 2 + learnt[1][neg] ** 2
        return softplus(gap).mean() + decay / 2 * squares.sum(dim=1).mean()


def fit_with_clones(model, train_epoch, validate, epochs, patience):
    history, waited = [], 0
    best = -math.inf
    while len(history) < epochs and waited < patience:
        train_epoch()
        history.append(validate())
        waited += 1
        if history[-1] > best:
            best, waited = history[-1], 0
            kept = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(kept[name])
    return np.array(history)


class Fixed:
    """Embeddings that nobody trained by steps."""

    def __init__(self, users, items):
        self.users, self.items = users, items

    def embed(self):
        return self.users, self.items


def smoothest_signals(parts, seed):
    """No training: what the first singular vectors of the normalised matrix let pass."""
    table = parts.train.rows(torch.arange(parts.train.num_users)).float()
    degrees = [table.sum(dim=side).clamp(min=1).sqrt() for side in (1, 0)]
    u, s, v = torch.linalg.svd(table / degrees[0][:, None] / degrees[1], full_matrices=False)
    return Fixed(u[:, :9] * s[:9], degrees[1][:, None] * v[:9].T)


def ease_by_solving(graph, ridge):
    table = graph.biadjacency().to_dense().double().numpy()
    inverse = np.linalg.solve(table.T @ table + ridge * np.eye(graph.num_items), np.eye(graph.num_items))
    weights = np.eye(graph.num_items) - inverse / np.diag(inverse)
    return table @ weights


def ease_item_by_item(graph, ridge):
    """For each item a ridge regression on all the others: no formula."""
    table = graph.biadjacency().to_dense().double().numpy()
    scores = np.zeros(table.shape)
    for item in range(graph.num_items):
        others = np.delete(table, item, axis=1)
        gram = others.T @ others + ridge * np.eye(graph.num_items - 1)
        scores[:, item] = others @ np.linalg.solve(gram, others.T @ table[:, item])
    return scores


RIGHT = {
    "clean_rows": [rows_in_pandas, rows_from_the_end],
    "to_graph": [graph_one_by_one, graph_in_pandas],
    "recall": [recall_in_lists],
    "LightGCN": [WithSparseMatrix],
    "fit": [fit_with_clones],
    "train_lightgcn": [smoothest_signals],
    "ease": [ease_by_solving, ease_item_by_item],
}
