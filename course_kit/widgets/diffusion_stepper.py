"""Diffusion, layer after layer: from noise to the popularity list."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import traitlets
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import normalize

from course_kit.widgets.base import Widget
from course_lib.arguments import refuse
from course_lib.datasets import planted
from course_lib.diffusion import normalized_adjacency, polynomial
from course_lib.graph import InteractionGraph
from course_lib.metrics import top_k

LAYERS = 128
MIXES = ("mean", "last", "first", "fading", "signed")
FADE = 0.2


class DiffusionStepper(Widget):
    """Up to 128 layers of diffusion of random embeddings, and five ways to mix them: everybody's top-K at a glance.

    Args:
        graph: The graph, at most 60 users and 60 items; a small generated world with three tastes by default.
        groups: Group of each user, in which order users are drawn; length U.
        k: Length of the lists K.
        dim: Embedding size D.
        seed: Seed of the random embeddings.

    Raises:
        ValueError: If the graph is empty or too large, or there is not one group per user.

    Source: lecture rows 60–66.
    """

    num_users = traitlets.Int().tag(sync=True)
    num_items = traitlets.Int().tag(sync=True)
    edges = traitlets.List().tag(sync=True)
    groups = traitlets.List().tag(sync=True)
    k = traitlets.Int().tag(sync=True)
    embeddings = traitlets.List().tag(sync=True)
    layers = traitlets.Int(2).tag(sync=True, moves=True)
    mix = traitlets.Enum(MIXES, "mean").tag(sync=True, moves=True)

    def __init__(
        self,
        graph: InteractionGraph | None = None,
        groups: Sequence[int] | None = None,
        k: int = 4,
        dim: int = 16,
        seed: int = 0,
    ) -> None:
        if graph is None:
            world = planted(30, 24, num_tastes=3, edges_per_user=6, noise=0.05, seed=1)
            graph, groups = world.graph, world.user_taste.argmax(dim=1).tolist()
        if not graph.num_edges or max(graph.num_users, graph.num_items) > 60:
            refuse("graph", graph, "at least one edge, at most 60 users and 60 items", "take a piece of it")
        groups = [0] * graph.num_users if groups is None else list(groups)
        if len(groups) != graph.num_users:
            refuse("groups", f"{len(groups)} groups", f"one per user ({graph.num_users})")
        if not 1 <= k < graph.num_items:
            refuse("k", k, f"a length in [1, {graph.num_items})")
        draw = torch.randn(graph.num_nodes, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.double)
        edges = [list(edge) for edge in zip(graph.user.tolist(), graph.item.tolist(), strict=True)]
        self.graph = graph
        super().__init__(
            num_users=graph.num_users,
            num_items=graph.num_items,
            edges=edges,
            groups=groups,
            k=k,
            embeddings=draw.round(decimals=3).tolist(),
        )

    def alpha(self) -> list[float]:
        """Weight of each layer, length L + 1; of two or more layers, "signed" takes away the mean of the last two."""
        L = self.layers
        even = 1 / (L + 1)
        fading = [FADE * (1 - FADE) ** layer for layer in range(L)] + [(1 - FADE) ** L]
        return {
            "mean": [even] * (L + 1),
            "last": [0.0] * L + [1.0],
            "first": [1.0] + [0.0] * L,
            "fading": fading,
            "signed": [even] * (L - 1) + [even - 0.5] * 2 if L >= 2 else [even] * (L + 1),
        }[self.mix]

    def embed(self) -> tuple[Tensor, Tensor]:
        """Final embeddings of users (U, D) and items (I, D)."""
        nodes = torch.tensor(self.embeddings, dtype=torch.double)  # (N, D)
        users, items = polynomial(normalized_adjacency(self.graph), nodes, self.alpha()).split(
            [self.num_users, self.num_items]
        )
        return users, items

    def draw(self, ax: Axes) -> None:
        """Draw who is recommended what: one row per user, dark where the item is in the list."""
        users, items = self.embed()
        lists = torch.zeros(self.num_users, self.num_items).scatter(1, top_k(users @ items.T, self.k), 1.0).numpy()
        ax.imshow(lists, cmap="Greys", aspect="auto")
        ax.set(xlabel="items", ylabel="users")

    def numbers(self) -> dict[str, str]:
        """Different lists, mean rank correlation of scores and popularity, mean cosine of two users."""
        from scipy.stats import spearmanr

        users, items = self.embed()
        scores = users @ items.T  # (U, I)
        lists = {frozenset(row) for row in top_k(scores, self.k).tolist()}
        popular = [spearmanr(row, self.graph.item_degree).statistic for row in scores]
        unit = normalize(users, dim=1)
        cosine = ((unit @ unit.T).sum() - self.num_users) / (self.num_users * (self.num_users - 1))
        return {
            "different lists": f"{len(lists)} of {self.num_users}",
            "rank correlation with popularity": f"{sum(popular) / len(popular):.2f}",
            "cosine of two users": f"{cosine:.2f}",
        }
