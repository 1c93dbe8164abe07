"""The functions of a solution notebook, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_kit.grading.authoring.assignment import Assignment, Exercise
from course_lib.arguments import refuse


@dataclass(frozen=True)
class Versions:
    """The versions of one function that its author wrote.

    Args:
        stub: What the student starts from.
        solution: The right function.
        mistakes: Name of each known mistake → the wrong function.
    """

    stub: Callable
    solution: Callable
    mistakes: dict[str, Callable]


def versions(assignment: Assignment, exercise: Exercise) -> Versions:
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
    for part, names in (("stub", stub), ("solution", solution)):
        if not callable(names.get(exercise.name)):
            refuse(f"{exercise.name}, tag {part!r}", "no function of that name", f"one called {exercise.name}")
    return Versions(stub[exercise.name], solution[exercise.name], {name: wrong[name] for name in exercise.hints})


def _run(exercise: str, *sources: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile("\n\n".join(sources), "<solutions>", "exec"), names)
    except Exception as error:
        refuse(exercise, f"{type(error).__name__}: {error}", "setup, solution and mistakes that run")
    return names
