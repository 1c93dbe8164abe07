"""From how cases ended and what was answered to a result: nobody's code runs here, so this can be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from course_kit.grading.asking.diagnosis import diagnose
from course_kit.grading.asking.fingerprint import tells
from course_kit.grading.containment.warm import NONE
from course_kit.grading.marking.bundle import Bundle, ExamCase
from course_kit.grading.marking.result import CaseResult, ExerciseResult, Given, Result

NO_ANSWER = "no answer"
LONGEST = 10_000  # characters of an answer that are kept

Outcomes = Mapping[str, Mapping[str, CaseResult]]  # function → case → how it ended, no mistake named
Answers = Mapping[str, Mapping[str, Given]]  # function → case → what was answered


def kept(text: str) -> str:
    """An answer as it is stored: a digest stands for the end of a long one, so that equal answers stay equal."""
    plain = text.encode("utf-8", "replace")
    if len(text) <= LONGEST:
        return plain.decode()
    return plain.decode()[: LONGEST - 64] + hashlib.sha256(plain).hexdigest()


def marked(bundle: Bundle, student: str, outcomes: Outcomes, answers: Answers) -> Iterator[ExerciseResult]:
    """The result of each function: today's points, and the known mistakes of today behind wrong answers.

    Args:
        bundle: What is asked.
        student: Whose variant.
        outcomes: How the cases ended.
        answers: What was answered to them.
    """
    variant = bundle.variant(student)
    for exercise in bundle.assignment.exercises.values():
        asked = {one.case: one for one in variant if one.exercise == exercise.name}
        given = {case: answers[exercise.name][case].text for case in asked}
        named = _mistakes(asked, given, list(exercise.hints))
        ended = {case: outcomes[exercise.name][case] for case in asked}
        cases = {case: _named(how, named.get(case, "")) for case, how in ended.items()}
        yield ExerciseResult(exercise.name, exercise.points, cases)


def stale(stored: Result | None, bundle: Bundle, student: str, submission: str, level: str) -> str:
    """Why a submission has to run; "" where what is stored answers all that is asked.

    Args:
        stored: What is stored of it.
        bundle: What is asked.
        student: Whose it is.
        submission: Digest of what was handed in.
        level: How submissions are confined now.
    """
    if stored is None:
        return "not graded before"
    if not stored.bundle:
        return "the grader could not finish it"
    if stored.submission != submission:
        return "another file than before"
    if stored.sandbox == NONE != level:
        return "it ran without a sandbox before"
    for one in bundle.variant(student):
        given = stored.answers.get(one.exercise, {}).get(one.case)
        if given is None or given.asked != one.digest:
            return f"{one.exercise} asks something else than before"
    return ""


def remarked(bundle: Bundle, student: str, stored: Result) -> Result:
    """A stored result as the assignment of today has it; only where it is not `stale`."""
    outcomes = {
        one.name: {case: replace(how, mistake="") for case, how in one.cases.items()} for one in stored.exercises
    }
    exercises = tuple(marked(bundle, student, outcomes, stored.answers))
    return replace(stored, bundle=bundle.digest, exercises=exercises)


def _named(how: CaseResult, mistake: str) -> CaseResult:
    return how if how.passed or how.outcome == NO_ANSWER else replace(how, mistake=mistake)


def _mistakes(asked: Mapping[str, ExamCase], given: Mapping[str, str], names: list[str]) -> dict[str, str]:
    """Case → the known mistake behind its wrong answer."""
    right = {case: kept(one.right) for case, one in asked.items()}
    mistakes = {name: {case: kept(one.mistakes[name]) for case, one in asked.items()} for name in names}
    return diagnose(given, right, mistakes, [case for case, text in given.items() if tells(text)])
