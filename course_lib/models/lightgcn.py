"""LightGCN: matrix factorization whose embeddings are diffused over the graph before they are multiplied."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from course_lib.diffusion import layer_weights, polynomial
from course_lib.graph import InteractionGraph
from course_lib.models.base import GraphModel


class LightGCN(GraphModel):
    r"""LightGCN: learnt vectors, diffused; no weight matrix, no non-linearity.

    .. math:: E_{\text{final}} = \sum_{l=0}^{L} \alpha_l \tilde A^l E, \qquad \text{score}(u, v) = e_u \cdot e_v

    It has exactly the parameters of :class:`MatrixFactorization`, starts from the same ones, and is that model when
    alpha = (1, 0, …).

    Args:
        graph: The training graph.
        dim: Embedding size D.
        num_layers: Number of layers L.
        alpha: Weight of each layer, length L + 1; 1 / (L + 1) each by default. An ``nn.Parameter`` is trained too.
        std: Standard deviation of the normal start.
        seed: Seed of the start.

    Raises:
        ValueError: If dim < 1, num_layers < 0, or alpha has another length or is not finite.

    Example:
        The final embeddings, with the equation written out as a loop:

        >>> import torch
        >>> from course_lib.datasets import load
        >>> from course_lib.diffusion import product
        >>> model = LightGCN(load("toy").graph, dim=8, num_layers=3)
        >>> E, total = torch.cat([model.user_table, model.item_table]), 0
        >>> for weight in model.alpha:
        ...     total = total + weight * E  # the weighted sum of the layers
        ...     E = product(model.adjacency, E)  # E ← Ã E, the next layer
        >>> torch.allclose(torch.cat(model.embed()), total, atol=1e-6)
        True

    Source: lecture rows 53–69; He et al. 2020, equations 3–8.
    """

    def __init__(
        self,
        graph: InteractionGraph,
        dim: int = 64,
        num_layers: int = 3,
        alpha: Sequence[float] | Tensor | None = None,
        std: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(graph, dim, num_layers, std, seed)
        self.alpha = layer_weights(alpha, self.num_layers)

    def propagate(self, nodes: Tensor) -> Tensor:
        """Weighted sum of all layers, shape (N, D).

        ``polynomial`` gives what the loop in the example above gives, in less time.
        """
        return polynomial(self.adjacency, nodes, self.alpha)
