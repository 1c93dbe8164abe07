"""The lecture's models. Each is built from the training graph and gives ``score(users) -> (B, I)``."""

from course_lib.models.base import EmbeddingModel, Model
from course_lib.models.classics import Popularity
from course_lib.models.shallow import MatrixFactorization

__all__ = ["EmbeddingModel", "MatrixFactorization", "Model", "Popularity"]
