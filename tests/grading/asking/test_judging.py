from __future__ import annotations

import time

import numpy as np
import pytest

from course_kit.grading.asking import judging
from course_kit.grading.asking.attempt import JUDGED
from course_kit.grading.asking.check import report
from course_kit.grading.asking.judging import JUDGED_RIGHT, JUDGED_WRONG, has_judge, judged, verdict
from course_kit.grading.asking.plain import told
from course_kit.grading.asking.probe import generator
from course_kit.grading.asking.question import Key, Question, salted_digest

SOURCE = """
def hidden_edges(rng):
    rng.rand(3)
    return rng.rand(2)


def judge(case, answer, rng):
    if answer.shape == (1,):
        return "Two numbers are asked."
    return abs(answer - hidden_edges(rng)).max() < 0.1


def probe(f, rng):
    return {"two": f(rng.rand(3))}
"""


def rng():
    return generator("seed", "guess", 0)


def truth() -> np.ndarray:
    numbers = rng()
    numbers.rand(3)
    return numbers.rand(2)


def test_the_judge_draws_again_what_the_student_never_saw():
    assert judged(SOURCE, "two", truth(), rng()) == JUDGED_RIGHT
    assert judged(SOURCE, "two", truth() + 1, rng()) == JUDGED_WRONG
    assert judged(SOURCE, "two", np.zeros(1), rng()) == f"{JUDGED_WRONG}: Two numbers are asked."
    assert has_judge(SOURCE)
    assert not has_judge(SOURCE.replace("judge", "other"))


@pytest.mark.parametrize("said", ["None", "1", "answer", "str(answer)", "f'it is {answer[0]}'", "[]"])
def test_a_judge_says_yes_no_or_words_that_stand_in_it(said):
    source = f"def judge(case, answer, rng):\n    return {said}"
    with pytest.raises(ValueError, match="wanted True, False or a text"):
        judged(source, "two", truth(), rng())
    assert verdict(source, "two", told(truth()), rng()) == JUDGED_WRONG


@pytest.mark.parametrize("text", ["null", "", told([1.0, 2.0, 3.0]), told({"a": 1}), told([float("nan")] * 2)])
def test_whatever_an_answer_does_to_the_judge_it_is_wrong(text):
    assert verdict(SOURCE, "two", text, rng()) == JUDGED_WRONG


def test_a_judge_that_an_answer_keeps_busy_is_stopped(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.1)
    started = time.monotonic()
    assert verdict("def judge(case, answer, rng):\n    while True: pass", "two", told(1), rng()) == JUDGED_WRONG
    assert time.monotonic() - started < 50


QUESTION = Question("guess", ("x",), 10, SOURCE, "seed", 2.0, {"two": (0, JUDGED)})


def test_a_check_says_what_the_judge_says():
    right = QUESTION.answer(lambda x: truth(), "two")
    key = Key({"two": right.form}, {"two": salted_digest(QUESTION, "two", right)}, {})
    assert right.text == JUDGED_RIGHT

    def said(function) -> str:
        return str(report(QUESTION, key, QUESTION.answers(function)))

    assert said(lambda x: truth() + 0.05).startswith("✓ two")
    assert said(lambda x: truth() + 1).startswith("✗ two: not within the bound that the text states")
    assert said(lambda x: [0.5]).startswith("✗ two: Two numbers are asked.")
    assert said(lambda x: None).startswith("✗ two: None came back")
    assert said(lambda x: 1 / 0).startswith("✗ two: ZeroDivisionError")
