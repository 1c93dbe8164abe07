"""Graph convolutional networks, which become simpler step by step: from a GCN down to Ã^L E."""

from __future__ import annotations

from torch import Tensor, nn

from course_lib.diffusion import product
from course_lib.graph import InteractionGraph
from course_lib.models.base import GraphModel, xavier


class GCN(GraphModel):
    r"""A graph convolutional network without features. Its ReLU and its weights can each be taken out.

    .. math:: E^{(l+1)} = \mathrm{ReLU}(\tilde A E^{(l)} W^{(l)}), \qquad \text{score}(u, v) = e_u^{(L)} \cdot e_v^{(L)}

    Without the ReLU it is SGC, :math:`\tilde A^L E\, W^{(0)} W^{(1)} \cdots`. Without the weights as well it is
    :math:`\tilde A^L E`, the last layer of LightGCN.

    Args:
        graph: The training graph.
        dim: Embedding size D.
        num_layers: Number of layers L.
        relu: Apply the ReLU.
        weights: Multiply by a learnt matrix W of shape (D, D) in each layer.
        std: Standard deviation of the normal start.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1 or num_layers < 0.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> from course_lib.diffusion import diffuse
        >>> model = GCN(load("toy").graph, dim=8, num_layers=2, relu=False, weights=False)
        >>> layers = diffuse(model.adjacency, torch.cat([model.user_table, model.item_table]), num_layers=2)
        >>> torch.equal(torch.cat(model.embed()), layers[2])
        True

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
            nodes = product(self.adjacency, nodes)  # Ã E
            if self.weights is not None:
                nodes = nodes @ self.weights[layer]
            if self.relu:
                nodes = nodes.relu()
        return nodes
