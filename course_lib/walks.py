"""Random walks with restart: how often a walk visits each node, the limit of these counts, and neighbours by visits."""

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

STEPS_AT_ONCE = 2**20  # steps held at a time, about 60 MB, however many starts there are
CONVERGED = 1e-10  # personalized_pagerank ends when a round moves less probability than this


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

    A step goes back to the start with probability ``restart``, otherwise to a neighbour drawn uniformly, or, if there
    is no neighbour, to the start. Every arrival is a visit, at the start too; where the walk stands at first is none.

    Args:
        graph: The graph.
        start_users: Users to start from, shape (B,); or
        start_items: Items to start from, shape (B,). A start that is given twice gets two walks.
        num_steps: Number of steps of each walk.
        restart: Probability of going back, in [0, 1].
        seed: Seed of the walks.

    Returns:
        Visits, sparse COO, shape (B, N), users first, int64; each row sums to num_steps. The visits of items are
        ``.to_dense()[:, num_users:]``.

    Raises:
        ValueError: If there is not exactly one kind of start, an id is unknown or a number is out of range.

    Example:
        >>> from course_lib.datasets import load
        >>> counts = visit_counts(load("toy").graph, start_items=torch.tensor([0]), num_steps=1000, restart=0.3)
        >>> tuple(counts.shape), counts.to_dense().sum().item()
        ((1, 10), 1000)
        >>> counts.to_dense()[0, 4:].argmax().item()  # the walk is most often at the item it started from
        0

    Source: lecture row 85.
    """
    start = _nodes(graph, start_users, start_items)
    counts = scipy.sparse.vstack([part for _, part in _visits(graph, start, num_steps, restart, seed)], format="coo")
    cells = torch.from_numpy(np.stack([counts.row, counts.col], dtype=np.int64))  # (2, cells visited)
    visits = torch.from_numpy(counts.data).long()
    return torch.sparse_coo_tensor(cells, visits, counts.shape, is_coalesced=True, check_invariants=False)


def personalized_pagerank(
    graph: InteractionGraph, *, start_users: Tensor | None = None, start_items: Tensor | None = None, restart: float
) -> Tensor:
    """What ``visit_counts / num_steps`` tends to: the stationary distribution of the walk's arrivals.

    It solves π = restart · start + (1 − restart) · π D⁻¹A; a start without neighbours keeps all probability. With
    restart 0 the walk alternates between users and items for ever, and the result is the long-run share of visits: each
    node's degree over the sum of degrees, among the nodes that the start reaches.

    Args:
        graph: The graph.
        start_users: Users to start from, shape (B,); or
        start_items: Items to start from, shape (B,).
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
    without_neighbors = degree[start, 0] == 0

    def step(pi: np.ndarray) -> np.ndarray:
        arriving = (1 - restart) * (adjacency @ (pi / degree.clip(min=1)))  # (N, B)
        arriving[start, column] += np.where(without_neighbors, 1, restart)
        return arriving

    at_start = np.zeros((graph.num_nodes, len(start)))
    at_start[start, column] = 1
    # A step takes probability from users to items and back. This mixture gives each side the share that it has in the
    # limit, so that the rounds converge for restart 0 as well.
    pi = ((1 - restart) * at_start + step(at_start)) / (2 - restart)
    moved = 1.0
    while moved > CONVERGED:
        before, pi = pi, step(pi)
        moved = np.abs(pi - before).sum(axis=0).max(initial=0)
    return torch.from_numpy(np.ascontiguousarray(pi.T))


def importance_neighbors(
    graph: InteractionGraph, items: Tensor, num_neighbors: int, num_steps: int, restart: float, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """The items that a walk from each item visits most often, and the weights with which PinSAGE pools them.

    Args:
        graph: The graph.
        items: Items to start from, shape (B,).
        num_neighbors: Number of neighbours per item T.
        num_steps: Number of steps of each walk; arrivals at users or at the start itself do not count.
        restart: Probability of going back, in [0, 1].
        seed: Seed of the walks.

    Returns:
        Items, most visited first (equal visits: lower id first), never the start itself, shape (B, T), padded with −1;
        and their visits divided by the row's sum, float32, shape (B, T), padded with 0.

    Raises:
        ValueError: If an item is unknown or a number is out of range.

    Source: lecture row 79; Ying et al. 2018, section 3.2.
    """
    items, num_neighbors = checked_ids("items", items, graph.num_items), whole("num_neighbors", num_neighbors, least=1)
    start, batches = items + graph.num_users, []
    for batch, counts in _visits(graph, start, num_steps, restart, seed):
        batches.append(_most_visited(counts[:, graph.num_users :], batch - graph.num_users, num_neighbors))
    ids, visits = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*batches, strict=True))
    return ids, visits / visits.sum(dim=1, keepdim=True).clamp(min=1)


def _visits(
    graph: InteractionGraph, start: Tensor, num_steps: int, restart: float, seed: int
) -> Iterator[tuple[np.ndarray, csr_array]]:
    """Yield batches of starts (b,) and their visit counts (b, N)."""
    num_steps, restart = whole("num_steps", num_steps, least=1), _probability(restart)
    adjacency, rng = _adjacency(graph), np.random.default_rng(whole("seed", seed, least=0))
    for batch in start.split(max(STEPS_AT_ONCE // num_steps, 1)):
        node = np.sort(_walk(adjacency, batch.numpy(), num_steps, restart, rng), axis=1)  # (b, num_steps)
        ones, row_start = np.ones(node.size, dtype=np.int32), np.arange(len(node) + 1) * num_steps
        counts = csr_array((ones, node.ravel(), row_start), (len(node), graph.num_nodes))
        counts.sum_duplicates()
        yield batch.numpy(), counts


def _walk(adjacency: csr_array, start: np.ndarray, num_steps: int, restart: float, rng: Generator) -> np.ndarray:
    """Where each step of a walk from each start arrives, shape (B, num_steps).

    After a return to its start, a walk goes on as if it began there. So the returns, which are drawn first, cut all
    walks into stretches that do not depend on one another. Round r of the loop takes the r-th step of every stretch
    that is this long: there are as many rounds as the longest stretch has steps, not as many as there are steps.
    """
    first, neighbor = adjacency.indptr, adjacency.indices  # node n has neighbours neighbor[first[n] : first[n + 1]]
    degree = np.diff(first)
    returns = rng.random((len(start), 1 + num_steps)) < restart
    # Only a start can have no neighbours: any other node was reached along an edge, which also leads back.
    returns |= (degree[start] == 0)[:, None]
    returns[:, 0] = True  # column 0 is where each walk stands before its first step
    node = np.repeat(start.astype(neighbor.dtype)[:, None], 1 + num_steps, axis=1)  # right already at every return
    # From here on, all walks stand in one row, one behind the other; the return added at its end closes the last one.
    walk, is_return = node.reshape(-1), np.append(returns, True)
    here = np.flatnonzero(is_return[:-1])  # the place where each stretch begins
    while len(here):
        here = here + 1
        here = here[~is_return[here]]  # the stretches that go on; the node before each of these places is known
        before = walk[here - 1]
        choice = (rng.random(len(before)) * degree[before]).astype(first.dtype)
        walk[here] = neighbor[first[before] + choice]
    return node[:, 1:]


def _most_visited(visits: csr_array, own: np.ndarray, num: int) -> tuple[np.ndarray, np.ndarray]:
    """The items with most visits and their visits, both (b, num), without the row's own item."""
    row, item = np.repeat(np.arange(len(own)), np.diff(visits.indptr)), visits.indices
    count = np.where(item == own[row], 0, visits.data)
    order = np.lexsort((item, -count, row))  # by row, then most visits, then lower id
    rank = np.arange(len(row)) - visits.indptr[row]
    kept = (rank < num) & (count[order] > 0)
    place, order = (row[kept], rank[kept]), order[kept]
    ids, most = np.full((len(own), num), -1, dtype=np.int64), np.zeros((len(own), num), dtype=np.float32)
    ids[place], most[place] = item[order], count[order]
    return ids, most


def _adjacency(graph: InteractionGraph) -> csr_array:
    """A with users first, shape (N, N): each row lists a node's neighbours, as int32 where that is wide enough."""
    ends = graph.user.int().numpy(), graph.item.int().numpy()
    edges = csr_array((np.ones(graph.num_edges, dtype=np.int8), ends), (graph.num_users, graph.num_items))
    return scipy.sparse.block_array([[None, edges], [edges.T, None]], format="csr")


def _nodes(graph: InteractionGraph, users: Tensor | None, items: Tensor | None) -> Tensor:
    if (users is None) == (items is None):
        got = "neither start_users nor start_items" if users is None else "start_items as well"
        refuse("start_users", got, "one of the two")
    if items is None:
        return checked_ids("start_users", users, graph.num_users)
    return checked_ids("start_items", items, graph.num_items) + graph.num_users


def _probability(restart: float) -> float:
    if not 0 <= restart <= 1:
        refuse("restart", restart, "a probability in [0, 1]")
    return restart
