"""From how cases ended and what was answered to a result: no student's code runs here, so this can be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from course_kit.grading.asking.diagnosis import diagnose
from course_kit.grading.asking.fingerprint import tells
from course_kit.grading.asking.judging import JUDGED_RIGHT, hint_in
from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.containment.warm import NONE
from course_kit.grading.marking.bundle import Bundle, ExamCase
from course_kit.grading.marking.judge import judge
from course_kit.grading.marking.result import RIGHT, CaseResult, ExerciseResult, Given, Result

NO_ANSWER, WRONG = "no answer", "wrong"
LONGEST = 10_000  # characters of an answer that are kept

Outcomes = Mapping[str, Mapping[str, CaseResult]]  # function → case → how it ended, no mistake named
Answers = Mapping[str, Mapping[str, Given]]  # function → case → what was answered


def kept(text: str) -> str:
    """An answer as it is stored: a digest stands for the end of a long one, so that equal answers stay equal."""
    plain = text.encode("utf-8", "replace")
    if len(text) <= LONGEST:
        return plain.decode()
    return plain.decode()[: LONGEST - 64] + hashlib.sha256(plain).hexdigest()


def judged(assignment: Assignment, one: ExamCase, text: str, how: CaseResult) -> CaseResult:
    """How a case ended, with the verdict on what was answered where it is one that is judged.

    Args:
        assignment: The assignment.
        one: What was asked.
        text: What was answered.
        how: How the case ended, as far as can be said without a judge.
    """
    if not one.is_judged or how.outcome not in (RIGHT, WRONG):
        return how
    verdict = judge(assignment, one, text)
    if verdict == JUDGED_RIGHT:
        return CaseResult(RIGHT)
    return CaseResult(WRONG, form=how.form, hint=hint_in(verdict))


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
        ended = {case: outcomes[exercise.name][case] for case in asked}
        if any(one.is_judged for one in asked.values()):
            cases = {case: _named_by_judge(how, exercise.hints) for case, how in ended.items()}
        else:
            named = _mistakes(asked, given, list(exercise.hints))
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
    outcomes: dict[str, dict[str, CaseResult]] = {}
    asked = {(one.exercise, one.case): one for one in bundle.variant(student)}
    for exercise in stored.exercises:
        for case, how in exercise.cases.items():
            if one := asked.get((exercise.name, case)):
                text = stored.answers[exercise.name][case].text
                plain = replace(how, mistake="")
                outcomes.setdefault(exercise.name, {})[case] = judged(bundle.assignment, one, text, plain)
    exercises = tuple(marked(bundle, student, outcomes, stored.answers))
    return replace(stored, bundle=bundle.digest, exercises=exercises)


def _named_by_judge(how: CaseResult, hints: Mapping[str, str]) -> CaseResult:
    """With the known mistake whose hint the judge gave, if it is one's."""
    mistake = next((name for name, hint in hints.items() if how.hint and hint == how.hint), "")
    return replace(how, mistake=mistake, hint="") if mistake else how


def _named(how: CaseResult, mistake: str) -> CaseResult:
    return how if how.passed or how.outcome == NO_ANSWER else replace(how, mistake=mistake)


def _mistakes(asked: Mapping[str, ExamCase], given: Mapping[str, str], names: list[str]) -> dict[str, str]:
    """Case → the known mistake behind its wrong answer."""
    right = {case: kept(one.right) for case, one in asked.items()}
    mistakes = {name: {case: kept(one.mistakes[name]) for case, one in asked.items()} for name in names}
    return diagnose(given, right, mistakes, [case for case, text in given.items() if tells(text)])
