"""What makes an exercise unfair to students, found before they get it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from course_kit.grading.asking import probe
from course_kit.grading.asking.attempt import Outcome, attempt, unhurried
from course_kit.grading.asking.driver import driver_in
from course_kit.grading.asking.fingerprint import TEXT
from course_kit.grading.asking.question import Question
from course_kit.grading.authoring.assignment import Assignment, Exercise, definitions, signatures
from course_kit.grading.authoring.reference import LEFT_OUT
from course_kit.grading.authoring.versions import Versions
from course_lib.arguments import refuse

Answers = Mapping[str, Outcome]
DRAWS_OF_TEXT = 8  # a word out of a few is no safer than a small number


def refuse_bad_points(assignment: Assignment) -> None:
    """Refuse an assignment whose points are not 100."""
    total = sum(exercise.points for exercise in assignment.exercises.values()) + sum(assignment.written.values())
    if total != 100:
        refuse(assignment.name, f"{total} points", "100 in all", "change the tags points:…")


def refuse_missing_lessons(assignment: Assignment, lessons: Path) -> None:
    """Refuse an exercise that sends its reader to a lesson that is not there; where no lessons are, all is well."""
    for exercise in assignment.exercises.values():
        for name in exercise.read:
            if lessons.is_dir() and not (lessons / f"{name}.ipynb").exists():
                refuse(f"{exercise.name}, tag read:{name}", f"no {lessons.name}/{name}.ipynb", "a lesson that exists")


def refuse_other_parameters(exercise: Exercise) -> None:
    """Refuse a solution or a mistake that does not take what the stub takes, in the same order."""
    written = definitions(exercise.solution) | definitions(exercise.mistakes)
    for part, wanted in signatures(definitions(exercise.stub)[exercise.name]).items():
        for name in (exercise.name, *exercise.hints):
            got = signatures(written[name]).get(part, wanted) if name in written else wanted
            if got != wanted:
                where = ".".join(filter(None, (name, part)))
                refuse(
                    f"{exercise.name}, {where}",
                    f"the parameters {', '.join(got)}",
                    f"{', '.join(wanted)}, as in the stub",
                )


def refuse_withheld_driver(assignment: Assignment, exercise: Exercise) -> None:
    """Refuse a driver that uses a module which is not there in grading."""
    try:
        driver = driver_in(assignment.probe_source(exercise, hidden=True))
    except SyntaxError:  # which is refused where the probe is run
        return
    for module in assignment.withheld:
        if module in driver:
            refuse(f"{exercise.name}, ask", f"a driver that uses {module}", "one that does without what is withheld")


def refuse_bad_hints(exercise: Exercise) -> None:
    """Refuse a known mistake without a hint of its own."""
    told: set[str] = set()
    for name, hint in exercise.hints.items():
        if not hint or hint in told:
            refuse(
                f"{exercise.name}, mistake {name}", f"the docstring {hint!r}", "a hint of its own, as a tutor says it"
            )
        told.add(hint)


@unhurried()
def refuse_unstable(question: Question, right: Answers, versions: Versions) -> None:
    """Refuse a solution that answers differently in a second run."""
    for case in question.cases:
        outcome = question.answer(versions.solution, case)
        if outcome.text != right[case].text:
            refuse(_where(question, case), "two answers in two runs", "a solution that draws nothing itself")


@unhurried()
def refuse_free_points(question: Question, right: Answers, versions: Versions) -> None:
    """Refuse a case that the stub passes, or whose answer is the same whatever the seed."""
    ask = probe.probe_in(question.source)
    draws = DRAWS_OF_TEXT if any(TEXT in outcome.text for outcome in right.values()) else 1
    elsewhere = [probe.inputs(ask, "elsewhere", question.name, draw) for draw in range(draws)]
    for case, (_, digits) in question.cases.items():
        if question.answer(versions.stub, case).text == right[case].text:
            refuse(_where(question, case), "a stub that passes", "one that fails")
        told = [attempt(versions.solution, drawn[case], digits, question.seconds).text for drawn in elsewhere]
        if len({right[case].text, *told}) <= len(told):
            refuse(_where(question, case), "the same answer for two seeds", "inputs drawn from rng")


def refuse_alike(exercise: Exercise, right: Answers, wrong: Mapping[str, Answers]) -> None:
    """Refuse a mistake that answers like the solution, or like another mistake, in every case."""
    everyone = {"the solution": right, **{f"mistake {name}": answers for name, answers in wrong.items()}}
    for (first, a), (second, b) in combinations(everyone.items(), 2):
        if all(a[case].text == b[case].text for case in a):
            refuse(exercise.name, f"{second} answering as {first} does in every case", "a case that tells them apart")


def refuse_left_out(exercise: Exercise, wrong: Mapping[str, Answers]) -> None:
    """Refuse a mistake of which no answer is the same on every processor."""
    for name, answers in wrong.items():
        if all(outcome == LEFT_OUT for outcome in answers.values()):
            refuse(f"{exercise.name}, mistake {name}", "answers that rounding can tip over", "one that it cannot")


def refuse_speechless(exercise: Exercise, wrong: Mapping[str, Answers]) -> None:
    """Refuse a mistake that gives a value in no case: its hint would go to everybody whose code fails."""
    for name, answers in wrong.items():
        if not any(outcome.form for outcome in answers.values()):
            refuse(f"{exercise.name}, mistake {name}", "no value in any case", "one, beside those where it fails")


def _where(question: Question, case: str) -> str:
    return f"{question.name}, case {case!r}"
