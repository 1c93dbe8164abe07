"""What every widget shares: state in Python, one ES module that draws it, and the same numbers on both sides."""

from __future__ import annotations

import base64
import io
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

JS = Path(__file__).parent / "js"


IMPORT = re.compile(r'^import [^;]*? from "\./(\w+)\.js";\n', flags=re.MULTILINE)


@cache
def bundle(name: str) -> str:
    """One self-contained ES module: what a widget's own module imports, then itself, without the import lines.

    Args:
        name: Stem of the widget's file in ``js/``.

    Returns:
        Source text that a browser can import as it is.
    """
    parts: dict[str, str] = {}

    def add(stem: str) -> None:
        source = (JS / f"{stem}.js").read_text("utf-8")
        for needed in IMPORT.findall(source):
            if needed not in parts:
                add(needed)
        parts[stem] = IMPORT.sub("", source)

    add(name)
    return "".join(parts.values())


ASKED: dict[tuple[Any, ...], Widget] = {}  # what this kernel has asked, so that a cell may run again


def take_over(widget: Widget, question: tuple[Any, ...]) -> None:
    """Take over what was answered when this kernel asked the same before: running a cell again wipes no answer.

    An answer may come later than the new widget: a page sends one change at a time and waits for the kernel to take
    it, while the order to run the cell again does not wait. So the new widget follows the earlier one from now on.

    Args:
        widget: The new widget; the traits that a reader moves are set, and ``truth`` if there is one.
        question: Equal for two widgets that ask the same.
    """
    key = (type(widget).__name__, *question)  # traits that are added make a new class per widget
    if earlier := ASKED.get(key):
        for trait in {*widget.trait_names(moves=True), *widget.trait_names(kept=True)}:
            traitlets.dlink((earlier, trait), (widget, trait))
    ASKED[key] = widget


def fixed(value: float, digits: int) -> str:
    """A number as the widgets show it: with so many decimals, and a dash for nan."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


class Widget(anywidget.AnyWidget):
    """A widget whose module is ``js/NAME.js`` for the class of ``NAME.py``.

    Traits tagged ``moves=True`` are what a reader moves; the reset button takes them back to where they started.
    Everything is checked before ``super().__init__``, so that bad input never reaches a browser.
    """

    _css = (JS / "kit.css").read_text("utf-8")
    _start = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "_esm" not in cls.__dict__:  # ipywidgets makes further classes of a widget's class; those have theirs
            cls._esm = bundle(cls.__module__.rpartition(".")[2])
        super().__init_subclass__(**kwargs)

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self._start = {name: getattr(self, name) for name in self.trait_names(moves=True)}

    def numbers(self) -> dict[str, str]:
        """The numbers that the widget shows now, by the library instead of the browser: name → text."""
        raise NotImplementedError

    def draw(self, ax: Axes) -> None:
        """Draw the widget as it stands, for readers that have no front end; its numbers are put below.

        Args:
            ax: Axes to draw on.
        """
        ax.set_visible(False)

    def picture(self) -> bytes:
        """A PNG of the widget as it stands."""
        figure = Figure(figsize=(5, 3))  # not of pyplot, which would show it in a notebook by itself
        self.draw(figure.add_subplot())
        lines = [f"{name}: {text}" for name, text in self.numbers().items()]
        figure.text(0.1, -0.06 if figure.axes[0].get_visible() else 0.9, "\n".join(lines), va="top")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=72, bbox_inches="tight")
        return buffer.getvalue()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "image/png": base64.b64encode(self.picture()).decode()}, metadata

    def __repr__(self) -> str:
        return f"{type(self).__name__}: " + ", ".join(f"{name} {text}" for name, text in self.numbers().items())
