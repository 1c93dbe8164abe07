"""How a cost grows with size: the power law through measured points, and what it predicts for larger sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.arguments import refuse


@dataclass(frozen=True)
class PowerLaw:
    """cost = factor · size ** slope: a straight line with this slope if both axes are logarithmic.

    Args:
        slope: 0 for a cost that does not depend on the size, 1 for one in proportion to it, 2 for a cost per pair.
        factor: Cost at size 1.
        error: Standard error of the slope; nan if only two points were given.
    """

    slope: float
    factor: float
    error: float

    def __call__(self, size: float) -> float:
        """Cost at a size. Beyond the measured sizes this assumes that the same law still holds there."""
        return self.factor * size**self.slope


def fit_power_law(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """Fit a power law by least squares on the logarithms.

    Args:
        sizes: Sizes at which the cost was measured, positive, length M ≥ 2.
        costs: Measured costs, positive, length M.

    Returns:
        The power law.

    Raises:
        ValueError: If there are fewer than two different sizes, or a number is not positive.

    Example:
        >>> law = fit_power_law([10, 20, 40], [5.0, 20.0, 80.0])
        >>> round(law.slope, 6), round(law(100), 6)
        (2.0, 500.0)

    Source: lecture row 1.
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if x.shape != y.shape or len(set(x.tolist())) < 2:
        refuse("sizes", f"{len(x)} for {len(y)} costs", "one per cost, and at least two different sizes")
    for argument, values in (("sizes", x), ("costs", y)):
        if not (values > 0).all():
            refuse(argument, values.min(), "positive numbers", "the fit takes logarithms")
    x, y = np.log(x), np.log(y)
    spread = x - x.mean()
    slope = (spread @ y) / (spread @ spread)
    off = y - y.mean() - slope * spread
    error = np.sqrt(off @ off / (len(x) - 2) / (spread @ spread)) if len(x) > 2 else np.nan
    return PowerLaw(float(slope), float(np.exp(y.mean() - slope * x.mean())), float(error))
