"""The lecture's surrogate losses: exact over all pairs, and sampled for mini-batches.

The lecture's losses are written with softplus, −log σ(x) = softplus(−x), which stays exact where σ(x) rounds to 0 or
1. The softmax loss and the contrastive loss are not on the slides. They are here for comparison; the softmax in a plain
form and in one for large catalogues.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy, normalize, softplus

from course_lib.arguments import refuse

CELLS_AT_ONCE = 2**22  # scores that the streamed loss holds at a time: 16 MB of float32 however large U and I are


def binary_loss(scores: Tensor, positives: Tensor, negatives: Tensor | None = None) -> Tensor:
    """Binary loss of the slide: mean over positives of −log σ(s) plus mean over negatives of −log(1 − σ(s)).

    The two means give both classes the same weight, whatever their sizes. One mean over all pairs is another loss.

    Args:
        scores: Score of each user for each item, shape (U, I), float.
        positives: True at the edges E, shape (U, I), bool.
        negatives: True at the negative pairs, shape (U, I), bool; by default all that are not positive.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: If a shape or dtype does not fit, or there is no positive or no negative pair.

    Source: lecture rows 23–26.
    """
    positives, negatives = _pairs(scores, positives, negatives)
    for name, mask in (("positives", positives), ("negatives", negatives)):
        if not mask.any():
            refuse(name, "no pair", "at least one True")
    return softplus(-scores[positives]).mean() + softplus(scores[negatives]).mean()


def bpr_loss(scores: Tensor, positives: Tensor, negatives: Tensor | None = None) -> Tensor:
    """BPR loss of the slide: −log σ(s_pos − s_neg), mean over a user's pairs, then mean over users.

    Adding a constant to all scores of a user changes nothing, because only differences between a user's scores enter.

    Args:
        scores: Score of each user for each item, shape (U, I), float.
        positives: True at the edges E, shape (U, I), bool.
        negatives: True at the negative pairs, shape (U, I), bool; by default all that are not positive.

    Returns:
        The loss, a scalar; users without a positive or without a negative are left out of the mean.

    Raises:
        ValueError: If a shape or dtype does not fit, or no user has both a positive and a negative.

    Source: lecture rows 33 and 34; Rendle et al. 2009.
    """
    positives, negatives = _pairs(scores, positives, negatives)
    users = (positives.any(dim=1) & negatives.any(dim=1)).nonzero().flatten().tolist()
    if not users:
        refuse("positives", "no user with both a positive and a negative", "at least one such user")
    # One user after the other, because U × I × I differences would not fit into memory.
    per_user = [_user_pairs(scores[u], positives[u], negatives[u]) for u in users]
    return torch.stack(per_user).mean()


def _user_pairs(scores: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    difference = scores[positives][:, None] - scores[negatives]  # (positives, negatives)
    return softplus(-difference).mean()


def softmax_loss(scores: Tensor, positives: Tensor) -> Tensor:
    """Multinomial loss: mean over the edges of −log softmax_v(s_u), with all items of the catalogue in the denominator.

    Like BPR, it depends only on differences between a user's scores. Unlike BPR, it needs the scores of all items.

    Args:
        scores: Score of each user for each item, shape (U, I), float.
        positives: True at the edges E, shape (U, I), bool.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: If a shape or dtype does not fit, or there is no positive pair.

    Source: not on the slides; Liang et al. 2018 (Mult-VAE), equation 2.
    """
    positives, _ = _pairs(scores, positives, None)
    target = positives.to(scores.dtype)  # as numbers, because selecting the edges of a large matrix takes twice as long
    num_edges = target.sum()
    if not num_edges:
        refuse("positives", "no pair", "at least one True")
    return cross_entropy(scores, target, reduction="sum") / num_edges


def streamed_softmax_loss(user_emb: Tensor, item_emb: Tensor, row: Tensor, item: Tensor) -> Tensor:
    """:func:`softmax_loss` of the scores ``user_emb @ item_emb.T``, of which only a few rows exist at a time.

    Memory grows with U + I and not with U × I. The gradient of a user's scores is (d p − r) / E, where p is their
    softmax, r the user's row of R, and d the sum of r. So it is computed together with the loss, while the scores are
    in memory, and nothing is computed twice. There is no second derivative.

    Args:
        user_emb: Vectors of the users, shape (B, D), float.
        item_emb: Vectors of all items, shape (I, D), float.
        row: User end of each edge, as a row of ``user_emb``, ascending, shape (E,).
        item: Item end of each edge, shape (E,). No pair may come twice.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: If a shape does not fit, there is no edge, or rows are out of order or range.

    Source: as :func:`softmax_loss`.
    """
    if user_emb.dim() != 2 or item_emb.dim() != 2 or user_emb.shape[1] != item_emb.shape[1]:
        refuse("item_emb", f"shape {tuple(item_emb.shape)}", f"(I, D) beside users {tuple(user_emb.shape)}")
    if row.dim() != 1 or row.shape != item.shape or not row.numel():
        refuse("item", f"shape {tuple(item.shape)}", f"at least one edge, and one end per row: {tuple(row.shape)}")
    if row[0] < 0 or row[-1] >= len(user_emb) or (row.diff() < 0).any():
        refuse("row", "rows out of order or range", f"ascending rows in [0, {len(user_emb)})", "sort the edges by user")
    if item.min() < 0 or item.max() >= len(item_emb):
        refuse("item", f"ids from {item.min()} to {item.max()}", f"ids in [0, {len(item_emb)})")
    return _StreamedSoftmax.apply(user_emb, item_emb, row, item)


class _StreamedSoftmax(torch.autograd.Function):
    """The loss and, in the same pass, its gradients; backward only scales them."""

    @staticmethod
    def forward(ctx: Any, user_emb: Tensor, item_emb: Tensor, row: Tensor, item: Tensor) -> Tensor:
        degree = torch.bincount(row, minlength=len(user_emb))  # (B,)
        first_edge = [0, *degree.cumsum(0).tolist()]  # user u owns edges first_edge[u] to first_edge[u + 1]
        user_grad, item_grad = torch.zeros_like(user_emb), torch.zeros_like(item_emb.T)
        total = user_emb.new_zeros(())
        num_rows = min(max(CELLS_AT_ONCE // len(item_emb), 1), len(user_emb))
        buffer = user_emb.new_empty(num_rows, len(item_emb))  # one for all batches: fresh memory costs time
        for start in range(0, len(user_emb), num_rows):
            batch = slice(start, start + num_rows)
            users, count = user_emb[batch], degree[batch, None]  # (b, D), (b, 1)
            edges = slice(first_edge[start], first_edge[start + len(users)])
            scores = torch.mm(users, item_emb.T, out=buffer[: len(users)])  # (b, I)
            loss, score_grad = _softmax_in_place(scores, count, (row[edges] - start, item[edges]))
            total += loss
            user_grad[batch] = score_grad @ item_emb
            item_grad.addmm_(users.T, score_grad)
        ctx.save_for_backward(user_grad / len(row), item_grad.T / len(row))
        return total / len(row)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        user_grad, item_grad = ctx.saved_tensors
        return gradient * user_grad, gradient * item_grad, None, None


def _softmax_in_place(scores: Tensor, count: Tensor, edges: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Sum over the edges of −log softmax(scores), and its gradient in the scores, (b, I).

    The gradient is written over the scores, since a second array of this size would cost as much time as the rest.

    Args:
        scores: Scores of some users for all items, shape (b, I); afterwards they are gone.
        count: Number of edges of each user, shape (b, 1).
        edges: Row and column of each edge in scores.
    """
    of_edges = scores[edges].sum()
    top = scores.amax(dim=1, keepdim=True)  # (b, 1); taken off before exp, which could overflow
    exponentials = scores.sub_(top).exp_()
    norm = exponentials.sum(dim=1, keepdim=True)  # (b, 1)
    loss = (count * (norm.log() + top)).sum() - of_edges
    gradient = exponentials.mul_(count / norm)  # d p
    gradient[edges] -= 1  # d p − r
    return loss, gradient


def sampled_binary_loss(pos: Tensor, neg: Tensor) -> Tensor:
    """Mini-batch form of the binary loss.

    Args:
        pos: Scores of sampled positive edges, shape (B,).
        neg: Scores of sampled negative pairs, shape (B, S).

    Returns:
        The loss, a scalar; it is unbiased if both are sampled uniformly.

    Raises:
        ValueError: If the shapes do not fit.

    Source: lecture rows 25 and 27.
    """
    _check_samples(pos, neg)
    return softplus(-pos).mean() + softplus(neg).mean()


def sampled_bpr_loss(pos: Tensor, neg: Tensor) -> Tensor:
    """Mini-batch form of the BPR loss: one positive and S negatives for each sampled user.

    Args:
        pos: Score of each user's positive, shape (B,).
        neg: Scores of the same user's negatives, shape (B, S).

    Returns:
        The loss, a scalar; it is unbiased if users, positives and negatives are sampled uniformly.

    Raises:
        ValueError: If the shapes do not fit.

    Source: lecture row 35.
    """
    _check_samples(pos, neg)
    return softplus(neg - pos[:, None]).mean()


def margin_loss(pos: Tensor, neg: Tensor, margin: float) -> Tensor:
    """Hinge loss of PinSAGE: a negative costs nothing once it scores at least ``margin`` below the positive.

    Args:
        pos: Score of each query's positive, shape (B,).
        neg: Scores of the same query's negatives, shape (B, S).
        margin: Distance Δ ≥ 0 that a negative must keep from the positive, in units of the score.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: If the shapes do not fit or the margin is negative.

    Source: lecture row 78; Ying et al. 2018, equation 1.
    """
    _check_samples(pos, neg)
    if not margin >= 0:
        refuse("margin", margin, "a number of at least 0")
    return (neg - pos[:, None] + margin).relu().mean()


def contrastive_loss(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """InfoNCE: mean over nodes of −log softmax over all nodes j of cos(z_i, z′_j) / τ, at j = i.

    Two views of a node shall be near, and far from the views of others. With the same views twice, the first is so by
    itself, and the loss only spreads the directions evenly.

    Args:
        first: One view of each node, shape (N, D), float.
        second: Another view of the same nodes, shape (N, D), float.
        temperature: The smaller τ, the more the nearest others count; a positive number.

    Returns:
        The loss, a scalar.

    Raises:
        ValueError: If the shapes do not fit or the temperature is not positive.

    Source: not on the slides; Yu et al. 2022, equation 2.
    """
    if first.dim() != 2 or first.shape != second.shape or not len(first):
        refuse("second", f"shape {tuple(second.shape)}", f"(N, D) with N ≥ 1, as first: {tuple(first.shape)}")
    if not 0 < temperature < math.inf:
        refuse("temperature", temperature, "a positive number")
    cosine = normalize(first, dim=1) @ normalize(second, dim=1).T  # (N, N)
    return cross_entropy(cosine / temperature, torch.arange(len(first), device=first.device))


def _pairs(scores: Tensor, positives: Tensor, negatives: Tensor | None) -> tuple[Tensor, Tensor]:
    if scores.dim() != 2 or not scores.is_floating_point():
        refuse("scores", f"{scores.dtype} of shape {tuple(scores.shape)}", "a float tensor (U, I)")
    for name, mask in (("positives", positives), ("negatives", negatives)):
        if mask is not None and (mask.dtype != torch.bool or mask.shape != scores.shape):
            wanted = f"a bool tensor of the shape of scores, {tuple(scores.shape)}"
            refuse(name, f"{mask.dtype} of shape {tuple(mask.shape)}", wanted)
    return positives, ~positives if negatives is None else negatives


def _check_samples(pos: Tensor, neg: Tensor) -> None:
    for name, scores in (("pos", pos), ("neg", neg)):
        if not scores.is_floating_point():
            refuse(name, scores.dtype, "float scores", "convert with .float()")
    if pos.dim() != 1 or not pos.numel():
        refuse("pos", f"shape {tuple(pos.shape)}", "(B,) with B ≥ 1")
    if neg.dim() != 2 or neg.shape[0] != pos.shape[0] or not neg.numel():
        refuse("neg", f"shape {tuple(neg.shape)}", f"({pos.shape[0]}, S) with S ≥ 1: one row of negatives per positive")
