"""Random walks with restart: how often one visits each node, the limit of that, and neighbours chosen by visits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse
import torch
from numpy.random import Generator
from scipy.sparse import csr_array
from torch import Tensor

from course_lib.arguments import refuse, whole
from course_lib.graph import InteractionGraph, checked_ids

STEPS_AT_ONCE = 2**20  # steps held at a time, some 60 MB, whatever the number of starts
CONVERGED = 1e-10  # probability that may still move in the last round of personalized_pagerank


def visit_counts(
    graph: InteractionGraph,
    *,
    start_users: Tensor | None = None,
    start_items: Tensor | None = None,
    num_steps: int,
    restart: float,
    seed: int = 0,
) -> Tensor:
    """How often a walk from each start arrives at each node.

    A step goes back to the start with probability ``restart``, else to a uniform neighbour (with none: to the start).
    Every arrival is a visit, also one at the start; standing there at first is none.

    Args:
        graph: The graph.
        start_users: Users to start from, shape (B,); or
        start_items: items to start from, shape (B,). A start that comes twice gets two walks.
        num_steps: Number of steps of each walk.
        restart: Probability of going back, in [0, 1].
        seed: Seed of the walks.

    Returns:
        Visits, sparse COO, shape (B, N), users first, int64; each row sums to num_steps. Those of items are
        ``.to_dense()[:, num_users:]``.

    Raises:
        ValueError: If there is not exactly one kind of start, an id is unknown or a number is out of range.

    Source: lecture row 85.
    """
    start = _nodes(graph, start_users, start_items)
    counts = scipy.sparse.vstack([some for _, some in _visits(graph, start, num_steps, restart, seed)], format="coo")
    cells = torch.from_numpy(np.stack([counts.row, counts.col], dtype=np.int64))  # (2, cells visited)
    visits = torch.from_numpy(counts.data).long()
    return torch.sparse_coo_tensor(cells, visits, counts.shape, is_coalesced=True, check_invariants=False)


def personalized_pagerank(
    graph: InteractionGraph, *, start_users: Tensor | None = None, start_items: Tensor | None = None, restart: float
) -> Tensor:
    """What ``visit_counts / num_steps`` tends to: the stationary distribution of the walk's arrivals.

    It solves π = restart · start + (1 − restart) · π D⁻¹A; a start without neighbours keeps everything. With restart 0,
    where the walk swings between users and items for ever, it is the long-run share of visits: each node's degree over
    the sum of degrees, among the nodes that the start reaches.

    Args:
        graph: The graph.
        start_users: Users to start from, shape (B,); or
        start_items: items to start from, shape (B,).
        restart: Probability of going back, in [0, 1].

    Returns:
        Probabilities, shape (B, N), users first, float64; each row sums to 1.

    Raises:
        ValueError: If there is not exactly one kind of start, an id is unknown or restart is outside [0, 1].

    Source: lecture rows 79 and 85; Page et al. 1999, section 6.
    """
    start, restart = _nodes(graph, start_users, start_items).numpy(), _probability(restart)
    adjacency = _adjacency(graph).astype(np.float64)
    degree, column = np.diff(adjacency.indptr)[:, None], np.arange(len(start))
    lonely = degree[start, 0] == 0

    def step(pi: np.ndarray) -> np.ndarray:
        arriving = (1 - restart) * (adjacency @ (pi / degree.clip(min=1)))  # (N, B)
        arriving[start, column] += np.where(lonely, 1, restart)
        return arriving

    at_start = np.zeros((graph.num_nodes, len(start)))
    at_start[start, column] = 1
    pi = ((1 - restart) * at_start + step(at_start)) / (2 - restart)  # users and items hold their shares from here on
    moved = 1.0
    while moved > CONVERGED:
        before, pi = pi, step(pi)
        moved = np.abs(pi - before).sum(axis=0).max(initial=0)
    return torch.from_numpy(np.ascontiguousarray(pi.T))


def importance_neighbors(
    graph: InteractionGraph, items: Tensor, num_neighbors: int, num_steps: int, restart: float, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """The items that a walk from each item visits most, and the weights with which PinSAGE pools them.

    Args:
        graph: The graph.
        items: Items to start from, shape (B,).
        num_neighbors: Number of neighbours of an item T.
        num_steps: Number of steps of each walk; those that arrive at users or at the start itself do not count.
        restart: Probability of going back, in [0, 1].
        seed: Seed of the walks.

    Returns:
        Items, most visited first (equal visits: lower id), never the start itself, shape (B, T), padded with −1; their
        visits over the row's sum, float32, shape (B, T), padded with 0.

    Raises:
        ValueError: If an item is unknown or a number is out of range.

    Source: lecture row 79; Ying et al. 2018, section 3.2.
    """
    items, num_neighbors = checked_ids("items", items, graph.num_items), whole("num_neighbors", num_neighbors, least=1)
    start, batches = items + graph.num_users, []
    for some, counts in _visits(graph, start, num_steps, restart, seed):
        batches.append(_most_visited(counts[:, graph.num_users :], some - graph.num_users, num_neighbors))
    ids, visits = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*batches, strict=True))
    return ids, visits / visits.sum(dim=1, keepdim=True).clamp(min=1)


def _visits(
    graph: InteractionGraph, start: Tensor, num_steps: int, restart: float, seed: int
) -> Iterator[tuple[np.ndarray, csr_array]]:
    """Yield some starts (b,) and their counts (b, N)."""
    num_steps, restart = whole("num_steps", num_steps, least=1), _probability(restart)
    adjacency, rng = _adjacency(graph), np.random.default_rng(whole("seed", seed, least=0))
    for some in start.split(max(STEPS_AT_ONCE // num_steps, 1)):
        node = np.sort(_walk(adjacency, some.numpy(), num_steps, restart, rng), axis=1)  # (b, num_steps)
        ones, row_start = np.ones(node.size, dtype=np.int32), np.arange(len(node) + 1) * num_steps
        counts = csr_array((ones, node.ravel(), row_start), (len(node), graph.num_nodes))
        counts.sum_duplicates()
        yield some.numpy(), counts


def _walk(adjacency: csr_array, start: np.ndarray, num_steps: int, restart: float, rng: Generator) -> np.ndarray:
    """Where each step of a walk from each start arrives, shape (B, num_steps).

    Who goes home forgets the past. So all the stretches between two returns, of all walks, are walked at the same time.
    """
    first, neighbor = adjacency.indptr, adjacency.indices
    degree = np.diff(first)
    home = rng.random((len(start), 1 + num_steps)) < restart
    home |= (degree[start] == 0)[:, None]  # only a start can be lonely: who came along an edge can go back along it
    home[:, 0] = True  # where each walk stands before its first step
    node = np.repeat(start.astype(neighbor.dtype)[:, None], 1 + num_steps, axis=1)
    walk, home = node.reshape(-1), np.append(home, True)  # one walk behind the other
    here = np.flatnonzero(home[:-1])
    while len(here):
        here = here + 1
        here = here[~home[here]]
        at = walk[here - 1]
        walk[here] = neighbor[first[at] + (rng.random(len(at)) * degree[at]).astype(first.dtype)]
    return node[:, 1:]


def _most_visited(visits: csr_array, own: np.ndarray, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Items with most visits and these visits, both (b, num), without the item that is a row's own."""
    row, item = np.repeat(np.arange(len(own)), np.diff(visits.indptr)), visits.indices
    count = np.where(item == own[row], 0, visits.data)
    order = np.lexsort((item, -count, row))  # stays within the row
    rank = np.arange(len(row)) - visits.indptr[row]
    kept = (rank < num) & (count[order] > 0)
    place, order = (row[kept], rank[kept]), order[kept]
    ids, most = np.full((len(own), num), -1, dtype=np.int64), np.zeros((len(own), num), dtype=np.float32)
    ids[place], most[place] = item[order], count[order]
    return ids, most


def _adjacency(graph: InteractionGraph) -> csr_array:
    """A with users first, shape (N, N): its rows list neighbours, in int32 while that is wide enough."""
    ends = graph.user.int().numpy(), graph.item.int().numpy()
    edges = csr_array((np.ones(graph.num_edges, dtype=np.int8), ends), (graph.num_users, graph.num_items))
    return scipy.sparse.block_array([[None, edges], [edges.T, None]], format="csr")


def _nodes(graph: InteractionGraph, users: Tensor | None, items: Tensor | None) -> Tensor:
    if (users is None) == (items is None):
        refuse("start_users", "neither it nor start_items" if users is None else "start_items too", "one of the two")
    if items is None:
        return checked_ids("start_users", users, graph.num_users)
    return checked_ids("start_items", items, graph.num_items) + graph.num_users


def _probability(restart: float) -> float:
    if not 0 <= restart <= 1:
        refuse("restart", restart, "a probability in [0, 1]")
    return restart
