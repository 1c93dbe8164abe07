from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import linregress

from course_lib.growth import fit_power_law


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 2.0])
def test_an_exact_law_is_found_and_carries_on(slope):
    sizes = np.array([10, 100, 1e4, 1e7])
    law = fit_power_law(sizes, 3 * sizes**slope)
    assert law.slope == pytest.approx(slope, abs=1e-9)
    assert law.error == pytest.approx(0, abs=1e-9)
    assert law(1.8e10) == pytest.approx(3 * 1.8e10**slope)


def test_slope_and_error_are_those_of_scipys_regression():
    rng = np.random.default_rng(0)
    sizes = rng.random(20) * 1e6 + 1
    costs = sizes**1.3 * rng.lognormal(size=20)
    law, wanted = fit_power_law(sizes, costs), linregress(np.log(sizes), np.log(costs))
    assert (law.slope, law.error) == pytest.approx((wanted.slope, wanted.stderr))
    assert math.log(law.factor) == pytest.approx(wanted.intercept)


def test_two_points_fix_a_line_and_say_nothing_of_its_error():
    assert math.isnan(fit_power_law([1, 2], [1, 4]).error)


@pytest.mark.parametrize(
    ("argument", "sizes", "costs"),
    [
        ("sizes", [1], [1]),
        ("sizes", [2, 2], [1, 3]),
        ("sizes", [1, 2], [1]),
        ("sizes", [0, 2], [1, 3]),
        ("costs", [1, 2], [0, 3]),
    ],
)
def test_what_fixes_no_line_is_refused(argument, sizes, costs):
    with pytest.raises(ValueError, match=rf"^{argument}: got [^\n]+, wanted [^\n]+$"):
        fit_power_law(sizes, costs)
