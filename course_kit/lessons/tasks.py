"""What students write in the lessons: each task with its answer, its inputs and the mistakes that are known.

A mistake is a function that makes it, under the hint for whoever makes it too. The answers stand here for the checks;
each lesson has its own, folded away below the question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

Function = Callable[..., Any]


@dataclass(frozen=True)
class Task:
    """A function that a lesson asks for.

    Args:
        answer: The function as it should be.
        cases: Makes the inputs, one tuple per call.
        mistakes: Hint → a function that makes the mistake.
    """

    answer: Function
    cases: Callable[[], list[tuple]]
    mistakes: Mapping[str, Function]


def _draw(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _table(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=_draw(seed), dtype=torch.double)


def _edges(seed: int, num_users: int, num_items: int) -> Tensor:
    """A matrix of edges (U, I) in which everybody has one at least."""
    ones = (torch.rand(num_users, num_items, generator=_draw(seed)) < 0.4).double()
    ones[:, 0] = 1
    ones[0] = 1
    return ones


def _degrees(seed: int) -> Tensor:
    return torch.randint(1, 40, (9,), generator=_draw(seed)) ** 2


# --- 00


def _most_liked(titles: list[str], degrees: Tensor, k: int) -> list[str]:
    return [titles[v] for v in degrees.argsort(descending=True)[:k].tolist()]


def _liked_cases() -> list[tuple]:
    draws = [torch.randperm(6, generator=_draw(seed)) for seed in range(3)]
    return [(list("BFADCE"), degrees + 1, k) for degrees, k in zip(draws, (1, 2, 3), strict=True)]


def _films_for_half(degrees: Tensor) -> int:
    shares = degrees.sort(descending=True).values.cumsum(0) / degrees.sum()
    return int((shares < 0.5).sum()) + 1


# --- 01


def _paths(R: Tensor, u: int) -> Tensor:
    paths = R[u] @ R.T @ R
    paths[R[u] > 0] = 0
    return paths


def _hit_rate(scores: Tensor, positives: Tensor, k: int) -> float:
    hit = positives.gather(1, scores.topk(k).indices).any(dim=1)
    return hit[positives.any(dim=1)].double().mean().item()


def _hits(scores: Tensor, positives: Tensor, k: int) -> Tensor:
    return positives.gather(1, scores.topk(k).indices)


def _hit_cases() -> list[tuple]:
    likes = [torch.rand(6, 8, generator=_draw(seed)) < 0.3 for seed in range(3)]
    for positives in likes:
        positives[0], positives[1] = False, True
    return [(_table(seed, 6, 8), positives, 2) for seed, positives in enumerate(likes)]


# --- 02


def _cosine_scores(users: Tensor, items: Tensor) -> Tensor:
    return (users / users.norm(dim=1, keepdim=True)) @ (items / items.norm(dim=1, keepdim=True)).T


def _hinge(pos: Tensor, neg: Tensor, margin: float) -> Tensor:
    return (neg - pos[:, None] + margin).clamp(min=0).mean()


# --- 03


def _jaccard(R: Tensor, u: int) -> Tensor:
    shared = R @ R[u]
    return shared / (R.sum(dim=1) + R[u].sum() - shared)


def _bpr_step(z_u: Tensor, z_p: Tensor, z_n: Tensor, lr: float) -> Tensor:
    return z_u + lr * torch.sigmoid(-(z_u @ (z_p - z_n))) * (z_p - z_n)


# --- 04


def _max_pooling(h: Tensor, neighbors: dict[int, list[int]]) -> Tensor:
    return torch.stack([h[neighbors[n]].max(dim=0).values for n in range(len(h))])


def _pooled(h: Tensor, neighbors: dict[int, list[int]], pool: Function) -> Tensor:
    return torch.stack([pool(h[neighbors[n]]) for n in range(len(h))])


def _neighbor_cases() -> list[tuple]:
    lists = {0: [2, 3], 1: [3], 2: [0], 3: [0, 1]}
    return [(_table(seed, 4, 3), lists) for seed in range(3)]


def _catches_up(num_nodes: int, num_layers: int) -> int:
    return math.ceil((num_nodes / num_layers - 1) / 2)


# --- 05


def _energy(A: Tensor, x: Tensor) -> Tensor:
    return x @ x - x @ (A @ x)


def _with_restart(A: Tensor, E: Tensor, steps: int, keep: float) -> Tensor:
    H = E
    for _ in range(steps):
        H = keep * E + (1 - keep) * (A @ H)
    return H


def _forgetful(A: Tensor, E: Tensor, steps: int, keep: float) -> Tensor:
    for _ in range(steps):
        E = keep * E + (1 - keep) * (A @ E)
    return E


def _normalized(seed: int) -> Tensor:
    R = _edges(seed, 3, 4)
    A = torch.zeros(7, 7, dtype=torch.double)
    A[:3, 3:], A[3:, :3] = R, R.T
    root = A.sum(dim=1).sqrt()
    return A / (root[:, None] * root)


# --- 06


def _paired(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    delta = first - second
    return delta.mean(), delta.std() / len(delta) ** 0.5


def _paired_cases() -> list[tuple]:
    return [(0.3 + 0.01 * _table(seed, 5), 0.29 + 0.01 * _table(seed + 9, 5)) for seed in range(3)]


def _by_luck(wins: int, n: int) -> float:
    return sum(math.comb(n, k) for k in range(wins, n + 1)) / 2**n


# --- 07


def _importance(visits: Tensor, num: int) -> tuple[Tensor, Tensor]:
    most = visits.topk(num)
    return most.indices, most.values / most.values.sum()


def _visit_cases() -> list[tuple]:
    return [(torch.randperm(8, generator=_draw(seed)).double() ** 2, num) for seed, num in enumerate((2, 3, 4))]


def _fold_in(users: Tensor, R: Tensor) -> Tensor:
    return (R.T @ users) / R.sum(dim=0).clamp(min=1)[:, None]


def _fold_cases() -> list[tuple]:
    graphs = [(torch.rand(5, 4, generator=_draw(seed)) < 0.5).double() for seed in range(3)]
    for R in graphs:
        R[:, 0], R[:, 1] = 0, 1
    return [(_table(seed, 5, 2), R) for seed, R in enumerate(graphs)]


# --- 08


def _push_of_hardest(pos: float, neg: Tensor) -> Tensor:
    push = torch.sigmoid(neg - pos).sort(descending=True).values
    return push[: len(push) // 10].sum() / push.sum()


def _share_of_top(values: Tensor) -> Tensor:
    top = values.sort(descending=True).values
    return top[: len(top) // 10].sum() / top.sum()


def _in_batch(users: Tensor, items: Tensor, temperature: float) -> Tensor:
    return cross_entropy(users @ items.T / temperature, torch.arange(len(users)))


def _batch_cases() -> list[tuple]:
    return [(_table(seed, 4, 3), _table(seed + 9, 4, 3), 0.5) for seed in range(3)]


# --- 09


def _centred(x: Tensor) -> Tensor:
    return normalize(x - x.mean(dim=0), dim=1)


def _spread(lists: Tensor, num_items: int) -> tuple[int, float]:
    times = torch.bincount(lists.flatten(), minlength=num_items)
    return int((times > 0).sum()), times.max().item() / len(lists)


def _list_cases() -> list[tuple]:
    rows = [torch.stack([torch.randperm(9, generator=_draw(9 * seed + u))[:3] for u in range(5)]) for seed in range(3)]
    return [(lists, 12) for lists in rows]


# --- 10


def _slope(sizes: np.ndarray, costs: np.ndarray) -> float:
    return np.polyfit(np.log(sizes), np.log(costs), deg=1)[0]


def _extended(sizes: np.ndarray, costs: np.ndarray, to: float) -> float:
    slope = np.log(costs[-1] / costs[-2]) / np.log(sizes[-1] / sizes[-2])
    return costs[-1] * (to / sizes[-1]) ** slope


SIZES = np.array([1e4, 3e4, 1e5, 3e5])
COSTS = [np.array(costs) for costs in ([0.3, 1.1, 4.2, 15.0], [2.0, 5.1, 8.9, 16.0], [0.1, 0.9, 12.0, 90.0])]


TASKS: dict[str, Task] = {
    "00 most liked": Task(
        _most_liked,
        _liked_cases,
        {
            "Those are the least liked films: sort with descending=True.": lambda t, d, k: [
                t[v] for v in d.argsort()[:k].tolist()
            ],
            "Those are the numbers of the films. Look up their titles.": lambda t, d, k: d.argsort(descending=True)[
                :k
            ].tolist(),
            "Those are the numbers of users. Which films have them?": lambda t, d, k: (
                d.sort(descending=True).values[:k].tolist()
            ),
        },
    ),
    "00 half of the edges": Task(
        _films_for_half,
        lambda: [(_degrees(seed),) for seed in range(3)],
        {
            "One film more: count up to the first film that reaches one half.": lambda d: _films_for_half(d) - 1,
            "Begin with the film that has the most edges.": lambda d: (
                int((d.sort().values.cumsum(0) / d.sum() < 0.5).sum()) + 1
            ),
            "Sort the films first, the most liked one at the front.": lambda d: (
                int((d.cumsum(0) / d.sum() < 0.5).sum()) + 1
            ),
        },
    ),
    "01 paths": Task(
        _paths,
        lambda: [(_edges(seed, 4, 6), 1 + seed) for seed in range(3)],
        {
            "Films that she has seen must get 0.": lambda R, u: R[u] @ R.T @ R,
            "R[u] @ R.T counts films in common with each user. Go one step on, to their films.": lambda R, u: (
                R[u] @ R.T
            ),
            "You kept the films that she has seen and dropped the new ones.": lambda R, u: R[u] @ R.T @ R * R[u],
            "Count every path: two people can lead to one film, each over several films in common.": lambda R, u: (
                ((R[u] @ R.T > 0).double() @ R) * (1 - R[u])
            ),
        },
    ),
    "01 hit rate": Task(
        _hit_rate,
        _hit_cases,
        {
            "Leave out users without positives: nobody can make a hit for them.": lambda s, p, k: (
                _hits(s, p, k).any(dim=1).double().mean().item()
            ),
            "One hit is enough for a user: take any, not the mean over the list.": lambda s, p, k: (
                _hits(s, p, k)[p.any(dim=1)].double().mean().item()
            ),
            "That is recall. Here a user counts 1 as soon as one of her items is in the list.": lambda s, p, k: (
                (_hits(s, p, k).sum(dim=1) / p.sum(dim=1))[p.any(dim=1)].mean().item()
            ),
        },
    ),
    "02 cosine": Task(
        _cosine_scores,
        lambda: [(_table(seed, 3, 2), _table(seed + 9, 4, 2)) for seed in range(3)],
        {
            "That is the dot product: divide by the lengths of the vectors.": lambda u, v: u @ v.T,
            "Divide by the users' lengths too.": lambda u, v: u @ (v / v.norm(dim=1, keepdim=True)).T,
            "Divide by the items' lengths too.": lambda u, v: (u / u.norm(dim=1, keepdim=True)) @ v.T,
            "Each row is a vector: take its length along dim=1.": lambda u, v: (
                (u / u.norm(dim=0, keepdim=True)) @ (v / v.norm(dim=0, keepdim=True)).T
            ),
        },
    ),
    "02 hinge": Task(
        _hinge,
        lambda: [(_table(seed, 4) + 1, _table(seed + 9, 4, 3), 0.5) for seed in range(3)],
        {
            "A pair in the right order, with the margin kept, costs nothing: cut off below 0.": lambda p, n, m: (
                n - p[:, None] + m
            ).mean(),
            "Cut off each pair at 0 before you take the mean.": lambda p, n, m: (n - p[:, None] + m).mean().clamp(0),
            "The sign: a pair is good if the positive is above the negative.": lambda p, n, m: (
                (p[:, None] - n + m).clamp(min=0).mean()
            ),
            "The margin makes the demand stricter, so it is added to the cost.": lambda p, n, m: (
                (n - p[:, None] - m).clamp(min=0).mean()
            ),
            "The margin is missing.": lambda p, n, m: (n - p[:, None]).clamp(min=0).mean(),
        },
    ),
    "03 jaccard": Task(
        _jaccard,
        lambda: [(_edges(seed, 4, 7), 1 + seed) for seed in range(3)],
        {
            "Shared items were counted twice below: take them off once.": lambda R, u: (
                (R @ R[u]) / (R.sum(dim=1) + R[u].sum())
            ),
            "That is the cosine. Divide by the number of items that either of the two has.": lambda R, u: (
                (R @ R[u]) / (R.sum(dim=1) * R[u].sum()).sqrt()
            ),
            "That is the number of shared items. Divide it.": lambda R, u: R @ R[u],
            "You divided by her own items alone.": lambda R, u: (R @ R[u]) / R[u].sum(),
        },
    ),
    "03 one step": Task(
        _bpr_step,
        lambda: [(_table(seed, 3), _table(seed + 9, 3), _table(seed + 19, 3), 0.5) for seed in range(3)],
        {
            "The step goes the wrong way: it must raise the positive and lower the negative.": lambda u, p, n, lr: (
                2 * u - _bpr_step(u, p, n, lr)
            ),
            "A pair in the wrong order must move farther: σ takes minus the difference.": lambda u, p, n, lr: (
                u + lr * torch.sigmoid(u @ (p - n)) * (p - n)
            ),
            "The factor σ(−difference) is missing: a pair in good order moves little.": lambda u, p, n, lr: (
                u + lr * (p - n)
            ),
            "The negative takes part in the step too.": lambda u, p, n, lr: u + lr * torch.sigmoid(-(u @ (p - n))) * p,
            "That is the change alone. Add it to her vector.": lambda u, p, n, lr: _bpr_step(u, p, n, lr) - u,
        },
    ),
    "04 max": Task(
        _max_pooling,
        _neighbor_cases,
        {
            "That is the mean.": lambda h, near: _pooled(h, near, lambda rows: rows.mean(dim=0)),
            "That is the sum.": lambda h, near: _pooled(h, near, lambda rows: rows.sum(dim=0)),
            "The node itself is not among its neighbours.": lambda h, near: _max_pooling(
                h, {n: [n, *others] for n, others in near.items()}
            ),
            "One largest number for each position: take the maximum along dim=0.": lambda h, near: _pooled(
                h, near, lambda rows: rows.max(dim=1).values.max()
            ),
        },
    ),
    "04 catches up": Task(
        _catches_up,
        lambda: [(2385, 3), (70839, 3), (500, 2)],
        {
            "Round up: just below the crossing, the GNN still has fewer.": lambda n, layers: _catches_up(n, layers) - 1,
            "You left out the layers: each of them has its parameters.": lambda n, layers: _catches_up(n, 1),
            "A layer's matrix is D × 2D: it has 2D² numbers.": lambda n, layers: math.ceil(n / layers - 1),
            "A whole number is wanted: the smallest D at which the GNN has as many.": lambda n, layers: (
                (n / layers - 1) / 2
            ),
        },
    ),
    "05 energy": Task(
        _energy,
        lambda: [(_normalized(seed), _table(seed, 7)) for seed in range(3)],
        {
            "Subtract: the more alike neighbours are, the smaller the energy.": lambda A, x: x @ x + x @ (A @ x),
            "That is xᵀÃx, the second term. The first, xᵀx, is missing.": lambda A, x: x @ (A @ x),
            "That is Ãx taken off x: multiply once more by x.": lambda A, x: x - A @ x,
            "That is the squared length of x − Ãx, which is another measure.": lambda A, x: ((x - A @ x) ** 2).sum(),
        },
    ),
    "05 restart": Task(
        _with_restart,
        lambda: [(_normalized(seed), _table(seed, 7, 2), 2 + seed, 0.2) for seed in range(3)],
        {
            "Each step must add the vectors of the *start* again, not the present ones.": _forgetful,
            "The two shares are the wrong way round.": lambda A, E, s, k: _with_restart(A, E, s, 1 - k),
            "One step too few.": lambda A, E, s, k: _with_restart(A, E, s - 1, k),
            "One step too many.": lambda A, E, s, k: _with_restart(A, E, s + 1, k),
            "Multiply the present vectors by Ã, not those of the start.": lambda A, E, s, k: k * E + (1 - k) * (A @ E),
        },
    ),
    "06 paired": Task(
        _paired,
        _paired_cases,
        {
            "That is the standard deviation of one difference. Divide it by √n.": lambda a, b: (
                (a - b).mean(),
                (a - b).std(),
            ),
            "You divided by n; the error shrinks with √n only.": lambda a, b: (
                (a - b).mean(),
                (a - b).std() / len(a),
            ),
            "The standard deviation divides by n − 1, as `.std()` does.": lambda a, b: (
                (a - b).mean(),
                (a - b).std(correction=0) / len(a) ** 0.5,
            ),
            "Subtract split by split first; what makes a split hard for both then cancels.": lambda a, b: (
                a.mean() - b.mean(),
                ((a.var() + b.var()) / len(a)).sqrt(),
            ),
            "The mean first, then the error.": lambda a, b: _paired(a, b)[::-1],
        },
    ),
    "06 by luck": Task(
        _by_luck,
        lambda: [(5, 5), (4, 5), (7, 10)],
        {
            "That is the chance of exactly so many. “At least” adds those of more.": lambda w, n: (
                math.comb(n, w) / 2**n
            ),
            "“At least” includes the number itself.": lambda w, n: _by_luck(w + 1, n),
            "That is the chance of fewer.": lambda w, n: 1 - _by_luck(w, n),
            "Divide by the number of all outcomes, 2ⁿ.": lambda w, n: _by_luck(w, n) * 2**n,
        },
    ),
    "07 importance": Task(
        _importance,
        _visit_cases,
        {
            "The weights of the chosen neighbours must add up to 1.": lambda visits, num: (
                visits.topk(num).indices,
                visits.topk(num).values / visits.sum(),
            ),
            "Those are visits. Divide them by their sum.": lambda visits, num: tuple(visits.topk(num))[::-1],
            "Those are equal weights. Weight by visits.": lambda visits, num: (
                visits.topk(num).indices,
                torch.ones(num) / num,
            ),
            "First the neighbours, then their weights.": lambda visits, num: _importance(visits, num)[::-1],
            "The weights are missing: return two things.": lambda visits, num: visits.topk(num).indices,
        },
    ),
    "07 fold in": Task(
        _fold_in,
        _fold_cases,
        {
            "That is the sum. Divide by the number of users of each item.": lambda users, R: R.T @ users,
            "An item without users gives 0/0. It should get zeros: clamp the number at 1.": lambda users, R: (
                (R.T @ users) / R.sum(dim=0)[:, None]
            ),
            "Divide by the number of *users* of each item; you divided by how many users there are.": lambda users, R: (
                R.T @ users / len(users)
            ),
        },
    ),
    "08 hardest tenth": Task(
        _push_of_hardest,
        lambda: [(1.0, 2 * _table(seed, 40)) for seed in range(3)],
        {
            "Those are shares of the loss. The push is its derivative, σ(neg − pos).": lambda p, n: _share_of_top(
                torch.nn.functional.softplus(n - p)
            ),
            "That is σ(pos − neg): it is largest for the easiest negatives.": lambda p, n: _share_of_top(
                torch.sigmoid(p - n)
            ),
            "You took the easiest tenth.": lambda p, n: (
                torch.sigmoid(n - p).sort().values[: len(n) // 10].sum() / torch.sigmoid(n - p).sum()
            ),
            "That is the push of the hardest tenth. Divide it by the push of all.": lambda p, n: (
                torch.sigmoid(n - p).topk(len(n) // 10).values.sum()
            ),
        },
    ),
    "08 in the batch": Task(
        _in_batch,
        _batch_cases,
        {
            "Divide the scores by the temperature.": lambda u, v, t: _in_batch(u, v, 1.0),
            "Divide by the temperature, do not multiply.": lambda u, v, t: _in_batch(u, v, 1 / t),
            "A row is a user who chooses among the items; in yours, items choose among users.": lambda u, v, t: (
                _in_batch(v, u, t)
            ),
            "The mean over the users is wanted, not the sum.": lambda u, v, t: len(u) * _in_batch(u, v, t),
        },
    ),
    "09 centred": Task(
        _centred,
        lambda: [(_table(seed, 5, 3) + 2,) for seed in range(3)],
        {
            "The length of each row must be 1.": lambda x: x - x.mean(dim=0),
            "Subtract the mean first: afterwards the lengths are no longer 1.": lambda x: (
                normalize(x, dim=1) - normalize(x, dim=1).mean(dim=0)
            ),
            "The mean is over the items (dim=0), one number for each column.": lambda x: normalize(
                x - x.mean(dim=1, keepdim=True), dim=1
            ),
            "Subtract the mean of all items first.": lambda x: normalize(x, dim=1),
        },
    ),
    "09 spread": Task(
        _spread,
        _list_cases,
        {
            "The second number is a share of the lists: divide by how many there are.": lambda lists, n: (
                _spread(lists, n)[0],
                _spread(lists, n)[1] * len(lists),
            ),
            "Divide by the number of lists, not by the number of places in them.": lambda lists, n: (
                _spread(lists, n)[0],
                _spread(lists, n)[1] / lists.shape[1],
            ),
            "Count each film once, however many lists it is in.": lambda lists, n: (
                lists.numel(),
                _spread(lists, n)[1],
            ),
        },
    ),
    "10 slope": Task(
        _slope,
        lambda: [(SIZES, costs) for costs in COSTS],
        {
            "Take logarithms of both first.": lambda s, c: np.polyfit(s, c, deg=1)[0],
            "The sizes go to the right and the costs up: yours are exchanged.": lambda s, c: _slope(c, s),
            "Take the logarithm of the sizes as well.": lambda s, c: np.polyfit(s, np.log(c), deg=1)[0],
            "Take the logarithm of the costs as well.": lambda s, c: np.polyfit(np.log(s), c, deg=1)[0],
            "That is where the line begins. Which of the two numbers of polyfit is the slope?": lambda s, c: np.polyfit(
                np.log(s), np.log(c), deg=1
            )[1],
        },
    ),
    "10 extended": Task(
        _extended,
        lambda: [(SIZES, costs, 1e7) for costs in COSTS],
        {
            "That is a straight line without logarithms.": lambda s, c, to: (
                c[-1] + (to - s[-1]) * (c[-1] - c[-2]) / (s[-1] - s[-2])
            ),
            "That assumes a slope of 1.": lambda s, c, to: c[-1] * to / s[-1],
            "Use the last two points only.": lambda s, c, to: np.exp(
                np.polyval(np.polyfit(np.log(s), np.log(c), 1), np.log(to))
            ),
            "Take the slope between the last two points, not between the first and the last.": lambda s, c, to: (
                c[-1] * (to / s[-1]) ** (np.log(c[-1] / c[0]) / np.log(s[-1] / s[0]))
            ),
            "That begins at the first point. Go on from the last one.": lambda s, c, to: (
                _extended(s, c, to) / c[-1] * c[0]
            ),
        },
    ),
}
