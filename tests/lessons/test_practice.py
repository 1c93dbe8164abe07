from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from course_kit.lessons.checks import CHECKS, WORKED
from course_kit.lessons.practice import TRIES, check_answer, read_number


@pytest.fixture(autouse=True)
def _a_fresh_kernel() -> None:
    TRIES.clear()


EACH_CHECK = pytest.mark.parametrize("name", CHECKS)


@EACH_CHECK
@pytest.mark.parametrize(
    "kind", [float, np.float32, torch.tensor, lambda x: torch.tensor([x]), lambda x: np.array([[x]]), str]
)
def test_the_right_number_is_right_whatever_its_type(name, kind):
    verdict = check_answer(name, kind(CHECKS[name].answer))
    assert verdict.right
    assert repr(verdict).startswith("✓")


@EACH_CHECK
def test_every_known_mistake_is_named(name):
    for wrong, hint in CHECKS[name].hints.items():
        verdict = check_answer(name, wrong)
        assert not verdict.right
        assert hint in repr(verdict)


@EACH_CHECK
@pytest.mark.parametrize("answer", [123456.7, float("nan"), float("inf")])
def test_another_number_is_wrong_and_gets_the_general_line(name, answer):
    assert "read the definition" in repr(check_answer(name, answer))


@EACH_CHECK
def test_no_hint_gives_the_answer_away(name):
    check = CHECKS[name]
    assert not any(f"{check.answer:g}" in re.findall(r"[\d.]*\d", hint) for hint in check.hints.values())


@EACH_CHECK
def test_every_check_is_asked_in_its_lesson(name):
    (path,) = (Path(__file__).parents[2] / "notebooks").glob(f"{name[:2]}_*.ipynb")
    assert any(f'check_answer("{name}"' in "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])


def test_the_dots_are_no_mistake():
    assert repr(check_answer("01 recall", ...)).startswith("…")


@pytest.mark.parametrize(
    "answer",
    ["a quarter", "", "1.2.3", "1/0", "1,2", None, print, torch.tensor([0.1, 0.4]), np.ones((2, 2)), [], (24, 768), {}],
)
def test_what_is_no_number_is_said_so_in_one_line(answer):
    line = repr(check_answer("01 recall", answer))
    assert re.match(r"✗ this wants (a|one) number; ", line)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("24,768", 24768),
        ("1,024,000.5", 1024000.5),
        ("66.7 %", 0.667),
        ("2/3", 2 / 3),
        ("−2", -2),
        (" .7 ", 0.7),
        ("1e3", 1000),
    ],
)
def test_a_text_is_read_as_people_write_numbers(text, number):
    assert read_number(text) == pytest.approx(number)


@pytest.mark.parametrize(
    ("answer", "right"), [(0.7, True), (0.67, True), (0.667, True), (0.65, False), (0.6, False), (1, False)]
)
def test_honest_rounding_is_right_and_cutting_off_is_not(answer, right):
    assert check_answer("07 walk", answer).right is right


def test_rounding_does_not_make_a_known_mistake_right():
    for name, check in CHECKS.items():
        for wrong in check.hints:
            assert not check_answer(name, wrong).right
            assert not check_answer(name, str(wrong)).right


def test_percent_is_named():
    assert "not percent" in repr(check_answer("07 walk", 66.7))


def test_the_same_mistake_again_gets_a_first_step_and_then_the_worked_answer():
    assert "after 3 tries" in repr(check_answer("01 recall", "show"))
    lines = [repr(check_answer("01 recall", 1.0)) for _ in range(3)]
    step, worked = WORKED["01 recall"]
    assert [step in line for line in lines] == [False, True, True]
    assert ["worked answer" in line for line in lines] == [False, False, True]
    assert worked in repr(check_answer("01 recall", "show"))
    assert not check_answer("01 recall", "show").right
    assert "after 3 tries" in repr(check_answer("01 auc", "show"))


@EACH_CHECK
def test_a_worked_answer_arrives_at_the_answer_and_a_first_step_does_not(name):
    step, worked = WORKED[name]
    numbers = [read_number(part) for part in re.findall(r"\d[\d,]*(?:\.\d+)?(?:/\d+)?", worked)]
    assert check_answer(name, numbers[-1]).right
    assert not any(check_answer(name, part).right for part in re.findall(r"\d[\d,]*(?:\.\d+)?", step))


def test_every_check_is_worked():
    assert list(WORKED) == list(CHECKS)


def test_an_unknown_question_is_refused():
    with pytest.raises(ValueError, match=r"^name: got '01 nothing', wanted one of "):
        check_answer("01 nothing", 1)
