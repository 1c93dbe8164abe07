from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.practice import check_answer

HINTS = {0.5: "You divided by K."}


@pytest.mark.parametrize("answer", [0.25, np.float32(0.25), torch.tensor(0.25), 0.2501])
def test_the_right_number_is_right_whatever_its_type(answer):
    verdict = check_answer(answer, 0.25, HINTS)
    assert verdict.right
    assert repr(verdict).startswith("✓")


def test_a_known_mistake_is_named():
    verdict = check_answer(0.5, 0.25, HINTS)
    assert not verdict.right
    assert "You divided by K." in repr(verdict)


@pytest.mark.parametrize("answer", [0.75, float("nan"), float("inf"), -0.25])
def test_another_number_is_wrong_and_the_right_one_is_not_shown(answer):
    verdict = check_answer(answer, 0.25, HINTS)
    assert not verdict.right
    assert "0.25" not in repr(verdict).replace(str(answer), "")


def test_the_dots_are_no_mistake():
    assert repr(check_answer(..., 0.25)).startswith("…")


@pytest.mark.parametrize("answer", ["a quarter", None, [0.25]])
def test_what_is_no_number_is_said_so(answer):
    assert "wants a number" in repr(check_answer(answer, 0.25))
