"""A page to project in class: the mistakes that most students made, without a name of anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.examples import Example, example
from course_kit.grading.reports.pages import render

SHOWN = 5
FEWEST = 3  # students behind a mistake, or the class would know who


@dataclass(frozen=True)
class Confusion:
    """A known mistake, and how many made it.

    Args:
        exercise: Name of the function.
        title: What the function is about.
        name: Name of the mistake.
        hint: What a tutor says to it.
        count: Students whose answer to at least one case is that of the mistake.
        example: An input on which it shows.
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
    counts: dict[tuple[str, str], int] = {}
    for result in results.values():
        for key in {(one.name, how.mistake) for one in result.exercises for how in one.cases.values() if how.mistake}:
            counts[key] = counts.get(key, 0) + 1
    order = list(assignment.exercises)
    known = [key for key in counts if key[1] in assignment.exercises[key[0]].hints]
    first = sorted(known, key=lambda key: (-counts[key], order.index(key[0]), key[1]))[:SHOWN]
    return [
        Confusion(
            exercise=name,
            title=assignment.exercises[name].title,
            name=mistake,
            hint=assignment.exercises[name].hints[mistake],
            count=counts[name, mistake],
            example=example(assignment, name, mistake),
        )
        for name, mistake in first
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
