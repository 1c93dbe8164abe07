"""The lecture's surrogate losses: exact over all pairs, and sampled for mini-batches.

Those of the lecture are written with softplus, −log σ(x) = softplus(−x), which loses nothing where σ(x) rounds to 0
or 1; the softmax loss, which is not on the slides, is there to compare.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from course_lib.arguments import refuse


def binary_loss(scores: Tensor, positives: Tensor, negatives: Tensor | None = None) -> Tensor:
    """Binary loss of the slide: mean over positives of −log σ(s) plus mean over negatives of −log(1 − σ(s)).

    The two means weigh the classes alike, whatever their sizes; one mean over all pairs would be another loss.

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

    Adding a constant to all scores of a user changes nothing: only differences within a user enter.

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
    per_user = [_user_pairs(scores[u], positives[u], negatives[u]) for u in users]  # a loop: U × I × I would not fit
    return torch.stack(per_user).mean()


def _user_pairs(scores: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    difference = scores[positives][:, None] - scores[negatives]  # (positives, negatives)
    return softplus(-difference).mean()


def softmax_loss(scores: Tensor, positives: Tensor) -> Tensor:
    """Multinomial loss: mean over the edges of −log softmax_v(s_u), every item of the catalogue in the denominator.

    Like BPR it looks at differences within a user only; unlike BPR it needs the scores of all items at once.

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
    target = positives.to(scores.dtype)  # as numbers: picking the edges out of a large matrix would take twice as long
    num_edges = target.sum()
    if not num_edges:
        refuse("positives", "no pair", "at least one True")
    return cross_entropy(scores, target, reduction="sum") / num_edges


def sampled_binary_loss(pos: Tensor, neg: Tensor) -> Tensor:
    """Mini-batch form of the binary loss.

    Args:
        pos: Scores of sampled positive edges, shape (B,).
        neg: Scores of sampled negative pairs, shape (B, S).

    Returns:
        The loss, a scalar: unbiased if both are sampled uniformly.

    Raises:
        ValueError: If the shapes do not fit.

    Source: lecture rows 25 and 27.
    """
    _check_samples(pos, neg)
    return softplus(-pos).mean() + softplus(neg).mean()


def sampled_bpr_loss(pos: Tensor, neg: Tensor) -> Tensor:
    """Mini-batch form of the BPR loss: one positive and S negatives of each sampled user.

    Args:
        pos: Score of each user's positive, shape (B,).
        neg: Scores of the same user's negatives, shape (B, S).

    Returns:
        The loss, a scalar: unbiased if users, positives and negatives are sampled uniformly.

    Raises:
        ValueError: If the shapes do not fit.

    Source: lecture row 35.
    """
    _check_samples(pos, neg)
    return softplus(neg - pos[:, None]).mean()


def margin_loss(pos: Tensor, neg: Tensor, margin: float) -> Tensor:
    """Hinge loss of PinSAGE: a negative costs what it lacks to be ``margin`` below the positive.

    Args:
        pos: Score of each query's positive, shape (B,).
        neg: Scores of the same query's negatives, shape (B, S).
        margin: Distance Δ ≥ 0 that a negative must keep, in units of the score.

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
        refuse("neg", f"shape {tuple(neg.shape)}", f"({pos.shape[0]}, S) with S ≥ 1: one row of negatives a positive")
