"""What the widgets that draw a small graph share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets
from matplotlib.axes import Axes

from course_kit.widgets.base import Widget
from course_lib import figures
from course_lib.arguments import refuse
from course_lib.datasets import load
from course_lib.graph import InteractionGraph


class GraphWidget(Widget):
    """A widget over a graph that is small enough to draw; the data set ``toy`` by default.

    Args:
        graph: The graph, with at least one edge and at most 12 users and 12 items.
        user_names: Name of each user, length U; "u0", "u1", … by default.
        item_names: Name of each item, length I; "v0", "v1", … by default.
        state: What the widget has besides.

    Raises:
        ValueError: If the graph is empty or too large, or there are too few names.
    """

    users = traitlets.List().tag(sync=True)
    items = traitlets.List().tag(sync=True)
    edges = traitlets.List().tag(sync=True)

    def __init__(
        self,
        graph: InteractionGraph | None = None,
        user_names: Sequence[str] = (),
        item_names: Sequence[str] = (),
        **state: Any,
    ) -> None:
        if graph is None:
            toy = load("toy")
            graph, user_names, item_names = toy.graph, toy.user_names, toy.titles
        if not graph.num_edges or max(graph.num_users, graph.num_items) > 12:
            refuse("graph", graph, "at least one edge, at most 12 users and 12 items", "take a piece of it")
        users = list(user_names) or [f"u{u}" for u in range(graph.num_users)]
        items = list(item_names) or [f"v{v}" for v in range(graph.num_items)]
        for name, names, count in (("user_names", users, graph.num_users), ("item_names", items, graph.num_items)):
            if len(names) != count:
                refuse(name, f"{len(names)} names", f"{count}, one each")
        self.graph = graph
        edges = list(zip(graph.user.tolist(), graph.item.tolist(), strict=True))
        super().__init__(users=users, items=items, edges=[list(edge) for edge in edges], **state)

    def draw(self, ax: Axes) -> None:
        """Draw the graph."""
        figures.bipartite(self.graph, self.users, self.items, ax=ax)

    @property
    def names(self) -> list[str]:
        """Name of each node, users first."""
        return self.users + self.items
