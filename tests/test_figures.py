from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from course_lib import figures
from course_lib.graph import InteractionGraph


@pytest.fixture(autouse=True)
def close_all():
    yield
    plt.close("all")


def triangle() -> InteractionGraph:
    return InteractionGraph(2, 3, torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2]))


def test_bipartite_draws_each_edge_and_names_each_node():
    ax = figures.bipartite(triangle(), ["Ada", "Ben"], highlight=[(1, 0)])
    assert len(ax.lines) == 3 + 1
    assert ax.lines[-1].get_linestyle() == "--"
    assert {text.get_text() for text in ax.texts} == {"Ada", "Ben", "v0", "v1", "v2"}


def test_bipartite_refuses_what_nobody_could_read():
    big = InteractionGraph(61, 1, torch.arange(61), torch.zeros(61, dtype=torch.long))
    with pytest.raises(ValueError, match=r"^graph: got 62 nodes, wanted at most 60"):
        figures.bipartite(big)


def test_matrix_prints_its_numbers_leaves_nan_empty_and_frames_what_is_marked():
    values = torch.tensor([[1.0, -2.5], [torch.nan, 0.0]])
    ax = figures.matrix(values, mark=torch.eye(2, dtype=torch.bool), digits=1)
    assert [text.get_text() for text in ax.texts] == ["1.0", "-2.5", "", "0.0"]
    corners = {tuple(round(x) for x in patch.get_xy()) for patch in ax.patches}
    assert corners == {(0, 0), (1, 1)}


def test_matrix_of_truth_values_prints_ones_and_zeros():
    ax = figures.matrix(torch.tensor([[True, False]]))
    assert [text.get_text() for text in ax.texts] == ["1", "0"]


def test_plane_gives_each_group_a_colour_and_a_marker_of_its_own():
    ax = figures.plane(torch.rand(6, 2), ["a", "b", "c", "a", "b", "c"])
    shapes = {tuple(map(tuple, group.get_paths()[0].vertices.round(3))) for group in ax.collections}
    colours = {tuple(group.get_facecolor()[0]) for group in ax.collections}
    assert len(shapes) == len(colours) == 3
    assert [len(group.get_offsets()) for group in ax.collections] == [2, 2, 2]


def test_plane_wants_two_dimensions():
    with pytest.raises(ValueError, match=r"^points: got shape \(4, 3\)"):
        figures.plane(torch.rand(4, 3))


def test_curves_are_told_apart_by_colour_and_by_dash():
    ax = figures.curves([1, 2, 4], {"a": [0, 1, 2], "b": [2, 1, 0]}, log=True)
    first, second = ax.lines
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "4"]


def test_intervals_order_rows_by_the_mean_of_the_first_group_and_show_every_run():
    ax = figures.intervals({"dense": {"a": [1.0, 3.0], "b": [5.0]}, "thin": {"a": [9.0], "b": [0.0, 1.0, 2.0]}})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]  # upwards: the best on top
    dots = [point.get_offsets().data.tolist() for point in ax.collections if len(point.get_offsets())]
    assert dots == [[[1, 0], [3, 0]], [[5, 1]], [[9, 0]], [[0, 1], [1, 1], [2, 1]]]
    assert [line.get_xdata()[0] for line in ax.lines] == [2, 5, 9, 1]


def test_growth_draws_points_and_the_law_through_the_large_ones_with_its_slope():
    line = {10.0: 5.0, 100.0: 1.0, 1000.0: 10.0, 10000.0: 100.0}
    ax = figures.growth({"a": line, "b": dict.fromkeys(line, 7.0)}, fit_from=100, reach=1e6)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a: slope 1.00", "b: slope 0.00"]
    measured, law = ax.lines[:2]
    assert measured.get_xydata().tolist() == [list(point) for point in line.items()]
    assert law.get_xydata().flatten().tolist() == pytest.approx([100, 1, 1e6, 1e4])
