"""Exercises whose answers are judged by a bound: draw inputs that the solution passes, refuse a judge that is unfair.

A training run passes a bound with luck and fails it with bad luck. So the solution answers many draws, each with other
random numbers, and must pass in 19 of 20; known mistakes, constants and the answer to another draw must fail.
"""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from course_kit.grading.asking import probe
from course_kit.grading.asking.attempt import JUDGED, Outcome, attempt, unhurried
from course_kit.grading.asking.judging import JUDGED_RIGHT, judged, verdict
from course_kit.grading.asking.packing import packed
from course_kit.grading.asking.plain import read, told
from course_kit.grading.authoring.assignment import Exercise
from course_kit.grading.authoring.versions import Versions
from course_lib.arguments import refuse

DRAWS = 5  # until the solution passes
ONE_MAY_FAIL_IN = 20
MISTAKEN_DRAWS = 5  # in each of which a mistake must fail
CONSTANTS = (0.0, 1.0, -1.0, np.nan, np.inf, -np.inf)
SEED = "is the judge fair"


def drawn(
    exercise: Exercise, source: str, seed: str, seconds: float, solution: Callable
) -> dict[str, tuple[int, bytes, Outcome]]:
    """Draw inputs of each case on which the solution passes.

    Args:
        exercise: The exercise.
        source: Source of its probe and judge, tools included.
        seed: What to draw from.
        seconds: Time limit of a case.
        solution: The solution.

    Returns:
        Case → the draw, its inputs, pickled, and what the solution answered.

    Raises:
        ValueError: If the solution stops with an error, or is judged wrong in each of five draws.
    """
    found: dict[str, tuple[int, bytes, Outcome]] = {}
    said: dict[str, str] = {}
    for draw in range(DRAWS):
        calls = probe.inputs(probe.probe_in(source), seed, exercise.name, draw)
        for case in [case for case in calls if case not in found]:
            inputs = packed(calls[case])
            outcome = attempt(solution, pickle.loads(inputs), JUDGED, seconds)
            said[case] = _said_of_solution(exercise, source, case, outcome, probe.generator(seed, exercise.name, draw))
            if said[case] == JUDGED_RIGHT:
                found[case] = draw, inputs, outcome
        if found.keys() == calls.keys():
            return {case: found[case] for case in calls}
    case = next(case for case in calls if case not in found)
    refuse(_where(exercise, case), f"a solution that is {said[case]} in {DRAWS} draws", "one that passes")


@unhurried()
def refuse_bad_judge(
    exercise: Exercise, source: str, seconds: float, versions: Versions, say: Callable[[str], None]
) -> None:
    """Refuse a judge that fails the solution too often, or that passes a mistake, a constant or another draw's answer.

    Args:
        exercise: The exercise.
        source: Source of its probe and judge, tools and hidden cases included.
        seconds: Time limit of a case.
        versions: Stub, solution and known mistakes.
        say: Told a line of the table for each case.
    """
    ask, tries = probe.probe_in(source), min(MISTAKEN_DRAWS, exercise.seeds)
    passed: Counter[tuple[str, str]] = Counter()  # (case, by what) → in how many draws
    before: dict[str, str] = {}
    slowest = 0.0
    for draw in range(exercise.seeds):
        calls, rng = probe.inputs(ask, SEED, exercise.name, draw), partial(probe.generator, SEED, exercise.name, draw)
        for case, call in calls.items():
            started = time.thread_time()
            outcome = attempt(versions.solution, call, JUDGED, seconds)
            slowest = max(slowest, time.thread_time() - started)
            passed[case, ""] += _said_of_solution(exercise, source, case, outcome, rng()) == JUDGED_RIGHT
            if passed[case, ""] < draw + 1 - exercise.seeds // ONE_MAY_FAIL_IN:
                got = f"a solution that passes in {passed[case, '']} of {draw + 1} draws"
                refuse(_where(exercise, case), got, "one that passes in 19 of 20")
            if draw < tries:
                free = dict(_free(outcome.text, before.get(case)))
                passed.update((case, what) for what, text in free.items() if _passes(source, case, text, rng()))
                before[case] = outcome.text
        if draw < tries:
            for name, function in {"the stub": versions.stub, **versions.mistakes}.items():
                outcomes = {case: attempt(function, call, JUDGED, seconds) for case, call in calls.items()}
                answers = {case: outcome.text for case, outcome in outcomes.items() if outcome.form}
                passed.update((case, name) for case, text in answers.items() if _passes(source, case, text, rng()))
    _refuse_free(exercise, passed, versions.mistakes, tries)
    for case in calls:
        others = [f"{name} in {passed[case, name]} of {tries}" for name in versions.mistakes]
        solution = f"the solution passes in {passed[case, '']} of {exercise.seeds} draws"
        say(f"{_where(exercise, case)}: {', '.join([solution, *others])}")
    say(f"{exercise.name}: the solution took {slowest:.1f} s at most, and has {seconds:g} s")
    for name in versions.mistakes:
        if all(passed[case, name] for case in calls):
            got = f"a pass in {min(passed[case, name] for case in calls)} of {tries} draws"
            refuse(f"{exercise.name}, mistake {name}", got, "a case that it fails in all of them")


def _said_of_solution(exercise: Exercise, source: str, case: str, outcome: Outcome, rng: np.random.RandomState) -> str:
    """What the judge says of the solution's answer."""
    where = _where(exercise, case)
    if not outcome.form:
        said = outcome.shown.partition("\n")[0]
        refuse(where, f"a solution that came to {outcome.text!r}: {said}", "a value within its time")
    try:
        return judged(source, case, read(outcome.text), rng)
    except ValueError as error:
        refuse(where, f"{error} ({outcome.form} was the answer)", "plain numbers, and a judge that says how they are")
    except Exception as error:
        refuse(f"{where}, judge", f"{type(error).__name__}: {error}", "a judge that runs")


def _passes(source: str, case: str, text: str, rng: np.random.RandomState) -> bool:
    return verdict(source, case, text, rng) == JUDGED_RIGHT


def _free(answer: str, before: str | None) -> Iterator[tuple[str, str]]:
    """Answers that somebody can give who computes nothing: a constant of the right form, the answer to another draw."""
    for constant in CONSTANTS:
        yield f"{constant:g} everywhere", told(_filled(read(answer), constant))
    if before is not None:
        yield "the answer to another draw", before


def _refuse_free(
    exercise: Exercise, passed: Mapping[tuple[str, str], int], mistakes: Collection[str], tries: int
) -> None:
    """Refuse a case that is passed for nothing in two draws; in one of them it may be by chance."""
    for (case, what), times in passed.items():
        if what and what not in mistakes and times >= min(2, tries):
            refuse(_where(exercise, case), f"{what} passing in {times} of {tries} draws", "a judge that fails it")


def _filled(answer: Any, constant: float) -> Any:
    """An answer of the same form with one number everywhere."""
    if isinstance(answer, dict):
        return {key: _filled(part, constant) for key, part in answer.items()}
    if isinstance(answer, list):
        return [_filled(part, constant) for part in answer]
    return np.full(answer.shape, constant)


def _where(exercise: Exercise, case: str) -> str:
    return f"{exercise.name}, case {case!r}"
