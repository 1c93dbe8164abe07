"""Can these three numbers stand in one table? Precision, recall and F1 under audit."""

from __future__ import annotations

import traitlets

from course_kit.widgets.base import Widget, fixed
from course_lib.arguments import refuse, whole


class TableAuditor(Widget):
    """Type a row's mean precision, recall and F1: the largest F1 that any averaging allows, and the verdict.

    Args:
        precision: Mean precision of the row, in [0, 1]; by default the row "LLM" of the slide.
        recall: Mean recall, in [0, 1].
        f1: The F1 that is printed, in [0, 1].
        k: Length of the lists K.

    Raises:
        ValueError: If a value is outside [0, 1] or K < 1.

    Source: lecture rows 14 and 15.
    """

    precision = traitlets.Float().tag(sync=True, moves=True)
    recall = traitlets.Float().tag(sync=True, moves=True)
    f1 = traitlets.Float().tag(sync=True, moves=True)
    k = traitlets.Int().tag(sync=True, moves=True)

    def __init__(self, precision: float = 0.00329, recall: float = 0.00119, f1: float = 0.0071, k: int = 12) -> None:
        for name, value in (("precision", precision), ("recall", recall), ("f1", f1)):
            if not 0 <= value <= 1:
                refuse(name, value, "a share in [0, 1]")
        super().__init__(precision=precision, recall=recall, f1=f1, k=whole("k", k, least=1))

    def numbers(self) -> dict[str, str]:
        """The bound on F1, the printed F1 over it, and the positives a user must have for precision and recall to fit.

        The harmonic mean is concave, so the mean of the users' F1 is at most the F1 of the means.
        """
        total = self.precision + self.recall
        bound = 2 * self.precision * self.recall / total if total else 0.0
        return {
            "largest possible F1": fixed(bound, 5),
            "printed over possible": fixed(self.f1 / bound if bound else float("nan"), 2),
            "positives of a user who is hit": fixed(
                self.k * self.precision / self.recall if self.recall else float("nan"), 1
            ),
        }
