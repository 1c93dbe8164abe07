"""Read and analyse the files of a class, each in a process with limits, and remember those that were too much."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course_kit import storing
from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.handed_in.bounded import BUSY, bounded
from course_kit.grading.handed_in.notebook import Cell, Notebook, shortened
from course_kit.grading.handed_in.similarity import answers_in
from course_kit.grading.handed_in.submission import cells_of, checked_functions, understood, unread
from course_kit.grading.handed_in.syntax import functions, named_modules

NOT_ANALYSED = "not analysed: "  # begins the flag of a file whose cells could be read, and no more
NOTHING, SOME, HANDED_OUT, ALL, ANSWERED = range(5)  # how much of the assignment a notebook holds


@dataclass(frozen=True)
class Reading:
    """What one file holds.

    Args:
        content: Its cells as a notebook without outputs; empty if it could not be read.
        flags: What a person should look at, in words.
        holds: How much of the assignment it holds: nothing; some answers; the handed-out notebook without any; all
            answers in another notebook; answers in the handed-out one.
        answers: Function → tokens of the answer, where it is more than the stub.
    """

    content: bytes = b""
    flags: tuple[str, ...] = ()
    holds: int = NOTHING
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Read = Callable[[bytes], Reading]


def as_it_is(content: bytes) -> Reading:
    """Take bytes for what they are, without reading them."""
    return Reading(content)


class Reader:
    """Reads submissions to an assignment.

    Args:
        assignment: What they should be answers to.
        others: Other assignments of the course, for whoever handed in the wrong one: name → names of the functions.
        memory: File that remembers which files were too much; None forgets.
    """

    def __init__(self, assignment: Assignment, others: Mapping[str, Sequence[str]], memory: Path | None = None) -> None:
        self.assignment, self.others, self.memory = assignment, others, memory
        self.too_much = _remembered(memory)

    def __call__(self, content: bytes) -> Reading:
        """Read one file; no bytes raise here."""
        if not content:
            return Reading()
        digest = hashlib.sha256(content).hexdigest()
        flag = self.too_much.get(digest, "")
        if flag and not flag.startswith(NOT_ANALYSED):
            return Reading(flags=(flag,))
        found, why = bounded(_steps, content, self.assignment, self.others, not flag)
        if why:
            flag = NOT_ANALYSED + why if found else unread(why)
            if why != BUSY:
                self._remember(digest, flag)
        if not found:
            return Reading(flags=(flag,))
        return _reading(found[0], {"flags": [flag], "holds": HANDED_OUT, "answers": {}} if flag else found[1])

    def _remember(self, digest: str, flag: str) -> None:
        self.too_much[digest] = flag
        if self.memory:
            storing.replace(self.memory, json.dumps(self.too_much, indent=1, sort_keys=True) + "\n")


def other_assignments(solution: Path) -> dict[str, list[str]]:
    """The assignments beside a solution notebook: name → names of the functions; what is no assignment is left out."""
    found = {}
    for path in sorted(solution.parent.glob("*.ipynb")):
        if path.name != solution.name:
            try:
                found[path.stem] = list(read(path).exercises)
            except (ValueError, OSError):
                continue
    return found


def _remembered(memory: Path | None) -> dict[str, str]:
    try:
        plain = json.loads(memory.read_text("utf-8")) if memory else {}
        return {digest: flag for digest, flag in plain.items() if isinstance(flag, str)}
    except (OSError, ValueError, AttributeError):
        return {}


def _steps(
    content: bytes, assignment: Assignment, others: Mapping[str, Sequence[str]], analysed: bool
) -> Iterator[dict[str, Any]]:
    """What the file says, then what an analysis of its code says; where the second fails the first still holds."""
    cells, flags = cells_of(content, assignment)
    yield {"cells": [asdict(cell) for cell in cells], "flags": understood(cells, assignment, flags).flags}
    if not analysed:
        return
    code = [cell.source for cell in cells if cell.kind == "code"]
    defined = functions(code)
    answers, too_long = answers_in(defined, assignment)
    marks = checked_functions(cells)
    said = [f"names {module}, which is withheld" for module in named_modules(code, assignment.withheld)]
    said += [f"{name} is too long to be compared with others" for name in too_long]
    mine = assignment.exercises.keys() & (defined.keys() | marks)
    if not mine and (other := _looks_like(defined.keys() | marks, others)):
        said.append(f"this looks like {other}, another assignment")
    held = _holds(assignment.exercises.keys(), marks, answers.keys() | too_long)
    yield {"flags": said, "holds": held, "answers": answers}


def _looks_like(names: set[str], others: Mapping[str, Sequence[str]]) -> str:
    """The assignment that shares most functions with a notebook; "" if none shares any."""
    shared = {other: len(names & set(functions)) for other, functions in others.items()}
    best = max(shared, key=shared.__getitem__, default="")
    return best if best and shared[best] else ""


def _holds(wanted: set[str], marks: set[str], answered: set[str]) -> int:
    if wanted & marks:
        return ANSWERED if answered else HANDED_OUT
    return ALL if wanted <= answered else SOME if answered else NOTHING


def _reading(first: dict[str, Any], second: dict[str, Any]) -> Reading:
    notebook = Notebook(tuple(Cell(**cell) for cell in first["cells"]))
    return Reading(
        content=notebook.to_json() if notebook.cells else b"",
        flags=shortened([*first["flags"], *second["flags"]]),
        holds=second["holds"],
        answers={name: tuple(tokens) for name, tokens in second["answers"].items()},
    )
