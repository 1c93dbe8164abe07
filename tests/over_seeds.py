"""What a test that trains may say: a mean over five seeds, and how far it is from where the verdict would turn.

Another processor, another number of threads or another seed rounds differently, and training multiplies that. So a test
asks for a lead of three standard errors, or for the sign in at least 4 of 5 runs. `COURSE_SEED=100` plays five other
seeds, as `make portable` does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from math import sqrt
from statistics import fmean, stdev

FIRST = int(os.environ.get("COURSE_SEED", "0"))
SEEDS = range(FIRST, FIRST + 5)


def lead(values: Iterable[float], over: float = 0.0) -> float:
    """By how many standard errors the mean of some runs lies above a bound; negative below it."""
    values = [float(value) for value in values]
    return (fmean(values) - over) * sqrt(len(values)) / stdev(values)
