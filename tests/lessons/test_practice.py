from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from course_kit.lessons.practice import CHECKS, check_answer

EACH_CHECK = pytest.mark.parametrize("name", CHECKS)


@EACH_CHECK
@pytest.mark.parametrize("kind", [float, np.float32, torch.tensor])
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


@pytest.mark.parametrize("answer", ["a quarter", None, [0.25]])
def test_what_is_no_number_is_said_so(answer):
    assert "wants a number" in repr(check_answer("01 recall", answer))


def test_an_unknown_question_is_refused():
    with pytest.raises(ValueError, match=r"^name: got '01 nothing', wanted one of "):
        check_answer("01 nothing", 1)
