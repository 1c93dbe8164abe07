"""Two stages: candidates from a cheap model, ordered by a better one."""

from __future__ import annotations

import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor

from course_kit.widgets.base import Widget
from course_lib import figures
from course_lib.arguments import refuse
from course_lib.datasets import planted
from course_lib.graph import split
from course_lib.metrics import recall_at_k, top_k


class TwoStages(Widget):
    """Choose the number of candidates C: their recall, and the recall of the final list of K.

    Args:
        retriever: Scores of the cheap model, shape (U, I), U and I at most 60.
        ranker: Scores of the better model, same shape. By default both models know the truth of a generated world,
            under much and under little noise.
        positives: True where the user will interact with the item, same shape, bool.
        k: Length of the final list K.

    Raises:
        ValueError: If the shapes differ, a score is not finite, there is no positive or K is too large.

    Source: lecture rows 6 and 7.
    """

    retriever = traitlets.List().tag(sync=True)
    ranker = traitlets.List().tag(sync=True)
    positives = traitlets.List().tag(sync=True)
    k = traitlets.Int().tag(sync=True)
    candidates = traitlets.Int().tag(sync=True, moves=True)

    def __init__(
        self,
        retriever: Tensor | None = None,
        ranker: Tensor | None = None,
        positives: Tensor | None = None,
        k: int = 5,
    ) -> None:
        if retriever is None or ranker is None or positives is None:
            retriever, ranker, positives = _world()
        for name, value in (("retriever", retriever), ("ranker", ranker), ("positives", positives)):
            if value.dim() != 2 or value.shape != positives.shape or max(value.shape) > 60:
                refuse(name, f"shape {tuple(value.shape)}", "one shape (U, I) for all three, at most 60 of each")
            if not value.isfinite().all():
                refuse(name, "nan or infinity", "finite scores")
        if positives.dtype != torch.bool or not positives.any():
            refuse("positives", positives.dtype, "a bool tensor with at least one True")
        if not 1 <= k <= positives.shape[1]:
            refuse("k", k, f"a length in [1, {positives.shape[1]}]")
        self.tables = tuple(scores.double().round(decimals=2) for scores in (retriever, ranker)), positives
        lists = [[row.nonzero().flatten().tolist() for row in positives], *(t.tolist() for t in self.tables[0])]
        super().__init__(positives=lists[0], retriever=lists[1], ranker=lists[2], k=k, candidates=2 * k)

    def draw(self, ax: Axes) -> None:
        """Draw the recall of the candidates and of the final list over the number of candidates."""
        sizes = range(self.k, self.tables[1].shape[1] + 1)
        lines = zip(*map(self._recalls, sizes), strict=True)
        named = dict(zip(("candidates", "final list"), lines, strict=True))
        figures.curves(sizes, named, xlabel="candidates C", ylabel="recall", ax=ax)
        ax.axvline(self.candidates, color=figures.GREY)

    def numbers(self) -> dict[str, str]:
        """Recall of the candidates, of the final list, and of the ranker if it saw every item."""
        (_, ranker), positives = self.tables
        candidates, final = self._recalls(self.candidates)
        alone = recall_at_k(ranker, positives, self.k)
        return {
            "candidates": f"{candidates:.3f}",
            "final list": f"{final:.3f}",
            "ranker over all items": f"{alone:.3f}",
        }

    def _recalls(self, size: int) -> tuple[float, float]:
        """Recall of that many candidates, and of the list of K that the ranker makes of them."""
        (retriever, ranker), positives = self.tables
        found = top_k(retriever, size)  # (U, C)
        missed = torch.ones_like(positives).scatter(1, found, False)
        final = recall_at_k(ranker, positives, self.k, exclude=missed)
        return recall_at_k(retriever, positives, size).item(), final.item()


def _world() -> tuple[Tensor, Tensor, Tensor]:
    """Affinities under much and under little noise, and the edges that were hidden."""
    world = planted(24, 40, num_tastes=4, edges_per_user=12, skew=0.4, seed=0)
    hidden = split(world.graph, ratios=(0.6, 0.0, 0.4), seed=0).test
    noise = torch.randn(2, 24, 40, generator=torch.Generator().manual_seed(0))
    truth = world.affinity.log()
    return truth + 1.5 * noise[0], truth + 0.3 * noise[1], hidden.biadjacency().to_dense().bool()
