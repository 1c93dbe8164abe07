"""Turn a solution notebook into the student's: stubs and check cells, no solution, no mistake, no expected value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_kit.grading.asking.attempt import JUDGED, Outcome
from course_kit.grading.asking.judging import JUDGED_RIGHT, has_judge
from course_kit.grading.asking.question import Key, Question, pack, salted_digest
from course_kit.grading.authoring.assignment import Assignment, Exercise, part_of, read
from course_kit.grading.authoring.fairness import (
    refuse_alike,
    refuse_bad_hints,
    refuse_bad_points,
    refuse_free_points,
    refuse_left_out,
    refuse_missing_lessons,
    refuse_other_parameters,
    refuse_speechless,
    refuse_unstable,
    refuse_withheld_driver,
)
from course_kit.grading.authoring.judged import refuse_bad_judge
from course_kit.grading.authoring.reference import Settled, settle
from course_kit.grading.authoring.rounding import FOR_MISTAKES, ONE_RUN, Safety
from course_kit.grading.authoring.versions import Versions, versions
from course_kit.storing import replace as store
from course_lib.arguments import refuse

PUBLIC_SEED = "public"
KEPT = ("", "setup", "stub", "written")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def release(path: Path, folder: Path, say: Callable[[str], None] = lambda line: None) -> Path:
    """Write the student notebook of a solution notebook.

    Args:
        path: The solution notebook.
        folder: Where the student notebook goes, under the same name.
        say: Told, line by line, how often solution and mistakes pass where answers are judged by a bound.

    Returns:
        The file written.

    Raises:
        ValueError: If an exercise would not grade fairly; the line names exercise and cause.
    """
    assignment = read(path)
    refuse_bad_points(assignment)
    refuse_missing_lessons(assignment, path.resolve().parents[1] / "notebooks")
    checks = pack([public_question(assignment, exercise, say) for exercise in assignment.exercises.values()])
    notebook = {
        "cells": [new for cell in assignment.cells for new in student_cells(cell, assignment, checks)],
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return store(folder / path.name, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def public_question(
    assignment: Assignment, exercise: Exercise, say: Callable[[str], None] = lambda line: None
) -> tuple[Question, Key]:
    """Settle an exercise on the public seed, with its key, or refuse it if it would not grade fairly."""
    refuse_bad_hints(exercise)
    refuse_other_parameters(exercise)
    refuse_withheld_driver(assignment, exercise)
    written, source = versions(assignment, exercise), assignment.probe_source(exercise)
    if _judges(assignment.tools) or _judges(exercise.hidden):
        refuse(f"{exercise.name}, judge", "one in the cell hidden or tools", "one in the cell probe")
    if _judges(exercise.probe):
        settled = settle(exercise, source, PUBLIC_SEED, exercise.check_seconds, written)
        refuse_bad_judge(exercise, assignment.probe_source(exercise, hidden=True), exercise.seconds, written, say)
        return _keyed(assignment, exercise, settled)
    settled = _settled_fairly(exercise, source, exercise.check_seconds, written)
    right, wrong = settled.right, settled.wrong
    refuse_alike(exercise, right, wrong)
    refuse_left_out(exercise, wrong)
    refuse_speechless(exercise, wrong)
    if exercise.hidden:
        _settled_fairly(exercise, assignment.hidden_source(exercise), exercise.seconds, written, ONE_RUN)
    return _keyed(assignment, exercise, settled)


def _judges(source: str) -> bool:
    try:
        return has_judge(source)
    except SyntaxError:  # which is refused where the source is run
        return False


def secret_question(assignment: Assignment, exercise: Exercise, seed: str) -> tuple[Question, Key]:
    """Settle an exercise on a seed that students do not know, with the cases that only grading asks, and with its key.

    Args:
        assignment: The assignment.
        exercise: One of its exercises.
        seed: What to draw from.

    Raises:
        ValueError: If some case has no good draw.
    """
    source, written = assignment.probe_source(exercise, hidden=True), versions(assignment, exercise)
    return _keyed(assignment, exercise, settle(exercise, source, seed, exercise.seconds, written, ONE_RUN))


def _keyed(assignment: Assignment, exercise: Exercise, settled: Settled) -> tuple[Question, Key]:
    question = replace(settled.question, withheld=tuple(assignment.withheld))
    right = {
        case: replace(outcome, text=JUDGED_RIGHT) if question.cases[case][1] == JUDGED else outcome
        for case, outcome in settled.right.items()
    }
    return question, Key(
        forms={case: outcome.form for case, outcome in settled.right.items()},
        right=_digests(question, right),
        mistakes={exercise.hints[name]: _digests(question, outcomes) for name, outcomes in settled.wrong.items()},
    )


def _settled_fairly(
    exercise: Exercise, source: str, seconds: float, written: Versions, of_mistakes: Safety = FOR_MISTAKES
) -> Settled:
    """Settle some cases of an exercise, and refuse them if a student could lose or gain points by them unfairly."""
    settled = settle(exercise, source, PUBLIC_SEED, seconds, written, of_mistakes)
    refuse_unstable(settled.question, settled.right, written)
    refuse_free_points(settled.question, settled.right, written)
    return settled


def _digests(question: Question, outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    return {case: salted_digest(question, case, outcome) for case, outcome in outcomes.items()}


def student_cells(cell: dict[str, Any], assignment: Assignment, checks: str) -> list[dict[str, Any]]:
    """What becomes of a cell: nothing, itself, or itself and what follows it.

    Args:
        cell: A cell of the solution notebook.
        assignment: That notebook.
        checks: What `pack` made of its questions.
    """
    part = part_of(cell)
    if part not in KEPT:
        return []
    kept = _cell(cell["cell_type"], cell["id"], cell["source"])
    if "attachments" in cell:
        kept["attachments"] = cell["attachments"]
    if part == "setup" and cell is [other for other in assignment.cells if part_of(other) == "setup"][-1]:
        source = f'from course_kit.grading.asking.check import Check\n\ncheck = Check(\n    """\n{checks}\n"""\n)'
        return [kept, _cell("code", "checks", source, folded=True)]
    if part == "stub":
        name = next(name for name, exercise in assignment.exercises.items() if exercise.stub == cell["source"])
        return [kept, _cell("code", f"check-{name}", f"check({name})")]
    return [kept]


def _cell(kind: str, name: str, source: str, folded: bool = False) -> dict[str, Any]:
    metadata = {"jupyter": {"source_hidden": True}} if folded else {}
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": metadata, **code, "source": source.splitlines(keepends=True)}
