"""Shallow collaborative filtering: the learnt tables are the embeddings."""

from __future__ import annotations

from torch import Tensor

from course_lib.models.base import EmbeddingModel


class MatrixFactorization(EmbeddingModel):
    """One free vector a user and one an item; score(u, v) = z_u · z_v.

    Args:
        graph: The training graph; only its numbers of users and items are used, never its edges.
        dim: Embedding size D.
        std: Standard deviation of the normal start.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1.

    Source: lecture row 40.
    """

    def embed(self) -> tuple[Tensor, Tensor]:
        """The tables themselves: users (U, D), items (I, D)."""
        return self.user_table, self.item_table
