"""A random walk with restart on a small graph: visits, and what they tend to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import traitlets

from course_kit.widgets.graph import GraphWidget
from course_lib.graph import InteractionGraph
from course_lib.walks import personalized_pagerank

STEPS = 4096


class RandomWalk(GraphWidget):
    """Choose a user, the probability of a restart and a number of steps: visits beside personalised PageRank.

    Args, Raises: as for ``GraphWidget``.

    Source: lecture rows 79 and 85.
    """

    draws = traitlets.List().tag(sync=True)
    user = traitlets.Int(0).tag(sync=True, moves=True)
    restart = traitlets.Float(0.5).tag(sync=True, moves=True)
    doublings = traitlets.Int(5).tag(sync=True, moves=True)

    def __init__(
        self,
        graph: InteractionGraph | None = None,
        user_names: Sequence[str] = (),
        item_names: Sequence[str] = (),
    ) -> None:
        draws = np.random.default_rng(0).random(STEPS).round(4).clip(max=0.9999)  # one per step: the page walks alike
        super().__init__(graph, user_names, item_names, draws=draws.tolist())

    def numbers(self) -> dict[str, str]:
        """Steps, visits of items, and how far the shares of visits are from their limit."""
        visits = self.visits()
        limit = personalized_pagerank(self.graph, start_users=torch.tensor([self.user]), restart=self.restart)[0]
        return {
            "steps": f"{2**self.doublings}",
            "at items": f"{visits[len(self.users) :].sum()}",
            "farthest from the limit": f"{np.abs(visits / visits.sum() - limit.numpy()).max():.3f}",
        }

    def visits(self) -> np.ndarray:
        """How often each node is visited, shape (N,): the draw of a step decides on the restart, then on the edge."""
        graph = self.graph.to_networkx()
        count, here = np.zeros(self.graph.num_nodes, dtype=int), self.user
        for draw in self.draws[: 2**self.doublings]:
            near = sorted(graph[here])
            stays = draw < self.restart or not near
            here = self.user if stays else near[int((draw - self.restart) / (1 - self.restart) * len(near))]
            count[here] += 1
        return count
