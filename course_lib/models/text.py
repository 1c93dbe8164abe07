"""The lecture's "LLM" recommender: a frozen encoder turns texts into item vectors, and a user is the mean of these."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

from course_lib.features import checked_features
from course_lib.graph import InteractionGraph, checked_ids


class TextMean:
    r"""Nothing is learnt: a user's vector is the plain mean of the unit vectors of the user's items.

    .. math:: z_v = \frac{x_v}{\lVert x_v \rVert}, \qquad z_u = \frac{1}{d_u} \sum_{v \in N_u} z_v, \qquad
        \text{score}(u, v) = z_u \cdot z_v

    Behaviour enters through the user's own history alone, so an item that has no users yet is scored like any other.

    Args:
        graph: The training graph.
        features: One vector per item, float, shape (I, D), such as ``text_features(…)``; an item whose vector is zero
            scores 0.
        center: First subtract the mean of all item vectors, because what all texts share does not tell items apart.

    Raises:
        ValueError: If there is not one finite float vector for each item.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> from course_lib.features import genre_features
        >>> toy = load("toy")
        >>> model = TextMean(toy.graph, genre_features(toy.genres))
        >>> model.score(torch.tensor([0]))  # Ada has two items, both from the genre of the first three
        tensor([[1., 1., 1., 0., 0., 0.]])

    Source: lecture rows 13 and 14.
    """

    def __init__(self, graph: InteractionGraph, features: Tensor, center: bool = False) -> None:
        features = checked_features(features, graph.num_items)
        self.num_users, self.num_items = graph.num_users, graph.num_items
        vectors = features - features.mean(dim=0) if center else features
        self._item_emb = normalize(vectors, dim=1)  # (I, D)
        self._user_emb = embedding_bag(  # (U, D), zeros without an edge
            graph.item, self._item_emb, graph.user_offsets, mode="mean", include_last_offset=True
        )

    def embed(self) -> tuple[Tensor, Tensor]:
        """Users (U, D), the mean of their items; zeros without an edge. Items (I, D), of length 1."""
        return self._user_emb, self._item_emb

    def score(self, users: Tensor) -> Tensor:
        """Mean cosine between an item and the items a user has.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).

        Raises:
            ValueError: If a user is unknown.
        """
        return self._user_emb[checked_ids("users", users, self.num_users)] @ self._item_emb.T
