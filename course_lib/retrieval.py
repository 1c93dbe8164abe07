"""From scores to lists: top-K for many users at once, and two stages for a large catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from course_lib.arguments import refuse, whole
from course_lib.graph import InteractionGraph, checked_ids
from course_lib.metrics import top_k
from course_lib.models import EmbeddingModel, Model

CELLS_AT_ONCE = 2**22  # scores held at a time: 16 MB of float32, however many users there are


@torch.no_grad()
def recommend(model: Model, users: Tensor, k: int, seen: Sequence[InteractionGraph] = ()) -> Tensor:
    """Top-K lists of some users over the whole catalogue, a few users at a time.

    Args:
        model: Anything with ``score(users)``, or with ``embed()``, which is then called only once.
        users: User ids, shape (B,).
        k: Length of the list K.
        seen: Graphs whose edges must not be recommended again.

    Returns:
        Item ids, best first, shape (B, K), padded with −1.

    Raises:
        ValueError: If k < 1, a user is unknown or a score is nan.

    Example:
        >>> from course_lib.datasets import load
        >>> from course_lib.models import Popularity
        >>> graph = load("toy").graph
        >>> recommend(Popularity(graph), torch.tensor([0, 3]), k=3)
        tensor([[1, 0, 2],
                [1, 0, 2]])
        >>> recommend(Popularity(graph), torch.tensor([0, 3]), k=3, seen=[graph])
        tensor([[2, 3, 4],
                [1, 0, 2]])

    Source: lecture rows 8 and 17.
    """
    k, users = whole("k", k, least=1), checked_ids("users", users, model.num_users)
    lists, done = torch.empty(len(users), k, dtype=torch.long), 0  # in one block, since many small ones fragment memory
    for batch, scores in _score_batches(model, users):
        exclude = torch.zeros_like(scores, dtype=torch.bool)  # (b, I)
        for graph in seen:
            exclude |= graph.rows(batch)
        lists[done : done + len(batch)] = top_k(scores, k, exclude if seen else None)
        done += len(batch)
    return lists


def list_hits(
    model: Model, target: InteractionGraph, k: int, seen: Sequence[InteractionGraph] = ()
) -> tuple[Tensor, Tensor]:
    """Hits in the lists of all users with positives, for the formulas in ``metrics.FROM_HITS``.

    Args:
        model: As in :func:`recommend`.
        target: Graph whose edges are the positives.
        k: Length of the list K.
        seen: Graphs whose edges are left out of the lists.

    Returns:
        True where the item at that rank is a positive, shape (users with positives, K); and the users' numbers of
        positives.

    Raises:
        ValueError: As in :func:`recommend`.
    """
    users = target.user_degree.nonzero().flatten()  # users without positives are left out of every mean
    items = recommend(model, users, k, seen)  # (users, K)
    return target.has_edges(users[:, None], items), target.user_degree[users]


def _score_batches(model: Model, users: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of users (b,) and their scores (b, I), so that there is never a U × I matrix."""
    embeddings = model.embed() if hasattr(model, "embed") else None
    for batch in users.split(max(CELLS_AT_ONCE // max(model.num_items, 1), 1)) if len(users) else ():
        if embeddings is None:
            yield batch, model.score(batch)
        else:
            user_emb, item_emb = embeddings
            yield batch, (user_emb[batch.to(user_emb.device)] @ item_emb.T).cpu()


class TwoStage:
    """A cheap model finds candidates through a FAISS index, and a better model puts them in order.

    The ranker cannot add an item that the retriever missed, so the final recall is at most that of the candidates.

    Args:
        retriever: Model with embeddings; its item vectors go into an inner-product index.
        ranker: Model whose scores give the order.
        num_candidates: Number of candidates per user C.
        index: FAISS factory string: "Flat" searches exactly; "IVF1024,Flat" divides the space into 1024 cells and
            searches one of them.

    Raises:
        ValueError: If num_candidates < 1 or the two models have different items.

    Source: lecture rows 6 and 7.
    """

    @torch.no_grad()
    def __init__(self, retriever: EmbeddingModel, ranker: Model, num_candidates: int, index: str = "Flat") -> None:
        num_candidates = whole("num_candidates", num_candidates, least=1)
        if retriever.num_items != ranker.num_items:
            refuse("ranker", f"{ranker.num_items} items", f"the retriever's {retriever.num_items}")
        import faiss  # starts a pool of threads, so it is imported only where it is used

        self.ranker, self.num_candidates = ranker, num_candidates
        user_emb, item_emb = (emb.cpu().clone() for emb in retriever.embed())  # copies, as training may go on
        self._user_emb = user_emb.numpy()  # (U, D)
        self._index = faiss.index_factory(item_emb.shape[1], index, faiss.METRIC_INNER_PRODUCT)
        self._index.train(item_emb.numpy())
        self._index.add(item_emb.numpy())

    def candidates(self, users: Tensor, exclude: Tensor | None = None) -> Tensor:
        """Stage one: the C items that the retriever scores highest.

        Args:
            users: User ids, shape (B,).
            exclude: True where an item must not be a candidate, shape (B, I), bool.

        Returns:
            Item ids, shape (B, C), padded with −1. If items of equal score compete for the last places, FAISS chooses.

        Raises:
            ValueError: If a user is unknown or exclude does not fit.
        """
        users = checked_ids("users", users, len(self._user_emb))
        if exclude is not None and (exclude.dtype != torch.bool or exclude.shape != (len(users), self._index.ntotal)):
            wanted = f"a bool tensor of shape {(len(users), self._index.ntotal)}"
            refuse("exclude", f"{exclude.dtype} of shape {tuple(exclude.shape)}", wanted)
        spare = 0 if exclude is None or not len(users) else int(exclude.sum(dim=1).max())
        width = min(self.num_candidates + spare, self._index.ntotal)  # more, because exclude takes some away
        found = torch.from_numpy(self._index.search(self._user_emb[users.numpy()], width)[1])  # (B, width)
        if exclude is not None:
            found = found.masked_fill(exclude.gather(1, found.clamp(min=0)), -1)
        padding_last = (found < 0).sort(dim=1, stable=True).indices
        found = found.gather(1, padding_last)[:, : self.num_candidates]
        return torch.nn.functional.pad(found, (0, self.num_candidates - found.shape[1]), value=-1)

    @torch.no_grad()
    def recommend(self, users: Tensor, k: int, exclude: Tensor | None = None) -> Tensor:
        """Both stages: the ranker's order of the retriever's candidates.

        Args:
            users: User ids, shape (B,).
            k: Length of the list K.
            exclude: True where an item must not be recommended, shape (B, I), bool.

        Returns:
            Item ids, best first, shape (B, K), padded with −1.

        Raises:
            ValueError: If k < 1, a user is unknown, exclude does not fit or a score is nan.
        """
        items = self.candidates(users, exclude).sort(dim=1).values  # (B, C), by id: equal scores rank by lower id
        scores = self.ranker.score(users).gather(1, items.clamp(min=0))  # (B, C)
        place = top_k(scores, k, exclude=items < 0)  # (B, K)
        return items.gather(1, place.clamp(min=0)).masked_fill(place < 0, -1)
