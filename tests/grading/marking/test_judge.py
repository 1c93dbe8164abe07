"""Judged answers are judged by the assignment of today, in a process that they cannot break."""

from __future__ import annotations

import json
import sys
import time
import zlib
from dataclasses import replace

import pytest
from solution_notebooks import write

from course_kit.grading.asking import judging
from course_kit.grading.asking.attempt import JUDGED
from course_kit.grading.asking.judging import JUDGED_RIGHT, JUDGED_WRONG
from course_kit.grading.asking.plain import told
from course_kit.grading.asking.probe import generator
from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.marking import judge as judge_process
from course_kit.grading.marking.bundle import Bundle, ExamCase, _cases, kept_cases
from course_kit.grading.marking.changes import changed_parts
from course_kit.grading.marking.grade import _asked
from course_kit.grading.marking.judge import judge
from course_kit.grading.marking.mark import marked, remarked, stale
from course_kit.grading.marking.result import CaseResult, Result
from course_kit.grading.running.splice import Ran

TOOLS = """import numpy as np


def world(rng):
    return {"one": rng.randn(50), "two": rng.rand(9)}"""
PROBE = """def judge(case, answer, rng):
    x = world(rng)[case]
    if answer.shape == (3,):
        return np.zeros(int(answer[0])).size > 0
    if answer == -2:
        import ctypes
        signal = ctypes.c_int()
        ctypes.CDLL(None).prctl(2, ctypes.byref(signal))  # that comes when the parent ends
        return signal.value == 9
    if answer == -3:
        import signal
        signal.setitimer(signal.ITIMER_REAL, 0)
    if answer in (0, -3):
        while True: pass
    if answer < 0:
        import os
        os._exit(0)
    if answer > 90:
        return "You forgot to divide."
    return "Too large." if answer > 9 else abs(answer - x.max() + x.min()) < 0.01


def probe(f, rng):
    return {case: f(x) for case, x in world(rng).items()}"""
PARTS = {
    "tools": TOOLS,
    "mistakes": 'def total(x):\n    """You forgot to divide."""\n    return 99.0',
    "probe": PROBE,
}


def assignment_of(folder, **changed) -> Assignment:
    return read(write(folder / "a9_small.ipynb", **{**PARTS, **changed}))


@pytest.fixture(scope="module")
def assignment(tmp_path_factory) -> Assignment:
    return assignment_of(tmp_path_factory.mktemp("solutions"))


@pytest.fixture(scope="module")
def variant(assignment) -> tuple[ExamCase, ...]:
    return tuple(_cases(assignment, assignment.exercises["spread"], "secret seed"))


def bundle_of(assignment, variant) -> Bundle:
    return Bundle(assignment, b"secret", (variant,), "digest")


def test_a_case_knows_where_its_world_came_from_and_its_inputs_do_not(variant):
    one, two = variant
    assert (one.digits, one.mistakes, one.is_judged) == (JUDGED, {}, True)
    x = generator("secret seed", "spread", one.draw).randn(50)
    assert json.loads(one.right)["numbers"] == [pytest.approx(x.max() - x.min())]
    inputs = zlib.decompress(one.inputs) + zlib.decompress(two.inputs)
    assert not any(word in inputs for word in (b"judge", b"Too large", b"secret seed", b"world"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [(1e5, f"{JUDGED_WRONG}: You forgot to divide."), (50, f"{JUDGED_WRONG}: Too large."), (1, JUDGED_WRONG)],
)
def test_an_answer_is_judged(assignment, variant, answer, said):
    assert judge(assignment, variant[0], variant[0].right) == JUDGED_RIGHT
    assert judge(assignment, variant[0], told(answer)) == said


@pytest.mark.parametrize("answer", [[7e8, 1, 1], [float("nan")] * 3, -1, "null", "x" * 10**6])
def test_what_breaks_the_judge_is_wrong(assignment, variant, answer):
    text = answer if isinstance(answer, str) else told(answer)
    assert judge(assignment, variant[0], text) == JUDGED_WRONG


@pytest.mark.parametrize(("answer", "module"), [(0, judging), (-3, judge_process)])
def test_what_keeps_the_judge_busy_is_wrong(answer, module, assignment, variant, monkeypatch):
    """The second stands for a computation that no signal interrupts."""
    monkeypatch.setattr(module, "SECONDS", 0.2 if module is judging else -4.5)
    started = time.monotonic()
    assert judge(assignment, variant[0], told(answer)) == JUDGED_WRONG
    assert time.monotonic() - started < 60


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a process with its parent")
def test_a_judge_ends_with_the_grader(assignment, variant):
    assert judge(assignment, variant[0], told(-2)) == JUDGED_RIGHT


def ran(text: str, passed: bool = True, aside: str = "a number", trouble: str = "") -> Ran:
    return Ran(passed, f"{text}\n", aside, "", trouble)


def result_of(assignment, variant, *answers: Ran | None) -> Result:
    bundle = bundle_of(assignment, variant)
    outcomes, given = _asked(assignment, variant, answers)
    exercises = tuple(marked(bundle, "ann", outcomes, given))
    return Result("a9_small", "b", "s", "namespaces", exercises, {}, (), {}, given)


def cases_of(result: Result) -> list[CaseResult]:
    return list(result.exercises[0].cases.values())


def test_a_hint_that_a_known_mistake_has_names_it(assignment, variant):
    result = result_of(assignment, variant, ran(told(99)), ran(told(50)))
    assert cases_of(result) == [CaseResult("wrong", "total"), CaseResult("wrong", hint="Too large.")]
    assert Result.from_json(result.to_json(answers=True)) == result


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        (None, CaseResult("no answer")),
        (ran("", aside=""), CaseResult("no answer")),
        (ran("raised ValueError", aside=""), CaseResult("raised ValueError")),
        (ran("not written", aside=""), CaseResult("not written")),
        (ran("out of time", aside=""), CaseResult("out of time")),
        (ran("judged right"), CaseResult("wrong")),
        (ran("null", aside="a str"), CaseResult("wrong", form="a str came back, wanted a number")),
        (ran("", passed=False, trouble="the kernel ended"), CaseResult("no answer")),
    ],
)
def test_what_told_no_numbers_earns_nothing(assignment, variant, answer, how):
    assert cases_of(result_of(assignment, variant, answer, None))[0] == how


def test_a_right_answer_counts_only_of_a_cell_that_passed(assignment, variant):
    right = variant[0].right
    assert cases_of(result_of(assignment, variant, ran(right), None))[0] == CaseResult("right")
    assert cases_of(result_of(assignment, variant, ran(right, passed=False), None))[0] == CaseResult("wrong")


def test_another_judge_judges_what_is_stored_and_nobodys_code_runs(assignment, variant, tmp_path):
    stored = result_of(assignment, variant, ran(variant[0].right), ran(told(50)))
    kinder = assignment_of(tmp_path, probe=PROBE.replace("answer > 9", "answer > 60").replace("0.01", "55"))
    before = bundle_of(assignment, variant)
    kept = kept_cases(before, kinder, 0, "spread")
    assert kept == variant
    assert stale(stored, bundle_of(kinder, kept), "ann", "s", "namespaces") == ""
    assert cases_of(remarked(bundle_of(kinder, kept), "ann", stored)) == [CaseResult("right")] * 2
    assert changed_parts(assignment, kinder) == ["spread: its answers are judged by something else"]
    again = remarked(before, "ann", remarked(bundle_of(kinder, kept), "ann", stored))
    assert cases_of(again) == cases_of(stored)


def test_a_judge_that_fails_the_solution_on_the_old_questions_gets_new_ones(assignment, variant, tmp_path):
    stricter = assignment_of(tmp_path, probe=PROBE.replace("0.01", "-1"))
    assert kept_cases(bundle_of(assignment, variant), stricter, 0, "spread") == ()


def test_a_judged_answer_counts_as_long_as_the_same_is_asked_whatever_the_solution_answered(variant):
    assert replace(variant[0], right="another run's").digest == variant[0].digest
    assert replace(variant[0], draw=4).digest != variant[0].digest
