"""Shallow collaborative filtering: the learnt tables are already the embeddings."""

from __future__ import annotations

from torch import Tensor

from course_lib.models.base import TableModel


class MatrixFactorization(TableModel):
    """One free vector per user and one per item; score(u, v) = z_u · z_v.

    Args:
        graph: The training graph. Only its numbers of users and items are used; edges enter through training alone.
        dim: Embedding size D.
        std: Standard deviation of the normal start.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> model = MatrixFactorization(load("toy").graph, dim=8)
        >>> users, items = model.embed()
        >>> tuple(users.shape), tuple(items.shape)
        ((4, 8), (6, 8))
        >>> scores = model.score(torch.tensor([0, 3]))  # two users, all items
        >>> torch.equal(scores, users[[0, 3]] @ items.T)
        True

    Source: lecture row 40.
    """

    def embed(self) -> tuple[Tensor, Tensor]:
        """The tables themselves: users (U, D), items (I, D)."""
        return self.user_table, self.item_table
