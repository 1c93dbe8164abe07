"""What a tutor would say to a result: which mistake, what it means, where to go on. Never an input or a right value."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_kit.grading.authoring.assignment import Assignment, Exercise, definitions
from course_kit.grading.marking.result import CaseResult, ExerciseResult

OUTCOMES = {
    "not written": "You have not written this function yet: it still raises NotImplementedError.",
    "not defined": "There is no function `{name}` once your notebook has run from top to bottom. Was it renamed or "
    "deleted, did its cell stop with an error, or did a later cell give its name to something else?",
    "changed its inputs": "Your function changes its inputs, so the code that called it continues with changed data. "
    "Work on a copy; .clone() makes one.",
    "out of time": "No answer within {seconds:g} seconds. Does a loop never end, or does it go through far more "
    "than it needs?",
    "no answer": "No answer came: your notebook's process had ended by then, or ran out of time or memory.",
}
# Kind of an error → what can be said without its message: a message may hold what only grading knows.
RAISED = {
    "NameError": "A name was not defined. Is a helper missing? Does its cell come later, or stop with an error?",
    "UnboundLocalError": "A variable was used before it had a value: on some path through the function it gets none.",
    "ModuleNotFoundError": "A module was not there. Grading has what the course installs, without the modules that "
    "the top of the notebook withholds. Write it without that module.",
    "ImportError": "An import failed. Some modules are withheld in grading; the top of the notebook says which.",
    "SyntaxError": "The cell is not valid Python. Look for a missing bracket, colon or quotation mark.",
    "IndentationError": "The lines are not indented in the way that Python needs.",
    "TabError": "Tabs and spaces are mixed at the beginning of lines.",
    "TypeError": "An operation or a call got a value of a kind that it does not take.",
    "ValueError": "An operation got a value of the right kind that it cannot use, such as arrays of different shapes.",
    "IndexError": "An index lies outside of a list or an array.",
    "KeyError": "A dictionary has no such key.",
    "AttributeError": "A value has no attribute or method of that name.",
    "ZeroDivisionError": "A number was divided by zero.",
    "OverflowError": "A number became too large.",
    "AssertionError": "A condition that an assert statement checks was not true.",
    "RuntimeError": "The library refused the operation: check the shapes and the kinds of what goes in.",
    "NotImplementedError": "Something that it calls is not written yet, or does not work for values of this kind.",
    "RecursionError": "A function called itself without an end. Which input should stop it?",
    "MemoryError": "It ran out of memory. Does it build something far larger than its inputs?",
    "FileNotFoundError": "A file was not there. Only what you hand in beside the notebook is there in grading.",
    "PermissionError": "A file or folder cannot be read or written in grading.",
    "ConnectionError": "There is no network in grading.",
    "OSError": "The system refused something: there is no network in grading, and few files.",
    "TimeoutError": "It waited too long: there is no network in grading.",
    "StopIteration": "An iterator had nothing more to give.",
    "KeyboardInterrupt": "It ran longer than a cell may, and was stopped.",
    "SystemExit": "The cell ended the notebook.",
}
WRONG = (
    "The value that your function returned is not right, and it fits none of the mistakes that we know. Work out a "
    "small example of this case by hand, and follow your function through it line by line."
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
        advice = "Call it in the notebook with inputs of this kind: the error message there names the line."
        return " ".join(filter(None, (f"Your function stopped with {kind}.", RAISED.get(kind, ""), advice)))
    if how.outcome in OUTCOMES:
        return OUTCOMES[how.outcome].format(name=exercise.name, seconds=exercise.seconds)
    if how.hint:
        return how.hint
    if how.form:
        return f"{how.form[:1].upper()}{how.form[1:]}. What does the docstring say that it returns?"
    if below:
        verb = "is" if len(below) == 1 else "are"
        uses = f"It uses {_list(below)}, which {verb} not right yet: correct that first."
        return f"The value that your function returned is not right. {uses}"
    return WRONG


def builds_on(assignment: Assignment, results: Mapping[str, ExerciseResult]) -> dict[str, list[str]]:
    """Function → the functions that its solution calls and that are not right yet."""
    open_ones = [name for name, result in results.items() if result.points < result.of]
    found = {}
    for name in results:
        tree = definitions(assignment.exercises[name].solution)[name]
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
            "Make sure that your notebook runs to its end (*Kernel → Restart Kernel and Run All Cells*). In grading it "
            "ended, or was stopped, before your functions could be asked; the notes below say where."
        )
    return (
        "Open the file that you handed in. Is it the notebook that you worked in, and does JupyterLab show your "
        "functions in it? None of them was found; the notes below may say why."
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
            steps.append(f"Write `{name}` ({title}).{_hinted(assignment.exercises[name])}")
        elif outcomes == {"not defined"}:
            steps.append(f"Define `{name}` ({title}) again: no function of that name is left in your notebook.")
        elif below[name]:
            later.append(name)
        else:
            wrong = sum(not case.passed for case in result.cases.values())
            steps.append(f"Correct `{name}` ({title}): {_few(wrong, len(result.cases))}.")
    if later:
        needed = _list([name for name in results if any(name in below[other] for other in later)])
        they = "it uses" if len(later) == 1 else "they use"
        steps = [*steps[:2], f"Then look at {_list(later)} again: {they} {needed}, so some cases may be right by then."]
    return steps[:3]


def _hinted(exercise: Exercise) -> str:
    """Where the hints are, for an exercise that has any."""
    return " The hints in the notebook lead to it in small steps." if "<details" in exercise.text else ""


def _few(wrong: int, cases: int) -> str:
    if wrong == cases:
        return "no case is right yet"
    return f"{wrong} of {cases} cases {'is' if wrong == 1 else 'are'} not right yet"


def _list(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
