"""Embeddings in the plane while they are trained: live, paused, and played back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from torch.nn.functional import normalize

from course_kit.widgets.base import Widget, fixed
from course_lib import figures
from course_lib.arguments import refuse, whole
from course_lib.datasets import planted
from course_lib.graph import InteractionGraph
from course_lib.models import MatrixFactorization
from course_lib.training import Recipe, train_epochs

PAUSE = 0.05  # seconds between two pictures, so that the kernel and the page can do other things


class TrainingPlayer(Widget):
    """Matrix factorisation in two dimensions: a picture of all users after each epoch.

    ``train`` in the page trains on in a thread of the kernel; a page without a kernel plays what was recorded.
    While it trains, only the newest picture is sent, and all of them at a pause: a page that opens later has them.

    Args:
        graph: The training graph; a generated world of three tastes by default.
        groups: Group of each user, told apart by colour and shape, length U.
        recorded: Epochs to train before it is shown.
        recipe: How to train; its epochs are the end.
        seed: Seed of the model.

    Raises:
        ValueError: If the graph is empty, there is not one group in 0 … 5 a user, or recorded is out of range.

    Source: lecture row 40.
    """

    groups = traitlets.List().tag(sync=True)
    names = traitlets.List().tag(sync=True)
    epochs = traitlets.Int().tag(sync=True)
    frames = traitlets.List().tag(sync=True)
    figures = traitlets.List().tag(sync=True)
    newest = traitlets.List().tag(sync=True)
    epoch = traitlets.Int(0).tag(sync=True, moves=True)
    playing = traitlets.Bool(False).tag(sync=True, moves=True)
    _kernel = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        graph: InteractionGraph | None = None,
        groups: Sequence[int] | None = None,
        recorded: int = 20,
        recipe: Recipe | None = None,
        seed: int = 0,
    ) -> None:
        if graph is None:
            world = planted(150, 90, num_tastes=3, skew=0.0, noise=0.05, seed=0)
            graph, groups = world.graph, world.user_taste.argmax(dim=1).tolist()
        recipe = recipe or Recipe(epochs=60, batch_size=512, lr=0.02, weight_decay=0.02)
        groups = [0] * graph.num_users if groups is None else list(groups)
        if not graph.num_edges:
            refuse("graph", graph, "at least one edge")
        if len(groups) != graph.num_users or not set(groups) <= set(range(6)):
            refuse(
                "groups", f"{len(groups)} groups, {sorted(set(groups))}", f"{graph.num_users} of 0 … 5, one per user"
            )
        if whole("recorded", recorded, least=0) > recipe.epochs:
            refuse("recorded", recorded, f"at most the recipe's {recipe.epochs} epochs")
        self._model = MatrixFactorization(graph, dim=2, seed=seed)
        self._lock = threading.Lock()
        self._steps: Iterator[float] = iter(train_epochs(self._model, graph, recipe))
        self._same = torch.tensor(groups)[:, None] == torch.tensor(groups)
        frames, figures = [self._points()], [self._measure(float("nan"))]
        for _ in range(recorded):
            figures.append(self._measure(next(self._steps)))
            frames.append(self._points())
        super().__init__(groups=groups, epochs=recipe.epochs, frames=frames, figures=figures, epoch=recorded)
        self.observe(self._play, "playing")

    def _points(self) -> list[float]:
        return self._model.embed()[0].detach().double().round(decimals=3).flatten().tolist()  # (U · 2,): x, y, x, …

    def _measure(self, loss: float) -> list[float | None]:
        """The loss, and the mean cosine of two users of the same group and of different ones."""
        unit = normalize(self._model.embed()[0].detach(), dim=1)
        cosine = unit @ unit.T
        values = loss, cosine[self._same].mean().item(), cosine[~self._same].mean().item()
        return [None if value != value else value for value in values]

    def _play(self, change: dict) -> None:
        if change["new"]:
            self._thread = threading.Thread(target=self._train, daemon=True)
            self._thread.start()

    def _train(self) -> None:
        """Train on until paused or done, with a picture for each epoch."""
        with self._lock:  # who presses twice does not train twice
            while self.playing and len(self.frames) <= self.epochs:
                measure = self._measure(next(self._steps))
                number, points = len(self.frames), self._points()
                self.figures.append(measure)  # in place, which sends nothing
                self.frames.append(points)
                self.newest = [number, points, measure]
                time.sleep(PAUSE)
            self.send_state(["frames", "figures"])
            if len(self.frames) > self.epochs:
                self.epoch, self.playing = self.epochs, False

    def draw(self, ax: Axes) -> None:
        """Draw the users in the plane."""
        figures.plane(torch.tensor(self.frames[self.epoch]).reshape(-1, 2), self.groups, ax=ax)

    def numbers(self) -> dict[str, str]:
        """The epoch that is shown, its loss, and how alike users of one group and of two groups are."""
        loss, same, other = (float("nan") if value is None else value for value in self.figures[self.epoch])
        return {
            "epoch": f"{self.epoch} of {self.epochs}",
            "loss": fixed(loss, 3),
            "cosine, same taste": fixed(same, 2),
            "cosine, different tastes": fixed(other, 2),
        }
