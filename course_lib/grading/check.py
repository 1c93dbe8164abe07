"""The check cell of a student notebook: `check(recall_at_k)` says at once what is right and which mistake was made."""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from course_lib.arguments import refuse
from course_lib.grading.attempt import NOT_WRITTEN, Outcome, shown
from course_lib.grading.question import Key, Question, digest, unpack

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
        question, key = self._pair(function)
        return report(question, key, question.answers(function))

    def report_in(self, names: Mapping[str, Any], name: str) -> Report:
        """Check the function of this name among those that a notebook has defined."""
        question, key = self.pairs[name]
        return report(question, key, {case: question.answer_in(names, case) for case in question.cases})

    def digest_in(self, names: Mapping[str, Any], name: str, case: str) -> str:
        """Digest of what the function of this name answers to one case."""
        question, _ = self.pairs[name]
        return digest(question, case, question.answer_in(names, case))

    def inputs(self, function: Callable, case: str) -> dict[str, Any]:
        """The inputs of a public case by name, to call a function with: `f(**check.inputs(f, case))`.

        Raises:
            ValueError: If no exercise has the function's name, or it has no such case.
        """
        question, _ = self._pair(function)
        if case not in question.cases:
            refuse("case", repr(case), f"one of {', '.join(map(repr, question.cases))}")
        return question.inputs(case).named(question.parameters)

    def _pair(self, function: Callable) -> tuple[Question, Key]:
        name = getattr(function, "__name__", type(function).__name__)
        if name not in self.pairs:
            refuse("check", name, f"one of {', '.join(self.pairs)}", "keep the name that the stub had")
        return self.pairs[name]


def report(question: Question, key: Key, outcomes: Mapping[str, Outcome]) -> Report:
    """Hold the answers to the public cases against the key.

    Args:
        question: What was asked.
        key: Its digests.
        outcomes: Case → what came of it.

    Returns:
        The report.
    """
    digests = {case: digest(question, case, outcome) for case, outcome in outcomes.items()}
    passed = {case: digests[case] == key.right[case] for case in outcomes}
    if all(outcome.text == NOT_WRITTEN for outcome in outcomes.values()):
        return Report(passed, f"… {question.name} is not written yet")
    lines, told, unknown = [], set(), []
    for case, outcome in outcomes.items():
        if passed[case]:
            lines.append(f"✓ {case}")
            continue
        hint = _hint(key, digests, case)
        remark = hint or _what_is_wrong(outcome, key.forms[case])
        lines.append(f"✗ {case}: {'as above' if remark in told else remark}")
        told.add(remark)
        if not hint:
            unknown.append(case)
    if unknown:
        lines += _smallest(question, unknown, outcomes)
    lines.append(f"{question.name}: {sum(passed.values())} of {len(passed)} cases. {REMINDER}")
    return Report(passed, "\n".join(lines))


def _hint(key: Key, digests: Mapping[str, str], case: str) -> str:
    """The hint of the known mistake with the same answer here; of several, the one that agrees in most cases."""
    fitting = [hint for hint, answers in key.mistakes.items() if answers[case] == digests[case]]
    return max(fitting, key=lambda hint: sum(key.mistakes[hint][c] == digests[c] for c in digests), default="")


def _what_is_wrong(outcome: Outcome, wanted: str) -> str:
    if not outcome.form:  # it failed, and says how
        return outcome.shown
    if outcome.form == "None":
        return "None came back: is a return missing?"
    return "not this value" if outcome.form == wanted else f"{outcome.form} came back, wanted {wanted}"


def _smallest(question: Question, cases: list[str], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Of some failed cases the one with the smallest inputs: what went in and what came back."""
    case = min(cases, key=lambda case: len(pickle.dumps(question.inputs(case))))
    inputs = question.inputs(case).named(question.parameters)
    values = {name: shown(value) for name, value in inputs.items()}
    if outcomes[case].form:
        values[f"{question.name} gave"] = outcomes[case].shown
    again = f"{question.name}(**check.inputs({question.name}, {case!r}))"
    return [
        "",
        f"The smallest of these, {case!r}; once more with {again}",
        *map(_assigned, values, values.values()),
        "",
    ]


def _assigned(name: str, value: str) -> str:
    return f"  {name} =\n{textwrap.indent(value, '    ')}" if "\n" in value else f"  {name} = {value}"
