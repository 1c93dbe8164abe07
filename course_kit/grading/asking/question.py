"""What is asked of a student's function, and what its answers are held against in public."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import re
import textwrap
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from course_kit.grading.asking import probe
from course_kit.grading.asking.attempt import JUDGED, Outcome, attempt, home
from course_kit.grading.asking.judging import verdict
from course_kit.grading.asking.memory import peak_memory
from course_kit.grading.asking.withholding import withheld
from course_lib.arguments import refuse

NOT_DEFINED = "not defined"


@dataclass(frozen=True)
class Question:
    """Everything needed to ask one function; it knows no answer.

    Args:
        name: The function's name.
        parameters: Its parameters' names.
        points: Points for all cases.
        source: Source text that defines `probe`.
        seed: What the inputs are drawn from.
        seconds: Time limit of a case.
        cases: Case → (which draw of the probe to take it from, digits of its fingerprint, or `JUDGED`).
        withheld: Modules that are not there in grading, and so not while it is asked.
    """

    name: str
    parameters: tuple[str, ...]
    points: int
    source: str
    seed: str
    seconds: float
    cases: Mapping[str, tuple[int, int]]
    withheld: tuple[str, ...] = ()

    def inputs(self, case: str) -> probe.Call | probe.Calls:
        """Draw the inputs of a case: always the same, and a fresh copy each time."""
        draw, _ = self.cases[case]
        return probe.inputs(probe.probe_in(self.source), self.seed, self.name, draw)[case]

    def answer(self, function: Callable, case: str) -> Outcome:
        """Ask a function for one case, without the modules that are withheld."""
        call, (draw, digits) = self.inputs(case), self.cases[case]
        with withheld(self.withheld, home(function) or {}) as missing, peak_memory() as peak:
            outcome = attempt(function, call, digits, self.seconds)
        if digits == JUDGED and outcome.form:
            rng = probe.generator(self.seed, self.name, draw)
            outcome = replace(outcome, text=verdict(self.source, case, outcome.text, rng))
        return replace(_explained(outcome, missing), memory=peak.bytes)

    def answers(self, function: Callable) -> dict[str, Outcome]:
        """Ask a function for every case."""
        return {case: self.answer(function, case) for case in self.cases}

    def answer_in(self, names: Mapping[str, Any], case: str) -> Outcome:
        """Find the function among the names that a notebook has defined, and ask it; what it prints goes unheard."""
        function = names.get(self.name)
        if not callable(function):
            return Outcome(NOT_DEFINED, "", f"there is no function {self.name}")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return self.answer(function, case)


def _explained(outcome: Outcome, missing: Mapping[str, str]) -> Outcome:
    """A failure over a name that is withheld, with the reason."""
    error, newline, where = outcome.shown.partition("\n")
    if not outcome.text.startswith("raised "):
        return outcome
    for name in sorted(missing, key=len, reverse=True):
        if re.search(rf"\b{re.escape(name)}\b", error):
            why = f"{missing[name]} is not there when this is graded: write your own. ({error})"
            return replace(outcome, shown=why + newline + where)
    return outcome


@dataclass(frozen=True)
class Key:
    """The public answers of a question as digests: they tell a match, and nothing else.

    Args:
        forms: Case → what the right value is, in words ("a number").
        right: Case → digest of the right answer.
        mistakes: Hint for a known mistake → case → digest of the mistake's answer.
    """

    forms: Mapping[str, str]
    right: Mapping[str, str]
    mistakes: Mapping[str, Mapping[str, str]]


def salted_digest(question: Question, case: str, outcome: Outcome) -> str:
    """Digest of an outcome, salted with its question: equal answers to two cases look different."""
    salted = "\n".join([question.seed, question.name, case, outcome.text])
    return hashlib.sha256(salted.encode()).hexdigest()[:12]


def pack(pairs: Iterable[tuple[Question, Key]]) -> str:
    """Questions and their public keys as lines of text for a notebook cell."""
    plain = json.dumps([[asdict(question), asdict(key)] for question, key in pairs], ensure_ascii=False)
    return "\n".join(textwrap.wrap(base64.b64encode(zlib.compress(plain.encode(), 9)).decode(), 96))


def unpack(text: str) -> dict[str, tuple[Question, Key]]:
    """What `pack` packed: name of the function → question and key.

    Raises:
        ValueError: If the text was changed.
    """
    try:
        plain = json.loads(zlib.decompress(base64.b64decode(text)))
        return {question["name"]: (Question(**question), Key(**key)) for question, key in plain}
    except (ValueError, TypeError, KeyError, zlib.error):
        refuse("checks", "a damaged text", "the folded cell as it was released", "take the notebook's folded cell anew")
