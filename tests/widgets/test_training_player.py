from __future__ import annotations

import time

import pytest
import torch
from small_graphs import random_graph

from course_lib.graph import InteractionGraph
from course_lib.models import MatrixFactorization
from course_lib.training import Recipe, train_epochs
from course_lib.widgets import TrainingPlayer

RECIPE = Recipe(epochs=8, batch_size=16, lr=0.05)


def wait_until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_its_pictures_are_those_of_plain_training():
    graph = random_graph()
    player = TrainingPlayer(graph, recorded=5, recipe=RECIPE, seed=3)
    model = MatrixFactorization(graph, dim=2, seed=3)
    losses = [loss for loss, _ in zip(train_epochs(model, graph, RECIPE), range(6), strict=False)]
    assert [row[0] for row in player.figures] == [None, *losses[:5]]
    player.playing = True
    wait_until(lambda: not player.playing)
    for _ in train_epochs(fresh := MatrixFactorization(graph, dim=2, seed=3), graph, RECIPE):
        pass
    torch.testing.assert_close(torch.tensor(player.frames[-1]), fresh.embed()[0].detach(), rtol=0, atol=1e-3)


def test_it_can_be_paused_and_trained_on_to_the_end():
    player = TrainingPlayer(random_graph(), recorded=0, recipe=RECIPE)
    player.playing = True
    wait_until(lambda: len(player.frames) > 2)
    player.playing = False
    wait_until(lambda: not player._thread.is_alive())
    paused = len(player.frames)
    assert player.epoch == 0  # what is shown is the page's choice
    player.playing = True
    wait_until(lambda: not player.playing)
    assert len(player.frames) == RECIPE.epochs + 1 > paused
    assert player.epoch == RECIPE.epochs


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
