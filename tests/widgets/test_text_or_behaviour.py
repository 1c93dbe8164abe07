from __future__ import annotations

import pytest
import torch

from course_kit.widgets import TextOrBehaviour
from course_lib.models.classics import ItemKNN
from course_lib.models.text import TextMean


def test_similarities_give_the_scores_of_the_librarys_models(js):
    widget, users = TextOrBehaviour(), torch.arange(60)
    widget.known = 5
    graph, _, text = widget.world()
    rows = graph.rows(users).double()
    for model, similar in (
        (TextMean(graph, text), js("byText", widget.tastes, widget.noise, widget.signal, 5)),
        (ItemKNN(graph), js("byBehaviour", widget.histories, 5, 48)),
    ):
        by_page = rows @ torch.tensor(similar, dtype=torch.double).T
        torch.testing.assert_close(by_page, model.score(users).double(), rtol=0, atol=1e-5)


def test_who_wins_depends_on_the_world(show):
    shown = show(TextOrBehaviour())

    def ahead(signal, known):
        shown.set("what the text tells", signal)
        shown.set("items known of each user", known)
        numbers = {name: float(value) for name, value in shown.numbers().items()}
        return numbers["text"] - numbers["behaviour"], numbers["text"] / numbers["chance"]

    assert ahead(1.0, 1)[0] > 0.05
    assert ahead(0.2, 8)[0] < -0.05
    assert ahead(0.0, 6)[1] == pytest.approx(1, abs=0.5)  # noise recommends by chance
