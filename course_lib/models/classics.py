"""Models without gradient descent: the baselines that every trained model has to beat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from course_lib.arguments import refuse, whole
from course_lib.diffusion import normalized_adjacency, polynomial
from course_lib.graph import InteractionGraph, checked_ids
from course_lib.metrics import top_k

if TYPE_CHECKING:  # scipy.sparse is slow to import, so it is imported only when one of these models is built
    from scipy.sparse import csr_array

LARGEST_DENSE = 20_000  # items; an I × I matrix of float64 then takes 3 GB


class Popularity:
    """The same list for everybody: an item's score is the number of its users.

    Args:
        graph: The training graph.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> Popularity(load("toy").graph).score(torch.tensor([0, 1]))
        tensor([[2., 3., 2., 2., 2., 1.],
                [2., 3., 2., 2., 2., 1.]])

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


class ItemKNN:
    """Items similar to those the user has; the similarity is the cosine of two columns of R.

    An item's neighbours are the items most similar to it, without itself (equal similarities: lower id first), and
    score(u, v) is the sum of cos(v, w) over those neighbours w of v that u has.

    Args:
        graph: The training graph.
        neighbors: Number of neighbours per item.

    Raises:
        ValueError: If neighbors < 1.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> scores = ItemKNN(load("toy").graph, neighbors=2).score(torch.tensor([0]))
        >>> scores.argmax()  # Ada has items 0 and 1, and both have item 2 as a neighbour
        tensor(2)

    Source: lecture rows 37 and 70; Sarwar et al. 2001.
    """

    def __init__(self, graph: InteractionGraph, neighbors: int = 100) -> None:
        self.num_users, self.num_items, self._graph = graph.num_users, graph.num_items, graph
        neighbors = min(whole("neighbors", neighbors, least=1), graph.num_items)
        columns = _scaled(graph, user_power=0, item_power=-0.5)  # every column of length 1
        cosine = (columns.T @ columns).tocsr()  # (I, I)
        cosine.setdiag(0)
        self._ids = torch.zeros(graph.num_items, neighbors, dtype=torch.long)  # (I, neighbors)
        self._weights = torch.zeros(graph.num_items, neighbors)
        for start in range(0, graph.num_items, 1024):  # block by block: a dense I × I matrix may not fit
            block = torch.from_numpy(cosine[start : start + 1024].toarray()).float()  # (1024, I)
            ids = top_k(block, neighbors)
            self._ids[start : start + 1024], self._weights[start : start + 1024] = ids, block.gather(1, ids)

    def score(self, users: Tensor) -> Tensor:
        """Sums of similarities.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).
        """
        rows = self._graph.rows(users).T.float()  # (I, B)
        return embedding_bag(self._ids, rows, per_sample_weights=self._weights, mode="sum").T

    @property
    def weights(self) -> Tensor:
        """What having item w adds to the score of item v, at (w, v): a dense matrix, shape (I, I)."""
        return torch.zeros(self.num_items, self.num_items).scatter(1, self._ids, self._weights).T


class EASE:
    """Each item predicted from all others: the ridge regression R ≈ R B with a zero diagonal, in closed form.

    P = (RᵀR + λI)⁻¹, B = −P / diag(P) column by column, diag(B) = 0; score(u, ·) = R_u B.

    Args:
        graph: The training graph.
        ridge: Strength λ of the penalty on B.

    Raises:
        ValueError: If ridge is not positive or there are too many items for a dense I × I matrix.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> model = EASE(load("toy").graph, ridge=1.0)
        >>> tuple(model.score(torch.tensor([0, 3])).shape)
        (2, 6)

    Source: lecture row 70; Steck 2019, equation 8.
    """

    def __init__(self, graph: InteractionGraph, ridge: float = 500.0) -> None:
        if not 0 < ridge < math.inf:
            refuse("ridge", ridge, "a positive number")
        if graph.num_items > LARGEST_DENSE:
            remedy = "ItemKNN and LowPassFilter need no matrix of all pairs of items"
            refuse("graph", f"{graph.num_items:,} items", f"at most {LARGEST_DENSE:,} for EASE", remedy)
        self.num_users, self.num_items, self._graph = graph.num_users, graph.num_items, graph
        interactions = _scaled(graph, user_power=0, item_power=0)
        gram = torch.from_numpy((interactions.T @ interactions).toarray())  # (I, I)
        gram.diagonal().add_(ridge)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
        self.weights = (inverse / -inverse.diagonal()).fill_diagonal_(0).float()  # B, (I, I)

    def score(self, users: Tensor) -> Tensor:
        """Rows of R B.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).
        """
        return self._graph.rows(users).float() @ self.weights


class LowPassFilter:
    """The user's row of R, smoothed over the graph of items: GF-CF, a LightGCN without training.

    With R̃ = D_U^(−1/2) R D_I^(−1/2) and its first right singular vectors V,
    score(u, ·) = R_u (R̃ᵀR̃ + α D_I^(−1/2) V Vᵀ D_I^(1/2)). The first term is a linear filter; the second is an ideal
    filter, which lets only the ``rank`` smoothest signals pass. With alpha = 0 the linear filter is left alone.

    Args:
        graph: The training graph.
        rank: Number of singular vectors, less than U and less than I.
        alpha: Weight of the ideal filter.

    Raises:
        ValueError: If rank or alpha is out of range or the graph has no edge.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> model = LowPassFilter(load("toy").graph, rank=2)
        >>> tuple(model.score(torch.tensor([0, 3])).shape)
        (2, 6)

    Source: lecture row 70; Shen et al. 2021, equation 9.
    """

    def __init__(self, graph: InteractionGraph, rank: int = 64, alpha: float = 0.3) -> None:
        if not 0 <= alpha < math.inf:
            refuse("alpha", alpha, "a number of at least 0")
        signals = torch.tensor(smoothest_signals(graph, rank).copy(), dtype=torch.float)  # Vᵀ, (rank, I)
        self.num_users, self.num_items, self._graph = graph.num_users, graph.num_items, graph
        self._adjacency = normalized_adjacency(graph)
        root = graph.item_degree.clamp(min=1).sqrt()  # V is 0 where an item has no edge
        self._into, self._out = alpha * signals / root, signals.T * root[:, None]  # (rank, I), (I, rank)

    def score(self, users: Tensor) -> Tensor:
        """Filtered rows of R.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).
        """
        rows = self._graph.rows(users).T.float()  # (I, B)
        return (self._spread(rows, (0.0, 1.0)) + self._out @ (self._into @ rows)).T

    def _spread(self, signals: Tensor, coefficients: Sequence[float]) -> Tensor:
        """Σ c_k (R̃ᵀR̃)^k times signals on items, (I, B): on items, one step with R̃ᵀR̃ is two steps with Ã."""
        nodes = torch.cat([signals.new_zeros(self.num_users, signals.shape[1]), signals])  # (N, B), 0 on users
        alpha = [weight for coefficient in coefficients for weight in (coefficient, 0.0)][:-1]
        return polynomial(self._adjacency, nodes, alpha)[self.num_users :]


class SharpenedFilter(LowPassFilter):
    """The low-pass filter, and after it a polynomial of R̃ᵀR̃ whose coefficients may be negative.

    With P = R̃ᵀR̃, score(u, ·) = R_u (P + α D_I^(−1/2) V Vᵀ D_I^(1/2)) (c_0 + c_1 P + c_2 P² + …). The first bracket is
    :class:`LowPassFilter`, which blurs: what an item has spreads to items like it. In the second bracket a negative
    coefficient takes away what a further blur would spread, and so sharpens. With coefficients (1,) the filter of the
    first bracket is left alone.

    Args:
        graph: The training graph.
        coefficients: c_0, c_1, … of either sign; :func:`sharpening` gives those of Choi et al.
        rank: Number of singular vectors, less than U and less than I.
        alpha: Weight of the ideal filter.

    Raises:
        ValueError: If there is no coefficient or one is not finite, rank or alpha is out of range, or the graph has no
            edge.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> model = SharpenedFilter(load("toy").graph, sharpening(0.5), rank=2)
        >>> tuple(model.score(torch.tensor([0, 3])).shape)
        (2, 6)

    Source: lecture row 61; Choi et al. 2023 (BSPM), section 3.
    """

    def __init__(
        self, graph: InteractionGraph, coefficients: Sequence[float] = (1.0, -0.5), rank: int = 64, alpha: float = 0.3
    ) -> None:
        self._coefficients = tuple(map(float, coefficients))
        if not self._coefficients or not all(map(math.isfinite, self._coefficients)):
            refuse("coefficients", coefficients, "at least one number, each finite")
        super().__init__(graph, rank, alpha)

    def score(self, users: Tensor) -> Tensor:
        """Blurred, then sharpened rows of R.

        Args:
            users: User ids, shape (B,).

        Returns:
            Scores, shape (B, I).
        """
        return self._spread(super().score(users).T, self._coefficients).T


def sharpening(strength: float, terms: int = 4) -> tuple[float, ...]:
    """The first terms of the series of e^(−sP) after its 1: coefficients (−s)^k / k!, of both signs.

    Args:
        strength: Strength s; 0 changes nothing.
        terms: Number of powers of P.

    Returns:
        c_0 = 1, c_1 = −s, c_2 = s²/2, …, terms + 1 of them.

    Raises:
        ValueError: If strength is not finite or terms < 0.

    Source: Choi et al. 2023 (BSPM): one step of a Runge–Kutta method of order 4 along dS/dt = −S P.
    """
    if not math.isfinite(strength):
        refuse("strength", strength, "a finite number")
    return tuple((-strength) ** k / math.factorial(k) for k in range(whole("terms", terms, least=0) + 1))


def smoothest_signals(graph: InteractionGraph, rank: int) -> np.ndarray:
    """The first right singular vectors of R̃ = D_U^(−1/2) R D_I^(−1/2): signals on items that vary least along edges.

    Args:
        graph: The training graph.
        rank: Number of signals, less than U and less than I.

    Returns:
        One signal per row, Vᵀ, shape (rank, I); 0 where an item has no edge.

    Raises:
        ValueError: If rank is out of range or the graph has no edge.

    Source: lecture row 70; Shen et al. 2021, section 3.2.
    """
    from scipy.sparse.linalg import svds

    if not graph.num_edges:
        refuse("graph", repr(graph), "a graph with edges")
    smaller = min(graph.num_users, graph.num_items)
    if whole("rank", rank, least=1) >= smaller:
        refuse("rank", rank, f"fewer than there are users and items, at most {smaller - 1}")
    start = np.random.default_rng(0).standard_normal(smaller)  # a fixed start gives the same digits in every run
    return svds(_scaled(graph, user_power=-0.5, item_power=-0.5), k=rank, v0=start)[2]


def _scaled(graph: InteractionGraph, user_power: float, item_power: float) -> csr_array:
    """D_U^a R D_I^b, float64, shape (U, I); a node without edges has zeros."""
    from scipy.sparse import csr_array

    ends = graph.user.numpy(), graph.item.numpy()
    degrees = graph.user_degree.numpy()[ends[0]], graph.item_degree.numpy()[ends[1]]  # per edge, so at least 1
    weight = np.float_power(degrees[0], user_power) * np.float_power(degrees[1], item_power)
    return csr_array((weight, ends), shape=(graph.num_users, graph.num_items))
