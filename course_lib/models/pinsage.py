"""PinSAGE: an item's vector is computed from its own features and those of the items that walks from it visit most.

From the bottom up: :func:`convolve` is one layer, :func:`receptive_field` says which items a layer needs, and
:class:`PinSAGE` puts the layers together.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn.functional import embedding, embedding_bag, linear, normalize

from course_lib.arguments import refuse, whole
from course_lib.features import checked_features
from course_lib.graph import InteractionGraph, checked_ids
from course_lib.models.base import EmbeddingModel, xavier
from course_lib.walks import importance_neighbors

NUM_STEPS, RESTART = 1000, 0.3  # of the walk from each item


def convolve(h: Tensor, own: Tensor, near: Tensor, alpha: Tensor, Q: Tensor, q: Tensor, W: Tensor, w: Tensor) -> Tensor:
    r"""One layer: pool the neighbours by importance, apply a dense layer to own and pooled vector, scale to length 1.

    .. math:: n_u = \sum_v \alpha_{uv}\, \mathrm{ReLU}(Q h_v + q), \qquad
        z_u = \mathrm{ReLU}(W [h_u, n_u] + w), \qquad z_u \leftarrow z_u / \lVert z_u \rVert

    Args:
        h: Vectors of the layer below, shape (M, F).
        own: Row of h of each item to compute, shape (B,).
        near: Rows of h of its neighbours, −1 where there is none, shape (B, T).
        alpha: Weight of each neighbour, 0 where there is none, shape (B, T); a row sums to 1, or to 0 without any.
        Q: Weights of what a neighbour sends, shape (D, F).
        q: Bias of the same map, shape (D,).
        W: Weights of own and pooled vector side by side, shape (D, F + D).
        w: Bias of the same map, shape (D,).

    Returns:
        Vectors of length 1, nowhere negative, shape (B, D); zeros where the ReLU leaves nothing.

    Source: lecture row 79; Ying et al. 2018, algorithm 1.
    """
    return receive(h[own], near, alpha, send(h, Q, q), W, w)


def send(h: Tensor, Q: Tensor, q: Tensor) -> Tensor:
    """The message of each item: the same one for all items that have it as a neighbour, so it is computed only once.

    Args:
        h: Vectors of the layer below, shape (M, F).
        Q: Weights, shape (D, F).
        q: Bias, shape (D,).

    Returns:
        Messages, nowhere negative, shape (M, D).

    Source: Ying et al. 2018, algorithm 1, line 1, and figure 3, the first job.
    """
    return linear(h, Q, q).relu()


def receive(h: Tensor, near: Tensor, alpha: Tensor, messages: Tensor, W: Tensor, w: Tensor) -> Tensor:
    """The new vector of each item, from its own vector and the messages of its neighbours.

    Args:
        h: The items' own vectors of the layer below, shape (B, F).
        near: Row in messages of each neighbour, −1 where there is none, shape (B, T).
        alpha: Weight of each neighbour, 0 where there is none, shape (B, T).
        messages: Result of :func:`send`, shape (M, D).
        W: Weights of own and pooled vector side by side, shape (D, F + D).
        w: Bias of the same map, shape (D,).

    Returns:
        Vectors of length 1, as from :func:`convolve`, shape (B, D).

    Source: Ying et al. 2018, algorithm 1, lines 1–3, and figure 3, the second job.
    """
    pooled = embedding_bag(near.clamp(min=0), messages, mode="sum", per_sample_weights=alpha)  # (B, D)
    return normalize(linear(torch.cat([h, pooled], dim=1), W, w).relu(), dim=1)


def finish(h: Tensor, G1: Tensor, g: Tensor, G2: Tensor) -> Tensor:
    """The dense layers on top of the last convolution.

    Args:
        h: Vectors of the last layer, shape (M, F).
        G1: Weights of the first layer, shape (D, F).
        g: Bias of the first layer, shape (D,).
        G2: Weights of the second layer, shape (D, D).

    Returns:
        Embeddings, shape (M, D).

    Source: Ying et al. 2018, algorithm 2, line 17.
    """
    return linear(linear(h, G1, g).relu(), G2)


def receptive_field(near: Tensor, items: Tensor, num_layers: int) -> list[Tensor]:
    """Which items each layer must compute for a batch. No item is listed twice.

    Args:
        near: Neighbours of all items, −1 where there is none, shape (I, T).
        items: Items of the batch, shape (B,).
        num_layers: Number of layers L.

    Returns:
        L + 1 sorted lists of items, from the top layer down: first the items of the batch, last those whose features
        are read. The last list has at most B · (1 + T)^L items, and at most I.

    Source: lecture row 77; Ying et al. 2018, algorithm 2, lines 1–7.
    """
    fields = [items.unique()]
    for _ in range(num_layers):
        reached = torch.cat([fields[-1], near[fields[-1]].flatten()]).unique()
        fields.append(reached[reached >= 0])
    return fields


@lru_cache(maxsize=1)
def consecutive_pairs(graph: InteractionGraph) -> tuple[Tensor, Tensor, Tensor]:
    """The training data of PinSAGE: pairs of items (q, i) where a user took item i right after item q.

    Args:
        graph: The training graph, with times.

    Returns:
        User, q and i of each pair, each of shape (P,). A user with d items has d − 1 pairs. Where times are equal, the
        lower item id comes first.

    Raises:
        ValueError: If the graph has no times.

    Source: lecture row 80; Ying et al. 2018, section 3.3 and 4.1.
    """
    if graph.time is None:
        refuse("graph", f"{graph} without times", "a graph with times, to know what came next", "use loss 'bpr'")
    order = torch.from_numpy(np.lexsort([graph.item.numpy(), graph.time.numpy(), graph.user.numpy()]))
    user, item = graph.user[order], graph.item[order]  # by user, then time, then item
    same_user = user[1:] == user[:-1]
    return user[1:][same_user], item[:-1][same_user], item[1:][same_user]


class PinSAGE(EmbeddingModel):
    r"""PinSAGE: L layers of :func:`convolve` on the items' features, then the dense layers of :func:`finish`.

    .. math:: z_v = G_2\, \mathrm{ReLU}(G_1 h_v^{(L)} + g), \qquad z_u = \frac{1}{d_u} \sum_{v \in N_u} z_v,
        \qquad \text{score}(u, v) = z_u \cdot z_v

    The paper embeds items only. What the lecture calls z_u is here the mean over the user's items. So the weights
    describe no single user or item, and an item that came after training gets its vector through :meth:`on`.

    Args:
        graph: The training graph.
        features: One vector per item, float, shape (I, F), such as ``text_features(…)``.
        dim: Embedding size D of every layer.
        num_layers: Number of layers L.
        num_neighbors: Number of neighbours per item T.
        neighbors: Neighbours and weights of all items, as ``importance_neighbors`` gives them; by default drawn here.
        seed: Seed of the walks and of the weights, which start Xavier-uniform with biases at 0.

    Raises:
        ValueError: If there is not one finite float vector and one row of neighbours for each item, or a number is out
            of range.

    Example:
        >>> import torch
        >>> from course_lib.datasets import load
        >>> from course_lib.features import genre_features
        >>> toy = load("toy")
        >>> model = PinSAGE(toy.graph, genre_features(toy.genres), dim=8, num_neighbors=2)
        >>> users, items = model.embed()
        >>> tuple(users.shape), tuple(items.shape)
        ((4, 8), (6, 8))
        >>> torch.allclose(users[0], items[[0, 1]].mean(dim=0))  # Ada has items 0 and 1
        True

    Source: lecture rows 72–82 and 89; Ying et al. 2018, algorithms 1 and 2; Kabbur et al. 2013 (FISM) for the user.
    """

    def __init__(
        self,
        graph: InteractionGraph,
        features: Tensor,
        dim: int = 64,
        num_layers: int = 2,
        num_neighbors: int = 10,
        neighbors: tuple[Tensor, Tensor] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(graph)
        dim, num_layers = whole("dim", dim, least=1), whole("num_layers", num_layers, least=0)
        self._options = {"dim": dim, "num_layers": num_layers, "num_neighbors": num_neighbors, "seed": seed}
        self.graph = graph
        if neighbors is None:
            every = torch.arange(graph.num_items)
            neighbors = importance_neighbors(graph, every, num_neighbors, NUM_STEPS, RESTART, seed)
        near, alpha = neighbors
        features = checked_features(features, graph.num_items)
        _check_neighbors(graph, near, alpha)
        for name, value in (("features", features.float()), ("near", near.long()), ("alpha", alpha.float())):
            self.register_buffer(name, value, persistent=False)  # moves with the model, but is not saved
        shape = graph.num_users, graph.num_items
        self._chosen = csr_array((np.ones(graph.num_edges, bool), graph.item, graph.user_offsets), shape)
        sizes = [features.shape[1], *[dim] * num_layers]  # F, D, D, …
        shapes = [shape for size in sizes[:-1] for shape in ((dim, size), (dim, size + dim))]
        *weights, G2 = xavier([*shapes, (dim, sizes[-1]), (dim, dim)], seed)
        biased = [parameter for weight in weights for parameter in (weight, nn.Parameter(torch.zeros(dim)))]
        # Q, q, W, w of each layer; then G₁, g, G₂
        self.layers = nn.ModuleList(nn.ParameterList(biased[4 * l : 4 * l + 4]) for l in range(num_layers))
        self.head = nn.ParameterList([*biased[-2:], G2])

    def embed_items(self, items: Tensor) -> Tensor:
        """Embeddings of a batch, computed from its receptive field alone, from the features up to the last layer.

        Within a layer, no vector is computed twice.

        Args:
            items: Item ids, shape (B,).

        Returns:
            Embeddings, shape (B, D), differentiable.

        Raises:
            ValueError: If an item is unknown.

        Source: Ying et al. 2018, algorithm 2.
        """
        items = checked_ids("items", items, self.num_items)
        items = items.to(self.near.device)
        fields = receptive_field(self.near, items, len(self.layers))
        h = self.features[fields[-1]]  # one row for each item of the widest field
        for layer, (known, wanted) in zip(self.layers, pairwise(reversed(fields)), strict=True):
            own = torch.searchsorted(known, wanted)  # row in h of each wanted item
            near = torch.searchsorted(known, self.near[wanted])  # a missing neighbour, −1, gets row 0 and weight 0
            h = convolve(h, own, near, self.alpha[wanted], *layer)  # one row for each wanted item
        return finish(h, *self.head)[torch.searchsorted(fields[0], items)]  # (B, D)

    def embed(self) -> tuple[Tensor, Tensor]:
        """Embeddings of all users (U, D), zeros for a user without edges, and of all items (I, D).

        The whole catalogue is one batch, so each vector of each layer is computed only once.

        Source: Ying et al. 2018, section 3.4.
        """
        items = self.embed_items(torch.arange(self.num_items))
        ends = self.graph.item.to(items.device), self.graph.user_offsets.to(items.device)
        return embedding_bag(ends[0], items, ends[1], mode="mean", include_last_offset=True), items

    def pair_scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Scores for training, from the receptive field of the batch alone.

        Where the user has the item, the user's vector is the mean over the user's *other* items. If the item were part
        of that mean, a longer vector would always score its own positive higher, and training would learn only that.

        Args:
            users: User of each row, shape (B,).
            items: Items to score for the user, shape (B, S).

        Returns:
            Scores, shape (B, S), differentiable; 0 where the user has no other item.

        Source: Kabbur et al. 2013 (FISM), equation 5.
        """
        different, row = users.unique(return_inverse=True)  # (b,) users, each once; (B,) place of each row's user
        chosen = self._chosen[different.numpy()]  # (b, I), sparse
        ids, first = torch.from_numpy(chosen.indices).long(), torch.from_numpy(chosen.indptr).long()
        batch, place = torch.cat([ids, items.flatten()]).unique(return_inverse=True)
        z = self.embed_items(batch)
        of_users, of_pairs = place.to(z.device).split([len(ids), items.numel()])
        total = embedding_bag(of_users, z, first.to(z.device), mode="sum", include_last_offset=True)  # (b, D)
        total, z = embedding(row.to(z.device), total)[:, None], embedding(of_pairs, z).view(*items.shape, -1)
        own = self.graph.has_edges(users[:, None], items).long()  # (B, S): 1 where the user has the item
        others = (self.graph.user_degree[users][:, None] - own).clamp(min=1)
        return ((total * z).sum(dim=-1) - own.to(z) * z.square().sum(dim=-1)) / others.to(z)  # (total − own z) · z

    def penalty(self, users: Tensor, items: Tensor) -> Tensor:
        """Half the squared length of all weights, whatever the batch, because the vectors of all items share them."""
        return sum(weight.square().sum() for weight in self.parameters()) / 2

    def on(
        self,
        graph: InteractionGraph,
        features: Tensor,
        neighbors: tuple[Tensor, Tensor] | None = None,
    ) -> PinSAGE:
        """The same weights on another graph, which is how items that came after training get their vectors.

        Args:
            graph: The graph as it is now, with any users and items.
            features: One vector per item of that graph, float, shape (I, F).
            neighbors: As for the class; by default drawn anew.

        Returns:
            A new model with a copy of the weights.

        Raises:
            ValueError: As for the class, or if F is not the one that the weights were made for.

        Source: lecture row 73.
        """
        twin = PinSAGE(graph, features, neighbors=neighbors, **self._options)
        if features.shape[1] != self.features.shape[1]:
            refuse("features", f"{features.shape[1]} columns", f"{self.features.shape[1]}, as in training")
        twin.load_state_dict(self.state_dict())
        return twin


def _check_neighbors(graph: InteractionGraph, near: Tensor, alpha: Tensor) -> None:
    if near.dim() != 2 or len(near) != graph.num_items or near.shape != alpha.shape:
        got = f"shapes {tuple(near.shape)} and {tuple(alpha.shape)}"
        refuse("neighbors", got, f"ids and weights, both ({graph.num_items}, T)", "make them with importance_neighbors")
    if near.numel() and (near.min() < -1 or near.max() >= graph.num_items):
        refuse("neighbors", f"ids from {near.min()} to {near.max()}", f"ids in [−1, {graph.num_items})")
