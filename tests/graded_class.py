"""Results and runs without any grading, for tests of what comes after it."""

from __future__ import annotations

from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.handed_in.run import HandedIn, Run
from course_kit.grading.marking.result import CaseResult, ExerciseResult, Result

SOLUTIONS = Path(__file__).parents[1] / "solutions"
A1, A4 = read(SOLUTIONS / "a1_metrics.ipynb"), read(SOLUTIONS / "a4_ngcf.ipynb")
IN_TIME = "2026-11-30T17:00:00+00:00"
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,A1 · Metrics (55),Other (56)
    Points Possible,,,,,100,10
"Doe, Jane",101,S1,doe1,Monday,,
"Roe, Richard",102,S2,roe2,Monday,7,
"""
MOODLE = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (grade)
Participant 7001,Jane Doe,doe1,jane@x.edu,Submitted,,100.00,-
Participant 7002,Richard Roe,roe2,roe@x.edu,No submission,,100.00,-
"""


def result(assignment: Assignment, *, sandbox: str = "namespaces", **how: object) -> Result:
    """Every function right in two cases, but for the second case of those named; other names are fields."""
    second = {name: how.pop(name, CaseResult("right")) for name in assignment.exercises}
    exercises = tuple(
        ExerciseResult(name, exercise.points, {"first case": CaseResult("right"), "second case": second[name]})
        for name, exercise in assignment.exercises.items()
    )
    fields = {"errors": {}, "flags": (), "written": {}} | how
    return Result(assignment.name, "bundle", "bytes", sandbox, exercises, **fields)


def run(assignment: Assignment, times: dict[str, str | None], **fields: object) -> Run:
    """A run with students who handed in at these times; None for who did not, "" for an unknown time."""
    handed_in = {
        student: HandedIn("" if time is None else f"{student}.ipynb", time or "", ()) for student, time in times.items()
    }
    given = {"roster": "", "due": "", "late": "none", "extensions": ""} | fields
    return Run(solution=str(SOLUTIONS / f"{assignment.name}.ipynb"), handed_in=handed_in, **given)
