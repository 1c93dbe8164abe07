"""Neural graph collaborative filtering, as the lecture teaches it and as its paper defines it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, linear

from course_lib.arguments import refuse
from course_lib.diffusion import product
from course_lib.graph import InteractionGraph
from course_lib.models.base import GraphModel, xavier


def ngcf_layer(h: Tensor, mean_adjacency: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """One layer as on the slide: ReLU(Linear(Concat(own vector, mean of the neighbours' vectors))).

    Args:
        h: Node embeddings, shape (N, D).
        mean_adjacency: D⁻¹ A, sparse CSR, shape (N, N); a node without neighbours has the mean 0.
        weight: Matrix of the linear map, shape (D′, 2 D); its left half is multiplied with the node's own vector.
        bias: Bias of the linear map, shape (D′,).

    Returns:
        Node embeddings of the next layer, shape (N, D′), nowhere negative.

    Source: lecture rows 47–49.
    """
    neighbors = product(mean_adjacency, h)  # (N, D)
    return linear(torch.cat([h, neighbors], dim=1), weight, bias).relu()


def ngcf_paper_layer(h: Tensor, adjacency: Tensor, w1: Tensor, w2: Tensor) -> Tensor:
    """One layer as in the paper: LeakyReLU((Ã + I) H W₁ + (Ã H ⊙ H) W₂), negative slope 0.2.

    Args:
        h: Node embeddings H, shape (N, D).
        adjacency: Ã, sparse CSR, shape (N, N).
        w1: Weights of the neighbours' vectors and of the node's own, shape (D, D′).
        w2: Weights of the products of a neighbour's vector and the node's own, shape (D, D′).

    Returns:
        Node embeddings of the next layer, shape (N, D′).

    Source: Wang et al. 2019, equation 7.
    """
    neighbors = product(adjacency, h)  # Ã H, (N, D)
    return leaky_relu((neighbors + h) @ w1 + (neighbors * h) @ w2, negative_slope=0.2)


class NGCF(GraphModel):
    r"""NGCF, in two variants that differ in the layer and in which layers become the embedding.

    The "lecture" variant uses the last layer as the embedding. Its ReLU leaves no entry negative, so no score is
    below 0:

    .. math:: h_n^{(l+1)} = \mathrm{ReLU}\Big(W^{(l)} \Big[h_n^{(l)}, \tfrac{1}{|N_n|} \sum_{m \in N_n} h_m^{(l)}\Big]
        + b^{(l)}\Big)

    The "paper" variant puts all layers 0 … L side by side, so a score is the sum of one dot product per layer:

    .. math:: E^{(l+1)} = \mathrm{LeakyReLU}\big((\tilde A + I) E^{(l)} W_1^{(l)}
        + (\tilde A E^{(l)} \odot E^{(l)}) W_2^{(l)}\big)

    The authors' code adds to their equation: dropout of messages and nodes, a LeakyReLU on each of the two terms,
    vectors of each layer scaled to length 1, biases, and by default (D + I)⁻¹ (A + I) in place of Ã. None of that is
    here.

    Args:
        graph: The training graph.
        dim: Embedding size D, the same in all layers.
        num_layers: Number of layers L.
        variant: "lecture" or "paper".
        std: Standard deviation of the normal start of the embeddings. Weights start Xavier-uniform, biases at 0.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1, num_layers < 0 or the variant is unknown.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> graph = load("toy").graph
        >>> [tuple(NGCF(graph, dim=8, num_layers=3, variant=v).embed()[0].shape) for v in ("lecture", "paper")]
        [(4, 8), (4, 32)]
        >>> bool((NGCF(graph, dim=8).score(torch.arange(4)) >= 0).all())
        True

    Source: lecture rows 44–52; Wang et al. 2019.
    """

    def __init__(
        self,
        graph: InteractionGraph,
        dim: int = 64,
        num_layers: int = 3,
        variant: Literal["lecture", "paper"] = "lecture",
        std: float = 0.1,
        seed: int = 0,
    ) -> None:
        if variant not in ("lecture", "paper"):
            refuse("variant", repr(variant), "'lecture' or 'paper'")
        super().__init__(graph, dim, num_layers, std, seed, "left" if variant == "lecture" else "symmetric")
        self.variant = variant
        if variant == "lecture":
            weights = xavier([(dim, 2 * dim)] * num_layers, seed)
            parameters = [(weight, nn.Parameter(torch.zeros(dim))) for weight in weights]
        else:
            weights = xavier([(dim, dim)] * (2 * num_layers), seed)
            parameters = zip(weights[::2], weights[1::2], strict=True)
        self.layers = nn.ModuleList(map(nn.ParameterList, parameters))

    def propagate(self, nodes: Tensor) -> Tensor:
        """Final node embeddings: layer L, shape (N, D), or layers 0 … L side by side, shape (N, (L + 1) D)."""
        layer = ngcf_layer if self.variant == "lecture" else ngcf_paper_layer
        outputs = [nodes]
        for parameters in self.layers:
            outputs.append(layer(outputs[-1], self.adjacency, *parameters))
        return outputs[-1] if self.variant == "lecture" else torch.cat(outputs, dim=1)
