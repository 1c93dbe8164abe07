"""Two users, two items: what recall, binary loss and BPR loss notice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import traitlets
from matplotlib.axes import Axes

from course_kit.widgets.base import Widget
from course_lib import figures
from course_lib.arguments import refuse
from course_lib.losses import binary_loss, bpr_loss
from course_lib.metrics import recall_at_k

NAMES = ("Recall@1", "binary", "BPR")


def checked_toy(scores: Sequence[Sequence[float]], edges: Sequence[int]) -> tuple[list[list[float]], list[int]]:
    """Check the scores and the edges of two users and two items.

    Args:
        scores: Two rows of two scores in [−8, 8].
        edges: Item of each user's one edge, 0 or 1.

    Returns:
        Both as lists.

    Raises:
        ValueError: If there are not four finite scores in reach of the sliders, or an edge is no item.
    """
    table = [[float(score) for score in row] for row in scores]
    if [len(row) for row in table] != [2, 2] or not all(abs(score) <= 8 for row in table for score in row):
        refuse("scores", scores, "two rows of two numbers in [−8, 8]")
    if len(edges) != 2 or not set(edges) <= {0, 1}:
        refuse("edges", edges, "two items, each 0 or 1")
    return table, list(edges)


class LossToy(Widget):
    """Sliders for four scores and for a constant added to the second user's row; Recall@1, binary and BPR live.

    Args:
        scores: Two rows of two scores in [−8, 8].
        edges: Item of each user's one edge, 0 or 1.

    Raises:
        ValueError: If there are not four finite scores in reach of the sliders, or an edge is no item.

    Source: lecture rows 29–31.
    """

    scores = traitlets.List().tag(sync=True, moves=True)
    shift = traitlets.Float(0.0).tag(sync=True, moves=True)
    edges = traitlets.List().tag(sync=True)

    def __init__(self, scores: Sequence[Sequence[float]] = ((-1, -3), (2, 4)), edges: Sequence[int] = (0, 1)) -> None:
        table, edges = checked_toy(scores, edges)
        super().__init__(scores=table, edges=edges)

    def draw(self, ax: Axes) -> None:
        """Draw the three over the constant that is added to the second user's row."""
        shifts = [step / 4 for step in range(-32, 33)]
        lines = zip(*map(self._values, shifts), strict=True)
        figures.curves(shifts, dict(zip(NAMES, lines, strict=True)), xlabel="added to u1's row", ax=ax)
        ax.axvline(self.shift, color=figures.GREY)

    def numbers(self) -> dict[str, str]:
        """Recall@1 and both losses of the scores as they stand, shift included."""
        return {name: f"{value:.4f}" for name, value in zip(NAMES, self._values(self.shift), strict=True)}

    def _values(self, shift: float) -> list[float]:
        scores = torch.tensor(self.scores, dtype=torch.double) + torch.tensor([[0.0], [shift]])  # (2, 2)
        positives = torch.nn.functional.one_hot(torch.tensor(self.edges), 2).bool()
        values = recall_at_k(scores, positives, 1), binary_loss(scores, positives), bpr_loss(scores, positives)
        return [value.item() for value in values]
