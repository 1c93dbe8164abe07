"""Negatives for training: drawn uniformly, shared by a batch, hard by what walks visit, or weighted by distance."""

from __future__ import annotations

import math
from numbers import Integral

import torch
from torch import Tensor

from course_lib.arguments import refuse, whole
from course_lib.graph import InteractionGraph, checked_ids
from course_lib.metrics import top_k


def uniform_negatives(graph: InteractionGraph, users: Tensor, num: int, seed: int | torch.Generator = 0) -> Tensor:
    """Items drawn uniformly, with replacement, from those that a user has no edge to.

    Args:
        graph: The training graph.
        users: User of each row, shape (B,).
        num: Number of negatives a user S.
        seed: Seed of the draw, or a generator to go on drawing from.

    Returns:
        Item ids, shape (B, S); −1 for a user who has every item.

    Raises:
        ValueError: If num < 1 or a user is unknown.

    Source: lecture row 35.
    """
    num, users = whole("num", num, least=1), checked_ids("users", users, graph.num_users)
    free = graph.num_items - graph.user_degree[users]  # (B,): number of non-items of each user
    share = torch.rand(len(users), num, generator=_generator(seed), dtype=torch.double)  # (B, S)
    place = (share * free[:, None]).long()  # which of the non-items, counted from 0
    flat = _missing(graph, graph.user_offsets[users][:, None], users[:, None] * graph.num_items, place)
    return (flat - users[:, None] * graph.num_items).masked_fill((free == 0)[:, None], -1)


def uniform_non_edges(graph: InteractionGraph, num: int, seed: int | torch.Generator = 0) -> tuple[Tensor, Tensor]:
    """Pairs drawn uniformly, with replacement, from all pairs without an edge, whatever the user.

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
        refuse("graph", graph, "a graph with at least one pair that is no edge")
    place = (torch.rand(num, generator=_generator(seed), dtype=torch.double) * free).long()
    flat = _missing(graph, torch.zeros_like(place), torch.zeros_like(place), place)
    return flat // graph.num_items, flat % graph.num_items


def shared_negatives(graph: InteractionGraph, num: int, seed: int | torch.Generator = 0) -> Tensor:
    """Items drawn uniformly, without replacement, from the whole catalogue, for all users of a batch.

    A batch of B then needs N embeddings of negatives and not B · N. Some are positives of someone: see
    :func:`shared_mask`.

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
    return torch.randperm(graph.num_items, generator=_generator(seed))[:num]


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
    """Items in a band of the ranking by visits: neither the nearest, which may be positives to come, nor the easy rest.

    Positives are taken out before ranking; items that were never visited stay in it; equal visits rank by lower id.

    Args:
        visits: How often walks from each query visit each item, or its limit, shape (B, I): with sparse ``counts``
            (B, N) from ``course_lib.walks``, ``counts.to_dense()[:, num_users:]``.
        positives: True where an item must not serve as a negative, shape (B, I), bool.
        window: Ranks lo ≤ r < hi from 0 as whole numbers, or as quantiles of the catalogue, floats in [0, 1] that are
            multiplied by I and rounded. What lies past the end is cut off.
        num: Number of items to draw from the band, uniformly and without replacement; by default the whole band.
        seed: Seed of the draw, or a generator to go on drawing from.

    Returns:
        Item ids, shape (B, num), or in order of rank (B, hi − lo); −1 where the band has no more.

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
    lot = torch.rand(band.shape, generator=_generator(seed)).masked_fill(band < 0, 2.0)  # nothing comes last
    drawn = band.gather(1, lot.argsort(dim=1)[:, :num])
    return torch.nn.functional.pad(drawn, (0, num - drawn.shape[1]), value=-1)  # (B, num)


def curriculum(epoch: int) -> int:
    """Number of hard negatives a query gets at an epoch: none in the first, then one more each epoch.

    What grows is their number, not their hardness.

    Args:
        epoch: Epoch n, from 1.

    Returns:
        n − 1.

    Raises:
        ValueError: If epoch < 1.

    Source: lecture rows 84 and 86; Ying et al. 2018, section 3.3.
    """
    return whole("epoch", epoch, least=1) - 1


def distance_density(distances: Tensor, dim: int) -> Tensor:
    """How dense uniformly random pairs of points on the unit sphere are at a distance.

    q(d) ∝ d^(n−2) (1 − d²/4)^((n−3)/2): the larger n, the more they crowd around √2.

    Args:
        distances: Distances d from 0 to 2, any shape, float.
        dim: Dimension n of the space, at least 2.

    Returns:
        q(d), shape of distances; it integrates to 1.

    Raises:
        ValueError: If dim < 2 or a distance is outside [0, 2].

    Source: lecture row 87; Wu et al. 2017, section 4.
    """
    if not ((distances >= 0) & (distances <= 2)).all():
        refuse("distances", "a number outside [0, 2] or nan", "distances on the unit sphere")
    half = (whole("dim", dim, least=2) - 1) / 2  # d²/4 follows a beta distribution with both parameters this
    log_total = 2 * math.lgamma(half) - math.lgamma(2 * half) + (dim - 2) * math.log(2)
    return (_log_density(distances, dim) - log_total).exp()


def distance_weights(
    distances: Tensor, dim: int, cutoff: float = 0.5, upper: float = 1.4, max_weight: float = math.inf
) -> Tensor:
    """Probabilities that make the distance of a drawn negative as good as uniform, where such negatives exist.

    A candidate weighs 1 / q(d), with d no smaller than ``cutoff``, and 0 from ``upper`` on. Weights are taken relative
    to the smallest, cut at ``max_weight`` and normalised, in logarithms: in 128 dimensions they span 10^50.

    Args:
        distances: Distance of each query to its candidates on the unit sphere, shape (…, M), float; inf takes a
            candidate out.
        dim: Dimension n of the space, at least 2.
        cutoff: Distance under which a candidate gains no more weight.
        upper: Distance from which on a candidate is not drawn.
        max_weight: Bound λ on a weight, in units of the smallest.

    Returns:
        Probabilities, shape (…, M), each row with sum 1; zeros where no candidate is near enough.

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
    far = distances >= upper
    log_weight = -_log_density(distances.clamp(cutoff, upper), whole("dim", dim, least=2))  # (…, M)
    smallest = torch.where(far, math.inf, log_weight).amin(dim=-1, keepdim=True)
    log_weight = torch.where(far, -math.inf, (log_weight - smallest).clamp(max=math.log(max_weight)))
    return torch.where(far, 0, log_weight.softmax(dim=-1))  # a row of −inf alone gave nan


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
        num: Number of negatives a query S.
        mask: False where a candidate must not be drawn, shape (B, M), bool; by default all may.
        seed: Seed of the draw, or a generator to go on drawing from.
        cutoff: As for :func:`distance_weights`.
        upper: As for :func:`distance_weights`.
        max_weight: As for :func:`distance_weights`.

    Returns:
        Rows of ``candidates``, shape (B, S); −1 for a query with none that is near enough.

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
    nothing = ~weights.any(dim=1, keepdim=True)
    drawn = torch.multinomial(weights + nothing, num, replacement=True, generator=_generator(seed))  # (B, S)
    return drawn.masked_fill(nothing, -1)


def _log_density(distances: Tensor, dim: int) -> Tensor:
    """Logarithm of q(d), but for a constant."""
    return torch.xlogy(dim - 2, distances) + torch.xlogy((dim - 3) / 2, 1 - distances.square() / 4)


def _band(window: tuple[int, int] | tuple[float, float], num_items: int) -> tuple[int, int]:
    """The window as ranks within the catalogue."""
    quantiles = all(isinstance(end, float) for end in window) and max(window) <= 1
    ranks = all(isinstance(end, Integral) for end in window)
    if len(window) != 2 or not (quantiles or ranks) or not 0 <= window[0] < window[1]:
        refuse("window", window, "two ranks (int) or two quantiles up to 1.0 (float), 0 ≤ lo < hi")
    lo, hi = (min(math.floor(end * num_items + 0.5) if quantiles else int(end), num_items) for end in window)
    return lo, hi


def _missing(graph: InteractionGraph, first_edge: Tensor, first_cell: Tensor, place: Tensor) -> Tensor:
    """Cell of R (user · I + item) that is number ``place`` among the empty cells from ``first_cell`` on.

    The j-th edge has ``cell_j − j`` empty cells before it, which never falls, so a binary search tells how many
    edges the wanted cell must step over.
    """
    cell = graph.user * graph.num_items + graph.item  # (E,), ascending
    empty_before = cell - torch.arange(graph.num_edges)  # (E,)
    skipped = torch.searchsorted(empty_before, first_cell - first_edge + place, right=True)
    return first_cell - first_edge + place + skipped


def _generator(seed: int | torch.Generator) -> torch.Generator:
    return seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
