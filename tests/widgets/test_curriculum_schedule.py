from __future__ import annotations

import pytest
import torch

from course_kit.widgets import CurriculumSchedule
from course_lib.negatives import curriculum


def test_the_shares_are_those_of_gradients(js):
    for epoch in (1, 2, 13):
        for gap in (0.0, 2.5, 10.0):
            hard = curriculum(epoch)
            below = torch.cat([torch.full((500,), -gap), torch.zeros(hard)]).double().requires_grad_()
            torch.nn.functional.softplus(below).sum().backward()
            got = js("schedule", epoch, 500, gap)
            assert got["hard"] == hard
            assert got["ofSet"] == pytest.approx(hard / (500 + hard))
            assert got["ofPush"] == pytest.approx((below.grad[500:].sum() / below.grad.sum()).item())


def test_few_hard_negatives_teach_most_once_the_others_are_easy(show):
    shown = show(CurriculumSchedule())
    assert shown.numbers()["hard"] == "0"
    shown.set("epoch", 7)
    shown.set("easy negatives score lower by", 8)
    assert float(shown.numbers()["hard share of the set"].split()[0]) < 2
    assert float(shown.numbers()["hard share of the push"].split()[0]) > 90


def test_there_is_a_shared_negative():
    with pytest.raises(ValueError, match=r"^shared: got 0"):
        CurriculumSchedule(0)
