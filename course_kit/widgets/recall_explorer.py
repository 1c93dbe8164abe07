"""A small graph, a score for every pair, and what Recall@K says of the lists."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor

from course_kit.widgets.base import fixed
from course_kit.widgets.graph import GraphWidget
from course_lib import figures
from course_lib.arguments import refuse
from course_lib.datasets import load
from course_lib.graph import Split, split
from course_lib.metrics import recall_at_k

SCORES = (
    (2.1, 0.3, 1.7, -0.4, 0.9, 0.1),
    (1.2, 1.9, 0.2, 0.8, -1.0, 0.5),
    (-0.3, 0.6, 1.1, 2.2, 1.4, 0.9),
    (0.4, -0.8, 0.7, 1.0, 1.6, 2.0),
)


class RecallExplorer(GraphWidget):
    """Choose a user, a K, which edges count as positives, and whether seen items are left out of the list.

    Args:
        scores: Score of each user for each item, shape (U, I); those of lesson 01 by default.
        parts: A split whose train edges are known and whose test edges are hidden; toy, by time, by default.
        user_names: Name of each user, length U.
        item_names: Name of each item, length I.

    Raises:
        ValueError: If the scores do not fit the graph or one is not finite, or as for ``GraphWidget``.

    Source: lecture rows 2–12.
    """

    scores = traitlets.List().tag(sync=True)
    hidden = traitlets.List().tag(sync=True)
    user = traitlets.Int(0).tag(sync=True, moves=True)
    k = traitlets.Int(1).tag(sync=True, moves=True)
    ask = traitlets.Enum(("hidden", "seen"), "hidden").tag(sync=True, moves=True)
    exclude = traitlets.Bool(True).tag(sync=True, moves=True)

    def __init__(
        self,
        scores: Tensor | Sequence[Sequence[float]] = SCORES,
        parts: Split | None = None,
        user_names: Sequence[str] = (),
        item_names: Sequence[str] = (),
    ) -> None:
        if parts is None:
            toy = load("toy")
            parts = split(toy.graph, by="time", ratios=(0.6, 0.0, 0.4))
            user_names, item_names = toy.user_names, toy.titles
        table = torch.as_tensor(scores, dtype=torch.double)
        shape = parts.train.num_users, parts.train.num_items
        if table.shape != shape or not table.isfinite().all():
            refuse("scores", f"shape {tuple(table.shape)}", f"finite numbers, shape {shape}")
        hidden = zip(parts.test.user.tolist(), parts.test.item.tolist(), strict=True)
        self.parts = parts
        busiest = int(parts.test.user_degree.argmax())  # where K = 1 shows the bound
        state = {"scores": table.tolist(), "hidden": [list(edge) for edge in hidden], "user": busiest}
        super().__init__(parts.train, user_names, item_names, **state)

    def draw(self, ax: Axes) -> None:
        """Draw the graph, what is hidden dashed."""
        figures.bipartite(self.parts.train, self.users, self.items, highlight=self.hidden, ax=ax)

    def numbers(self) -> dict[str, str]:
        """Recall of the user, its bound, and the mean over the users with positives."""
        seen, future = (part.biadjacency().to_dense().bool() for part in (self.parts.train, self.parts.test))
        positives = future if self.ask == "hidden" else seen
        scores, exclude = torch.tensor(self.scores, dtype=torch.double), seen if self.exclude else None
        values = recall_at_k(scores, positives, self.k, exclude, per_user=True)
        bound = (self.k / positives.sum(dim=1)[self.user].double()).clamp(max=1)
        return {
            "recall": fixed(values[self.user].item(), 3),
            "bound min(1, K/|P|)": fixed(float("nan") if values[self.user].isnan() else bound.item(), 3),
            "mean of all users": fixed(values.nanmean().item(), 3),
        }
