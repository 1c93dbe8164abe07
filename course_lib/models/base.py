"""What a model is: :class:`Model` scores items for users, and each class below adds one idea to the one before.

:class:`EmbeddingModel` scores by the dot product of a user's and an item's embedding, :class:`TableModel` learns one
vector per node, and :class:`GraphModel` passes these vectors along the edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from course_lib.arguments import seeded, whole
from course_lib.diffusion import normalized_adjacency, without_edges
from course_lib.graph import InteractionGraph, checked_ids


class Model(Protocol):
    """What evaluation and retrieval need from a model.

    Source: lecture rows 5 and 17.
    """

    num_users: int
    num_items: int

    def score(self, users: Tensor) -> Tensor:
        """Score all items for some users: users (B,) → scores (B, I)."""


class EmbeddingModel(nn.Module):
    """A trained model that scores with the dot product of a user's and an item's embedding.

    Subclasses say in ``embed`` how the embeddings come about, and in ``penalty`` what weight decay keeps short.

    Args:
        graph: The training graph.

    Source: lecture rows 18 and 19.
    """

    def __init__(self, graph: InteractionGraph) -> None:
        super().__init__()
        self.num_users, self.num_items = graph.num_users, graph.num_items

    def embed(self) -> tuple[Tensor, Tensor]:
        """Final embeddings of all users (U, D) and all items (I, D), differentiable."""
        raise NotImplementedError

    def score(self, users: Tensor) -> Tensor:
        """Dot products of some users with all items.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).

        Raises:
            ValueError: If a user is unknown.
        """
        users = checked_ids("users", users, self.num_users)
        user_emb, item_emb = self.embed()
        return user_emb[users] @ item_emb.T

    def pair_scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Scores for training: dot products of each user with some items only.

        Args:
            users: User of each row, shape (B,).
            items: Items to score for the user, shape (B, S).

        Returns:
            Scores, shape (B, S), differentiable.
        """
        user_emb, item_emb = self.embed()
        users, items = users.to(user_emb.device), items.to(item_emb.device)
        return (embedding(users, user_emb)[:, None] * embedding(items, item_emb)).sum(dim=-1)  # (B, S)

    def penalty(self, users: Tensor, items: Tensor) -> Tensor:
        """What weight decay adds to the loss of a batch, before it is multiplied with the factor: a scalar.

        Args:
            users: Users of the batch, shape (B,).
            items: Items of the batch, any shape that begins with B.
        """
        raise NotImplementedError


class TableModel(EmbeddingModel):
    """An embedding model that learns one vector per user and one per item, in two tables.

    Args:
        graph: The training graph.
        dim: Embedding size D.
        std: Standard deviation of the normal start; small, so that scores start near 0, where the sigmoid is steep.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1.

    Source: lecture row 40.
    """

    def __init__(self, graph: InteractionGraph, dim: int = 64, std: float = 0.1, seed: int = 0) -> None:
        super().__init__(graph)
        dim = whole("dim", dim, least=1)
        table = torch.randn(graph.num_nodes, dim, generator=seeded(seed)) * std  # (N, D)
        self.user_table = nn.Parameter(table[: self.num_users].clone())  # (U, D)
        self.item_table = nn.Parameter(table[self.num_users :].clone())  # (I, D)

    def penalty(self, users: Tensor, items: Tensor) -> Tensor:
        """Half the squared length of the learnt vectors behind a batch, per row of the batch.

        Args:
            users: Users of the batch, shape (B,).
            items: Items of the batch, any shape that begins with B.

        Returns:
            A scalar, to be multiplied with the weight decay.

        Source: lecture row 33; He et al. 2020, equation 15.
        """
        total = torch.zeros((), device=self.user_table.device)
        for table, ids in ((self.user_table, users), (self.item_table, items)):
            count = torch.bincount(ids.flatten(), minlength=len(table)).to(table.device)
            total = total + (count * table.square().sum(dim=1)).sum()  # a row counts as often as the batch holds it
        return total / (2 * len(users))


class GraphModel(TableModel):
    """A model whose final embeddings come from passing the learnt vectors along the edges of the training graph.

    Subclasses say how in ``propagate``. The adjacency matrix is not learnt: it moves with the model to another device
    or dtype, but ``state_dict`` leaves it out, and copies of the model share it.

    Args:
        graph: The training graph.
        dim: Embedding size D.
        num_layers: Number of layers L.
        std: Standard deviation of the normal start.
        seed: Seed of the start.
        normalization: Of the adjacency matrix, as for ``normalized_adjacency``.

    Raises:
        ValueError: If dim < 1, num_layers < 0 or the normalization is unknown.

    Source: lecture rows 45–47 and 56.
    """

    def __init__(
        self,
        graph: InteractionGraph,
        dim: int,
        num_layers: int,
        std: float,
        seed: int,
        normalization: str = "symmetric",
    ) -> None:
        super().__init__(graph, dim, std, seed)
        self.num_layers = whole("num_layers", num_layers, least=0)
        self.register_buffer("adjacency", normalized_adjacency(graph, normalization), persistent=False)

    @contextmanager
    def without_edges(self, graph: InteractionGraph, gone: Tensor) -> Iterator[None]:
        """In this context nothing passes along some edges; degrees stay those of the whole graph.

        Args:
            graph: The training graph.
            gone: True for the edges to leave out, in the order of ``graph.user``, bool, shape (E,).

        Raises:
            ValueError: If the model was built from another graph or the shape does not fit.
        """
        every_edge = self.adjacency
        self.adjacency = without_edges(every_edge, graph, gone)
        try:
            yield
        finally:
            self.adjacency = every_edge

    def propagate(self, nodes: Tensor) -> Tensor:
        """Final node embeddings from the learnt ones: (N, D) → (N, D′)."""
        raise NotImplementedError

    def embed(self) -> tuple[Tensor, Tensor]:
        """Final embeddings of users (U, D′) and items (I, D′), differentiable."""
        nodes = torch.cat([self.user_table, self.item_table])  # (N, D), users first
        users, items = self.propagate(nodes).split([self.num_users, self.num_items])
        return users, items

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModel:
        memo[id(self.adjacency)] = self.adjacency  # shared: nothing writes to it, and torch cannot deepcopy CSR
        twin = memo[id(self)] = type(self).__new__(type(self))
        twin.__dict__.update(deepcopy(self.__dict__, memo))
        return twin


def xavier(shapes: Iterable[tuple[int, int]], seed: int) -> list[nn.Parameter]:
    """Weight matrices with a Xavier-uniform start, drawn from a random stream that no embedding table uses.

    Args:
        shapes: Shape of each matrix.
        seed: Seed of the model, a whole number of at least 0.

    Returns:
        One parameter per shape.

    Source: Glorot & Bengio 2010.
    """
    generator = seeded(-1 - seed)
    return [nn.Parameter(nn.init.xavier_uniform_(torch.empty(shape), generator=generator)) for shape in shapes]
