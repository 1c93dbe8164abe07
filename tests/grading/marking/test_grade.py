"""What is made of how cells ended; with cells that only pretend to have been run."""

from __future__ import annotations

import builtins
import json
import re
import traceback
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from course_kit.grading.asking.probe import inputs, probe_in
from course_kit.grading.authoring.assignment import Assignment, Exercise, read
from course_kit.grading.marking import grade as module
from course_kit.grading.marking.bundle import Bundle, ExamCase
from course_kit.grading.marking.grade import FAILED, MUCH, _case, _line_of, grade, nothing
from course_kit.grading.marking.result import CaseResult, Result
from course_kit.grading.running.recorder import OUT_OF_TIME
from course_kit.grading.running.splice import Ran

ROOT = Path(__file__).parents[3]
WRONG_ANSWERS = {"low": "(): 1.111", "high": "(): 2.222"}
MISTAKES = 'def smallest(x):\n    """You forgot the largest."""\n    return x.min()'
EXERCISE = Exercise("spread", 100, 20.0, "def spread(x):\n    ...", mistakes=MISTAKES)
VARIANT = tuple(
    ExamCase("spread", case, b"", 4, 20.0, right, "an array of shape (2,)", {"smallest": WRONG_ANSWERS[case]})
    for case, right in {"low": "(): 3.333", "high": "(): 4.444"}.items()
)
BUNDLE = Bundle(Assignment("a9_small", [], "A9", exercises={"spread": EXERCISE}), b"secret", (VARIANT,), "bundle")
CELL = {"cell_type": "code", "source": "1"}
CONTENT = json.dumps({"cells": [CELL], "metadata": {}, "nbformat": 4}).encode()
WELL = Ran(True, "", "", "", "")


class Elsewhere:
    """A sandbox in which nothing is run."""

    level = "namespaces"

    @contextmanager
    def job(self):
        yield SimpleNamespace(folder=Path("/job"))


@pytest.fixture
def graded(monkeypatch):
    """The result if cells end like this, the student's own first."""

    def run(*ran: Ran) -> Result:
        monkeypatch.setattr(module, "run_confined", lambda cells, job, seconds: iter(ran))
        return grade(BUNDLE, CONTENT, "ann", Elsewhere())

    return run


def said(text: str, aside: str = "", trouble: str = "", passed: bool = False) -> Ran:
    return Ran(passed, f"{text}\n", f"{aside}\n", "", trouble)


def test_points_are_for_a_pass_and_nothing_else(graded):
    right = said("(): 3.333", passed=True)
    result = graded(WELL, right, said("(): 4.444"))
    assert [case.outcome for case in result.exercises[0].cases.values()] == ["right", "wrong"]
    assert result.points == 50
    assert (result.bundle, result.sandbox, result.errors, result.flags) == ("bundle", "namespaces", {}, ())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said("not written"), "not written"),
        (said("changed its inputs"), "changed its inputs"),
        (said("out of time"), "out of time"),
        (said("", trouble=OUT_OF_TIME), "out of time"),
        (said("", trouble="the kernel ended"), "no answer"),
        (said(""), "no answer"),
        (said("raised ValueError"), "raised ValueError"),
        (said("raised MyInputsWere123"), "raised an error of its own"),
        (said("raised __doc__"), "raised an error of its own"),
        (said("my inputs were 123"), "wrong"),
    ],
)
def test_how_a_case_failed_is_told_in_known_words(answer, outcome, graded):
    assert graded(WELL, answer, answer).exercises[0].cases["low"] == CaseResult(outcome)


@pytest.mark.parametrize(
    ("aside", "form"),
    [
        ("an array of shape (2,)", ""),
        ("", ""),
        ("an array of shape (3,)", "another shape or other names than wanted"),
        ("a number", "a number came back, wanted an array"),
        ("None", "None came back, wanted an array"),
        ("a dict with ['x']: a number", "a dict came back, wanted an array"),
        ("a MyInputsWere123", "something else came back, wanted an array"),
        ("123 array of shape", "something else came back, wanted an array"),
        ("   ", "something else came back, wanted an array"),
    ],
)
def test_a_form_is_told_in_known_words(aside, form, graded):
    answer = said("(): 9.999", aside)
    assert graded(WELL, answer, answer).exercises[0].cases["low"] == CaseResult("wrong", "", form)


def test_a_known_mistake_is_named(graded):
    result = graded(WELL, *(said(text) for text in WRONG_ANSWERS.values()))
    assert [case.mistake for case in result.exercises[0].cases.values()] == ["smallest"] * 2


def test_a_run_that_broke_off_is_no_answer_and_for_a_persons_eye(graded):
    result = graded(Ran(False, "", "", "", OUT_OF_TIME), said("(): 3.333", passed=True))
    assert result.points == 50
    assert result.exercises[0].cases["high"] == CaseResult("no answer")
    assert result.flags == (
        "code cell 1: out of time",
        "the run was ended after 2 of 3 cells: no time or no memory left",
    )


def test_who_ends_the_kernel_or_says_much_is_named(graded):
    right = said("(): 3.333", passed=True)
    assert graded(replace(WELL, asks_to_end=True), right, right).flags == ("code cell 1: it ends the kernel",)
    much = "very much output, which grading does not read"
    assert graded(replace(WELL, said=MUCH + 1), right, replace(right, said=MUCH + 9)).flags == (f"code cell 1: {much}",)
    assert graded(WELL, right, replace(right, said=MUCH + 9)).flags == (f"while asked: {much}",)
    assert graded(replace(WELL, said=MUCH), right, right).flags == ()


@pytest.mark.parametrize(
    ("error", "line", "told"),
    [
        ("ZeroDivisionError: 4711", 1, "ZeroDivisionError: 1"),
        ("ZeroDivisionError: 4711", 9, "ZeroDivisionError"),
        ("ZeroDivisionError: 4711", 0, "ZeroDivisionError"),
        ("Input4711Error: 4711", 1, "an error of its own: 1"),
        ("Value\ud800Error:\n \x1b[31m", 0, "an error of its own"),
    ],
)
def test_of_an_error_its_builtin_kind_and_the_students_own_line_are_kept(graded, error, line, told):
    assert graded(Ran(False, "", "", error, "", line)).errors == {1: told}


def test_the_line_told_is_the_one_that_stopped_also_where_blank_lines_begin_the_cell():
    source = "\n  \nx = 1\n1 / 0\ny = 2"
    try:
        exec(compile(TransformerManager().transform_cell(source), "<cell>", "exec"), {})
    except ZeroDivisionError as error:
        number = traceback.extract_tb(error.__traceback__)[-1].lineno
    assert module._line_of(source, number) == "1 / 0"


def test_a_line_of_the_students_changes_no_terminal_and_no_direction_of_text():
    assert module._line_of("x = '\x1b[31m\u202e'", 1) == "x = '�[31m�'"


def test_a_submission_that_could_not_be_graded_has_no_points_and_is_graded_again():
    result = nothing(BUNDLE, CONTENT, "ann", "none", "why")
    assert (result.points, result.flags, result.bundle) == (0, ("why",), "")


def test_a_case_brings_out_less_than_eight_bits_whatever_is_said_in_its_place():
    """The threat model counts on it: all words of our own, and of Python's, in the place of an answer and its form.

    docs/instructor.md states how many outcomes there are, and that each case of the longest assignment tells a byte.
    """
    asked = ExamCase("f", "c", b"", 4, 1.0, "(): 99", "a number", {})
    texts = ["(): 99", "(): 5", "", *FAILED, "anything", *(f"raised {name}" for name in [*dir(builtins), "Own"])]
    kinds = ["number", "array", "float64", "None", *dir(builtins)]
    forms = ["", "None", "x"]
    forms += [f"{article} {kind}{more}" for article in ("a", "an") for kind in kinds for more in ("", " with", ".")]
    outcomes = {_case(asked, Ran(False, text, form, "", ""), text) for text in texts for form in forms}
    assignments = [read(path) for path in sorted((ROOT / "solutions").glob("a[0-9]*.ipynb"))]
    # whoever makes a known mistake reads its hint in place of the form
    count = len(outcomes) + max(len(one.hints) for each in assignments for one in each.exercises.values())
    page = (ROOT / "docs/instructor.md").read_text()
    told = re.search(r"some (\d+) outcomes [^.]* at most (\d+) bytes for the\s+(\d+) cases", page)
    stated, bytes_in_all, cases = map(int, told.groups())
    assert count < 256
    assert abs(stated - count) < 10, count
    assert bytes_in_all == cases == max(map(cases_in, assignments))


def cases_in(assignment: Assignment) -> int:
    """Cases of an assignment, those that only grading asks among them."""
    probes = {one.name: assignment.probe_source(one, hidden=True) for one in assignment.exercises.values()}
    return sum(len(inputs(probe_in(source), "any seed", name, 0)) for name, source in probes.items())


def test_the_line_of_an_error_is_told_of_no_long_cell_which_could_spell_out_much():
    assert _line_of("a\n" * 200, 7) == "a"
    assert _line_of("a = '\x0c\u2028'\nb", 2) == "b"  # Python begins no line there
    assert _line_of("a\n" * 201, 7) == ""
