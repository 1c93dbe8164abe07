"""An input on which a known mistake shows, drawn for the class: nobody is graded on it, so everybody may see it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

from course_kit.grading.asking import probe
from course_kit.grading.asking.attempt import attempt, shown, unhurried
from course_kit.grading.asking.judging import has_judge
from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.authoring.versions import versions

SEED = "an example for the class"
DIGITS = 4


@dataclass(frozen=True)
class Example:
    """A call on which a mistake answers wrong.

    Args:
        case: The case that it is an example of.
        inputs: Parameter → value, as text.
        right: What is right, as text.
        mistaken: What the mistake answers, as text.
    """

    case: str
    inputs: dict[str, str]
    right: str
    mistaken: str


@unhurried()
def example(assignment: Assignment, function: str, mistake: str) -> Example | None:
    """The smallest input of the public cases on which a known mistake answers wrong.

    Solution, mistake and probe are the instructor's own code, and run here.

    Args:
        assignment: The assignment.
        function: The function's name.
        mistake: The mistake's name.

    Returns:
        The example; None where no public case shows the mistake, or the code cannot be run here.
    """
    exercise = assignment.exercises[function]
    if has_judge(exercise.probe):  # no single answer is the right one
        return None
    try:
        written = versions(assignment, exercise)
        cases = probe.inputs(probe.probe_in(assignment.probe_source(exercise)), SEED, function, 0)
    except Exception:  # whatever an author's code raises on this machine: the report does without the example
        return None
    calls = [(case, call) for case, asked in cases.items() for call in asked.each]
    for case, call in sorted(calls, key=lambda pair: len(pickle.dumps(pair[1]))):
        right, mistaken = (
            attempt(one, call, DIGITS, exercise.seconds) for one in (written.solution, written.mistakes[mistake])
        )
        if right.form and right.text != mistaken.text:
            inputs = {name: shown(value) for name, value in call.named(exercise.parameters).items()}
            return Example(case, inputs, right.shown, mistaken.shown)
    return None
