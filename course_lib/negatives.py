"""Negatives for training: drawn uniformly, shared by a batch, hard (near the query), or weighted by distance."""

from __future__ import annotations

import math
from numbers import Integral

import torch
from torch import Tensor

from course_lib.arguments import refuse, seeded, whole
from course_lib.graph import InteractionGraph, checked_ids
from course_lib.metrics import top_k


def uniform_negatives(graph: InteractionGraph, users: Tensor, num: int, seed: int | torch.Generator = 0) -> Tensor:
    """Items drawn uniformly, with replacement, from those that a user has no edge to.

    Args:
        graph: The training graph.
        users: User of each row, shape (B,).
        num: Number of negatives per user S.
        seed: Seed of the draw, or a generator to go on drawing from.

    Returns:
        Item ids, shape (B, S); −1 for a user who has every item.

    Raises:
        ValueError: If num < 1 or a user is unknown.

    Source: lecture row 35.
    """
    num, users = whole("num", num, least=1), checked_ids("users", users, graph.num_users)
    free = graph.num_items - graph.user_degree[users]  # (B,): number of non-items of each user
    share = torch.rand(len(users), num, generator=seeded(seed), dtype=torch.double)  # (B, S)
    place = (share * free[:, None]).long()  # which of the user's non-items, counted from 0
    row_start = users[:, None] * graph.num_items  # the user's first cell in R
    before_user = row_start - graph.user_offsets[users][:, None]  # empty cells in the rows of the users before
    return (_empty_cells(graph, before_user + place) - row_start).masked_fill((free == 0)[:, None], -1)


def uniform_non_edges(graph: InteractionGraph, num: int, seed: int | torch.Generator = 0) -> tuple[Tensor, Tensor]:
    """Pairs of a user and an item drawn uniformly, with replacement, from all pairs without an edge.

    Args:
        graph: The training graph.
        num: Number of pairs.
        seed: Seed of the draw, or a generator to go on drawing from.

    Returns:
        Users and items of the pairs, each of shape (num,).

    Raises:
        ValueError: If num < 1 or every pair is an edge.

    Source: lecture rows 23 and 27.
    """
    free = graph.num_users * graph.num_items - graph.num_edges
    num = whole("num", num, least=1)
    if not free:
        refuse("graph", graph, "a graph with at least one pair that is not an edge")
    cells = _empty_cells(graph, (torch.rand(num, generator=seeded(seed), dtype=torch.double) * free).long())
    return cells // graph.num_items, cells % graph.num_items


def shared_negatives(graph: InteractionGraph, num: int, seed: int | torch.Generator = 0) -> Tensor:
    """Items drawn uniformly, without replacement, from the whole catalogue, for all users of a batch.

    A batch of B then needs N embeddings of negatives and not B · N. Some of these items are positives of a user in the
    batch: :func:`shared_mask` tells which.

    Args:
        graph: The training graph.
        num: Number of negatives N.
        seed: Seed of the draw, or a generator to go on drawing from.

    Returns:
        Distinct item ids, shape (N,).

    Raises:
        ValueError: If num < 1 or there are fewer items.

    Source: lecture rows 81 and 82; Ying et al. 2018, section 3.3.
    """
    num = whole("num", num, least=1)
    if num > graph.num_items:
        refuse("num", num, f"at most the {graph.num_items} items of the graph")
    return torch.randperm(graph.num_items, generator=seeded(seed))[:num]


def shared_mask(graph: InteractionGraph, users: Tensor, shared: Tensor) -> Tensor:
    """Which of the shared negatives are negatives of which user.

    Args:
        graph: The training graph.
        users: User of each row, shape (B,).
        shared: Item ids, shape (N,).

    Returns:
        Bool tensor, shape (B, N): False where the item is one of the user's own positives.

    Raises:
        ValueError: If a user or item is unknown.

    Source: lecture row 82.
    """
    shared = checked_ids("shared", shared, graph.num_items)
    return ~graph.rows(users)[:, shared]


def hard_negatives(
    visits: Tensor,
    positives: Tensor,
    window: tuple[int, int] | tuple[float, float],
    num: int | None = None,
    seed: int | torch.Generator = 0,
) -> Tensor:
    """Items from a band of the ranking by visits: not the top, which may be future positives, nor the easy rest.

    Positives are taken out before ranking. Items that were never visited stay in it. Equal visits rank by lower id.

    Args:
        visits: How often walks from each query visit each item, or the limit of that, shape (B, I). From the sparse
            ``counts`` (B, N) of ``course_lib.walks`` it is ``counts.to_dense()[:, num_users:]``.
        positives: True where an item must not serve as a negative, shape (B, I), bool.
        window: Ranks lo ≤ r < hi, counted from 0: either whole numbers, or quantiles of the catalogue, which are floats
            in [0, 1] that are multiplied by I and rounded. A window that reaches past the last item is cut off there.
        num: Number of items to draw from the band, uniformly and without replacement; by default the whole band.
        seed: Seed of the draw, or a generator to go on drawing from.

    Returns:
        Item ids, shape (B, num), or the whole band in order of rank, (B, hi − lo); −1 where the band has no more.

    Raises:
        ValueError: If a shape or dtype does not fit, a number of visits is negative or nan, the window is empty, or
            num < 1.

    Source: lecture row 85; Ying et al. 2018, section 3.3.
    """
    if visits.layout != torch.strided or visits.dim() != 2:
        refuse("visits", f"shape {tuple(visits.shape)}, {visits.layout}", "a dense (B, I)", "convert with .to_dense()")
    if not (visits >= 0).all():
        refuse("visits", "a negative number or nan", "counts or probabilities of at least 0")
    if positives.dtype != torch.bool or positives.shape != visits.shape:
        wanted = f"a bool tensor of the shape of visits, {tuple(visits.shape)}"
        refuse("positives", f"{positives.dtype} of shape {tuple(positives.shape)}", wanted)
    lo, hi = _band(window, visits.shape[1])
    band = top_k(visits.double(), max(hi, 1), exclude=positives)[:, lo:hi]  # (B, hi − lo)
    if num is None:
        return band
    num = whole("num", num, least=1)
    key = torch.rand(band.shape, generator=seeded(seed)).masked_fill(band < 0, 2.0)  # the padding sorts last
    drawn = band.gather(1, key.argsort(dim=1)[:, :num])
    return torch.nn.functional.pad(drawn, (0, num - drawn.shape[1]), value=-1)  # (B, num)


def curriculum(epoch: int) -> int:
    """Number of hard negatives per query in an epoch: none in the first epoch, then one more in each.

    Their number grows, not their hardness.

    Args:
        epoch: Epoch n, counted from 1.

    Returns:
        n − 1.

    Raises:
        ValueError: If epoch < 1.

    Source: lecture rows 84 and 86; Ying et al. 2018, section 3.3.
    """
    return whole("epoch", epoch, least=1) - 1


def distance_density(distances: Tensor, dim: int) -> Tensor:
    """Density q(d) of the distance between two points drawn uniformly on the unit sphere.

    q(d) ∝ d^(n−2) (1 − d²/4)^((n−3)/2). The larger n is, the more distances crowd around √2.

    Args:
        distances: Distances d from 0 to 2, any shape, float.
        dim: Dimension n of the space, at least 2.

    Returns:
        q(d), of the shape of distances; it integrates to 1.

    Raises:
        ValueError: If dim < 2 or a distance is outside [0, 2].

    Source: lecture row 87; Wu et al. 2017, section 4.
    """
    if not ((distances >= 0) & (distances <= 2)).all():
        refuse("distances", "a number outside [0, 2] or nan", "distances on the unit sphere")
    beta = (whole("dim", dim, least=2) - 1) / 2  # d²/4 has the beta distribution with both parameters equal to this
    log_integral = 2 * math.lgamma(beta) - math.lgamma(2 * beta) + (dim - 2) * math.log(2)
    return (_log_density(distances, dim) - log_integral).exp()


def distance_weights(
    distances: Tensor, dim: int, cutoff: float = 0.5, upper: float = 1.4, max_weight: float = math.inf
) -> Tensor:
    """Probabilities that make the distance of a drawn negative nearly uniform, as far as there are such candidates.

    A candidate at distance d has weight 1 / q(max(d, cutoff)), and 0 if d ≥ upper. The weights of a row are divided by
    the smallest one above 0, cut at ``max_weight`` and normalised. All this is done with logarithms, because in 128
    dimensions the weights span 10^50.

    Args:
        distances: Distance of each query to its candidates on the unit sphere, shape (…, M), float; inf for a candidate
            that must not be drawn.
        dim: Dimension n of the space, at least 2.
        cutoff: Candidates nearer than this weigh no more than one at this distance.
        upper: Candidates at this distance or further away are not drawn.
        max_weight: Bound λ on a weight, in units of the row's smallest.

    Returns:
        Probabilities, shape (…, M). Each row sums to 1, or is all zeros if no candidate is nearer than ``upper``.

    Raises:
        ValueError: If there is no candidate, a distance is negative or nan, dim < 2, not 0 < cutoff < upper ≤ 2, or
            max_weight is not positive.

    Source: lecture row 87; Wu et al. 2017, section 4; cutoff and upper are the defaults of their code.
    """
    if not distances.is_floating_point() or not distances.dim() or not distances.shape[-1]:
        refuse("distances", f"{distances.dtype} of shape {tuple(distances.shape)}", "floats (…, M) with M ≥ 1")
    if not (distances >= 0).all():
        refuse("distances", "a negative number or nan", "numbers of at least 0")
    if not 0 < cutoff < upper <= 2:
        refuse("cutoff, upper", (cutoff, upper), "0 < cutoff < upper ≤ 2, the diameter of the sphere")
    if not max_weight > 0:
        refuse("max_weight", max_weight, "a positive bound, math.inf for none")
    too_far = distances >= upper
    log_weight = -_log_density(distances.clamp(cutoff, upper), whole("dim", dim, least=2))  # (…, M)
    smallest = torch.where(too_far, math.inf, log_weight).amin(dim=-1, keepdim=True)
    bounded = (log_weight - smallest).clamp(max=math.log(max_weight))
    probabilities = torch.where(too_far, -math.inf, bounded).softmax(dim=-1)
    return torch.where(too_far, 0, probabilities)  # the softmax of a row where all are too far is nan


@torch.no_grad()
def distance_weighted_negatives(
    query: Tensor,
    candidates: Tensor,
    num: int,
    mask: Tensor | None = None,
    seed: int | torch.Generator = 0,
    cutoff: float = 0.5,
    upper: float = 1.4,
    max_weight: float = math.inf,
) -> Tensor:
    """Candidates drawn with replacement, each with its probability by :func:`distance_weights`.

    Args:
        query: Unit vectors, shape (B, D).
        candidates: Unit vectors, shape (M, D).
        num: Number of negatives per query S.
        mask: False where a candidate must not be drawn, shape (B, M), bool; by default all may be drawn.
        seed: Seed of the draw, or a generator to go on drawing from.
        cutoff: As for :func:`distance_weights`.
        upper: As for :func:`distance_weights`.
        max_weight: As for :func:`distance_weights`.

    Returns:
        Indices of rows of ``candidates``, shape (B, S); −1 for a query without a candidate nearer than ``upper``.

    Raises:
        ValueError: If vectors are not of length 1, shapes do not fit, num < 1, or as :func:`distance_weights`.

    Source: lecture row 87; Wu et al. 2017, section 4.
    """
    num = whole("num", num, least=1)
    for name, vectors in (("query", query), ("candidates", candidates)):
        if vectors.dim() != 2 or not ((vectors.norm(dim=1) - 1).abs() < 1e-3).all():
            refuse(name, f"shape {tuple(vectors.shape)}, not all of length 1", "unit vectors", "divide by their norms")
    if candidates.shape[1] != query.shape[1]:
        refuse("candidates", f"dimension {candidates.shape[1]}", f"that of query, {query.shape[1]}")
    shape = len(query), len(candidates)
    if mask is not None and (mask.dtype != torch.bool or mask.shape != shape):
        refuse("mask", f"{mask.dtype} of shape {tuple(mask.shape)}", f"a bool tensor of shape {shape}")
    distances = (2 - 2 * query @ candidates.T).clamp(min=0).sqrt()  # (B, M)
    if mask is not None:
        distances = torch.where(mask, distances, math.inf)
    weights = distance_weights(distances, query.shape[1], cutoff, upper, max_weight)
    no_candidate = ~weights.any(dim=1, keepdim=True)
    weights = weights + no_candidate  # multinomial refuses a row of zeros; what it draws from such a row is replaced
    drawn = torch.multinomial(weights, num, replacement=True, generator=seeded(seed))  # (B, S)
    return drawn.masked_fill(no_candidate, -1)


def _log_density(distances: Tensor, dim: int) -> Tensor:
    """Logarithm of q(d), up to a constant."""
    return torch.xlogy(dim - 2, distances) + torch.xlogy((dim - 3) / 2, 1 - distances.square() / 4)


def _band(window: tuple[int, int] | tuple[float, float], num_items: int) -> tuple[int, int]:
    """The window as ranks within the catalogue."""
    quantiles = all(isinstance(end, float) for end in window) and max(window) <= 1
    ranks = all(isinstance(end, Integral) for end in window)
    if len(window) != 2 or not (quantiles or ranks) or not 0 <= window[0] < window[1]:
        refuse("window", window, "two ranks (int) or two quantiles up to 1.0 (float), 0 ≤ lo < hi")
    lo, hi = (min(math.floor(end * num_items + 0.5) if quantiles else int(end), num_items) for end in window)
    return lo, hi


def _empty_cells(graph: InteractionGraph, number: Tensor) -> Tensor:
    """Cells of R without an edge, given by their number among all empty cells, from 0.

    A cell is ``user · I + item``: R read row by row. The empty cell with number n comes after n empty cells and some
    edges. These are the edges with at most n empty cells before them, and as that number never falls from one edge to
    the next, a binary search counts them.
    """
    edges = graph.user * graph.num_items + graph.item  # (E,), ascending
    empty_before = edges - torch.arange(graph.num_edges)  # (E,)
    return number + torch.searchsorted(empty_before, number, right=True)
