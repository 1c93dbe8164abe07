"""The curriculum of PinSAGE: one more hard negative each epoch."""

from __future__ import annotations

import math

import traitlets
from matplotlib.axes import Axes

from course_kit.widgets.base import Widget
from course_lib import figures
from course_lib.arguments import whole
from course_lib.negatives import curriculum


class CurriculumSchedule(Widget):
    """Choose an epoch and how easy a shared negative is: who is in the negative set, and who makes the gradient?

    An easy negative that scores ``gap`` below the positive pushes by σ(−gap); a hard one stands level, and pushes by ½.

    Args:
        shared: Number of shared negatives N.

    Raises:
        ValueError: If shared < 1.

    Source: lecture rows 83, 84 and 86.
    """

    shared = traitlets.Int().tag(sync=True)
    epoch = traitlets.Int(1).tag(sync=True, moves=True)
    gap = traitlets.Float(4.0).tag(sync=True, moves=True)

    def __init__(self, shared: int = 500) -> None:
        super().__init__(shared=whole("shared", shared, least=1))

    def draw(self, ax: Axes) -> None:
        """Draw the share of the hard negatives over the epochs."""
        epochs = range(1, 21)
        lines = zip(*map(self._shares, epochs), strict=True)
        named = dict(zip(("of the set", "of the push"), lines, strict=True))
        figures.curves(epochs, named, xlabel="epoch", ylabel="hard negatives, %", ax=ax)
        ax.axvline(self.epoch, color=figures.GREY)

    def numbers(self) -> dict[str, str]:
        """Hard negatives of the epoch, size of the set, their share of the set and of the push."""
        hard = curriculum(self.epoch)
        of_set, of_push = self._shares(self.epoch)
        return {
            "hard": f"{hard}",
            "negatives in all": f"{self.shared + hard}",
            "hard share of the set": f"{of_set:.1f} %",
            "hard share of the push": f"{of_push:.1f} %",
        }

    def _shares(self, epoch: int) -> tuple[float, float]:
        """Hard negatives among the set, and in what it pushes, in percent."""
        hard = curriculum(epoch)
        easy_push, hard_push = self.shared / (1 + math.exp(self.gap)), hard / 2
        return 100 * hard / (self.shared + hard), 100 * hard_push / (easy_push + hard_push)
