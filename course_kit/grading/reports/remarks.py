"""What a tutor would say to a result: which mistake, what it means, where to go on. Never an input or a right value."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_kit.grading.authoring.assignment import Assignment, Exercise, functions
from course_kit.grading.marking.result import CaseResult, ExerciseResult

OUTCOMES = {
    "not written": "Not written yet: the function still raises NotImplementedError.",
    "not defined": "There is no function `{name}` once your notebook has run from top to bottom. Was it renamed or "
    "deleted, or did its cell stop with an error?",
    "changed its inputs": "Your function changes its inputs, so whoever calls it goes on with other data. Work on a "
    "copy, as .clone() makes.",
    "out of time": "No answer within {seconds:g} seconds. Does a loop never end, or does it go over far more than it "
    "needs?",
    "no answer": "No answer came: your notebook's process had ended by then, or ran out of time or memory.",
}
RAISED = {
    "NameError": "A name was not defined: is a helper missing, or does its cell come later or stop with an error?",
    "ModuleNotFoundError": "A module was not there: some are withheld in grading, see the head of the notebook.",
    "ImportError": "An import failed: some modules are withheld in grading, see the head of the notebook.",
    "RecursionError": "It called itself without an end: which input should stop it?",
    "MemoryError": "It ran out of memory: does it build something far larger than its inputs?",
}
WRONG = (
    "Another value than wanted, and none of the mistakes that we know. Make a small example of this case by hand, "
    "and follow your function through it line by line."
)


@dataclass(frozen=True)
class Remark:
    """One remark on the cases that it is about."""

    cases: tuple[str, ...]
    text: str


def remarks(exercise: Exercise, result: ExerciseResult, below: Sequence[str] = ()) -> list[Remark]:
    """What to say to the cases that are not right; those with the same trouble share a remark.

    Args:
        exercise: The exercise.
        result: What the answer came to.
        below: Functions that the answer likely builds on and that are not right themselves.
    """
    texts: dict[str, list[str]] = {}
    for case, how in result.cases.items():
        if not how.passed:
            texts.setdefault(_text(exercise, how, below), []).append(case)
    return [Remark(tuple(cases), text) for text, cases in texts.items()]


def _text(exercise: Exercise, how: CaseResult, below: Sequence[str]) -> str:
    if how.mistake in exercise.hints:
        return exercise.hints[how.mistake]
    if how.outcome.startswith("raised "):
        kind = how.outcome.removeprefix("raised ")
        told = RAISED.get(kind, "Call it in the notebook with inputs of this kind: the error names the line.")
        return f"Your function stopped with {kind}. {told}"
    if how.outcome in OUTCOMES:
        return OUTCOMES[how.outcome].format(name=exercise.name, seconds=exercise.seconds)
    if how.form:
        return f"{how.form[:1].upper()}{how.form[1:]}. What does the docstring say of what is returned?"
    if below:
        verb = "is" if len(below) == 1 else "are"
        return f"Another value than wanted. It builds on {_list(below)}, which {verb} not right yet: mend that first."
    return WRONG


def builds_on(assignment: Assignment, results: Mapping[str, ExerciseResult]) -> dict[str, list[str]]:
    """Function → the functions that its solution calls and that are not right yet."""
    open_ones = [name for name, result in results.items() if result.points < result.of]
    found = {}
    for name in results:
        tree = functions(assignment.exercises[name].solution)[name]
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        found[name] = [other for other in open_ones if other in used and other != name]
    return found


def nothing_to_ask(results: Mapping[str, ExerciseResult]) -> str:
    """What to do first where no function at all could be asked; "" where one could."""
    outcomes = {case.outcome for result in results.values() for case in result.cases.values()}
    if not outcomes <= {"not defined", "no answer"}:
        return ""
    if "no answer" in outcomes:
        return (
            "Let your notebook run to its end (*Kernel → Restart Kernel and Run All Cells*). Here it ended, or was "
            "stopped, before your functions could be asked; the notes below say where."
        )
    return (
        "Open the very file that you handed in: is it the notebook that you worked in, and does JupyterLab show your "
        "functions in it? None of them was there; the notes below may say why."
    )


def next_steps(assignment: Assignment, results: Mapping[str, ExerciseResult]) -> list[str]:
    """What to do next, most useful first: at most three sentences, none if all is right."""
    if first := nothing_to_ask(results):
        return [first]
    below, steps, later = builds_on(assignment, results), [], []
    for name, result in results.items():
        outcomes = {case.outcome for case in result.cases.values()}
        title = assignment.exercises[name].title
        if result.points == result.of:
            continue
        if outcomes == {"not written"}:
            steps.append(f"Write `{name}` ({title}). Its hints in the notebook lead there in small steps.")
        elif outcomes == {"not defined"}:
            steps.append(f"Bring back `{name}` ({title}): your notebook does not define it.")
        elif below[name]:
            later.append(name)
        else:
            wrong = sum(not case.passed for case in result.cases.values())
            steps.append(f"Mend `{name}` ({title}): {_few(wrong, len(result.cases))}, see below.")
    if later:
        needed = _list([name for name in results if any(name in below[other] for other in later)])
        they = "it builds" if len(later) == 1 else "they build"
        steps = [*steps[:2], f"Then look at {_list(later)} again: {they} on {needed}, so part may be right by then."]
    return steps[:3]


def _few(wrong: int, cases: int) -> str:
    if wrong == cases:
        return "no case is right yet"
    return f"{wrong} of {cases} cases {'is' if wrong == 1 else 'are'} not right yet"


def _list(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
