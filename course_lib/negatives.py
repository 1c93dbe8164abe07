"""Negative pairs for training: what a user has not touched, drawn without rejection."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.arguments import refuse, whole
from course_lib.graph import InteractionGraph, checked_ids


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
