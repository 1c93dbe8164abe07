"""Distance-weighted sampling: flat distances, as far as near negatives exist."""

from __future__ import annotations

import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from scipy.special import betaincinv

from course_kit.widgets.base import Widget, fixed
from course_lib import figures
from course_lib.negatives import distance_density

CUTOFF, UPPER = 0.5, 1.4


class DistanceSampling(Widget):
    """Choose a dimension and a number of candidates: how far are random negatives, and how near can sampling reach?

    Source: lecture row 87; Wu et al. 2017, section 4.
    """

    dim = traitlets.Int(64).tag(sync=True, moves=True)
    candidates = traitlets.Int(4).tag(sync=True, moves=True)

    def draw(self, ax: Axes) -> None:
        """Draw the density of random distances."""
        d = torch.linspace(0.01, 1.99, 199, dtype=torch.double)
        figures.curves(d, {"random negatives": distance_density(d, self.dim)}, xlabel="distance", ax=ax)
        ax.axvspan(CUTOFF, UPPER, color=figures.GREY, alpha=0.2)

    def numbers(self) -> dict[str, str]:
        """Mean and spread of random distances, the nearest of the candidates, the part of [0.5, 1.4] within reach."""
        d = torch.linspace(0.0005, 1.9995, 2000, dtype=torch.double)
        q = distance_density(d, self.dim)
        mean = (d * q).sum() / q.sum()
        spread = ((d - mean).square() * q).sum().div(q.sum()).sqrt()
        half = (self.dim - 1) / 2  # d²/4 follows the beta distribution of (half, half)
        nearest = float(2 * np.sqrt(betaincinv(half, half, 10.0**-self.candidates)))
        reach = np.clip((UPPER - max(nearest, CUTOFF)) / (UPPER - CUTOFF), 0, 1)
        return {
            "random distance": f"{fixed(mean.item(), 2)} ± {fixed(spread.item(), 2)}",
            "nearest candidate": fixed(nearest, 2),
            "part of [0.5, 1.4] that is drawn": f"{100 * reach:.0f} %",
        }
