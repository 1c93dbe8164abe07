from __future__ import annotations

import pytest
import torch
from small_graphs import random_graph

from course_kit.widgets import RandomWalk
from course_lib.walks import personalized_pagerank


@pytest.mark.parametrize("restart", [0.0, 0.15, 0.5, 1.0])
def test_the_limit_is_the_librarys(js, restart):
    widget = RandomWalk(random_graph(3))
    graph = {trait: getattr(widget, trait) for trait in ("users", "items", "edges")}
    wanted = personalized_pagerank(widget.graph, start_users=torch.arange(9), restart=restart)
    for user in range(9):
        assert js("pagerank", graph, user, restart) == pytest.approx(wanted[user].tolist(), abs=1e-6)


def test_both_languages_take_the_same_walk(js):
    widget = RandomWalk(random_graph(4))
    graph = {trait: getattr(widget, trait) for trait in ("users", "items", "edges")}
    widget.doublings = 9
    for widget.user in range(9):
        for widget.restart in (0.0, 0.3, 1.0):
            got = js("visits", graph, widget.user, widget.restart, widget.draws[:512])
            assert got == widget.visits().tolist()


def test_more_steps_come_nearer_and_a_sure_restart_stays_at_home(show):
    shown = show(RandomWalk())
    shown.press("double")
    assert shown.numbers()["steps"] == "64"
    shown.set("steps", 12)
    assert float(shown.numbers()["farthest from the limit"]) < 0.02
    shown.set("restart", 1)
    assert shown.numbers()["at items"] == "0"
