"""results.json, as Gradescope shows it: a test for each function. Its autograder and a class graded at home write it.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from course_kit.grading.authoring.assignment import Assignment, Exercise
from course_kit.grading.marking.result import ExerciseResult, Result
from course_kit.grading.reports.adjust import TOTAL
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.remarks import builds_on, nothing_to_ask, remarks

TEXT = {"output_format": "text", "test_output_format": "text"}  # what students wrote is never HTML


def function_tests(
    assignment: Assignment, result: Result, known: Mapping[str, Collection[str]] | None = None
) -> dict[str, dict[str, Any]]:
    """Function → its test: points and feedback.

    Args:
        assignment: What was graded.
        result: What it came to.
        known: Function → cases that may be named, others are counted; None names all.
    """
    exercises = {exercise.name: exercise for exercise in result.exercises}
    below, unasked = builds_on(assignment, exercises), bool(nothing_to_ask(exercises))
    tests = {}
    for name, one in exercises.items():
        exercise, named = assignment.exercises[name], one.cases if known is None else known[name]
        text = "" if unasked else "\n\n".join(_said(exercise, one, below[name], named))
        score = {"score": one.points, "max_score": one.of, "status": "passed" if one.points == one.of else "failed"}
        tests[name] = {"name": f"{exercise.title} ({name})", **score, "output": text}
    return tests


def _said(exercise: Exercise, result: ExerciseResult, below: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """Feedback on one function; a case that is not known is counted, and never named."""
    right = [case for case, how in result.cases.items() if how.passed]
    found = remarks(exercise, result, below)
    for remark in found:
        yield f"{remark.text}\nIt shows in {_named(remark.cases, known)}."
    if right:
        yield f"Right: {_named(right, known)}."
    if found and exercise.read:
        yield f"Read again: {', '.join(exercise.read)}."


def _named(cases: Sequence[str], known: Collection[str]) -> str:
    named = [f'"{case}"' for case in cases if case in known]
    more = len(cases) - len(named)
    return ", ".join([*named, *([f"{more} {'case' if more == 1 else 'cases'} that only grading asks"] if more else [])])


def gradescope(row: Row, assignment: Assignment, result: Result) -> str:
    """A student's results.json after grading at home: with written parts, what people changed, and lateness."""
    tests = []
    for name, test in function_tests(assignment, result).items():
        if name in row.worth:
            score = {"score": round(row.exercises[name], 2), "max_score": round(row.worth[name], 2)}
            tests.append({**test, **score, "output": "\n\n".join([test["output"], *_by_hand(row, name)]).strip()})
    for part, points in row.written.items():
        said = [row.comments[part]] if part in row.comments else []
        test = {"name": part.replace("_", " ").capitalize(), "score": round(points or 0, 2)}
        output = "\n\n".join([*said, *_by_hand(row, part)])
        tests.append({**test, "max_score": round(row.worth[part], 2), "output": output})
    notes = [f"{row.curve:g} points more by a curve"] if row.curve else []
    notes += [f"{row.factor:.0%} of {row.earned + row.curve:g} points: handed in late"] if row.factor < 1 else []
    plain = {"score": row.total or 0, "output": "\n".join([*notes, *_by_hand(row, TOTAL)]), **TEXT, "tests": tests}
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _by_hand(row: Row, part: str) -> list[str]:
    """What a person changed in a score, or said of it, a line each."""
    about = [change for change in row.adjusted if change.line.part == part]
    return [": ".join(filter(None, (f"by hand, {change.told}", change.line.comment))) for change in about]
