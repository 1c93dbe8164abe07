"""Choose the inputs of every case so that no right answer can fail, with the solution as the judge."""

from __future__ import annotations

from collections.abc import Callable

from course_kit.grading.asking import probe
from course_kit.grading.asking.fingerprint import is_clear, is_guessable
from course_kit.grading.asking.question import Question
from course_kit.grading.authoring.assignment import Exercise
from course_lib.arguments import refuse

DRAWS = 60


def settle(exercise: Exercise, source: str, seed: str, seconds: float, solution: Callable) -> Question:
    """Draw the inputs of each case until its right answer can be neither misjudged nor guessed.

    A draw is taken where the solution's answers in float32 and in float64 lie clear of every rounding boundary;
    first with four digits, then with three.

    Args:
        exercise: The exercise.
        source: Source of its probe, tools included.
        seed: What to draw from.
        seconds: Time limit of a case.
        solution: The right function.

    Returns:
        The question, its cases settled.

    Raises:
        ValueError: If some case has no good draw.
    """
    ask, cases, why = probe.load(source), {}, {}
    for digits in (4, 3):
        for draw in range(DRAWS):
            calls = probe.inputs(ask, seed, exercise.name, draw)
            for case, call in calls.items():
                if case not in cases:
                    if trouble := _trouble(solution, call, digits):
                        why.setdefault(case, trouble)
                    else:
                        cases[case] = (draw, digits)
            if cases.keys() == calls.keys():
                ordered = {case: cases[case] for case in calls}
                return Question(exercise.name, exercise.parameters, exercise.points, source, seed, seconds, ordered)
    case = next(case for case in calls if case not in cases)
    refuse(f"{exercise.name}, case {case!r}", why[case], "a clear and telling answer in some draw", "change the probe")


def _trouble(solution: Callable, call: probe.Call | probe.Calls, digits: int) -> str:
    try:
        exact, single = (call.cast(kind)(solution) for kind in ("float64", "float32"))
    except Exception as error:
        return f"a solution that raises {type(error).__name__}: {error}"
    if is_guessable(exact, digits):
        return "answers that can be guessed: few small numbers"
    return "" if is_clear(exact, single, digits) else "answers that float32 rounds in two ways"
