from __future__ import annotations

import pytest
import torch
from small_graphs import random_graph

from course_kit.widgets import NegativeWindow
from course_lib.graph import InteractionGraph


def test_the_share_is_counted_over_all_users(js):
    widget = NegativeWindow()
    for widget.low, widget.width in ((0, 1), (0, 20), (3, 5), (17, 3)):
        items = widget.window()
        rows = zip(items.tolist(), widget.future.tolist(), strict=True)
        hits = [come[v] for row, come in rows for v in row if v >= 0]
        got = js("falseShare", widget.false_negatives, widget.low, widget.low + widget.width)
        assert got == pytest.approx(sum(hits) / len(hits))


def test_the_nearest_are_positives_to_come_and_the_farthest_are_easy(show):
    shown = show(NegativeWindow())
    shares = []
    for low in (0, 4, 10, 18):
        shown.set("from", low)
        shares.append(float(shown.numbers()["positives to come"].split()[0]))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 2 * float(shown.numbers()["among all"].split()[0])
    assert shown.say().startswith("Clean, and easy")


def test_the_sentence_compares_with_what_is_outside_the_window(show):
    shown = show(NegativeWindow())
    shown.set("width", 1)
    widget = shown.widget
    widget.low, widget.width = 0, 1
    items, (come, unmet) = widget.window(), (widget.future, ~widget.seen)
    inside = torch.zeros_like(unmet).scatter(1, items.clamp(min=0), True) & unmet
    ratio = (come & inside).sum() / inside.sum() / ((come & unmet & ~inside).sum() / (unmet & ~inside).sum())
    assert f"{ratio:.1f} times the share outside it" in shown.say()
    assert shown.say().startswith("The hardest")
    shown.set("from", 1)
    assert not shown.say().startswith("The hardest")
    shown.set("from", 0)
    shown.set("width", 20)
    assert shown.say() == "The window holds everything that a user has not met."


def test_graphs_that_do_not_fit_are_refused():
    nothing = torch.empty(0, dtype=torch.long)
    with pytest.raises(ValueError, match=r"^train, future: got "):
        NegativeWindow(random_graph(), InteractionGraph(9, 11, nothing, nothing))
    with pytest.raises(ValueError, match=r"^train: got .*at least 20 items"):
        NegativeWindow(random_graph(), random_graph(1))
