"""Predict, then reveal: a guess that is written down, locked, and shown beside the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import traitlets

from course_kit.lessons.progress import note
from course_kit.widgets.base import Widget
from course_lib.arguments import refuse


class Predict(Widget):
    """A question that keeps its truth to itself until a guess is locked.

    Display it before the experiment; afterwards ``reveal(truth)``, and display it again.

    Args:
        question: One or two sentences.
        options: Answers to choose from; a number is asked for by default.
        low: Least number that can be guessed.
        high: Largest number that can be guessed.
        step: Distance of two numbers that can be guessed.

    Raises:
        ValueError: If there are fewer than two options, or the numbers are not low < high with a positive step.

    Source: lecture rows 5 and 31, for example.
    """

    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List().tag(sync=True)
    low = traitlets.Float().tag(sync=True)
    high = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    guess = traitlets.Any(None, allow_none=True).tag(sync=True, moves=True)
    locked = traitlets.Bool(False).tag(sync=True, moves=True)
    truth = traitlets.Any(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        question: str = "One list of 20 films for everybody: which share of a user's hidden films is in it?",
        options: Sequence[str] = (),
        low: float = 0.0,
        high: float = 1.0,
        step: float = 0.05,
    ) -> None:
        if len(options) == 1 or len(set(options)) < len(options):
            refuse("options", list(options), "at least two different answers, or none to ask for a number")
        if not options and not (math.isfinite(high - low) and low < high and 0 < step <= high - low):
            refuse("low, high, step", (low, high, step), "low < high and a step that fits between")
        guess = None if options else low + step * round((high - low) / step / 2)
        state = {"low": low, "high": high, "step": step, "guess": guess}
        super().__init__(question=question, options=list(options), **state)
        self.observe(lambda change: change.new and note("predictions", self.question), "locked")

    def reveal(self, truth: str | float) -> Predict:
        """Tell the truth; it shows as soon as a guess is locked.

        Args:
            truth: What came out: one of the options, or a number.

        Returns:
            The widget, to be displayed once more.

        Raises:
            ValueError: If the truth is no possible answer.
        """
        if self.options and truth not in self.options:
            refuse("truth", repr(truth), f"one of {self.options}")
        if not self.options and not math.isfinite(float(truth)):
            refuse("truth", truth, "a finite number")
        self.truth = truth if self.options else float(truth)
        return self

    def numbers(self) -> dict[str, str]:
        """The guess and the truth, as far as they may be seen."""
        shown = self._shown(self.guess) if self.locked else "not locked yet"
        if not self.locked or self.truth is None:
            return {"you": shown}
        return {"you": shown, "it is": self._shown(self.truth)}

    def _shown(self, value: str | float) -> str:
        return value if isinstance(value, str) else f"{value:.3f}".rstrip("0").rstrip(".")
