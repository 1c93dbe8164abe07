"""What grading one submission came to: plain data, the same for the same submission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

RIGHT = "right"


@dataclass(frozen=True)
class CaseResult:
    """How one case ended.

    Args:
        outcome: "right"; "wrong", a value that is not the right one; or how it failed: "raised ValueError", "out of
            time", "changed its inputs", "not written", "not defined", "no answer".
        mistake: Name of the known mistake that answers alike; "" if none does.
        form: Where it is wrong by its form alone: what came back and what was wanted, in words and without numbers.
        hint: What the author's judge says to it, where answers are judged and no known mistake has that hint.
    """

    outcome: str
    mistake: str = ""
    form: str = ""
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether it earns its share of the points."""
        return self.outcome == RIGHT


@dataclass(frozen=True)
class Given:
    """What a student's function answered to a case; it may hold a hidden input, so it is for the private folder alone.

    Args:
        asked: Digest of the case: its inputs and its right answer.
        text: Fingerprint of the answer; its numbers where answers are judged.
    """

    asked: str
    text: str


@dataclass(frozen=True)
class ExerciseResult:
    """One function of the student's.

    Args:
        name: The function's name.
        of: Points for all cases.
        cases: Case → how it ended.
    """

    name: str
    of: int
    cases: dict[str, CaseResult]

    @property
    def points(self) -> float:
        """Points earned: each case counts alike; to a tenth of a point."""
        return round(self.of * sum(case.passed for case in self.cases.values()) / len(self.cases), 1)


@dataclass(frozen=True)
class Result:
    """One graded submission.

    Args:
        assignment: Stem of the solution notebook, "a1_metrics".
        bundle: Digest of what was asked; another one means graded anew.
        submission: Digest of the submitted bytes.
        sandbox: How the code was contained: "namespaces", "bubblewrap" or "none".
        exercises: In the assignment's order.
        errors: Number of a code cell of the student's, from 1 → the kind of error that stopped it and, after a colon,
            the line of the student's source where it did; nothing of a message, which is made while the code runs.
        flags: What a person should look at, in words: "a cell ran out of time", "not a notebook: …".
        written: Name of each written part → the student's own words.
        answers: Function → case → what was answered.
    """

    assignment: str
    bundle: str
    submission: str
    sandbox: str
    exercises: tuple[ExerciseResult, ...]
    errors: dict[int, str]
    flags: tuple[str, ...]
    written: dict[str, str]
    answers: Mapping[str, Mapping[str, Given]] = field(default_factory=dict, compare=False)

    @property
    def points(self) -> float:
        """Points of all exercises; written parts come on top when a person has graded them."""
        return round(sum(exercise.points for exercise in self.exercises), 1)

    def to_json(self, answers: bool = False) -> str:
        """As text, the same for the same result.

        Args:
            answers: Whether with the answers, which nobody but graders may read.
        """
        plain = asdict(self)
        if not answers:
            del plain["answers"]
        return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Result:
        """What `to_json` wrote.

        Raises:
            ValueError: If it is something else.
        """
        try:
            plain: dict[str, Any] = json.loads(text)
            exercises = tuple(
                ExerciseResult(e["name"], e["of"], {case: CaseResult(**how) for case, how in e["cases"].items()})
                for e in plain.pop("exercises")
            )
            answers = {
                name: {case: Given(**given) for case, given in cases.items()}
                for name, cases in plain.pop("answers", {}).items()
            }
            errors = {int(cell): error for cell, error in plain.pop("errors").items()}
            flags = tuple(plain.pop("flags"))
            return cls(exercises=exercises, errors=errors, flags=flags, answers=answers, **plain)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a grading result: {error}") from error
