"""The quiz at the end of a lesson: answers are locked, then explained."""

from __future__ import annotations

from collections.abc import Sequence

import traitlets
from matplotlib.axes import Axes

from course_kit.lessons.progress import note
from course_kit.lessons.questions import QUESTIONS, Question
from course_kit.widgets.base import Widget, take_over
from course_lib.arguments import refuse


class Quiz(Widget):
    """A few questions with one right option each; an answer counts once and is explained at once.

    The answers are still there when the cell runs again in the same kernel.

    Args:
        lesson: Number of a lesson with questions, such as "02"; or the questions themselves.

    Raises:
        ValueError: If the lesson has no questions, or a question has no right option.
    """

    questions = traitlets.List().tag(sync=True)
    answers = traitlets.List().tag(sync=True, moves=True)

    def __init__(self, lesson: str | Sequence[Question] = "02") -> None:
        if isinstance(lesson, str) and lesson not in QUESTIONS:
            refuse("lesson", repr(lesson), f"one of {', '.join(QUESTIONS)}")
        questions = QUESTIONS[lesson] if isinstance(lesson, str) else tuple(lesson)
        for question in questions:
            if not 0 <= question.right < len(question.options):
                refuse("lesson", f"{question.text!r} with right = {question.right}", "the number of an option")
        if not questions:
            refuse("lesson", "no question", "at least one")
        rows = [[question.text, list(question.options), question.right, question.why] for question in questions]
        super().__init__(questions=rows, answers=[-1] * len(rows))
        if isinstance(lesson, str):
            self.observe(lambda change: min(change.new) >= 0 and note("quiz", lesson), "answers")
        take_over(self, tuple(questions))

    def draw(self, ax: Axes) -> None:
        """Write the questions and their options."""
        ax.set_axis_off()
        rows = enumerate(self.questions, start=1)
        ax.text(0, 1, "\n".join(f"{i}. {text}\n    {' / '.join(options)}" for i, (text, options, *_) in rows), va="top")

    def numbers(self) -> dict[str, str]:
        """How many questions are answered, and how many of them right."""
        right = sum(answer == row[2] for answer, row in zip(self.answers, self.questions, strict=True))
        answered = sum(answer >= 0 for answer in self.answers)
        return {"answered": f"{answered} of {len(self.answers)}", "right": f"{right}"}
