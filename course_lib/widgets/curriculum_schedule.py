"""The curriculum of PinSAGE: one more hard negative each epoch."""

from __future__ import annotations

import math

import traitlets

from course_lib.arguments import whole
from course_lib.negatives import curriculum
from course_lib.widgets.base import Widget


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

    def numbers(self) -> dict[str, str]:
        """Hard negatives of the epoch, size of the set, their share of the set and of the push."""
        hard = curriculum(self.epoch)
        easy_push, hard_push = self.shared / (1 + math.exp(self.gap)), hard / 2
        return {
            "hard": f"{hard}",
            "negatives in all": f"{self.shared + hard}",
            "hard share of the set": f"{100 * hard / (self.shared + hard):.1f} %",
            "hard share of the push": f"{100 * hard_push / (easy_push + hard_push):.1f} %",
        }
