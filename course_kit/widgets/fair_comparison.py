"""A board of published results, and how the first place depends on who is on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import traitlets
from matplotlib.axes import Axes

from course_kit.widgets.base import Widget
from course_lib import figures
from course_lib.arguments import refuse


@dataclass(frozen=True)
class Entry:
    """A method on the board.

    Args:
        name: Name of the method.
        group: Group that is shown or hidden together.
        values: Data set → recall@20.
        source: Where the numbers are printed.
    """

    name: str
    group: str
    values: Mapping[str, float]
    source: str


def _entry(name: str, group: str, source: str, *values: float) -> Entry:
    return Entry(name, group, dict(zip(("Gowalla", "Yelp2018", "Amazon-Book"), values, strict=True)), source)


PAPER, TUNED, LATER = "LightGCN's own table", "an old method, tuned", "later methods"
PUBLISHED = (
    _entry("NGCF (2019)", PAPER, "He et al. 2020, table 4", 0.1570, 0.0579, 0.0344),
    _entry("Mult-VAE (2018)", PAPER, "He et al. 2020, table 4", 0.1641, 0.0584, 0.0407),
    _entry("LightGCN (2020)", PAPER, "He et al. 2020, table 4", 0.1830, 0.0649, 0.0411),
    _entry("ItemKNN (2001)", TUNED, "Open-CF-Benchmark", 0.1570, 0.0639, 0.0736),
    _entry("UltraGCN (2021)", LATER, "Mao et al. 2021", 0.1862, 0.0683, 0.0681),
    _entry("GF-CF (2021)", LATER, "Shen et al. 2021", 0.1849, 0.0697, 0.0710),
)


class FairComparison(Widget):
    """Choose a data set and which groups of methods are on the board: recall@20, best first.

    Args:
        entries: The methods, each with a value for every data set; published results by default.
        focus: Name of the method whose place is told.

    Raises:
        ValueError: If there is no entry, a value is missing or not finite, or the focus is not among them.

    Source: lecture rows 69 and 70.
    """

    entries = traitlets.List().tag(sync=True)
    focus = traitlets.Unicode().tag(sync=True)
    dataset = traitlets.Unicode().tag(sync=True, moves=True)
    groups = traitlets.Dict().tag(sync=True, moves=True)

    def __init__(self, entries: Sequence[Entry] = PUBLISHED, focus: str = "LightGCN (2020)") -> None:
        if not entries:
            refuse("entries", "none", "at least one method")
        datasets = list(entries[0].values)
        for entry in entries:
            if list(entry.values) != datasets or not all(map(math.isfinite, entry.values.values())):
                refuse("entries", f"{entry.name} with {dict(entry.values)}", f"a number for each of {datasets}")
        home = [entry.group for entry in entries if entry.name == focus]
        if not home:
            refuse("focus", repr(focus), f"one of {[entry.name for entry in entries]}")
        groups = {entry.group: entry.group == home[0] for entry in entries}
        rows = [[entry.name, entry.group, dict(entry.values), entry.source] for entry in entries]
        super().__init__(entries=rows, focus=focus, dataset=datasets[-1], groups=groups)

    def draw(self, ax: Axes) -> None:
        """Draw what is on the board, best on top."""
        on = sorted((values[self.dataset], name) for name, group, values, _ in self.entries if self.groups[group])
        ax.barh([name for _, name in on], [value for value, _ in on], color=figures.BLUE)
        ax.set(xlabel=f"recall@20 on {self.dataset}")

    def numbers(self) -> dict[str, str]:
        """The best method on the board, and the place of the one in focus."""
        on = [(values[self.dataset], name) for name, group, values, _ in self.entries if self.groups[group]]
        on.sort(key=lambda row: -row[0])  # equal values keep their order
        names = [name for _, name in on]
        place = f"{names.index(self.focus) + 1} of {len(on)}" if self.focus in names else "not on the board"
        return {"first": f"{names[0]}, {on[0][0]:.4f}" if on else "nobody", f"place of {self.focus}": place}
