"""The window of hard negatives: too near are positives to come, too far teaches nothing."""

from __future__ import annotations

import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor

from course_kit.widgets.base import Widget, fixed
from course_lib import figures
from course_lib.arguments import refuse
from course_lib.datasets import planted
from course_lib.graph import InteractionGraph, split
from course_lib.negatives import hard_negatives
from course_lib.walks import personalized_pagerank

BANDS = 20


class NegativeWindow(Widget):
    """Choose the window of ranks by visits: the share of positives to come in it, and how hard the rest is.

    Items that a user has no training edge to are ranked by personalised PageRank from the user.

    Args:
        train: Graph whose edges are known; with ``future``, a generated world by default.
        future: Graph of the edges to come, over the same ids.
        restart: Probability of a restart.

    Raises:
        ValueError: If a graph is empty, the graphs differ in size, or a user has fewer than 20 items left.

    Source: lecture rows 83 and 85.
    """

    false_negatives = traitlets.List().tag(sync=True)
    visits = traitlets.List().tag(sync=True)
    low = traitlets.Int(0).tag(sync=True, moves=True)
    width = traitlets.Int(2).tag(sync=True, moves=True)

    def __init__(
        self,
        train: InteractionGraph | None = None,
        future: InteractionGraph | None = None,
        restart: float = 0.3,
    ) -> None:
        if train is None or future is None:
            world = planted(200, 120, num_tastes=6, edges_per_user=20, noise=0.05, seed=0)
            parts = split(world.graph, ratios=(0.6, 0.0, 0.4), seed=0)
            train, future = parts.train, parts.test
        if not train.num_edges or not future.num_edges:
            refuse("train, future", (train, future), "graphs with edges")
        if (train.num_users, train.num_items) != (future.num_users, future.num_items):
            refuse("future", future, f"the users and items of train, {train}")
        users = torch.arange(train.num_users)
        self.seen, self.future = train.rows(users), future.rows(users)  # (U, I)
        if (~self.seen).sum(dim=1).min() < BANDS:
            refuse("train", train, f"at least {BANDS} items that a user has not met")
        pagerank = personalized_pagerank(train, start_users=users, restart=restart)
        self.pagerank = pagerank[:, train.num_users :]  # (U, I)
        shares = [self._band(band / BANDS, (band + 1) / BANDS) for band in range(BANDS)]
        false_negatives, visits = zip(*shares, strict=True)
        super().__init__(false_negatives=list(false_negatives), visits=list(visits))

    def _band(self, low: float, high: float) -> tuple[list[int], float]:
        """Positives to come and items in a window of quantiles, over all users; mean share of the visits in it."""
        items = hard_negatives(self.pagerank, self.seen, (low, high))  # (U, width), −1 where nothing is left
        real = items >= 0
        come = self.future.gather(1, items.clamp(min=0)) & real
        visits = self.pagerank.gather(1, items.clamp(min=0)) * real
        return [int(come.sum()), int(real.sum())], float(visits.sum() / len(items))

    def window(self) -> Tensor:
        """Items in the window, shape (U, width), padded with −1."""
        high = min(self.low + self.width, BANDS)
        return hard_negatives(self.pagerank, self.seen, (self.low / BANDS, high / BANDS))

    def draw(self, ax: Axes) -> None:
        """Draw the share of positives to come over the ranks, a band of them a bar."""
        shares = [100 * come / real for come, real in self.false_negatives]
        ax.bar([100 * (band + 0.5) / BANDS for band in range(BANDS)], shares, width=80 / BANDS, color=figures.RED)
        ax.set(xlabel="rank by visits, in percent", ylabel="positives to come, %")

    def numbers(self) -> dict[str, str]:
        """The window, the share of positives to come in it, and in everything that a user has not met."""
        items = self.window()
        real = items >= 0
        come = (self.future.gather(1, items.clamp(min=0)) & real).sum().item()
        everywhere = (self.future & ~self.seen).sum() / (~self.seen).sum()
        high = min(self.low + self.width, BANDS)
        return {
            "window": f"{100 * self.low // BANDS} to {100 * high // BANDS} %",
            "positives to come": f"{fixed(100 * come / real.sum().item() if real.any() else float('nan'), 1)} %",
            "among all": f"{100 * everywhere:.1f} %",
        }
