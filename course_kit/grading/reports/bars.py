"""Bars as SVG that stands in a page: its text is text, and as dark or light as the page's."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 15  # bars of frequencies
BAR, INK = "#0072b2", "#010203"  # on the page they are those of the page


def histogram(edges: Sequence[float], counts: Sequence[int], what: str) -> Markup:
    """A histogram.

    Args:
        edges: Ends of the bins, one more than there are bins.
        counts: How many are in each bin.
        what: What is counted along the axis.
    """
    axes = _axes(7, 2.2)
    for (low, high), count in zip(itertools.pairwise(edges), counts, strict=True):
        axes.bar((low + high) / 2, count, width=0.94 * (high - low), color=BAR)
        if count:
            axes.annotate(
                f"{count}", ((low + high) / 2, count), (0, 3), textcoords="offset points", ha="center", color=INK
            )
    axes.set(xlabel=what, ylim=(0, max(1, *counts) * 1.15), xticks=edges, yticks=[])
    return _svg(axes, "histogram")


def frequencies(counts: Mapping[str, int], what: str) -> Markup:
    """A bar for each of the most frequent, the first on top.

    Args:
        counts: Name → number, the largest first.
        what: What is counted.
    """
    shown = list(counts.items())[:SHOWN][::-1]
    axes = _axes(8, 0.6 + 0.3 * len(shown))
    axes.barh(range(len(shown)), [count for _, count in shown], height=0.72, color=BAR)
    for place, (_, count) in enumerate(shown):
        axes.annotate(f"{count}", (count, place), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set(xlabel=what, xticks=[], xlim=(0, 1.1 * max(counts.values(), default=1)))
    axes.set_yticks(range(len(shown)), [name for name, _ in shown])
    return _svg(axes, "frequencies")


def _axes(width: float, height: float) -> Axes:
    from matplotlib.figure import Figure

    axes = Figure((width, height), layout="constrained").add_subplot()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=INK)
    axes.xaxis.label.set_color(INK)
    return axes


def _svg(axes: Axes, salt: str) -> Markup:
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        axes.figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return Markup(text.replace(INK, "currentColor").replace(BAR, f"var(--bar, {BAR})"))
