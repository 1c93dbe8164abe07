"""Models that pass the learnt vectors along the edges: what they share, and the ladder from a GCN down to Ã^L E."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.arguments import whole
from course_lib.diffusion import normalized_adjacency, polynomial
from course_lib.graph import InteractionGraph
from course_lib.models.base import EmbeddingModel


class GraphModel(EmbeddingModel):
    """A model whose final embeddings come from passing the learnt vectors along the edges of the training graph.

    Subclasses say how in ``propagate``. The adjacency matrix is no weight: it moves with the model to another device
    or dtype, is left out of ``state_dict``, and copies of the model share it.

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

    def propagate(self, nodes: Tensor) -> Tensor:
        """Final node embeddings from the learnt ones: (N, D) → (N, D′)."""
        raise NotImplementedError

    def embed(self) -> tuple[Tensor, Tensor]:
        """Final embeddings of users (U, D′) and items (I, D′), differentiable."""
        nodes = torch.cat([self.user_table, self.item_table])  # (N, D), users first
        users, items = self.propagate(nodes).split([self.num_users, self.num_items])
        return users, items

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModel:
        memo[id(self.adjacency)] = self.adjacency  # never written to; and torch cannot copy a CSR tensor deeply
        twin = memo[id(self)] = type(self).__new__(type(self))
        twin.__dict__.update(deepcopy(self.__dict__, memo))
        return twin


class GCN(GraphModel):
    r"""A graph convolutional network without features, whose two parts can be taken out one by one.

    .. math:: E^{(l+1)} = \mathrm{ReLU}(\tilde A E^{(l)} W^{(l)}), \qquad \text{score}(u, v) = e_u^{(L)} \cdot e_v^{(L)}

    Without the ReLU it is SGC, :math:`\tilde A^L E\, W^{(0)} W^{(1)} \cdots`; without the weights too it is
    :math:`\tilde A^L E`, LightGCN read out at its last layer.

    Args:
        graph: The training graph.
        dim: Embedding size D.
        num_layers: Number of layers L.
        relu: Apply the ReLU.
        weights: Multiply with a learnt matrix W of shape (D, D) in each layer.
        std: Standard deviation of the normal start.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1 or num_layers < 0.

    Source: lecture rows 58–60; Wu et al. 2019 (SGC).
    """

    def __init__(
        self,
        graph: InteractionGraph,
        dim: int = 64,
        num_layers: int = 2,
        relu: bool = True,
        weights: bool = True,
        std: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(graph, dim, num_layers, std, seed)
        self.relu = relu
        self.weights = nn.ParameterList(xavier([(dim, dim)] * num_layers, seed)) if weights else None

    def propagate(self, nodes: Tensor) -> Tensor:
        """Node embeddings at layer L, shape (N, D)."""
        for layer in range(self.num_layers):
            nodes = polynomial(self.adjacency, nodes, (0, 1))  # Ã E
            if self.weights is not None:
                nodes = nodes @ self.weights[layer]
            if self.relu:
                nodes = nodes.relu()
        return nodes


def xavier(shapes: Iterable[tuple[int, int]], seed: int) -> list[nn.Parameter]:
    """Weight matrices with a Xavier-uniform start, in a stream of numbers that no embedding table uses.

    Args:
        shapes: Shape of each matrix.
        seed: Seed of the model, a whole number of at least 0.

    Returns:
        One parameter a shape.

    Source: Glorot & Bengio 2010.
    """
    generator = torch.Generator().manual_seed(-1 - seed)
    return [nn.Parameter(nn.init.xavier_uniform_(torch.empty(shape), generator=generator)) for shape in shapes]
