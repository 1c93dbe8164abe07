"""Importance pooling: which neighbours a walk chooses, and with which weights."""

from __future__ import annotations

import torch
import traitlets

from course_kit.widgets.base import fixed
from course_kit.widgets.graph import GraphWidget
from course_lib.walks import personalized_pagerank


class ImportancePooling(GraphWidget):
    """Choose an item, a number of neighbours T and a restart: the items pooled into it, and their weights.

    The weights are the limit of the visits of a walk; ``walks.importance_neighbors`` counts such visits.

    Args, Raises: as for ``GraphWidget``.

    Source: lecture row 79; Ying et al. 2018, section 3.2.
    """

    item = traitlets.Int(0).tag(sync=True, moves=True)
    num = traitlets.Int(3).tag(sync=True, moves=True)
    restart = traitlets.Float(0.5).tag(sync=True, moves=True)

    def numbers(self) -> dict[str, str]:
        """The neighbours, best first, each with its weight, and the share of the visits that they stand for."""
        limit = personalized_pagerank(self.graph, start_items=torch.tensor([self.item]), restart=self.restart)[0]
        visits = limit[len(self.users) :].round(decimals=12)
        visits[self.item] = 0
        best = [v for v in visits.argsort(descending=True, stable=True).tolist() if visits[v] > 0][: self.num]
        chosen, total = visits[best], visits.sum().item()
        weights = (chosen / chosen.sum()).tolist() if best else []
        return {
            "pooled": ", ".join(f"v{v} {fixed(weight, 3)}" for v, weight in zip(best, weights, strict=True))
            or "nothing",
            "share of the visits kept": fixed(chosen.sum().item() / total if total else float("nan"), 3),
        }
