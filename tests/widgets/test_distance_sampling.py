from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import beta

from course_kit.widgets import DistanceSampling
from course_lib.negatives import distance_density


@pytest.mark.parametrize("dim", [4, 16, 64, 128])
def test_the_density_is_the_librarys_and_the_nearest_a_quantile(js, dim):
    grid = torch.linspace(0.0005, 1.9995, 2000, dtype=torch.double)
    assert js("density", dim) == pytest.approx(distance_density(grid, dim).tolist(), rel=1e-3, abs=1e-9)
    for count in (100, 10_000, 10**9):
        exact = 2 * np.sqrt(beta((dim - 1) / 2, (dim - 1) / 2).ppf(1 / count))
        assert js("spread", dim, count)["nearest"] == pytest.approx(exact, abs=2e-3)


def test_random_points_on_a_sphere_are_as_far_apart(js):
    points = np.random.default_rng(0).normal(size=(2, 50_000, 32))
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    distance = np.linalg.norm(points[0] - points[1], axis=-1)
    values = js("spread", 32, 1000)
    assert values["mean"] == pytest.approx(distance.mean(), abs=0.003)
    assert values["sd"] == pytest.approx(distance.std(), abs=0.003)
    assert values["nearest"] == pytest.approx(np.quantile(distance, 0.001), abs=0.02)


def test_in_few_dimensions_near_negatives_exist_and_in_many_not(show):
    shown = show(DistanceSampling())
    shown.set("dimension n", 8)
    assert shown.numbers()["part of [0.5, 1.4] that is drawn"] == "100 %"
    shown.set("dimension n", 128)
    shown.set("candidates", 9)
    assert int(shown.numbers()["part of [0.5, 1.4] that is drawn"].split()[0]) < 50
