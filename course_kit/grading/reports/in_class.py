"""A page to project in class: the mistakes that most students made, without a name of anybody's."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.examples import Example, example
from course_kit.grading.reports.pages import render
from course_kit.grading.reports.statistics import mistakes

SHOWN = 5
FEWEST = 3  # students behind a mistake, or the class would know who


@dataclass(frozen=True)
class Confusion:
    """A mistake that students are told of, and how many made it.

    Args:
        exercise: Name of the function.
        title: What the function is about.
        name: How pages call the mistake.
        hint: What a tutor says to it.
        count: Students with at least one such answer.
        example: An input on which it shows; None where there is none to show.
    """

    exercise: str
    title: str
    name: str
    hint: str
    count: int
    example: Example | None


def confusions(assignment: Assignment, results: Mapping[str, Result]) -> list[Confusion]:
    """The mistakes that most students made, the most frequent first, each with an example input.

    Args:
        assignment: What was graded.
        results: Student → result.
    """
    known = (one for one in mistakes(assignment, results) if one.hint)
    return [
        Confusion(
            exercise=one.exercise,
            title=assignment.exercises[one.exercise].title,
            name=one.name,
            hint=one.hint,
            count=one.count,
            example=example(assignment, one.exercise, one.key) if one.key else None,
        )
        for one in itertools.islice(known, SHOWN)
    ]


def in_class(assignment: Assignment, found: list[Confusion], of: int) -> str:
    """The page as an HTML document; it holds no name, no input of grading and no code.

    Args:
        assignment: What was graded.
        found: The most frequent mistakes.
        of: How many students were asked.
    """
    shown = [one for one in found if one.count >= FEWEST]
    return render("in_class.html", assignment=assignment, confusions=shown, of=of, fewest=FEWEST)
