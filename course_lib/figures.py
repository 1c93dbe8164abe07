"""The pictures of the notebooks. Colours suit colour-blind readers, and marker, dash or shape tells the same again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, TwoSlopeNorm
from torch import Tensor

from course_lib.arguments import refuse
from course_lib.graph import InteractionGraph
from course_lib.growth import fit_power_law

# The palette of Okabe and Ito, explained at https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
    "#999999",
)
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (5, 5)))


def bipartite(
    graph: InteractionGraph,
    user_names: Sequence[str] = (),
    item_names: Sequence[str] = (),
    highlight: Iterable[tuple[int, int]] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a small graph with its users on the left and its items on the right.

    Args:
        graph: The graph, with at most a few dozen nodes.
        user_names: Name of each user, length U; "u0", "u1", … by default.
        item_names: Name of each item, length I; "v0", "v1", … by default.
        highlight: Edges (user, item) to draw bold and dashed, whether they are in the graph or not.
        ax: Axes to draw on; new ones by default.

    Returns:
        The axes.

    Raises:
        ValueError: If the graph has more than 60 nodes.

    Source: lecture row 2.
    """
    if graph.num_nodes > 60:
        refuse("graph", f"{graph.num_nodes} nodes", "at most 60", "draw a part of it")
    ax = ax or plt.subplots(figsize=(5, 0.45 * max(graph.num_users, graph.num_items) + 0.8))[1]
    users = [(0.0, y) for y in _spread(graph.num_users)]
    items = [(1.0, y) for y in _spread(graph.num_items)]
    for u, v in zip(graph.user.tolist(), graph.item.tolist(), strict=True):
        ax.plot(*zip(users[u], items[v], strict=True), color=GREY, linewidth=1.2, zorder=1)
    for u, v in highlight:
        ax.plot(*zip(users[u], items[v], strict=True), color=RED, linewidth=3, linestyle="--", zorder=2)
    _side(ax, users, user_names or [f"u{u}" for u in range(len(users))], BLUE, "o", "right")
    _side(ax, items, item_names or [f"v{v}" for v in range(len(items))], ORANGE, "s", "left")
    ax.set(xlim=(-0.7, 1.9), ylim=(-0.08, 1.08))
    ax.axis("off")
    return ax


def _spread(count: int) -> list[float]:
    return [0.5] if count == 1 else np.linspace(1, 0, count).tolist()


def _side(ax: Axes, places: list[tuple[float, float]], names: Sequence[str], color: str, marker: str, ha: str) -> None:
    offset = -0.07 if ha == "right" else 0.07
    for (x, y), name in zip(places, names, strict=True):
        ax.scatter(x, y, s=110, color=color, marker=marker, edgecolor="white", zorder=3)
        ax.text(x + offset, y, name, ha=ha, va="center")


def matrix(
    values: Tensor,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    mark: Tensor | None = None,
    title: str = "",
    digits: int = 2,
    reach: float = 0.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw a small matrix with its numbers: blue below zero, orange above, and a frame around marked cells.

    Args:
        values: Numbers, shape (R, C). A nan is drawn as an empty cell, bool values as filled and empty cells.
        rows: Names of the rows.
        columns: Names of the columns.
        mark: True where a cell gets a frame, such as the positives, shape (R, C).
        title: Title of the picture.
        digits: Decimals shown.
        reach: Magnitude that gets the strongest colour, so that two matrices can be compared; by default the largest
            magnitude in values.
        ax: Axes to draw on; new ones by default.

    Returns:
        The axes.
    """
    numbers = np.ma.masked_invalid(values.detach().double().numpy())
    num_rows, num_columns = numbers.shape
    ax = ax or plt.subplots(figsize=(0.75 * num_columns + 1.4, 0.5 * num_rows + 1))[1]
    if values.dtype == torch.bool:
        ax.imshow(numbers, cmap=ListedColormap(["white", SKY]), vmin=0, vmax=1, aspect="auto")
    else:
        reach = reach or max(float(np.abs(numbers).max()), 1e-9)
        norm = TwoSlopeNorm(0, -1.6 * reach, 1.6 * reach)  # never the darkest colours: the numbers must stay readable
        ax.imshow(numbers, cmap="PuOr_r", norm=norm, aspect="auto")
    for r, c in np.ndindex(num_rows, num_columns):
        cell = numbers[r, c]
        text = "" if cell is np.ma.masked else f"{cell:.{0 if values.dtype == torch.bool else digits}f}"
        ax.text(c, r, text, ha="center", va="center")
        if mark is not None and mark[r, c]:
            ax.add_patch(plt.Rectangle((c - 0.46, r - 0.46), 0.92, 0.92, fill=False, color=BLACK, linewidth=2))
    names = [fill(name, 10) for name in columns] or [f"v{c}" for c in range(num_columns)]
    ax.set_xticks(range(num_columns), names)
    ax.set_yticks(range(num_rows), rows or [f"u{r}" for r in range(num_rows)])
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.set_title(title)
    return ax


def plane(
    points: Tensor,
    groups: Sequence[Any] = (),
    arrows: bool = False,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw two-dimensional embeddings, with one colour and one marker per group.

    Args:
        points: Embeddings, shape (M, 2).
        groups: Group of each point, length M; one group by default.
        arrows: Also draw an arrow from the origin to each point, to show directions.
        title: Title of the picture.
        ax: Axes to draw on; new ones by default.

    Returns:
        The axes.

    Raises:
        ValueError: If the points are not two-dimensional.

    Source: lecture row 18.
    """
    if points.dim() != 2 or points.shape[1] != 2:
        refuse("points", f"shape {tuple(points.shape)}", "(M, 2)", "train with dim=2")
    ax = ax or plt.subplots(figsize=(4, 4))[1]
    xy, groups = points.detach().numpy(), list(groups) or [""] * len(points)
    for index, group in enumerate(sorted(set(groups), key=str)):
        x, y = xy[[g == group for g in groups]].T
        color, marker = PALETTE[index % len(PALETTE)], MARKERS[index % len(MARKERS)]
        ax.scatter(x, y, color=color, marker=marker, s=28, alpha=0.8, label=str(group), zorder=2)
        if arrows:
            ax.quiver(0 * x, 0 * y, x, y, color=color, angles="xy", scale_units="xy", scale=1, width=0.006, zorder=1)
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.set_aspect("equal", adjustable="box")
    ax.set_title(title)
    if any(groups):
        ax.legend(fontsize="small")
    return ax


def curves(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw several lines over one axis, which differ in colour and in dash.

    Args:
        x: Place of each value on the x axis, length M.
        lines: Name → values, length M each.
        xlabel: Name of the x axis.
        ylabel: Name of the y axis.
        title: Title of the picture.
        log: Logarithmic x axis with a tick at each x.
        ax: Axes to draw on; new ones by default.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots(figsize=(5, 3.2))[1]
    many = len(x) > 30
    for index, (name, values) in enumerate(lines.items()):
        style = {"color": PALETTE[index % len(PALETTE)], "linestyle": DASHES[index % len(DASHES)]}
        ax.plot(x, values, label=name, marker=None if many else MARKERS[index % len(MARKERS)], **style)
    if log:
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(x), [f"{value:g}" for value in x])
        ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small")
    return ax


def growth(
    lines: Mapping[str, Mapping[float, float]],
    xlabel: str = "",
    ylabel: str = "",
    fit_from: float = 0,
    reach: float = 0,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw how costs grow, on logarithmic axes: measurements as points, and the power law through them as a line.

    Args:
        lines: Name → {size: cost}; the legend gives the slope after the name.
        xlabel: Name of the x axis.
        ylabel: Name of the y axis.
        fit_from: Smallest size that the laws are fitted to; at smaller sizes, set-up costs may hide the law.
        reach: Draw the laws up to this size; by default up to the largest size measured.
        title: Title of the picture.
        ax: Axes to draw on; new ones by default.

    Returns:
        The axes.

    Source: lecture row 1.
    """
    ax = ax or plt.subplots(figsize=(6, 4))[1]
    for index, (name, costs) in enumerate(lines.items()):
        color, dash = PALETTE[index % len(PALETTE)], DASHES[index % len(DASHES)]
        fitted = [size for size in costs if size >= fit_from]
        law = fit_power_law(fitted, [costs[size] for size in fitted])
        ax.plot(costs.keys(), costs.values(), color=color, marker=MARKERS[index % len(MARKERS)], linestyle="")
        ends = min(fitted), max(*fitted, reach)
        label = f"{name}: slope {law.slope:.2f}".replace("-0.00", "0.00")
        ax.plot(ends, [law(size) for size in ends], color=color, linestyle=dash, label=label)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small")
    return ax


def intervals(groups: Mapping[str, Mapping[str, Sequence[float]]], xlabel: str = "", ax: Axes | None = None) -> Axes:
    """Draw one row per name, best on top, with each run as a dot and their mean as a bar, and one marker per group.

    Args:
        groups: Name of the group → name of the row → values of its runs. The first group sets the order of the rows.
        xlabel: Name of the x axis.
        ax: Axes to draw on; new ones by default.

    Returns:
        The axes.
    """
    first = next(iter(groups.values()))
    rows = sorted(first.keys(), key=lambda name: np.mean(first[name]))
    ax = ax or plt.subplots(figsize=(7, 0.32 * len(rows) + 1))[1]
    for (group, values), color, marker in zip(groups.items(), PALETTE, MARKERS, strict=False):
        for place, name in enumerate(rows):
            ax.scatter(values[name], [place] * len(values[name]), color=color, marker=marker, alpha=0.5, s=22)
            ax.plot([np.mean(values[name])] * 2, [place - 0.3, place + 0.3], color=color, linewidth=2)
        ax.scatter([], [], color=color, marker=marker, label=group)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel=xlabel)
    ax.grid(alpha=0.3, axis="x")
    ax.legend(fontsize="small")
    return ax
