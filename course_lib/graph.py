"""The recommender's data as a bipartite graph of users and items, and its splits."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from course_lib.arguments import refuse, seeded, whole

if TYPE_CHECKING:
    import networkx
    from torch_geometric.data import HeteroData


def checked_ids(argument: str, ids: Any, count: int) -> Tensor:
    """Check ids of users or items.

    Args:
        argument: Name of the argument.
        ids: Flat integer ids, as a tensor or as something that ``torch.as_tensor`` accepts.
        count: Number of users or items that there are.

    Returns:
        The ids as a LongTensor, shape (M,).

    Raises:
        ValueError: If they are not flat integers in [0, count).
    """
    ids = torch.as_tensor(ids)
    if ids.dim() != 1:
        refuse(argument, f"shape {tuple(ids.shape)}", "a flat tensor of ids")
    if ids.numel() and (ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool):
        refuse(argument, f"dtype {ids.dtype}", "integer ids", "convert with .long()")
    if ids.numel() and (ids.min() < 0 or ids.max() >= count):
        refuse(argument, f"ids from {ids.min()} to {ids.max()}", f"ids in [0, {count})", "map raw ids with from_edges")
    return ids.long()


@dataclass(frozen=True, eq=False, repr=False)
class InteractionGraph:
    """Who interacted with what: a bipartite graph with users on one side and items on the other.

    Edges are kept sorted by user, then item. A repeated edge collapses into one edge with its earliest time.
    As nodes of one graph, users come first: item ``i`` is node ``num_users + i``.

    Args:
        num_users: Number of users U.
        num_items: Number of items I.
        user: User end of each edge, ids in [0, U), shape (E,).
        item: Item end of each edge, ids in [0, I), shape (E,).
        time: When each edge happened, in any unit that sorts, shape (E,); optional.

    Raises:
        ValueError: If an id is out of range or the shapes differ.

    Source: lecture rows 2, 3 and 16.
    """

    num_users: int
    num_items: int
    user: Tensor
    item: Tensor
    time: Tensor | None = None

    def __post_init__(self) -> None:
        whole("num_users", self.num_users, 0)
        whole("num_items", self.num_items, 0)
        user = checked_ids("user", self.user, self.num_users)
        item = checked_ids("item", self.item, self.num_items)
        if user.shape != item.shape:
            refuse("item", f"{item.numel()} ends", f"as many as user has ({user.numel()})")
        time = None if self.time is None else torch.as_tensor(self.time)
        if time is not None and time.shape != user.shape:
            refuse("time", f"shape {tuple(time.shape)}", f"one time per edge, shape {tuple(user.shape)}")
        user, item, time = _collapse(user, item, time)
        for name, value in (("user", user), ("item", item), ("time", time)):
            object.__setattr__(self, name, value)

    @classmethod
    def from_edges(
        cls, user: Iterable[Any], item: Iterable[Any], time: Iterable[Any] | None = None
    ) -> tuple[InteractionGraph, np.ndarray, np.ndarray]:
        """Build a graph from raw ids that can be sorted: strings, database keys, numbers with gaps.

        Args:
            user: Raw user id of each edge, length E; a list, an array, a column of a table, or a generator.
            item: Raw item id of each edge, length E.
            time: When each edge happened, length E, as numbers or as dates; optional.

        Returns:
            The graph; the raw user ids, length U, where position u holds the id of user u; the raw item ids, length I.
            Dates become nanoseconds since 1970.

        Raises:
            ValueError: If an id or a time is missing, if ids are of kinds that cannot be sorted together, or if they
                come as a set, which has no order.

        Example:
            >>> graph, users, items = InteractionGraph.from_edges(["ben", "ada", "ben"], ["jazz", "jazz", "chess"])
            >>> graph
            InteractionGraph(2 users, 2 items, 3 edges)
            >>> users.tolist(), items.tolist()
            (['ada', 'ben'], ['chess', 'jazz'])
            >>> list(zip(users[graph.user].tolist(), items[graph.item].tolist()))
            [('ada', 'jazz'), ('ben', 'chess'), ('ben', 'jazz')]
        """
        user_ids, user_index = _numbered("user", user)
        item_ids, item_index = _numbered("item", item)
        graph = cls(
            len(user_ids),
            len(item_ids),
            torch.from_numpy(user_index.reshape(-1)),
            torch.from_numpy(item_index.reshape(-1)),
            None if time is None else _times(time),
        )
        return graph, user_ids, item_ids

    def __repr__(self) -> str:
        timed = ", with times" if self.time is not None else ""
        return f"InteractionGraph({self.num_users:,} users, {self.num_items:,} items, {self.num_edges:,} edges{timed})"

    @property
    def num_edges(self) -> int:
        """Number of distinct edges E."""
        return self.user.numel()

    @property
    def num_nodes(self) -> int:
        """Number of nodes N = U + I."""
        return self.num_users + self.num_items

    @cached_property
    def user_degree(self) -> Tensor:
        """Number of items of each user, shape (U,)."""
        return torch.bincount(self.user, minlength=self.num_users)

    @cached_property
    def item_degree(self) -> Tensor:
        """Number of users of each item, shape (I,)."""
        return torch.bincount(self.item, minlength=self.num_items)

    @cached_property
    def user_offsets(self) -> Tensor:
        """Where each user's edges begin, shape (U + 1,): user u has the edges ``offsets[u]`` to ``offsets[u + 1]``."""
        return torch.cat([torch.zeros(1, dtype=torch.long), self.user_degree.cumsum(0)])

    @cached_property
    def by_item(self) -> Tensor:
        """The order of the edges by item, then user, as indices into ``user`` and ``item``, shape (E,)."""
        return torch.argsort(self.item, stable=True)

    def biadjacency(self) -> Tensor:
        """Interaction matrix R with a 1 for each edge, sparse COO, shape (U, I).

        Source: lecture rows 2 and 55.
        """
        edges = torch.stack([self.user, self.item])  # (2, E)
        ones = torch.ones(self.num_edges)
        return torch.sparse_coo_tensor(
            edges, ones, (self.num_users, self.num_items), is_coalesced=True, check_invariants=True
        )

    def edges_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """The edges of some users, one user after the other.

        Args:
            users: User ids, shape (B,).

        Returns:
            For each edge, the index of its user in ``users``, ascending, and its item; both have one entry per edge.

        Raises:
            ValueError: If a user is unknown.
        """
        users = checked_ids("users", users, self.num_users)
        degree = self.user_degree[users]  # (B,)
        row = torch.repeat_interleave(torch.arange(users.numel()), degree)
        within = torch.arange(row.numel()) - torch.repeat_interleave(degree.cumsum(0) - degree, degree)
        return row, self.item[self.user_offsets[users][row] + within]

    def rows(self, users: Tensor) -> Tensor:
        """Dense rows of R for some users: True where a user interacted with an item.

        Args:
            users: User ids, shape (B,).

        Returns:
            Bool tensor, shape (B, I).

        Raises:
            ValueError: If a user is unknown.
        """
        row, item = self.edges_of(users)
        dense = torch.zeros(len(users), self.num_items, dtype=torch.bool)
        dense[row, item] = True
        return dense  # (B, I)

    def has_edges(self, users: Tensor, items: Tensor) -> Tensor:
        """Which pairs of a user and an item are edges.

        Args:
            users: User ids, any shape that broadcasts with items.
            items: Item ids, or −1, with which lists are padded and which is never an edge.

        Returns:
            Bool tensor of the broadcast shape.

        Raises:
            ValueError: If an id is out of range.
        """
        for argument, ids, least, count in (("users", users, 0, self.num_users), ("items", items, -1, self.num_items)):
            if ids.numel() and (ids.min() < least or ids.max() >= count):
                refuse(argument, f"ids from {ids.min()} to {ids.max()}", f"ids in [{least}, {count})")
        if not self.num_edges:
            return torch.zeros(torch.broadcast_shapes(users.shape, items.shape), dtype=torch.bool)
        cells = self.user * self.num_items + self.item  # (E,), ascending because edges are sorted
        wanted = users * self.num_items + items
        place = torch.searchsorted(cells, wanted).clamp(max=self.num_edges - 1)
        return (cells[place] == wanted) & (items >= 0)

    def to_networkx(self) -> networkx.Graph:
        """The same graph in networkx: nodes 0 … N − 1, users first; ``bipartite`` is 0 for users and 1 for items."""
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(range(self.num_users), bipartite=0)
        graph.add_nodes_from(range(self.num_users, self.num_nodes), bipartite=1)
        ends = zip(self.user.tolist(), (self.item + self.num_users).tolist(), strict=True)
        if self.time is None:
            graph.add_edges_from(ends)
        else:
            graph.add_edges_from((u, v, {"time": t}) for (u, v), t in zip(ends, self.time.tolist(), strict=True))
        return graph

    def to_pyg(self) -> HeteroData:
        """The same graph as PyG ``HeteroData`` with the edge type ``("user", "interacts", "item")``."""
        from torch_geometric.data import HeteroData

        data = HeteroData()
        data["user"].num_nodes, data["item"].num_nodes = self.num_users, self.num_items
        data["user", "interacts", "item"].edge_index = torch.stack([self.user, self.item])
        if self.time is not None:
            data["user", "interacts", "item"].time = self.time
        return data

    @classmethod
    def from_pyg(cls, data: HeteroData) -> InteractionGraph:
        """The graph of a PyG ``HeteroData`` that has one edge type from ``"user"`` to ``"item"``.

        Raises:
            ValueError: If there is no such edge type, or more than one.
        """
        kinds = [kind for kind in data.edge_types if (kind[0], kind[2]) == ("user", "item")]
        if len(kinds) != 1:
            refuse("data", f"edge types {data.edge_types}", "exactly one from 'user' to 'item'")
        edges = data[kinds[0]]
        user, item = edges.edge_index
        return cls(data["user"].num_nodes, data["item"].num_nodes, user, item, edges.get("time"))

    def subsample(self, fraction: float, seed: int = 0) -> InteractionGraph:
        """Keep a random share of each user's edges: a number rounded half up, but at least one edge.

        Args:
            fraction: Share to keep, in (0, 1].
            seed: Seed of the draw.

        Returns:
            A graph with fewer edges over the same users and items.

        Raises:
            ValueError: If fraction is outside (0, 1].
        """
        if not 0 < fraction <= 1:
            refuse("fraction", fraction, "a share in (0, 1]")
        kept = _half_up(self.user_degree, fraction).clamp(min=1)  # (U,)
        return self._keep(_rank_within_user(self, _shuffled(self, seed)) < kept[self.user])

    def _keep(self, mask: Tensor) -> InteractionGraph:
        time = None if self.time is None else self.time[mask]
        return InteractionGraph(self.num_users, self.num_items, self.user[mask], self.item[mask], time)


@dataclass(frozen=True)
class Split:
    """The edges of one graph dealt out to training, validation and test, over the same user and item ids."""

    train: InteractionGraph
    val: InteractionGraph
    test: InteractionGraph


def split(
    graph: InteractionGraph,
    by: Literal["random", "time"] = "random",
    ratios: tuple[float, float, float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> Split:
    """Deal each user's edges out to train, validation and test.

    The numbers of test and validation edges are rounded half up for each user; train keeps the rest, at least one edge.

    Args:
        graph: The graph to split.
        by: "random" shuffles each user's edges. "time" puts the latest edges in test and those before them in
            validation; at equal times the lower item id counts as earlier.
        ratios: Shares of train, validation and test, which sum to 1.
        seed: Seed of the shuffle; unused when splitting by time.

    Returns:
        The three graphs, over the same ids.

    Raises:
        ValueError: If ratios are not three shares that sum to 1, ``by`` is unknown, or times are missing.

    Example:
        >>> from course_lib.datasets import load
        >>> parts = split(load("campus").graph, ratios=(0.8, 0.1, 0.1), seed=0)
        >>> parts.train.num_edges > parts.val.num_edges > 0
        True
        >>> parts.train.num_edges + parts.val.num_edges + parts.test.num_edges == load("campus").graph.num_edges
        True

    Source: lecture rows 3 and 4.
    """
    if len(ratios) != 3 or not (min(ratios) >= 0 and abs(sum(ratios) - 1) < 1e-9):
        refuse("ratios", ratios, "three shares for train, validation and test that sum to 1", "try (0.8, 0.1, 0.1)")
    if by == "time" and graph.time is None:
        refuse("by", "'time' for a graph without times", "'random', or a graph that was built with time=")
    if by not in ("random", "time"):
        refuse("by", repr(by), "'random' or 'time'")
    order = _shuffled(graph, seed) if by == "random" else graph.time
    rank = _rank_within_user(graph, order)  # (E,), from 0: the lowest ranks go to train, the highest to test
    degree = graph.user_degree
    spare = (degree - 1).clamp(min=0)  # edges that need not stay in train
    num_test = torch.minimum(_half_up(degree, ratios[2]), spare)
    num_val = torch.minimum(_half_up(degree, ratios[1]), spare - num_test)
    first_test = (degree - num_test)[graph.user]  # (E,)
    first_val = first_test - num_val[graph.user]
    parts = rank < first_val, (first_val <= rank) & (rank < first_test), rank >= first_test
    return Split(*(graph._keep(mask) for mask in parts))


def _collapse(user: Tensor, item: Tensor, time: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    keys = [item, user] if time is None else [time, item, user]
    order = torch.from_numpy(np.lexsort([key.numpy() for key in keys]))  # by user, then item, then time
    user, item = user[order], item[order]
    first = torch.ones(user.numel(), dtype=torch.bool)
    first[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    return user[first], item[first], None if time is None else time[order][first]


def _half_up(count: Tensor, share: float) -> Tensor:
    """Share of each count, rounded half up; first to ten decimals, because 0.29 * 50 is 14.499999999999998."""
    return torch.floor((count.double() * share).round(decimals=10) + 0.5).long()


def _numbered(argument: str, ids: Iterable[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The raw ids, sorted, each once; and for each edge the position of its id among them."""
    values = _in_order(argument, ids)
    _refuse_missing(argument, values, "ids")
    try:
        return np.unique(values, return_inverse=True)
    except TypeError:
        kinds = sorted({type(one).__name__ for one in values.tolist()})
        refuse(argument, f"ids of the kinds {', '.join(kinds)}", "ids of one kind", "turn them into strings")


def _in_order(argument: str, values: Iterable[Any]) -> np.ndarray:
    """Values as an array with one entry for each edge; numpy would take a generator or a view of a dict for one."""
    if isinstance(values, Set) and not isinstance(values, KeysView):
        refuse(argument, f"a {type(values).__name__}, which has no order", "a list or an array")
    return np.asarray(values if hasattr(values, "__getitem__") else list(values))


def _times(time: Iterable[Any]) -> Tensor:
    """Times as numbers; dates of numpy, pandas and Python become nanoseconds since 1970."""
    values = _in_order("time", time)
    _refuse_missing("time", values, "times")
    if values.dtype.kind == "m":  # since the first edge, say
        values = values.astype("timedelta64[ns]").astype(np.int64)
    if values.dtype.kind in "OUM":
        import pandas as pd

        try:
            form = "ISO8601" if values.dtype.kind == "U" else None
            values = pd.to_datetime(values, utc=True, format=form).tz_localize(None).to_numpy()
        except (ValueError, TypeError) as error:
            refuse("time", f"values that are no times ({str(error).splitlines()[0]})", "numbers or dates")
        values = values.astype("datetime64[ns]").astype(np.int64)
    return torch.as_tensor(values)


def _refuse_missing(argument: str, values: np.ndarray, what: str) -> None:
    """Refuse None and nan: numpy would take all of them for one id."""
    if values.dtype.kind not in "OfM":
        return
    import pandas as pd

    if missing := int(pd.isna(values).sum()):
        refuse(argument, f"{missing} missing {what}", f"{what} for all edges", "drop the edges that lack one")


def _shuffled(graph: InteractionGraph, seed: int) -> Tensor:
    return torch.randperm(graph.num_edges, generator=seeded(seed))


def _rank_within_user(graph: InteractionGraph, key: Tensor) -> Tensor:
    """Rank of each edge among its user's edges when they are sorted by key, from 0, shape (E,)."""
    order = torch.from_numpy(np.lexsort([key.numpy(), graph.user.numpy()]))  # stable: equal keys stay in item order
    rank = torch.empty_like(graph.user)
    rank[order] = torch.arange(graph.num_edges) - graph.user_offsets[graph.user]
    return rank
