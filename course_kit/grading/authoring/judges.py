"""The functions of a solution notebook, ready to be asked: stub, solution and known mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_kit.grading.authoring.assignment import Assignment, Exercise
from course_lib.arguments import refuse


@dataclass(frozen=True)
class Judges:
    """What an exercise is judged with.

    Args:
        stub: What the student starts from.
        solution: The right function.
        mistakes: Name of each known mistake → the wrong function.
    """

    stub: Callable
    solution: Callable
    mistakes: dict[str, Callable]


def judges(assignment: Assignment, exercise: Exercise) -> Judges:
    """Run an exercise's source. Solution and mistakes see the setup and the solutions above, and nothing of the probe.

    Raises:
        ValueError: If the source stops with an error.
    """
    above = []
    for other in assignment.exercises.values():
        above.append(other.solution)
        if other is exercise:
            break
    stub = _run(exercise.name, assignment.setup, exercise.stub)
    solution = _run(exercise.name, assignment.setup, *above)
    wrong = _run(exercise.name, assignment.setup, *above, exercise.mistakes)
    return Judges(stub[exercise.name], solution[exercise.name], {name: wrong[name] for name in exercise.hints})


def _run(exercise: str, *sources: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile("\n\n".join(sources), "<solutions>", "exec"), names)
    except Exception as error:
        refuse(exercise, f"{type(error).__name__}: {error}", "setup, solution and mistakes that run")
    return names
