"""A user who comes after training: scores without training again, and which of the user's items they are made of.

The models here score a newcomer by a sum over what the newcomer has. With x, the newcomer's row of R, all scores are
x W, and :func:`influence` gives the W of each model. So W[w, v] is what having item w adds to the score of item v.
"""

from __future__ import annotations

from functools import singledispatch

import torch
from torch import Tensor

from course_lib.arguments import refuse
from course_lib.diffusion import polynomial
from course_lib.models import EASE, ItemKNN, LightGCN, MatrixFactorization, Model

RIDGE = 3000.0
"""Strength of the penalty with which matrix factorisation folds a newcomer in: the best of 100, 300, …, 10 000 on the
validation edges of a split of MovieLens-100K, and within .001 of the best on those of campus."""


@singledispatch
def influence(model: Model) -> Tensor:
    """What each item of a newcomer adds to the score of each item: W, so that x W are the newcomer's scores.

    * ItemKNN: W[w, v] is the cosine of w and v if w is a neighbour of v, else 0.
    * EASE: W is its matrix B.
    * MatrixFactorization: the newcomer's vector z is the ridge regression of x on the items' vectors Q, which stay as
      they are: z = (QᵀQ + λI)⁻¹ Qᵀ x, the minimum of |x − Q z|² + λ|z|². Then W = Q (QᵀQ + λI)⁻¹ Qᵀ, λ = ``RIDGE``.
    * LightGCN: the newcomer is one more user, whose learnt vector is 0, and only reads: one more row of Ã, with the
      entries 1 / √(n d_w) for the n items w. With the layers E⁽ˡ⁾ of the items that they have without the newcomer,
      z = Σ_l α_l Σ_w e_w⁽ˡ⁻¹⁾ / √(n d_w). W leaves 1 / √n out, which changes no ranking: the scores are x W / √n.

    Args:
        model: A fitted model: ItemKNN, EASE, MatrixFactorization or LightGCN.

    Returns:
        W, shape (I, I).

    Raises:
        ValueError: If the model is another one, or a LightGCN without layers, which has nothing to say of a newcomer.

    Source: lecture rows 37, 40 and 56.
    """
    refuse("model", type(model).__name__, "ItemKNN, EASE, MatrixFactorization or LightGCN")


@influence.register(ItemKNN)
@influence.register(EASE)
def _(model: ItemKNN | EASE) -> Tensor:
    return model.weights


@influence.register
def _(model: MatrixFactorization) -> Tensor:
    items = model.item_table.detach()  # Q, (I, D)
    gram = items.T @ items + RIDGE * torch.eye(items.shape[1], device=items.device)
    return items @ torch.linalg.solve(gram, items.T)


@influence.register
@torch.no_grad()
def _(model: LightGCN) -> Tensor:
    if not model.num_layers:
        refuse("model", "a LightGCN with 0 layers", "at least 1", "without a layer nothing reaches a newcomer")
    nodes = torch.cat([model.user_table, model.item_table])
    read = polynomial(model.adjacency, nodes, model.alpha[1:])[model.num_users :]  # Σ α_l E⁽ˡ⁻¹⁾ of the items, (I, D)
    degree = model.adjacency.crow_indices().diff()[model.num_users :].clamp(min=1)
    return (read / degree.sqrt()[:, None]) @ model.embed()[1].T


def share_new(before: Tensor, after: Tensor) -> Tensor:
    """Which share of a list was not in an earlier one.

    Args:
        before: Item ids of the earlier lists, shape (B, K).
        after: Item ids of the later lists, shape (B, K).

    Returns:
        The shares, shape (B,).

    Example:
        >>> share_new(torch.tensor([[3, 1, 2, 0]]), torch.tensor([[1, 3, 2, 7]]))
        tensor([0.2500])
    """
    return 1 - (after[:, :, None] == before[:, None, :]).any(dim=2).float().mean(dim=1)
