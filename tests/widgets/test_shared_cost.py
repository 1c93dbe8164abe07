from __future__ import annotations

import pytest

from course_kit.widgets import SharedCost


def test_the_count_is_that_of_a_list_of_who_is_needed(js):
    for B, N in ((1, 1), (3, 7), (16, 5)):
        pairs = [("query", b) for b in range(B)] + [("positive", b) for b in range(B)]
        own = pairs + [("negative", b, n) for b in range(B) for n in range(N)]
        shared = pairs + [("negative", n) for n in range(N)]
        got = js("cost", B, N)
        assert (got["own"], got["shared"]) == (len(own), len(shared))
        assert got["factor"] == pytest.approx(len(own) / len(shared))


def test_a_batch_of_2048_with_500_negatives_saves_224_and_not_2048(show):
    shown = show(SharedCost())
    assert shown.numbers()["saved on the batch"] == "29.3×"  # not the batch that notebook 08 asks about
    shown.set("batch B", 11)
    shown.set("negatives N", 500)
    numbers = shown.numbers()
    assert numbers["saved on negatives"] == "2048×"
    assert numbers["saved on the batch"] == "223.7×"
