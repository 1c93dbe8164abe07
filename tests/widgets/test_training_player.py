from __future__ import annotations

import pytest
import torch
from comm import DummyComm
from small_graphs import random_graph

from course_kit.widgets import TrainingPlayer
from course_lib.graph import InteractionGraph
from course_lib.models import MatrixFactorization
from course_lib.training import Recipe, train_epochs
from widgets.browser import until

RECIPE = Recipe(epochs=8, batch_size=16, lr=0.05)


def test_its_pictures_are_those_of_plain_training():
    graph = random_graph()
    player = TrainingPlayer(graph, recorded=5, recipe=RECIPE, seed=3)
    model = MatrixFactorization(graph, dim=2, seed=3)
    losses = [loss for loss, _ in zip(train_epochs(model, graph, RECIPE), range(6), strict=False)]
    assert [row[0] for row in player.figures] == [None, *losses[:5]]
    player.playing = True
    until(lambda: not player.playing)
    for _ in train_epochs(fresh := MatrixFactorization(graph, dim=2, seed=3), graph, RECIPE):
        pass
    torch.testing.assert_close(torch.tensor(player.frames[-1]), fresh.embed()[0].detach().flatten(), rtol=0, atol=1e-3)


def test_it_can_be_paused_and_trained_on_to_the_end():
    player = TrainingPlayer(random_graph(), recorded=0, recipe=RECIPE)
    player.playing = True
    until(lambda: len(player.frames) > 2)
    player.playing = False
    until(lambda: not player._thread.is_alive())
    paused = len(player.frames)
    assert player.epoch == 0  # what is shown is the page's choice
    player.playing = True
    until(lambda: not player.playing)
    assert len(player.frames) == RECIPE.epochs + 1 > paused
    assert player.epoch == RECIPE.epochs


def test_while_it_trains_only_the_newest_picture_is_sent():
    player, sent = TrainingPlayer(random_graph(), recorded=0, recipe=RECIPE), []
    player.comm = DummyComm()  # once another test has imported ipykernel, a widget without a kernel is given none
    player.send_state = lambda key=None: sent.append((key, len(player.get_state()["frames"])))
    player.playing = True
    until(lambda: not player._thread.is_alive())
    pictures = [row for row in sent if row[0] == "newest"]
    assert [count for _, count in pictures] == list(range(2, RECIPE.epochs + 2))  # who opens it now has them all
    assert [row for row in sent if "frames" in row[0]] == [(["frames", "figures"], RECIPE.epochs + 1)]
    assert sent.index(pictures[-1]) < sent.index((["frames", "figures"], RECIPE.epochs + 1))


def test_a_page_adds_what_is_sent_and_takes_all_at_a_pause(show):
    player = TrainingPlayer(random_graph(), recorded=2, recipe=RECIPE)
    shown = show(player)
    assert shown.numbers()["cosine, different tastes"] == "–"  # of one group there is no other
    slider = shown.place.get_by_role("slider")
    send = "(e, [trait, value]) => e.model.set(trait, value)"
    for number, last in ((3, "3"), (3, "3"), (7, "3")):  # twice the same, and one that does not follow
        shown.place.evaluate(send, ["newest", [number, player.frames[0], [0.25, 0.5, 0.125]]])
        assert slider.get_attribute("max") == last
    shown.set("epoch", 3)
    assert shown.numbers()["loss"] == "0.250"
    shown.place.evaluate(send, ["figures", [[0.75, 0, 0]] * 9])
    shown.place.evaluate(send, ["frames", [player.frames[0]] * 9])
    assert slider.get_attribute("max") == "8"
    assert shown.numbers()["loss"] == "0.750"


def test_users_of_one_taste_meet_and_the_epochs_can_be_taken_back(show):
    shown = show(TrainingPlayer())
    assert float(shown.numbers()["cosine, same taste"]) > float(shown.numbers()["cosine, different tastes"]) + 0.5
    shown.set("epoch", 0)
    assert abs(float(shown.numbers()["cosine, same taste"])) < 0.1
    assert shown.numbers()["loss"] == "–"


def test_without_a_kernel_nothing_is_trained(show):
    shown = show(TrainingPlayer())
    shown.press("train on")
    assert shown.state("playing") is False
    assert shown.place.get_by_role("button", name="train on").get_attribute("aria-disabled") == "true"


def test_bad_worlds_are_refused():
    nothing = torch.empty(0, dtype=torch.long)
    with pytest.raises(ValueError, match=r"^graph: got "):
        TrainingPlayer(InteractionGraph(2, 2, nothing, nothing))
    with pytest.raises(ValueError, match=r"^groups: got "):
        TrainingPlayer(random_graph(), [0, 1])
    with pytest.raises(ValueError, match=r"^recorded: got 9"):
        TrainingPlayer(random_graph(), recorded=9, recipe=RECIPE)
