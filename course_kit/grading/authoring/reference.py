"""Choose the inputs of every case so that solution and known mistakes answer them alike on every processor."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from course_kit.grading.asking import probe
from course_kit.grading.asking.attempt import JUDGED, OUT_OF_TIME, Outcome, attempt, look, unhurried
from course_kit.grading.asking.fingerprint import TEXT, is_clear, is_guessable, vanishing
from course_kit.grading.asking.judging import has_judge
from course_kit.grading.asking.packing import packed
from course_kit.grading.asking.question import Question
from course_kit.grading.authoring.assignment import Exercise
from course_kit.grading.authoring.judged import drawn
from course_kit.grading.authoring.rounding import FOR_MISTAKES, FOR_SOLUTIONS, ONE_RUN, Answer, Safety, answer
from course_kit.grading.authoring.versions import Versions
from course_lib.arguments import refuse

DRAWS = 60
PATIENCE = 12  # draws that one mistake may spoil before its answer to the case is left out
LEFT_OUT = Outcome("differs between processors", "", "")
TWO_WAYS = "answers that rounding can tip over"
Answers = Mapping[str, Outcome]


@dataclass(frozen=True)
class Settled:
    """An exercise with its inputs chosen.

    Args:
        question: What is asked.
        inputs: Case → its inputs, pickled.
        right: Case → what the solution answers.
        wrong: Name of each known mistake → case → what it answers; `LEFT_OUT` where no draw gave an answer that is
            the same on every processor.
    """

    question: Question
    inputs: Mapping[str, bytes]
    right: Answers
    wrong: Mapping[str, Answers]


@unhurried()
def settle(
    exercise: Exercise, source: str, seed: str, seconds: float, versions: Versions, of_mistakes: Safety = FOR_MISTAKES
) -> Settled:
    """Draw the inputs of each case until no answer to it depends on the processor, and the right one is hard to guess.

    A draw is taken where the answers of solution and known mistakes lie clear of every rounding boundary; first with
    four digits, then with three. A mistake that keeps spoiling the draws of a case is left out of that case.

    Args:
        exercise: The exercise.
        source: Source of its probe, tools included.
        seed: What to draw from.
        seconds: Time limit of a case.
        versions: The solution and the known mistakes.
        of_mistakes: How carefully the mistakes' noise is estimated; `ONE_RUN` is fast.

    Returns:
        The exercise, its cases settled.

    Raises:
        ValueError: If some case has no good draw; the line says what stood in the way.
    """
    ask = _probe(exercise, source)
    if has_judge(source):
        return _settled_by_judge(exercise, source, seed, seconds, versions)
    found: dict[str, tuple[int, int]] = {}
    inputs: dict[str, bytes] = {}
    trouble: dict[str, str] = {}
    spoilt: dict[str, Counter[str]] = {}
    for digits in (4, 3):
        for draw in range(DRAWS):
            calls = probe.inputs(ask, seed, exercise.name, draw)
            for case in [case for case in calls if case not in found]:
                where = f"{exercise.name}, case {case!r}"
                right = answer(versions.solution, _stored(where, calls[case]), seconds, FOR_SOLUTIONS)
                _refuse_hopeless(where, right)
                if why := _guessable(versions, calls[case], digits, seconds) or _trouble(right, digits):
                    trouble.setdefault(case, why)
                    continue
                counts = spoilt.setdefault(case, Counter())
                left_out = _left_out(counts)
                guarded = {name: mistake for name, mistake in versions.mistakes.items() if name not in left_out}
                ask_mistake = partial(answer, call=calls[case], seconds=seconds, safety=of_mistakes, known=right)
                if spoiler := _spoiler(guarded, ask_mistake, digits):
                    counts[spoiler] += 1
                    trouble.setdefault(case, f"mistake {spoiler} with {TWO_WAYS}")
                    continue
                found[case], inputs[case] = (draw, digits), packed(calls[case])
            if found.keys() == calls.keys():
                cases = {case: found[case] for case in calls}
                question = Question(exercise.name, exercise.parameters, exercise.points, source, seed, seconds, cases)
                out = {case: _left_out(counts) for case, counts in spoilt.items()}
                return _answered(question, inputs, versions, out)
    case = next(case for case in calls if case not in found)
    where = f"{exercise.name}, case {case!r}"
    _refuse_random(where, versions, calls[case], seconds)
    refuse(where, trouble[case], "a clear and telling answer in some draw", "change the probe")


def _settled_by_judge(exercise: Exercise, source: str, seed: str, seconds: float, versions: Versions) -> Settled:
    """An exercise whose answers are judged: nothing is compared, so no mistake has an answer of its own."""
    found = drawn(exercise, source, seed, seconds, versions.solution)
    cases = {case: (draw, JUDGED) for case, (draw, _, _) in found.items()}
    question = Question(exercise.name, exercise.parameters, exercise.points, source, seed, seconds, cases)
    inputs = {case: given for case, (_, given, _) in found.items()}
    return Settled(question, inputs, {case: outcome for case, (_, _, outcome) in found.items()}, {})


def _probe(exercise: Exercise, source: str) -> probe.Probe:
    try:
        return probe.probe_in(source)
    except Exception as error:
        refuse(f"{exercise.name}, probe", f"{type(error).__name__}: {error}", "tools and a probe that run")


def _stored(where: str, call: probe.Call | probe.Calls) -> probe.Call | probe.Calls:
    """The inputs as grading will find them: stored and read again."""
    try:
        return pickle.loads(pickle.dumps(call))
    except Exception as error:
        said = " ".join(str(error).split())
        refuse(where, f"inputs that cannot be stored: {said}", "numbers, arrays, tensors, text, and lists of them")


def _refuse_hopeless(where: str, right: Answer) -> None:
    """Refuse what no other draw would mend: a solution that fails, an answer that is no number."""
    for seen in (right.short, right.single):
        if isinstance(seen, Outcome):
            said = seen.shown.partition("\n")[0]
            what = f"a solution that takes more than its time: {said.partition(':')[0]}"
            refuse(where, what if seen.text == OUT_OF_TIME else f"a solution that {seen.text}: {said}", "a value")
        for place, leaf in seen.items():
            if isinstance(leaf, str) and not leaf.startswith(TEXT):
                what = f"{leaf} at {place} of the answer" if place else f"{leaf} as the answer"
                refuse(where, what, "numbers, texts, arrays, tables, or lists, sets and dicts of them")


def _refuse_random(where: str, versions: Versions, call: probe.Call | probe.Calls, seconds: float) -> None:
    first, second = (attempt(versions.solution, call, 3, seconds).text for _ in range(2))
    if first != second:
        refuse(where, "two answers in two runs", "a solution that draws nothing itself")


def _guessable(versions: Versions, call: probe.Call | probe.Calls, digits: int, seconds: float) -> str:
    seen = look(versions.solution, call, seconds, partial(is_guessable, digits=digits))
    return "answers that can be guessed: few small numbers" if seen is True else ""


def _trouble(right: Answer, digits: int) -> str:
    """What makes the right answer of a draw a bad one; "" if nothing does."""
    if not right.is_one_in_both or not is_clear(right.short, right.noise, digits):
        return TWO_WAYS
    if place := vanishing(right.short, right.single, digits):
        return f"an answer whose part {place} nearly vanishes beside the largest, so that a wrong one passes for right"
    return ""


def _spoiler(mistakes: Mapping[str, Callable], ask: Callable[[Callable], Answer], digits: int) -> str:
    """The first known mistake whose answer depends on the processor; "" if none does."""
    for name, mistake in mistakes.items():
        wrong = ask(mistake)
        if not isinstance(wrong.short, Outcome) and not is_clear(wrong.short, wrong.noise, digits):
            return name
    return ""


def _left_out(counts: Counter[str]) -> set[str]:
    return {name for name, count in counts.items() if count >= PATIENCE}


@unhurried()
def mistaken(mistake: Callable, inputs: bytes, digits: int, seconds: float) -> Outcome:
    """What a known mistake answers to inputs that were chosen before it was known.

    Args:
        mistake: The wrong function.
        inputs: The inputs, pickled.
        digits: Digits of the fingerprint.
        seconds: Time limit.

    Returns:
        Its answer; `LEFT_OUT` where rounding can tip it over.
    """
    seen = answer(mistake, pickle.loads(inputs), seconds, ONE_RUN)
    if not isinstance(seen.short, Outcome) and not is_clear(seen.short, seen.noise, digits):
        return LEFT_OUT
    return attempt(mistake, pickle.loads(inputs), digits, seconds)


def _answered(
    question: Question, inputs: Mapping[str, bytes], versions: Versions, left_out: Mapping[str, set[str]]
) -> Settled:
    def ask(function: object, case: str) -> Outcome:
        digits = question.cases[case][1]
        return attempt(function, pickle.loads(inputs[case]), digits, question.seconds)

    right = {case: ask(versions.solution, case) for case in question.cases}
    wrong = {
        name: {case: LEFT_OUT if name in left_out.get(case, ()) else ask(mistake, case) for case in question.cases}
        for name, mistake in versions.mistakes.items()
    }
    return Settled(question, {case: inputs[case] for case in question.cases}, right, wrong)
