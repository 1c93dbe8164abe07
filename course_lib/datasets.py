"""The course's data sets: two small ones made for it (``toy``, ``campus``) and three real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_lib import campus
from course_lib.arguments import refuse, whole
from course_lib.download import fetch
from course_lib.graph import InteractionGraph, Split
from course_lib.origins import GENRES, ORIGINS, known, parse_lists


@dataclass(frozen=True, eq=False)
class Planted:
    """A generated data set, with the truth that it was generated from.

    Args:
        graph: Who interacted with what, at times that do not depend on taste.
        user_taste: Share of each taste in each user, shape (U, T); rows sum to 1.
        item_taste: The one taste of each item, in [0, T), shape (I,).
        popularity: Probability of each item for a user without any taste, shape (I,); sums to 1.
        affinity: Probability that each item is a user's next choice, shape (U, I); rows sum to 1. No recommender can
            beat the ranking by affinity.
    """

    graph: InteractionGraph
    user_taste: Tensor
    item_taste: Tensor
    popularity: Tensor
    affinity: Tensor

    def __repr__(self) -> str:
        return f"Planted({self.user_taste.shape[1]} tastes, {self.graph})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A graph and what is known about its items.

    Args:
        name: The name under which ``load`` knows it.
        graph: All interactions.
        titles: Title of each item, length I; empty where the source has none.
        genres: Genres of each item, length I; empty where the source has none.
        official_split: The publishers' train and test graphs, over the ids of ``graph``; None if they gave no split.
        truth: The truth behind a generated data set; None for real data.
        user_names: Name of each user, length U; empty where users are anonymous.
    """

    name: str
    graph: InteractionGraph
    titles: tuple[str, ...] = ()
    genres: tuple[tuple[str, ...], ...] = ()
    official_split: Split | None = None
    truth: Planted | None = None
    user_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = {"titles": self.titles, "an official split": self.official_split, "known tastes": self.truth}
        having = "".join(f", {part}" for part, value in parts.items() if value)
        return f"Dataset({self.name!r}, {self.graph}{having})"


def load(name: str) -> Dataset:
    """Load a data set; a real one is fetched on its first use, with a progress bar.

    Args:
        name: ``toy`` (4 users × 6 items, to draw by hand), ``campus`` (generated, tastes known), ``movielens-100k``
            (edges are ratings ≥ 4, of users who have at least 5 of them), ``lastfm`` or ``gowalla`` (official split).

    Returns:
        The data set. Where there is an official split, the graph is the union of its train and test graphs.

    Raises:
        ValueError: If the name is unknown.
        DownloadError: If the data set is not in the data folder and cannot be fetched.

    Example:
        >>> toy = load("toy")
        >>> toy.graph
        InteractionGraph(4 users, 6 items, 12 edges, with times)
        >>> toy.user_names[0], [toy.titles[item] for item in toy.graph.item[toy.graph.user == 0]]
        ('Ada', ['Orbit of Glass', 'The Last Airlock'])

    Source: lecture rows 16 and 68.
    """
    return _LOADERS[known(name, _LOADERS)]()


def read_lists(train: str | Path, test: str | Path) -> tuple[InteractionGraph, InteractionGraph]:
    """Read a split from two files with lines ``user item item …``, one line per user, ids from 0.

    Args:
        train: Path of the training lists.
        test: Path of the test lists.

    Returns:
        The train and the test graph, over the same ids: from 0 to the highest id in the two files.

    Raises:
        ValueError: If a line is not a list of ids; the message names the file and the line.
    """
    ends = [_ends(parse_lists(Path(path).read_bytes(), path)) for path in (train, test)]
    num_users = max(int(users.max(initial=-1)) for users, _, _ in ends) + 1
    num_items = max(int(item.max(initial=-1)) for _, _, item in ends) + 1
    first, second = (
        InteractionGraph(num_users, num_items, torch.from_numpy(user), torch.from_numpy(item)) for _, user, item in ends
    )
    return first, second


def _ends(lists: list[tuple[int, list[int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The users of the lists, and the user and the item of each edge."""
    users = np.array([user for user, _ in lists], dtype=np.int64)
    degree = np.array([len(items) for _, items in lists], dtype=np.int64)
    item = np.fromiter(chain.from_iterable(items for _, items in lists), dtype=np.int64, count=degree.sum())
    return users, np.repeat(users, degree), item


def planted(
    num_users: int,
    num_items: int,
    num_tastes: int,
    edges_per_user: float = 20,
    skew: float = 0.8,
    noise: float = 0.1,
    seed: int = 0,
) -> Planted:
    """Generate data with known tastes: users draw items, without replacement, in proportion to their affinity.

    Each item has one taste and a popularity ``rank ** -skew``. A user is a mixture of tastes. The user's affinity to an
    item is (1 − noise) · (the user's share of the item's taste × popularity, normalised) + noise · popularity.

    Args:
        num_users: Number of users U.
        num_items: Number of items I.
        num_tastes: Number of tastes T, at most I; all tastes get the same number of items, give or take one.
        edges_per_user: Mean number of items per user; most users have between half and twice as many.
        skew: How unequal popularity is: 0 makes all items equally popular, 1 is Zipf's law.
        noise: Share of choices, in [0, 1], that follow popularity alone and no taste.
        seed: Seed of the draws.

    Returns:
        The graph and the truth behind it.

    Raises:
        ValueError: If a number is out of range.
    """
    _check_world(num_users, num_items, num_tastes, edges_per_user, skew, noise)
    rng = np.random.default_rng(whole("seed", seed, least=0))
    item_taste = rng.permutation(np.arange(num_items) % num_tastes)
    popularity = (1.0 + rng.permutation(num_items)) ** -skew
    popularity /= popularity.sum()
    user_taste = rng.dirichlet(np.full(num_tastes, 1 / num_tastes), num_users)  # most users have one or two tastes
    tasteful = user_taste[:, item_taste] * popularity  # (U, I)
    affinity = (1 - noise) * tasteful / tasteful.sum(axis=1, keepdims=True) + noise * popularity
    user, item = _draw(affinity, _activity(num_users, num_items, edges_per_user, rng), rng)
    time = rng.integers(0, 15 * 7 * 86_400, size=user.size)  # seconds of a term of 15 weeks
    graph = InteractionGraph(num_users, num_items, *map(torch.from_numpy, (user, item, time)))
    own, popular, likely = (torch.tensor(share, dtype=torch.float) for share in (user_taste, popularity, affinity))
    return Planted(graph, own, torch.from_numpy(item_taste), popular, likely)


def _check_world(users: int, items: int, tastes: int, edges_per_user: float, skew: float, noise: float) -> None:
    for argument, count in (("num_users", users), ("num_items", items), ("num_tastes", tastes)):
        if count < 1:
            refuse(argument, count, "at least 1")
    if tastes > items:
        refuse("num_tastes", tastes, f"at most one per item ({items})")
    if not 1 <= edges_per_user <= items:
        refuse("edges_per_user", edges_per_user, f"a mean between 1 and num_items ({items})")
    if not 0 <= skew <= 10:
        refuse("skew", skew, "a number from 0 (all alike) to 10")
    if not 0 <= noise <= 1:
        refuse("noise", noise, "a share in [0, 1]")


def _activity(num_users: int, num_items: int, mean: float, rng: np.random.Generator) -> np.ndarray:
    """Number of items of each user, log-normal around the mean, shape (U,)."""
    spread = 0.6
    drawn = mean * rng.lognormal(-(spread**2) / 2, spread, num_users)
    return np.clip(np.rint(drawn).astype(int), int(min(5, mean)), num_items)


def _draw(affinity: np.ndarray, count: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw items without replacement, in proportion to affinity.

    Each item gets an exponential waiting time with rate affinity, and the items with the shortest times are drawn.
    """
    with np.errstate(divide="ignore"):
        waiting = rng.exponential(size=affinity.shape) / affinity  # (U, I), infinite where affinity is 0
    order = waiting.argsort(axis=1)
    drawn = (np.arange(affinity.shape[1]) < count[:, None]) & np.isfinite(np.take_along_axis(waiting, order, axis=1))
    user, place = drawn.nonzero()
    return user, order[user, place]


def _movielens() -> Dataset:
    folder = fetch("movielens-100k", ORIGINS["movielens-100k"])
    ratings = np.loadtxt(folder / "u.data", dtype=np.int64)  # (100000, 4): user, item, rating, time
    positive = ratings[ratings[:, 2] >= 4]
    user, item, _, time = positive[np.bincount(positive[:, 0])[positive[:, 0]] >= 5].T
    graph, _, item_ids = InteractionGraph.from_edges(user, item, time)
    titles, genres = {}, {}
    for line in (folder / "u.item").read_text(encoding="latin-1").splitlines():
        number, title, _, _, _, *flags = line.split("|")
        titles[int(number)] = title.strip()
        genres[int(number)] = tuple(genre for genre, flag in zip(GENRES, flags, strict=True) if flag == "1")
    raw = item_ids.tolist()
    return Dataset("movielens-100k", graph, tuple(titles[i] for i in raw), tuple(genres[i] for i in raw))


def _official_lists(name: str) -> Dataset:
    folder = fetch(name, ORIGINS[name])
    train, test = read_lists(folder / "train.txt", folder / "test.txt")
    user, item = torch.cat([train.user, test.user]), torch.cat([train.item, test.item])
    none = torch.empty(0, dtype=torch.long)
    nothing = InteractionGraph(train.num_users, train.num_items, none, none)
    graph = InteractionGraph(train.num_users, train.num_items, user, item)
    return Dataset(name, graph, official_split=Split(train, nothing, test))


def _campus() -> Dataset:
    tastes = tuple(campus.EVENTS)
    world = planted(num_users=300, num_items=200, num_tastes=len(tastes), edges_per_user=20, skew=0.8, noise=0.1)
    names = [tastes[taste] for taste in world.item_taste.tolist()]
    return Dataset("campus", world.graph, campus.titles(names), tuple((name,) for name in names), truth=world)


def _toy() -> Dataset:
    """Ada and Ben like space, Dan likes kitchens, Cleo likes both.

    From Ada, items 2, 3 and 4 are 3 hops away, and item 5 is 5 hops away.
    """
    user = [0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]
    item = [0, 1, 0, 1, 2, 1, 2, 3, 4, 3, 4, 5]
    day = [1, 5, 2, 3, 9, 4, 6, 8, 12, 7, 10, 11]
    graph = InteractionGraph(4, 6, *map(torch.tensor, (user, item, day)))
    titles = (
        *("Orbit of Glass", "The Last Airlock", "Moons for Hire"),
        *("Soup for Strangers", "The Noodle Trial", "Bread at Midnight"),
    )
    genres = (("space",),) * 3 + (("kitchen",),) * 3
    return Dataset("toy", graph, titles, genres, user_names=("Ada", "Ben", "Cleo", "Dan"))


_LOADERS: dict[str, Callable[[], Dataset]] = {
    "toy": _toy,
    "campus": _campus,
    "movielens-100k": _movielens,
    "lastfm": lambda: _official_lists("lastfm"),
    "gowalla": lambda: _official_lists("gowalla"),
}
