"""How the two losses push each score, and what one step does."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor

from course_kit.widgets.base import Widget
from course_kit.widgets.loss_toy import checked_toy
from course_lib import figures
from course_lib.losses import binary_loss, bpr_loss


class GradientArrows(Widget):
    """Choose a loss and take steps down its gradient: arrows on four scores, and their sum for each user.

    Args, Raises: as for ``LossToy``.

    Source: lecture rows 26 and 30.
    """

    scores = traitlets.List().tag(sync=True, moves=True)
    loss = traitlets.Enum(("binary", "BPR"), "binary").tag(sync=True, moves=True)
    edges = traitlets.List().tag(sync=True)

    def __init__(self, scores: Sequence[Sequence[float]] = ((-1, -3), (2, 4)), edges: Sequence[int] = (0, 1)) -> None:
        table, edges = checked_toy(scores, edges)
        super().__init__(scores=table, edges=edges)

    def draw(self, ax: Axes) -> None:
        """Draw the push on each score, a frame around the edges."""
        push, positives = self._push()[1:]
        figures.matrix(push, mark=positives, title=f"push of {self.loss}", ax=ax)

    def numbers(self) -> dict[str, str]:
        """The loss, and the sum of its push (minus the gradient) over each user's scores."""
        value, push, _ = self._push()
        push = push.sum(dim=1)
        return {
            "loss": f"{value:.4f}",
            "sum of the push on u0": f"{push[0] + 0:.3f}".replace("-0.000", "0.000"),
            "sum of the push on u1": f"{push[1] + 0:.3f}".replace("-0.000", "0.000"),
        }

    def _push(self) -> tuple[float, Tensor, Tensor]:
        """The loss, minus its gradient (2, 2), and where the edges are (2, 2)."""
        scores = torch.tensor(self.scores, dtype=torch.double, requires_grad=True)
        positives = torch.nn.functional.one_hot(torch.tensor(self.edges), 2).bool()
        value = {"binary": binary_loss, "BPR": bpr_loss}[self.loss](scores, positives)
        value.backward()
        return value.item(), -scores.grad, positives
