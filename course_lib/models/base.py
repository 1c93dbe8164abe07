"""What a model is: something that scores items for users, most often through embeddings."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from course_lib.arguments import whole
from course_lib.graph import InteractionGraph, checked_ids


class Model(Protocol):
    """What evaluation and retrieval ask of a model.

    Source: lecture rows 5 and 17.
    """

    num_users: int
    num_items: int

    def score(self, users: Tensor) -> Tensor:
        """Score all items for some users: users (B,) → scores (B, I)."""


class EmbeddingModel(nn.Module):
    """A model that scores with the dot product of a user's and an item's embedding, and learns one vector a node.

    Subclasses say in ``embed`` how the learnt tables become the final embeddings.

    Args:
        graph: The training graph.
        dim: Embedding size D.
        std: Standard deviation of the normal start; small, so that scores start near 0 where the sigmoid is steep.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1.

    Source: lecture rows 18, 19 and 40.
    """

    def __init__(self, graph: InteractionGraph, dim: int = 64, std: float = 0.1, seed: int = 0) -> None:
        super().__init__()
        dim = whole("dim", dim, least=1)
        self.num_users, self.num_items = graph.num_users, graph.num_items
        table = torch.randn(graph.num_nodes, dim, generator=torch.Generator().manual_seed(seed)) * std  # (N, D)
        self.user_table = nn.Parameter(table[: self.num_users].clone())  # (U, D)
        self.item_table = nn.Parameter(table[self.num_users :].clone())  # (I, D)

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
