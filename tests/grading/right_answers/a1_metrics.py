"""Right answers to A1 in other styles: loops over lists, numpy, float64, scipy, one large matrix."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import hmean


def lists_by_sorting_pairs(scores, seen, k):
    rows = []
    for row, old in zip(scores.tolist(), seen.tolist(), strict=True):
        new = sorted((-score, item) for item, score in enumerate(row) if not old[item])
        rows.append(([item for _, item in new] + [-1] * k)[:k])
    return rows


def lists_by_lexsort(scores, seen, k):
    scores, seen = scores.numpy().astype(np.float64), seen.numpy()
    ids = np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    order = np.lexsort((ids, -scores, seen))
    lists = np.where(np.take_along_axis(seen, order, 1), -1, order)
    return np.pad(lists, ((0, 0), (0, k)), constant_values=-1)[:, :k]


def lists_by_one_sort(scores, seen, k):
    order = scores.double().sort(dim=1, descending=True, stable=True).indices
    old, last = seen.gather(1, order).sort(dim=1, stable=True)
    lists = order.gather(1, last).masked_fill(old, -1)
    return torch.nn.functional.pad(lists, (0, k), value=-1)[:, :k]


def lists_as_floats(scores, seen, k):
    return lists_by_one_sort(scores, seen, k).float()


def recall_with_sets(scores, positives, seen, k):
    shares = []
    for items, row in zip(lists_by_sorting_pairs(scores, seen, k), positives.tolist(), strict=True):
        liked = {item for item, is_liked in enumerate(row) if is_liked}
        if liked:
            shares.append(len(liked & set(items)) / len(liked))
    return sum(shares) / len(shares) if shares else math.nan


def recall_with_a_mask(scores, positives, seen, k):
    lists = lists_by_one_sort(scores, seen, k)
    listed = torch.zeros(positives.shape[0], positives.shape[1] + 1)
    listed.scatter_(1, lists.masked_fill(lists < 0, positives.shape[1]), 1.0)
    return ((listed[:, :-1] * positives).sum(1) / positives.sum(1)).nanmean()


def recall_in_numpy(scores, positives, seen, k):
    return np.float32(recall_with_a_mask(scores, positives, seen, k).numpy())


def ndcg_with_math(scores, positives, seen, k):
    shares = []
    for items, liked in zip(lists_by_sorting_pairs(scores, seen, k), positives.tolist(), strict=True):
        if any(liked):
            gain = sum(1 / math.log2(rank + 1) for rank, v in enumerate(items, 1) if v >= 0 and liked[v])
            shares.append(gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(sum(liked), k) + 1)))
    return sum(shares) / len(shares) if shares else np.nan


def ndcg_with_natural_logs_throughout(scores, positives, seen, k):
    lists = lists_by_one_sort(scores, seen, k)
    worth = 1 / torch.log(torch.arange(k, dtype=torch.double) + 2)
    hits = positives.gather(1, lists.clamp(min=0)) & (lists >= 0)
    ideal = worth.cumsum(0)[positives.sum(1).clamp(1, k) - 1]
    return ((hits * worth).sum(1) / ideal)[positives.any(1)].mean()


def denominators_as_tensors(scores, positives, k):
    lists = lists_by_one_sort(scores, torch.zeros_like(positives), k)
    hits = (positives.gather(1, lists.clamp(min=0)) & (lists >= 0)).sum(1)[positives.any(1)]
    size = positives.sum(1)[positives.any(1)]
    return {
        "capped_recall": (hits / size.clamp(max=k)).mean(),
        "recall": (hits / size).double().mean(),
        "precision": np.float32((hits / k).mean()),
    }


def audit_row_by_row(precision, recall, f1):
    bounds = [2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precision, recall, strict=True)]
    return {"f1_of_means": bounds, "excess": [f - bound for f, bound in zip(f1, bounds, strict=True)]}


def audit_in_torch(precision, recall, f1):
    p, r, f = (torch.tensor(column, dtype=torch.float32) for column in (precision, recall, f1))
    bound = (2 * p * r / (p + r)).nan_to_num(0)
    return {"f1_of_means": bound, "excess": f - bound}


def audit_with_scipy(precision, recall, f1):
    bound = hmean(np.stack([precision, recall]), axis=0)
    return {"f1_of_means": bound, "excess": f1 - bound}


RIGHT = {
    "top_k": [lists_by_sorting_pairs, lists_by_lexsort, lists_by_one_sort, lists_as_floats],
    "recall_at_k": [recall_with_sets, recall_with_a_mask, recall_in_numpy],
    "ndcg_at_k": [ndcg_with_math, ndcg_with_natural_logs_throughout],
    "denominators": [denominators_as_tensors],
    "audit_f1": [audit_row_by_row, audit_in_torch, audit_with_scipy],
}
