"""The lecture's models. Each is built from the training graph: ``model = LightGCN(graph, dim=64, seed=0)``.

Read them in the order of the lecture, where each file adds one idea to those before it:

* ``base``: what all models share. ``score(users)`` gives scores (B, I), ``embed()`` the users' and items' embeddings.
* ``shallow``: matrix factorization, the model to which all others are compared.
* ``ngcf``, ``gcn``, ``lightgcn``: vectors that are passed along the edges, with fewer and fewer parts.
* ``pinsage``: items embedded from their features, so that new items get a vector too.
* ``text`` and ``classics``: recommenders without gradient descent, which the trained ones have to beat.

A new model goes into a file of its own, subclasses the nearest class of ``base``, and is named in the list below.
"""

from course_lib.models.base import EmbeddingModel, GraphModel, Model, TableModel
from course_lib.models.classics import EASE, ItemKNN, LowPassFilter, Popularity, SharpenedFilter
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
    "SharpenedFilter",
    "TableModel",
    "TextMean",
]
