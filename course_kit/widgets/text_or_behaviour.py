"""Text or behaviour: who recommends better depends on the world."""

from __future__ import annotations

import numpy as np
import torch
import traitlets
from torch import Tensor
from torch.nn.functional import one_hot

from course_kit.widgets.base import Widget
from course_lib.graph import InteractionGraph
from course_lib.metrics import recall_at_k
from course_lib.models.classics import ItemKNN
from course_lib.models.text import TextMean

USERS, ITEMS, TASTES, KNOWN, HIDDEN, K = 60, 48, 4, 8, 3, 5


class TextOrBehaviour(Widget):
    """Choose how much the text of an item tells of its taste and how many items of each user are known.

    A generated world: every item has one taste, every user mostly likes items of one taste. The text vector of an
    item mixes its taste with noise. Recall@5 on hidden items, of the mean of the texts and of item neighbours.

    Args:
        seed: Seed of the world.

    Source: lecture row 13.
    """

    tastes = traitlets.List().tag(sync=True)
    noise = traitlets.List().tag(sync=True)
    histories = traitlets.List().tag(sync=True)
    signal = traitlets.Float(0.7).tag(sync=True, moves=True)
    known = traitlets.Int(1).tag(sync=True, moves=True)

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        tastes = rng.permutation(np.arange(ITEMS) % TASTES)
        noise = rng.normal(scale=0.7, size=(ITEMS, TASTES)).round(2)
        histories = []
        for user in range(USERS):  # the first are known, the last hidden
            chance = np.where(tastes == user % TASTES, 1.0, 0.05)
            history = rng.choice(ITEMS, KNOWN + HIDDEN, replace=False, p=chance / chance.sum())
            histories.append(rng.permutation(history).tolist())
        super().__init__(tastes=tastes.tolist(), noise=noise.tolist(), histories=histories)

    def world(self) -> tuple[InteractionGraph, Tensor, Tensor]:
        """The graph of what is known, the hidden positives (U, I), and the text vectors (I, D)."""
        histories = torch.tensor(self.histories)  # (U, known and hidden)
        users = torch.arange(USERS).repeat_interleave(self.known)
        graph = InteractionGraph(USERS, ITEMS, users, histories[:, : self.known].flatten())
        hidden = torch.zeros(USERS, ITEMS, dtype=torch.bool).scatter(1, histories[:, KNOWN:], True)
        taste = one_hot(torch.tensor(self.tastes), TASTES).double()
        return graph, hidden, self.signal * taste + (1 - self.signal) * torch.tensor(self.noise).double()

    def numbers(self) -> dict[str, str]:
        """Recall@5 of text and of behaviour on the hidden items, and of chance."""
        graph, hidden, text = self.world()
        users = torch.arange(USERS)
        models = {"text": TextMean(graph, text.float()), "behaviour": ItemKNN(graph)}
        recall = {
            name: recall_at_k(model.score(users).double().round(decimals=4), hidden, K, exclude=graph.rows(users))
            for name, model in models.items()
        }
        return {
            **{name: f"{value:.2f}" for name, value in recall.items()},
            "chance": f"{K / (ITEMS - self.known):.2f}",
        }
