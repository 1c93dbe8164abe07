"""Your own taste: what several models recommend to somebody who came after training, and because of which items."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor

from course_kit.widgets.base import Widget
from course_lib.arguments import refuse
from course_lib.campus import without_place
from course_lib.comparison import split_of, trained
from course_lib.datasets import Dataset, load
from course_lib.models import Model, Popularity
from course_lib.newcomer import influence

K = 5
FIVE = ("Popularity", "ItemKNN", "EASE", "MatrixFactorization", "LightGCN")
SHORT = {"MatrixFactorization": "MF"}
# What is liked at first, by data set.
START = {"campus": ("Late robot sumo", "First drone race", "First rooftop planting")}


class YourTaste(Widget):
    """Say what you like, and see what each model recommends to you, because of what, and what one item less changes.

    A score is a sum over what you like (``course_lib.newcomer``), so the page needs one table per model. Its entries
    are rounded to whole numbers from −127 to 127: every sum is exact, in the page and here.

    Args:
        dataset: A data set with titles; campus by default.
        models: Name → a model fitted to the training edges of its split 0, popularity or one that ``influence`` knows;
            by default five models of the comparison, fitted here, which takes seconds.
        most: How many items take part: those with the most users.
        liked: Titles that are liked at first.

    Raises:
        ValueError: If the data set has no titles, or a liked one is not among the items that take part.

    Source: lecture rows 5, 37 and 56.
    """

    titles = traitlets.List().tag(sync=True)
    degree = traitlets.List().tag(sync=True)
    tables = traitlets.List().tag(sync=True)  # of [name, table]: a notebook's file would sort the names of a dict
    shared = traitlets.Unicode().tag(sync=True)
    liked = traitlets.List().tag(sync=True, moves=True)
    before = traitlets.List().tag(sync=True, moves=True)
    model = traitlets.Unicode().tag(sync=True, moves=True)
    item = traitlets.Int(-1).tag(sync=True, moves=True)

    def __init__(
        self,
        dataset: Dataset | None = None,
        models: Mapping[str, Model] | None = None,
        most: int = 150,
        liked: Sequence[str] | None = None,
    ) -> None:
        dataset = dataset or load("campus")
        if not dataset.titles:
            refuse("dataset", repr(dataset), "a data set with titles")
        graph = split_of(dataset.name, 0).train
        popular = graph.item_degree.argsort(descending=True, stable=True)[:most]  # item p takes part as number p
        short = without_place if dataset.name == "campus" else str
        titles = [short(dataset.titles[item]) for item in popular.tolist()]
        liked = START.get(dataset.name, ()) if liked is None else liked
        if unknown := [title for title in liked if title not in titles]:
            refuse("liked", unknown, f"titles among the {len(titles)} with the most users")
        models = models or fitted(dataset.name)
        rows = graph.rows(torch.arange(graph.num_users))[:, popular].float()  # (U, most)
        known = [titles.index(title) for title in liked]
        super().__init__(
            titles=titles,
            degree=graph.item_degree[popular].tolist(),
            tables=[[SHORT.get(name, name), _table(model, popular)] for name, model in models.items()],
            shared=_packed((rows.T @ rows).numpy().astype("<u2")),
            liked=known,
            before=known,
            model=[SHORT.get(name, name) for name in models][-1],
        )

    def scores(self, model: str, liked: Sequence[int]) -> np.ndarray | None:
        """Scores of all items by a model, in units of its table, shape (most,); None where nothing is liked yet."""
        if not (packed := dict(self.tables)[model]):
            return np.array(self.degree)
        table = np.frombuffer(base64.b64decode(packed), dtype=np.int8).reshape(len(self.titles), -1)
        return table[list(liked)].sum(axis=0, dtype=int) if liked else None

    def recommended(self, model: str, liked: Sequence[int]) -> list[int]:
        """The list of a model, best first, without what is liked; equal scores: more users first."""
        scores = self.scores(model, liked)
        order = [] if scores is None else np.argsort(-scores, kind="stable").tolist()
        return [item for item in order if item not in liked][:K]

    def numbers(self) -> dict[str, str]:
        """How many items of each list are new since the last change of what is liked."""
        told = {}
        for name, _ in self.tables:
            now, before = (self.recommended(name, liked) for liked in (self.liked, self.before))
            told[name] = f"{len(set(now) - set(before))} new"
        return told

    def draw(self, ax: Axes) -> None:
        """Write down the first of each list."""
        ax.set_axis_off()
        for line, (name, _) in enumerate(self.tables):
            first = [self.titles[item] for item in self.recommended(name, self.liked)[:1]]
            ax.text(0, 1 - line / 5, f"{name}: {''.join(first) or '–'}", va="top")


@cache
def fitted(dataset: str) -> dict[str, Model]:
    """The five models, fitted once per process."""
    return trained(dataset, FIVE)


def _table(model: Model, items: Tensor) -> str:
    """What each item adds to the score of each, as whole numbers up to 127; nothing for popularity."""
    if isinstance(model, Popularity):
        return ""
    weights = influence(model)[items][:, items]
    return _packed((127 * weights / weights.abs().max()).round().numpy().astype(np.int8))


def _packed(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode()
