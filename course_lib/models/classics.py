"""Models without gradient descent, which every trained model has to beat."""

from __future__ import annotations

from torch import Tensor

from course_lib.graph import InteractionGraph, checked_ids


class Popularity:
    """The same list for everybody: an item's score is the number of its users.

    Args:
        graph: The training graph.

    Source: lecture row 70.
    """

    def __init__(self, graph: InteractionGraph) -> None:
        self.num_users, self.num_items = graph.num_users, graph.num_items
        self._degree = graph.item_degree.float()  # (I,)

    def score(self, users: Tensor) -> Tensor:
        """Item degrees, repeated for each user.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).
        """
        return self._degree.expand(len(checked_ids("users", users, self.num_users)), -1)
