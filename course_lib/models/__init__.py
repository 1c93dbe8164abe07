"""The lecture's models. Each is built from the training graph and gives ``score(users) -> (B, I)``."""

from course_lib.models.base import EmbeddingModel, GraphModel, Model
from course_lib.models.classics import EASE, ItemKNN, LowPassFilter, Popularity
from course_lib.models.gcn import GCN
from course_lib.models.lightgcn import LightGCN
from course_lib.models.ngcf import NGCF
from course_lib.models.pinsage import PinSAGE
from course_lib.models.shallow import MatrixFactorization
from course_lib.models.text import TextMean

__all__ = [
    "EASE",
    "GCN",
    "NGCF",
    "EmbeddingModel",
    "GraphModel",
    "ItemKNN",
    "LightGCN",
    "LowPassFilter",
    "MatrixFactorization",
    "Model",
    "PinSAGE",
    "Popularity",
    "TextMean",
]
