"""The growth curves: what is fitted, and that every part can be measured."""

from __future__ import annotations

from types import ModuleType

import pandas as pd
import pytest


@pytest.fixture
def scale(script) -> ModuleType:
    return script("scale")


def test_slopes_are_those_of_the_large_graphs_and_are_carried_on(scale):
    sizes = [1e4, 1e5, 1e6, 1e7]
    rows = [{"part": "a", "edges": size, "seconds": max(size / 1e6, 0.1), "megabytes": size**0.5} for size in sizes]
    law = scale.laws(pd.DataFrame(rows)).loc["a"]
    assert law["slope"] == pytest.approx(1)
    assert law["s"] == pytest.approx(18_000)
    assert law["memory slope"] == pytest.approx(0.5)


def test_what_is_beside_the_point_is_taken_off_the_time(scale):
    busy = lambda turns: lambda: sum(range(turns))  # noqa: E731
    whole, part = scale.seconds(busy(300_000), busy(0)), scale.seconds(busy(300_000), busy(250_000))
    assert 0 < part < 0.5 * whole


@pytest.mark.slow
def test_every_part_gives_time_and_memory(scale):
    small = scale.power_law(1_000)
    rows = list(scale.rows_of(scale.power_law(20_000), small, list(scale.PARTS)))
    assert [row["part"] for row in rows] == list(scale.PARTS)
    assert all(row["seconds"] > 0 for row in rows)
    assert 0.3 < rows[-1]["found"] <= 1
    diffusion = next(row for row in rows if row["part"] == "diffusion")
    tables = 2 * 64 * 4 * sum(diffusion[side] for side in ("users", "items")) / 1e6  # x and the gradient's start
    assert tables < diffusion["megabytes"] < 20 * tables + 20
