"""How a cost grows with size: the power law through measured points, and what it says of sizes that nobody measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.arguments import refuse


@dataclass(frozen=True)
class PowerLaw:
    """cost = factor · size ** slope, a straight line of this slope where both axes are logarithmic.

    Args:
        slope: 0 for a cost that does not depend on the size, 1 for one in proportion to it, 2 for all pairs.
        factor: Cost at size 1.
        error: Standard error of the slope; nan from two points.
    """

    slope: float
    factor: float
    error: float

    def __call__(self, size: float) -> float:
        """Cost at a size; beyond the sizes measured it is a guess that nothing new happens on the way."""
        return self.factor * size**self.slope


def fit_power_law(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """Least squares on the logarithms.

    Args:
        sizes: Where it was measured, positive, length M ≥ 2.
        costs: What was measured, positive, length M.

    Returns:
        The power law.

    Raises:
        ValueError: If there are fewer than two sizes, or something is not positive.

    Source: lecture row 1.
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if x.shape != y.shape or len(set(x.tolist())) < 2:
        refuse("sizes", f"{len(x)} for {len(y)} costs", "one a cost, two different ones at least")
    for argument, values in (("sizes", x), ("costs", y)):
        if not (values > 0).all():
            refuse(argument, values.min(), "positive numbers", "a logarithm is taken")
    x, y = np.log(x), np.log(y)
    spread = x - x.mean()
    slope = (spread @ y) / (spread @ spread)
    off = y - y.mean() - slope * spread
    error = np.sqrt(off @ off / (len(x) - 2) / (spread @ spread)) if len(x) > 2 else np.nan
    return PowerLaw(float(slope), float(np.exp(y.mean() - slope * x.mean())), float(error))
