"""Top-K lists and the ranking metrics of the lecture, computed per user and then averaged over users.

These rules hold for all of them: a user without positives is left out of the mean (and is nan with ``per_user``), a
mean over no user is nan, equal scores rank by lower item id, and only ``exclude`` removes an item. A score of −inf
removes nothing: it is the lowest score.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.arguments import refuse, whole


def top_k(scores: Tensor, k: int, exclude: Tensor | None = None) -> Tensor:
    """The K items with the highest scores of each user, best first.

    Args:
        scores: Score of each user for each item, shape (U, I), float.
        k: Length of the list K.
        exclude: True where an item must not be recommended (already seen), shape (U, I), bool.

    Returns:
        Item ids, shape (U, K); where a user has fewer than K candidates, the list is padded with −1.

    Raises:
        ValueError: If a shape or dtype does not fit, a score is nan, or k < 1.

    Example:
        >>> scores = torch.tensor([[0.1, 0.9, 0.4], [0.7, 0.7, 0.2]])
        >>> top_k(scores, 2)
        tensor([[1, 2],
                [0, 1]])
        >>> top_k(scores, 2, exclude=torch.tensor([[False, True, False], [True, True, False]]))
        tensor([[ 2,  0],
                [ 2, -1]])

    Source: lecture rows 8, 10 and 17.
    """
    _check_scores(scores)
    k = whole("k", k, least=1)
    _check_mask("exclude", exclude, scores)
    num_users, num_items = scores.shape
    masked = scores if exclude is None else scores.masked_fill(exclude, -torch.inf)
    width = min(k, num_items)
    items = torch.full((num_users, k), -1, dtype=torch.long, device=scores.device)  # (U, K)
    if not num_users or not width:
        return items
    values, best = masked.topk(width, dim=1)  # (U, width); topk gives equal scores no defined order
    last = values[:, -1:]
    tied = (masked >= last).sum(dim=1) > width  # items of equal score compete for the last places: topk may be wrong
    careful = tied | (last == -torch.inf).squeeze(1)  # −inf may be an excluded item or a score of −inf
    best = best.sort(dim=1).values
    order = masked.gather(1, best).sort(dim=1, descending=True, stable=True).indices
    items[:, :width] = best.gather(1, order)
    if careful.any():
        removed = None if exclude is None else exclude[careful]
        items[careful, :width] = _top_k_sorted(scores[careful], width, removed)
    return items


def _top_k_sorted(scores: Tensor, k: int, exclude: Tensor | None) -> Tensor:
    """The same lists by a full stable sort, which is slower, but right for equal scores and for −inf."""
    order = scores.sort(dim=1, descending=True, stable=True).indices  # (U, I)
    if exclude is None:
        return order[:, :k]
    removed, excluded_last = exclude.gather(1, order).sort(dim=1, stable=True)
    return order.gather(1, excluded_last).masked_fill(removed, -1)[:, :k]


def recall_at_k(
    scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False
) -> Tensor:
    """Share of a user's positives that are in the top-K list: |P ∩ R| / |P|.

    With more positives than K it cannot reach 1, but only K / |P|.

    Args:
        scores: Score of each user for each item, shape (U, I), float.
        positives: True where the user will interact with the item, shape (U, I), bool.
        k: Length of the list K.
        exclude: True where an item must not be recommended, shape (U, I), bool.
        per_user: Return the value of each user instead of the mean.

    Returns:
        The mean over users with positives, a scalar; or one value per user, shape (U,), nan without positives.

    Raises:
        ValueError: If a shape or dtype does not fit, a score is nan, or k < 1.

    Example:
        >>> scores = torch.tensor([[0.1, 0.9, 0.4], [0.7, 0.5, 0.2]])
        >>> positives = torch.tensor([[True, True, False], [False, True, False]])
        >>> recall_at_k(scores, positives, k=2, per_user=True)
        tensor([0.5000, 1.0000], dtype=torch.float64)
        >>> recall_at_k(scores, positives, k=2).item()
        0.75

    Source: lecture rows 11 and 12.
    """
    return _metric(_recall, scores, positives, k, exclude, per_user)


def precision_at_k(
    scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False
) -> Tensor:
    """Share of the K places that hold a positive: |P ∩ R| / K, even if the user has fewer than K candidates.

    Args, Returns, Raises: as :func:`recall_at_k`.

    Source: lecture row 14.
    """
    return _metric(_precision, scores, positives, k, exclude, per_user)


def f1_at_k(scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False) -> Tensor:
    """Harmonic mean of a user's precision and recall, 2 |P ∩ R| / (K + |P|).

    Its mean over users is never larger than the harmonic mean of mean precision and mean recall.

    Args, Returns, Raises: as :func:`recall_at_k`.

    Source: lecture row 14.
    """
    return _metric(_f1, scores, positives, k, exclude, per_user)


def hit_rate_at_k(
    scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False
) -> Tensor:
    """1 if any positive is in the top-K list, else 0.

    Args, Returns, Raises: as :func:`recall_at_k`.

    Source: lecture row 77.
    """
    return _metric(_hit_rate, scores, positives, k, exclude, per_user)


def ndcg_at_k(
    scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False
) -> Tensor:
    """Sum of 1 / log2(rank + 1) over the positives in the list, divided by the sum for a list with positives first.

    Args, Returns, Raises: as :func:`recall_at_k`.

    Source: He et al. 2020 (LightGCN), section 4.1; lecture row 54.
    """
    return _metric(_ndcg, scores, positives, k, exclude, per_user)


def average_precision_at_k(
    scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False
) -> Tensor:
    """Sum of the precision at each positive's rank, divided by min(|P|, K); its mean over users is MAP@K.

    Args, Returns, Raises: as :func:`recall_at_k`.

    Source: lecture row 14.
    """
    return _metric(_average_precision, scores, positives, k, exclude, per_user)


def mrr(scores: Tensor, positives: Tensor, exclude: Tensor | None = None, per_user: bool = False) -> Tensor:
    """1 / rank of the user's best-ranked positive in the full ranking; 0 if every positive is excluded.

    Args, Returns, Raises: as :func:`recall_at_k`, without k.

    Source: lecture row 77.
    """
    _check_scores(scores)
    return _metric(_reciprocal_rank, scores, positives, max(scores.shape[1], 1), exclude, per_user)


def ranked_hits(scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Hits in the top-K lists, from which every metric here is computed.

    Args: as :func:`recall_at_k`.

    Returns:
        True where the item at that rank is a positive, shape (U, K); the number of positives |P|, shape (U,).
    """
    _check_scores(scores)
    _check_mask("positives", positives, scores)
    items = top_k(scores, k, exclude)  # (U, K)
    hits = (items >= 0) & positives.gather(1, items.clamp(min=0)) if scores.shape[1] else items >= 0
    return hits, positives.sum(dim=1)


def _recall(hits: Tensor, num_positives: Tensor) -> Tensor:
    return _count(hits) / num_positives


def _precision(hits: Tensor, num_positives: Tensor) -> Tensor:
    return _count(hits) / hits.shape[1]


def _f1(hits: Tensor, num_positives: Tensor) -> Tensor:
    return 2 * _count(hits) / (hits.shape[1] + num_positives)


def _hit_rate(hits: Tensor, num_positives: Tensor) -> Tensor:
    return hits.any(dim=1).double()


def _ndcg(hits: Tensor, num_positives: Tensor) -> Tensor:
    gain = 1 / torch.log2(_ranks(hits) + 1)  # (K,)
    ideal = torch.cat([gain.new_zeros(1), gain.cumsum(0)])  # (K + 1,): highest possible gain of 0, 1, … K positives
    return (hits * gain).sum(dim=1) / ideal[num_positives.clamp(max=hits.shape[1])]


def _average_precision(hits: Tensor, num_positives: Tensor) -> Tensor:
    precision = hits.cumsum(dim=1) / _ranks(hits)  # (U, K): precision of the list cut at each rank
    return (hits * precision).sum(dim=1) / num_positives.clamp(max=hits.shape[1])


def _reciprocal_rank(hits: Tensor, num_positives: Tensor) -> Tensor:
    return (hits / _ranks(hits)).amax(dim=1)


FROM_HITS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "recall": _recall,
    "precision": _precision,
    "f1": _f1,
    "hit_rate": _hit_rate,
    "ndcg": _ndcg,
    "map": _average_precision,
}


def _count(hits: Tensor) -> Tensor:
    return hits.sum(dim=1).double()  # (U,): in double precision, so that means lose nothing


def _ranks(hits: Tensor) -> Tensor:
    return torch.arange(1, hits.shape[1] + 1, dtype=torch.double, device=hits.device)  # (K,)


def per_user_values(formula: Callable[[Tensor, Tensor], Tensor], hits: Tensor, num_positives: Tensor) -> Tensor:
    """Apply a formula of ``FROM_HITS`` to each user; nan for a user without positives.

    Args:
        formula: Function of hits (U, K) and numbers of positives (U,), such as ``FROM_HITS["recall"]``.
        hits: True where the item at that rank is a positive, shape (U, K).
        num_positives: Number of positives |P|, shape (U,).

    Returns:
        Values, shape (U,), double.
    """
    values = formula(hits, num_positives.clamp(min=1))
    return values.masked_fill(num_positives == 0, torch.nan)


def _metric(
    formula: Callable[[Tensor, Tensor], Tensor],
    scores: Tensor,
    positives: Tensor,
    k: int,
    exclude: Tensor | None,
    per_user: bool,
) -> Tensor:
    values = per_user_values(formula, *ranked_hits(scores, positives, k, exclude))
    return values if per_user else values.nanmean()


def _check_scores(scores: Tensor) -> None:
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        refuse("scores", getattr(scores, "dtype", type(scores).__name__), "a float tensor", "convert with .float()")
    if scores.dim() != 2:
        refuse("scores", f"shape {tuple(scores.shape)}", "(U, I), one row per user", "add the user axis with [None]")
    if scores.isnan().any():
        refuse("scores", f"{int(scores.isnan().sum())} nan", "numbers", "look for 0/0 or inf − inf in the model")


def _check_mask(argument: str, mask: Tensor | None, scores: Tensor) -> None:
    if mask is None and argument == "exclude":
        return
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        refuse(argument, getattr(mask, "dtype", type(mask).__name__), "a bool tensor", "convert with .bool()")
    if mask.shape != scores.shape:
        refuse(argument, f"shape {tuple(mask.shape)}", f"the shape of scores, {tuple(scores.shape)}")
