"""What shared negatives save: embeddings to compute in a batch, counted."""

from __future__ import annotations

import traitlets
from matplotlib.axes import Axes

from course_kit.widgets.base import Widget
from course_lib import figures


class SharedCost(Widget):
    """Choose the batch B and the number of negatives N: embeddings a batch needs, with own and with shared negatives.

    Source: lecture rows 81 and 82.
    """

    batch = traitlets.Int(8).tag(sync=True, moves=True)
    negatives = traitlets.Int(64).tag(sync=True, moves=True)

    def draw(self, ax: Axes) -> None:
        """Draw the embeddings of a batch."""
        B, N = 2**self.batch, self.negatives
        rows, pairs = ["shared", "own"], [2 * B, 2 * B]
        ax.barh(rows, pairs, color=figures.BLUE, label="pairs")
        ax.barh(rows, [N, B * N], left=pairs, color=figures.ORANGE, label="negatives")
        ax.set(xlabel="embeddings per batch")
        ax.legend()

    def numbers(self) -> dict[str, str]:
        """Embeddings a batch, and what sharing saves: on the negatives alone, and on the whole batch."""
        B, N = 2**self.batch, self.negatives
        own, shared = 2 * B + B * N, 2 * B + N  # queries and positives stay
        return {
            "own negatives": f"{own:,}",
            "shared": f"{shared:,}",
            "saved on negatives": f"{B}×",
            "saved on the batch": f"{own / shared:.1f}×",
        }
