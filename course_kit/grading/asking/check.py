"""The check cell of a student notebook: `check(recall_at_k)` says at once what is right and which mistake was made."""

from __future__ import annotations

import pickle
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from course_kit.grading.asking.attempt import NOT_WRITTEN, Outcome, shown
from course_kit.grading.asking.diagnosis import diagnose, suspect
from course_kit.grading.asking.driver import asked
from course_kit.grading.asking.fingerprint import tells
from course_kit.grading.asking.judging import JUDGED_WRONG, hint_in
from course_kit.grading.asking.limits import MOST_MEMORY, MUCH_MEMORY
from course_kit.grading.asking.probe import Call, Calls, Driven
from course_kit.grading.asking.question import NOT_DEFINED, Key, Question, salted_digest, unpack
from course_lib.arguments import refuse

WIDTH = 90
WRONG, NOT_ENOUGH = "not this value", "not within the bound that the text states"
REMINDER = "Grading asks the same kinds of cases with other inputs."


@dataclass(frozen=True)
class Report:
    """What a check found; shown as plain text, so that nothing a student's code returns is ever rendered.

    Args:
        passed: Case → whether the answer was right.
        text: What to read.
    """

    passed: Mapping[str, bool]
    text: str

    def __repr__(self) -> str:
        return self.text


class Check:
    """The checks of one student notebook.

    Args:
        packed: What `course release` packed: inputs to draw, digests of right answers and of known mistakes.
    """

    def __init__(self, packed: str) -> None:
        self.pairs = unpack(packed)

    def __call__(self, function: Callable) -> Report:
        """Ask a function the public cases.

        Args:
            function: The student's, under the name that its stub had.

        Returns:
            ✓ or ✗ for every case, the hints for known mistakes, else the smallest input that went wrong.

        Raises:
            ValueError: If no exercise has the function's name.
        """
        question, key = self._pair(function, sys._getframe(1).f_globals)
        return report(question, key, question.answers(function))

    def report_in(self, names: Mapping[str, Any], name: str) -> Report:
        """Check the function of this name among those that a notebook has defined."""
        question, key = self.pairs[name]
        return report(question, key, {case: question.answer_in(names, case) for case in question.cases})

    def digest_in(self, names: Mapping[str, Any], name: str, case: str) -> str:
        """Digest of what the function of this name answers to one case."""
        question, _ = self.pairs[name]
        return salted_digest(question, case, question.answer_in(names, case))

    def inputs(self, function: Callable, case: str) -> dict[str, Any] | list[dict[str, Any]]:
        """The inputs of a public case by name, to call a function with: `f(**check.inputs(f, case))`.

        Returns:
            Name of each parameter → its value; a list of such where the case is a list of calls.

        Raises:
            ValueError: If no exercise has the function's name, or it has no such case.
        """
        question, _ = self._pair(function, sys._getframe(1).f_globals)
        return _inputs(question, case).named(question.parameters)

    def ask(self, function: Callable, case: str) -> Any:
        """Ask a public case as the check does, but let errors through.

        Returns:
            What came of it: of a list of calls, a list.

        Raises:
            ValueError: If no exercise has the function's name, or it has no such case.
        """
        question, _ = self._pair(function, sys._getframe(1).f_globals)
        return _inputs(question, case)(function)

    def _pair(self, function: Callable, names: Mapping[str, Any]) -> tuple[Question, Key]:
        """The exercise that a function answers: what the notebook calls it counts, for grading looks there too."""
        called = next((name for name in self.pairs if names.get(name) is function), None)
        name = called or getattr(function, "__name__", type(function).__name__)
        if name not in self.pairs or not callable(function):
            refuse("check", name, f"one of {', '.join(self.pairs)}", "keep the name that the stub had")
        return self.pairs[name]


def _inputs(question: Question, case: str) -> Call | Calls:
    if case not in question.cases:
        refuse("case", repr(case), f"one of {', '.join(map(repr, question.cases))}")
    return question.inputs(case)


def report(question: Question, key: Key, outcomes: Mapping[str, Outcome]) -> Report:
    """Hold the answers to the public cases against the key.

    Args:
        question: What was asked.
        key: Its digests.
        outcomes: Case → what came of it.

    Returns:
        The report.
    """
    digests = {case: salted_digest(question, case, outcome) for case, outcome in outcomes.items()}
    passed = {case: digests[case] == key.right[case] for case in outcomes}
    if all(outcome.text == NOT_WRITTEN for outcome in outcomes.values()):
        return Report(passed, f"… {question.name} is not written yet")
    if all(outcome.text == NOT_DEFINED for outcome in outcomes.values()):
        lost = "keep the name that the stub had, and give it to nothing else in a later cell"
        return Report(passed, f"✗ there is no function {question.name}: {lost}")
    telling = [case for case in outcomes if tells(outcomes[case].text)]
    hints = diagnose(digests, key.right, key.mistakes, telling)
    guesses = suspect(digests, key.right, key.mistakes, telling)
    lines, told, unknown = [], {}, []
    for case, outcome in outcomes.items():
        if passed[case]:
            lines.append(_wrapped(f"✓ {case}{_heavy(outcome.memory)}"))
            continue
        remark = hints.get(case) or _guess(guesses.get(case)) or _what_is_wrong(outcome, key.forms[case])
        lines.append(_wrapped(f"✗ {case}: " + (f"as in {told[remark]!r}" if remark in told else remark)))
        if remark != WRONG:
            told.setdefault(remark, case)
        if case not in hints:
            unknown.append(case)
    if unknown:
        lines += _smallest(question, unknown, outcomes)
    lines.append(f"{question.name}: {sum(passed.values())} of {len(passed)} cases. {REMINDER}")
    return Report(passed, "\n".join(lines))


def _wrapped(text: str) -> str:
    """Broken between words: JupyterLab would break a long line anywhere."""
    first, newline, where = text.partition("\n")
    whole = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(first, WIDTH, subsequent_indent="  ", **whole) + newline + where


def _heavy(memory: int) -> str:
    if memory < MUCH_MEMORY:
        return ""
    return (
        f", but it took {memory >> 20} MB of memory beside its inputs. Grading may ask far larger inputs with "
        f"{MOST_MEMORY >> 30} GB in all: do you build a table of all pairs?"
    )


def _guess(hint: str | None) -> str | None:
    return hint and f"perhaps this, though other cases say otherwise: {hint}"


def _what_is_wrong(outcome: Outcome, wanted: str) -> str:
    if not outcome.form:  # it failed, and says how
        return outcome.shown
    if hint := hint_in(outcome.text):
        return hint
    if outcome.form == "None":
        return "None came back: is a return missing?"
    if outcome.form == wanted:
        return NOT_ENOUGH if outcome.text == JUDGED_WRONG else WRONG
    return f"{outcome.form} came back, wanted {wanted}"


def _smallest(question: Question, cases: list[str], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Of some failed cases the one with the smallest inputs: what went in and what came back."""
    case = min(cases, key=lambda case: len(pickle.dumps(question.inputs(case))))
    name, calls = question.name, question.inputs(case).each
    inputs = f"check.inputs({name}, {case!r})"
    again = f"{name}(**{inputs})" if len(calls) == 1 else f"[{name}(**inputs) for inputs in {inputs}]"
    lines, before = [f"The smallest of these is {case!r}. To run it once more:"], {}
    if isinstance(calls[0], Driven):
        lines += [f"  check.ask({name}, {case!r})", "which does this:", textwrap.indent(asked(calls[0].driver), "  ")]
    else:
        lines.append(f"  {again}")
    for number, call in enumerate(calls, 1):
        values = {parameter: shown(value) for parameter, value in call.named(question.parameters).items()}
        if len(calls) > 1:
            lines.append(f"  call {number}{', where it differs' if before else ''}:")
        changed = [_assigned(*pair) for pair in values.items() if before.get(pair[0]) != pair[1]]
        lines += [textwrap.indent(line, "  ") for line in changed] if len(calls) > 1 else changed
        before = values
    if outcomes[case].form:
        lines.append(_assigned(f"{name} gave" + ", call by call" * (len(calls) > 1), outcomes[case].shown))
    return ["", *lines, ""]


def _assigned(name: str, value: str) -> str:
    return f"  {name} =\n{textwrap.indent(value, '    ')}" if "\n" in value else f"  {name} = {value}"
