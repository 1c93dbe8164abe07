"""Right answers to A2 in other styles: double loops, numpy, float64, scipy, masks over all pairs, autograd."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import expit, log_expit
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid


def cost(x):
    return math.log1p(math.exp(-x)) if x > 0 else -x + math.log1p(math.exp(x))


def binary_with_loops(scores, positives):
    edges, others = [], []
    for row, liked in zip(scores.tolist(), positives.tolist(), strict=True):
        for score, is_edge in zip(row, liked, strict=True):
            (edges if is_edge else others).append(cost(score if is_edge else -score))
    return sum(edges) / len(edges) + sum(others) / len(others)


def binary_in_numpy(scores, positives):
    scores, positives = scores.numpy(), positives.numpy()
    return np.logaddexp(0, -scores[positives]).mean() + np.logaddexp(0, scores[~positives]).mean()


def binary_with_sigmoids_in_float64(scores, positives):
    signed = torch.where(positives, scores, -scores).double().sigmoid().log()
    return -(signed[positives].mean() + signed[~positives].mean())


def binary_as_weighted_bce(scores, positives):
    share = positives.float().mean()
    weights = torch.where(positives, 1 / share, 1 / (1 - share))
    return binary_cross_entropy_with_logits(scores.float(), positives.float(), weight=weights)


def pairs_of(scores, positives):
    """Differences of each user who has both, as lists of lists."""
    for row, liked in zip(scores.tolist(), positives.tolist(), strict=True):
        up = [score for score, is_edge in zip(row, liked, strict=True) if is_edge]
        down = [score for score, is_edge in zip(row, liked, strict=True) if not is_edge]
        if up and down:
            yield [[p - n for n in down] for p in up]


def bpr_with_loops(scores, positives):
    losses = []
    for matrix in pairs_of(scores, positives):
        costs = [cost(difference) for row in matrix for difference in row]
        losses.append(sum(costs) / len(costs))
    return sum(losses) / len(losses)


def bpr_over_all_pairs_at_once(scores, positives):
    pairs = positives[:, :, None] & ~positives[:, None, :]  # (U, I, I)
    costs = -logsigmoid(scores[:, :, None] - scores[:, None, :]) * pairs
    count = pairs.sum((1, 2))
    return (costs.sum((1, 2))[count > 0] / count[count > 0]).mean()


def bpr_as_nanmean_in_numpy(scores, positives):
    scores, positives = scores.numpy().astype(np.float64), positives.numpy()
    costs = -log_expit(scores[:, :, None] - scores[:, None, :])
    pairs = positives[:, :, None] & ~positives[:, None, :]
    count = pairs.sum((1, 2))
    return np.float32(np.nanmean(np.where(count > 0, (costs * pairs).sum((1, 2)) / np.maximum(count, 1), np.nan)))


def bpr_with_sigmoids_in_float64(scores, positives):
    matrices = [torch.tensor(matrix, dtype=torch.double) for matrix in pairs_of(scores, positives)]
    return sum(-matrix.sigmoid().log().mean() for matrix in matrices) / len(matrices)


def sampled_with_loops(user_emb, item_emb, users, pos, neg):
    costs = []
    for user, p, row in zip(users.tolist(), pos.tolist(), neg.tolist(), strict=True):
        for n in row:
            costs.append(cost(float(user_emb[user] @ item_emb[p]) - float(user_emb[user] @ item_emb[n])))
    return sum(costs) / len(costs)


def sampled_with_einsum(user_emb, item_emb, users, pos, neg):
    difference = item_emb[pos][:, None] - item_emb[neg]  # (B, S, D)
    return -logsigmoid(torch.einsum("bd,bsd->bs", user_emb[users], difference)).mean()


def sampled_in_numpy(user_emb, item_emb, users, pos, neg):
    table = user_emb.numpy().astype(np.float64) @ item_emb.numpy().T  # (U, I)
    users, pos, neg = users.numpy(), pos.numpy(), neg.numpy()
    return np.logaddexp(0, table[users[:, None], neg] - table[users, pos][:, None]).mean()


def sampled_with_a_matrix_product(user_emb, item_emb, users, pos, neg):
    user = user_emb[users].double().unsqueeze(2)  # (B, D, 1)
    up = torch.bmm(item_emb[pos].double().unsqueeze(1), user).squeeze(2)
    down = torch.bmm(item_emb[neg].double(), user).squeeze(2)
    return (1 + (down - up).exp()).log().mean().item()


def gradient_by_autograd(scores, positives):
    scores = scores.clone().requires_grad_()
    bpr_over_all_pairs_at_once(scores, positives).backward()
    return scores.grad


def gradient_by_nudging(scores, positives):
    step, scores = 1e-5, scores.double()
    gradient = np.zeros(scores.shape)
    for u in range(scores.shape[0]):
        for v in range(scores.shape[1]):
            nudge = torch.zeros_like(scores)
            nudge[u, v] = step
            up, down = (bpr_with_loops(scores + sign * nudge, positives) for sign in (1, -1))
            gradient[u, v] = (up - down) / (2 * step)
    return gradient


def gradient_with_loops(scores, positives):
    scores, positives = scores.tolist(), positives.tolist()
    users = [u for u, liked in enumerate(positives) if any(liked) and not all(liked)]
    gradient = [[0.0] * len(row) for row in scores]
    for u in users:
        edges = [v for v, liked in enumerate(positives[u]) if liked]
        others = [v for v, liked in enumerate(positives[u]) if not liked]
        for p in edges:
            for n in others:
                pull = 1 / (1 + math.exp(scores[u][p] - scores[u][n])) / (len(edges) * len(others) * len(users))
                gradient[u][p] -= pull
                gradient[u][n] += pull
    return gradient


def gradient_with_masks_in_numpy(scores, positives):
    scores, positives = scores.numpy(), positives.numpy()
    pairs = positives[:, :, None] & ~positives[:, None, :]  # (U, I, I)
    count = pairs.sum((1, 2))
    pull = expit(scores[:, None, :] - scores[:, :, None]) * pairs / np.maximum(count, 1)[:, None, None]
    return (pull.sum(1) - pull.sum(2)) / (count > 0).sum()


def effect_of(binary, bpr):
    def effect(scores, positives, shift):
        lifted = (scores.T + shift).T
        return {
            "bpr": bpr(lifted, positives) - bpr(scores, positives),
            "binary": binary(lifted, positives) - binary(scores, positives),
        }

    return effect


def effect_with_a_copy(scores, positives, shift):
    lifted = scores.clone()
    for u, constant in enumerate(shift.tolist()):
        lifted[u] += constant
    change = binary_in_numpy(lifted, positives) - binary_in_numpy(scores, positives)
    return {"binary": np.float32(change), "bpr": 0}


RIGHT = {
    "binary_loss": [binary_with_loops, binary_in_numpy, binary_with_sigmoids_in_float64, binary_as_weighted_bce],
    "bpr_loss": [
        bpr_with_loops,
        bpr_over_all_pairs_at_once,
        bpr_as_nanmean_in_numpy,
        bpr_with_sigmoids_in_float64,
    ],
    "sampled_bpr_loss": [sampled_with_loops, sampled_with_einsum, sampled_in_numpy, sampled_with_a_matrix_product],
    "bpr_gradient": [
        gradient_by_autograd,
        gradient_by_nudging,
        gradient_with_loops,
        gradient_with_masks_in_numpy,
    ],
    "shift_effect": [
        effect_of(binary_with_loops, bpr_with_loops),
        effect_of(binary_as_weighted_bce, bpr_over_all_pairs_at_once),
        effect_with_a_copy,
    ],
}
