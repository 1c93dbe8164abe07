"""Scores that are cosines: the embeddings of any model, scaled to length 1."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import normalize

from course_lib.models.base import EmbeddingModel


class Cosine(EmbeddingModel):
    """A model that scores with cos(z_u, z_v) in the place of z_u · z_v, with the embeddings and parameters of another.

    How long a vector is then says nothing: a popular item has no head start, and training cannot raise a score by
    making vectors longer, which is how a softmax over many items overfits. Scores lie in [−1, 1]; a loss on them needs
    a temperature.

    Args:
        model: Where the embeddings come from; trained along.

    Source: not on the slides; Wu et al. 2024, "On the effectiveness of sampled softmax loss for item recommendation".
    """

    def __init__(self, model: EmbeddingModel) -> None:
        nn.Module.__init__(self)  # the tables are those of the model
        self.num_users, self.num_items, self.model = model.num_users, model.num_items, model

    def embed(self) -> tuple[Tensor, Tensor]:
        """Final embeddings of length 1, users (U, D) and items (I, D); a vector of zeros stays one."""
        users, items = self.model.embed()
        return normalize(users), normalize(items)

    def penalty(self, users: Tensor, items: Tensor) -> Tensor:
        """Of the learnt vectors, as they are before they are scaled."""
        return self.model.penalty(users, items)
