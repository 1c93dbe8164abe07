"""Diffusion over the graph: the matrix Ã, one step Ã X, all the layers, and their weighted sum Σ α_l Ã^l X.

Read :func:`product`, :func:`diffuse` and :func:`multi_scale` first: they are the lecture's equations, one after the
other. :func:`polynomial` gives what the three give together, and is what the models train with, because it is faster.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag
from torch.utils.weak import WeakTensorKeyDictionary

from course_lib.arguments import refuse, whole
from course_lib.graph import InteractionGraph


def normalized_adjacency(
    graph: InteractionGraph,
    normalization: Literal["symmetric", "left", "right"] = "symmetric",
    self_loops: bool = False,
) -> Tensor:
    """Adjacency matrix of the whole graph, users first, each edge weighted by the degrees of its ends.

    "symmetric" is D^(-1/2) A D^(-1/2), "left" is D^(-1) A (the mean over neighbours), "right" is A D^(-1). A node
    without edges has a row of zeros.

    Args:
        graph: The graph.
        normalization: Which of the three.
        self_loops: First join each node to itself; degrees then count that loop too.

    Returns:
        Sparse CSR tensor, shape (N, N), float32.

    Raises:
        ValueError: If the normalization is unknown.

    Source: lecture rows 55, 57 and 67.
    """
    powers = {"symmetric": (-0.5, -0.5), "left": (-1.0, 0.0), "right": (0.0, -1.0)}
    if normalization not in powers:
        refuse("normalization", repr(normalization), " or ".join(map(repr, powers)))
    user, item = graph.user, graph.item + graph.num_users
    loops = torch.arange(graph.num_nodes if self_loops else 0)
    row, column = torch.cat([user, item, loops]), torch.cat([item, user, loops])  # (nnz,)
    degree = torch.bincount(row, minlength=graph.num_nodes).double()
    left, right = (degree.pow(power).masked_fill(degree == 0, 0) for power in powers[normalization])
    order = torch.argsort(row * graph.num_nodes + column)
    row, column = row[order], column[order]
    row_start = torch.cat([torch.zeros(1, dtype=torch.long), torch.bincount(row, minlength=graph.num_nodes).cumsum(0)])
    weight = (left[row] * right[column]).float()
    return _csr(row_start.int(), column.int(), weight, graph.num_nodes)


def without_edges(adjacency: Tensor, graph: InteractionGraph, gone: Tensor) -> Tensor:
    """The same matrix with the entries of some edges set to 0, both ways; degrees stay those of the whole graph.

    Args:
        adjacency: Result of ``normalized_adjacency(graph)`` without self-loops, shape (N, N).
        graph: The graph.
        gone: True for the edges to take out, in the order of ``graph.user``, bool, shape (E,).

    Returns:
        Sparse CSR tensor, shape (N, N); it shares its structure with ``adjacency``.

    Raises:
        ValueError: If the shapes do not fit.
    """
    if gone.dtype != torch.bool or gone.shape != graph.user.shape:
        refuse("gone", f"{gone.dtype} of shape {tuple(gone.shape)}", f"one bool per edge, shape ({graph.num_edges},)")
    if adjacency.values().numel() != 2 * graph.num_edges:
        wanted = f"{2 * graph.num_edges}, two per edge"
        refuse("adjacency", f"{adjacency.values().numel()} entries", wanted, "build it from this graph, without loops")
    both = torch.cat([gone, gone[graph.by_item]]).to(adjacency.device)  # (2 E,): rows of users, then of items

    def thinned(matrix: Tensor) -> Tensor:
        structure = matrix.crow_indices(), matrix.col_indices()
        return _csr(*structure, matrix.values().masked_fill(both, 0), graph.num_nodes)

    rest = thinned(adjacency)
    _TRANSPOSES[rest] = thinned(_transposed(adjacency))  # sorting it out anew would cost more than a training step
    return rest


def product(adjacency: Tensor, x: Tensor) -> Tensor:
    """One step of diffusion, Ã X: each node gets the weighted sum of its neighbours' vectors.

    Args:
        adjacency: Sparse CSR tensor Ã, shape (N, N); no gradient flows to it.
        x: Node embeddings, shape (N, D).

    Returns:
        Node embeddings one layer further, shape (N, D), differentiable in x.

    Raises:
        ValueError: If the shapes do not fit.

    Source: lecture rows 56, 60 and 65.
    """
    return polynomial(adjacency, x, (0.0, 1.0))


def diffuse(adjacency: Tensor, x: Tensor, num_layers: int) -> Tensor:
    """All layers X, Ã X, Ã² X, …, each the :func:`product` of Ã and the layer before.

    Args:
        adjacency: Sparse CSR tensor Ã, shape (N, N).
        x: Node embeddings, shape (N, D).
        num_layers: Number of layers L.

    Returns:
        Layers, shape (L + 1, N, D), differentiable in x.

    Raises:
        ValueError: If the shapes do not fit or L < 0.

    Source: lecture rows 60 and 63.
    """
    _check_product(adjacency, x)
    layers = [x]
    for _ in range(whole("num_layers", num_layers, least=0)):
        layers.append(product(adjacency, layers[-1]))
    return torch.stack(layers)  # (L + 1, N, D)


def multi_scale(layers: Tensor, alpha: Sequence[float] | Tensor | None = None) -> Tensor:
    """Weighted sum of layers, Σ α_l E^(l).

    Args:
        layers: Layers 0 … L, shape (L + 1, N, D).
        alpha: Weight of each layer, length L + 1, any numbers; 1 / (L + 1) each by default.

    Returns:
        Final embeddings, shape (N, D), differentiable in layers, and in alpha if that is a tensor.

    Raises:
        ValueError: If alpha has another length or is not finite.

    Source: lecture rows 61 and 63; He et al. 2020, equation 4.
    """
    if layers.dim() != 3 or not len(layers):
        refuse("layers", f"shape {tuple(layers.shape)}", "(L + 1, N, D)")
    weights = layer_weights(alpha, len(layers) - 1)
    if not isinstance(weights, Tensor):
        weights = torch.tensor(weights, dtype=torch.double)
    return torch.tensordot(weights.to(layers), layers, dims=1)  # (N, D)


def polynomial(adjacency: Tensor, x: Tensor, alpha: Sequence[float] | Tensor) -> Tensor:
    """Weighted sum of layers, Σ α_l Ã^l X, without keeping the layers.

    Equal to ``multi_scale(diffuse(adjacency, x, L), alpha)``, and faster: L products, and L more for the gradient.

    Args:
        adjacency: Sparse CSR tensor Ã, shape (N, N); no gradient flows to it.
        x: Node embeddings, shape (N, D).
        alpha: Weight of each layer, length L + 1.

    Returns:
        Final embeddings, shape (N, D), differentiable in x, and in alpha if it is a tensor that requires a gradient.

    Raises:
        ValueError: If the shapes do not fit or alpha is empty or not finite.

    Source: lecture rows 60 and 61.
    """
    _check_product(adjacency, x)
    weights = layer_weights(alpha)
    if isinstance(weights, Tensor):
        if weights.requires_grad:
            return multi_scale(diffuse(adjacency, x, len(weights) - 1), weights)  # its gradient needs every layer
        weights = weights.tolist()
    return _Polynomial.apply(x, adjacency, tuple(weights))


def layer_weights(alpha: Sequence[float] | Tensor | None, num_layers: int | None = None) -> list[float] | Tensor:
    """Check the weights of layers, or give the default.

    Args:
        alpha: Weight of each layer, length L + 1; None for 1 / (L + 1) each.
        num_layers: Number of layers L; None for as many as alpha has.

    Returns:
        The weights; a tensor stays one.

    Raises:
        ValueError: If there are not L + 1 of them or one is not a finite number.
    """
    if alpha is None and num_layers is not None:
        return [1 / (num_layers + 1)] * (num_layers + 1)
    wanted = "one weight per layer" + ("" if num_layers is None else f" from 0 to {num_layers}")
    try:
        numbers = [float(weight) for weight in (alpha.tolist() if isinstance(alpha, Tensor) else alpha)]
    except (TypeError, ValueError):
        got = f"a tensor of shape {tuple(alpha.shape)}" if isinstance(alpha, Tensor) else repr(alpha)
        refuse("alpha", got, f"a flat list: {wanted}")
    if not numbers or num_layers not in (None, len(numbers) - 1):
        refuse("alpha", f"{len(numbers)} weights", wanted)
    if not all(map(math.isfinite, numbers)):
        refuse("alpha", numbers, "finite weights")
    return alpha if isinstance(alpha, Tensor) else numbers


class _Polynomial(torch.autograd.Function):
    """y = Σ α_l Ã^l x. Its gradient is the same sum with the transposed matrix: Σ α_l (Ãᵀ)^l g."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: Tensor, alpha: tuple[float, ...]) -> Tensor:
        """Horner's rule: α_L x, then Ã times that plus α_(L−1) x, and so on down to α_0 x."""
        ctx.adjacency, ctx.alpha = adjacency, alpha
        y = x * alpha[-1]
        for weight in reversed(alpha[:-1]):
            y = _sparse_product(adjacency, y)
            if weight:
                y.add_(x, alpha=weight)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return polynomial(_transposed(ctx.adjacency), gradient, ctx.alpha), None, None


def _sparse_product(adjacency: Tensor, x: Tensor) -> Tensor:
    """Ã x: each row is the weighted sum of the rows of x that the node's edges lead to.

    That is what ``embedding_bag`` computes. With int32 indices it is limited by the speed of memory alone, and several
    times faster than ``torch.sparse.mm``.
    """
    if not x.shape[1]:  # nobody's scores: with more than one thread embedding_bag fails on rows of no numbers
        return x.new_zeros(adjacency.shape[0], 0)
    return embedding_bag(
        adjacency.col_indices(),
        x.contiguous(),
        adjacency.crow_indices(),
        mode="sum",
        per_sample_weights=adjacency.values().to(x.dtype),
        include_last_offset=True,
    )


_TRANSPOSES: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
"""Matrix → its transpose, both CSR: kept as long as the matrix, because every training step asks for it."""


def _transposed(adjacency: Tensor) -> Tensor:
    """Ãᵀ, made only once for each matrix."""
    if adjacency not in _TRANSPOSES:
        # Without detach(), the transpose would refer to its matrix, and neither would ever be freed.
        parts = adjacency.crow_indices(), adjacency.col_indices(), adjacency.values().detach()
        columns = adjacency.to_sparse_csc()  # the columns of Ã are the rows of Ãᵀ
        flipped = columns.ccol_indices().int(), columns.row_indices().int(), columns.values()
        if all(map(torch.equal, parts, flipped)):
            flipped = parts  # a symmetric matrix: its transpose needs no memory of its own
        _TRANSPOSES[adjacency] = _csr(*flipped, len(adjacency))
    return _TRANSPOSES[adjacency]


def _csr(row_start: Tensor, column: Tensor, weight: Tensor, num_nodes: int) -> Tensor:
    """A CSR matrix, unchecked: its indices come from a graph or from another matrix, and a check would take longer."""
    with warnings.catch_warnings():  # on first use torch warns that CSR is in beta, which nobody here can act on
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(row_start, column, weight, (num_nodes, num_nodes), check_invariants=False)


def _check_product(adjacency: Tensor, x: Tensor) -> None:
    if adjacency.layout != torch.sparse_csr:
        refuse("adjacency", f"layout {adjacency.layout}", "a sparse CSR tensor", "convert with .to_sparse_csr()")
    if x.dim() != 2 or len(x) != adjacency.shape[1]:
        refuse("x", f"shape {tuple(x.shape)}", f"one row per node, ({adjacency.shape[1]}, D)")
    if not x.is_floating_point():
        refuse("x", x.dtype, "float embeddings", "convert with .float()")
