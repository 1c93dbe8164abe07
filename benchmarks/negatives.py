"""What negatives cost and what they bring: shared, hard and distance-weighted against uniform ones, on one thread.

    python benchmarks/negatives.py
    python benchmarks/negatives.py hard --seeds 5 --epochs 40
    python benchmarks/negatives.py rates weighting --seeds 5 --write

Cost and distances use synthetic items, the other parts MovieLens-100K. Epochs, windows and schedules are compared by
validation recall@20, never by test. Seconds are CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd
import torch
from scipy.stats import kstest, uniform
from torch import Tensor, nn
from torch.nn.functional import embedding, normalize, softplus
from tqdm import tqdm

from course_lib.datasets import load
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import EmbeddingModel, MatrixFactorization
from course_lib.negatives import (
    curriculum,
    distance_weighted_negatives,
    hard_negatives,
    shared_mask,
    shared_negatives,
    uniform_negatives,
)
from course_lib.walks import visit_counts

Row = dict[str, Any]
BATCH, STEPS, SHARED, MARGIN = 512, 40, 64, 0.2  # positives a step, steps an epoch, shared negatives, hinge
WINDOWS = ((0.0, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.0))
EVERYTHING = (0.0, 1.0)
RATES = (0.003, 0.01, 0.03)
RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results"


# ---- cost


def cost(args: argparse.Namespace) -> Iterator[Row]:
    """Embeddings a batch needs, and the seconds they take forward and backward."""
    features = torch.randn(100_000, 64, generator=torch.Generator().manual_seed(0))
    encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))
    batch_seconds(encoder, features, 32, 8, True)  # warm up
    for batch, num in ((32, 8), (128, 64), (512, 128), (2048, 500)):
        own, shared = 2 * batch + batch * num, 2 * batch + num
        slow = batch_seconds(encoder, features, batch, num, False)
        fast = min(batch_seconds(encoder, features, batch, num, True) for _ in range(3))
        yield {
            **{"B": batch, "N": num, "own embeddings": own, "shared embeddings": shared, "ratio": own / shared},
            **{"own s": slow, "shared s": fast, "ratio of s": slow / fast},
        }


def batch_seconds(encoder: nn.Module, features: Tensor, batch: int, num: int, shared: bool) -> float:
    """CPU seconds of one batch; with own negatives in pieces, since they would not all fit."""
    generator = torch.Generator().manual_seed(1)
    pairs = torch.randint(len(features), (batch, 2), generator=generator)
    negatives = torch.randint(len(features), (num,) if shared else (batch, num), generator=generator)
    started = time.process_time()
    for rows in torch.arange(batch).split(batch if shared else 128):
        query, positive = encoder(features[pairs[rows]]).unbind(dim=1)  # (b, D) each
        if shared:
            scores = query @ encoder(features[negatives]).T  # (B, N)
        else:
            scores = (encoder(features[negatives[rows]]) @ query[:, :, None]).squeeze(2)  # (b, N)
        (softplus(scores - (query * positive).sum(dim=1, keepdim=True)).sum() / (batch * num)).backward()
    return time.process_time() - started


# ---- training


@dataclass
class Batch:
    """What a draw of negatives may look at."""

    model: EmbeddingModel
    graph: InteractionGraph
    users: Tensor
    epoch: int
    generator: torch.Generator


@dataclass
class Run:
    """What became of a training; the model has the weights of the best epoch."""

    model: EmbeddingModel
    val: float
    epoch: int
    seconds: float


Negatives = list[tuple[Tensor, Tensor]]  # ids (N,) for all or (B, S) for each user, and which of (B, N or S) count
Draw = Callable[[Batch], Negatives]


def own(batch: Batch, num: int) -> Negatives:
    """Uniform negatives, each user its own."""
    ids = uniform_negatives(batch.graph, batch.users, num, batch.generator)
    return [(ids, ids >= 0)]


def common(batch: Batch, num: int, masked: bool = True) -> Negatives:
    """Uniform negatives, the same for all."""
    ids = shared_negatives(batch.graph, num, batch.generator)
    mask = shared_mask(batch.graph, batch.users, ids)
    return [(ids, mask if masked else torch.ones_like(mask))]


def with_hard(batch: Batch, band: Tensor, fixed: int | None = None) -> Negatives:
    """Some of each user's band (U, W) beside the shared ones: a fixed number, or one more each epoch."""
    num = curriculum(batch.epoch) if fixed is None else fixed
    place = torch.randint(band.shape[1], (len(batch.users), num), generator=batch.generator)
    ids = band[batch.users].gather(1, place)
    return [*common(batch, SHARED), (ids, ids >= 0)]


def weighted(batch: Batch, num: int, cutoff: float) -> Negatives:
    """Negatives by distance; the model's vectors have length 1."""
    user_emb, item_emb = batch.model.embed()
    free, how = ~batch.graph.rows(batch.users), {"seed": batch.generator, "cutoff": cutoff}
    ids = distance_weighted_negatives(user_emb[batch.users], item_emb, num, free, **how)
    return [(ids, ids >= 0)]


def masked_mean(values: Tensor, keep: Tensor) -> Tensor:
    """Mean of what counts in a row, then over the rows where something counts."""
    counts = keep.sum(dim=1)
    return ((values * keep).sum(dim=1) / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def bpr(pos: Tensor, neg: Tensor, keep: Tensor) -> Tensor:
    """Sampled BPR loss over the negatives that count."""
    return masked_mean(softplus(neg - pos[:, None]), keep)


def hinge(pos: Tensor, neg: Tensor, keep: Tensor) -> Tensor:
    """Margin loss over the negatives that count."""
    return masked_mean((neg - pos[:, None] + MARGIN).relu(), keep)


def train(
    model: EmbeddingModel,
    parts: Split,
    draw: Draw,
    epochs: int,
    seed: int,
    loss_of: Callable[[Tensor, Tensor, Tensor], Tensor] = bpr,
    weight_decay: float = 0.01,
    lr: float = 0.01,
) -> Run:
    """Epochs of equally many steps, whatever the negatives, each followed by validation."""
    generator, run, best, seconds = torch.Generator().manual_seed(seed), Run(model, -1.0, 0, 0.0), {}, 0.0
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    for epoch in range(1, epochs + 1):
        started = time.process_time()
        for _ in range(STEPS):
            users, pos = positive_pairs(parts.train, generator)
            negatives = draw(Batch(model, parts.train, users, epoch, generator))
            user_emb, item_emb = model.embed()
            query = embedding(users, user_emb)  # (B, D)
            scores = torch.cat([against(query, item_emb, ids) for ids, _ in negatives], dim=1)  # (B, N + S)
            keep = torch.cat([mask for _, mask in negatives], dim=1)
            loss = loss_of((query * embedding(pos, item_emb)).sum(dim=1), scores, keep)
            optimizer.zero_grad()
            (loss + weight_decay * model.penalty(users, pos)).backward()
            optimizer.step()
        seconds += time.process_time() - started
        val = evaluate(model, parts, on="val")["recall@20"]
        if val > run.val:
            run, best = Run(model, val, epoch, 0.0), deepcopy(model.state_dict())
    model.load_state_dict(best)
    run.seconds = seconds
    return run


def positive_pairs(graph: InteractionGraph, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Uniform users and one uniform item of each."""
    users = torch.randint(graph.num_users, (BATCH,), generator=generator)  # everybody has a training edge
    share = torch.rand(BATCH, generator=generator, dtype=torch.double)
    return users, graph.item[graph.user_offsets[users] + (share * graph.user_degree[users]).long()]


def against(query: Tensor, item_emb: Tensor, ids: Tensor) -> Tensor:
    """Scores of queries with the same items, ids (N,), or with each its own, ids (B, S)."""
    items = embedding(ids.clamp(min=0), item_emb)
    return query @ items.T if ids.dim() == 1 else (items @ query[:, :, None]).squeeze(2)


def summary(runs: Sequence[Run]) -> Row:
    """Means over the seeds, and the spread of validation recall."""
    values = [run.val for run in runs]
    return {
        "val recall@20": fmean(values),
        "sd": stdev(values) if len(values) > 1 else math.nan,
        "best epoch": fmean(run.epoch for run in runs),
        "s": fmean(run.seconds for run in runs),
    }


def each_seed(args: argparse.Namespace) -> list[tuple[int, Split]]:
    """A split of MovieLens-100K for each seed."""
    graph = load("movielens-100k").graph
    return [(seed, split(graph, seed=seed)) for seed in range(args.seeds)]


def quality(args: argparse.Namespace) -> Iterator[Row]:
    """Per-user against shared negatives after equally many steps."""
    draws: dict[str, Draw] = {f"own {num}": partial(own, num=num) for num in (1, 16)}
    draws |= {f"shared {num}": partial(common, num=num) for num in (1, 16, 64, 256, 1024)}
    draws |= {f"shared {num}, unmasked": partial(common, num=num, masked=False) for num in (64, 256)}
    for name, draw in draws.items():
        runs = [train(MatrixFactorization(s.train, seed=n), s, draw, args.epochs, n) for n, s in each_seed(args)]
        yield {"negatives": name, **summary(runs)}


def rates(args: argparse.Namespace) -> Iterator[Row]:
    """Own against shared negatives, each at the step size that is best for it."""
    draws = {f"own {num}": partial(own, num=num) for num in (1, 16)}
    draws |= {f"shared {num}": partial(common, num=num) for num in (16, 64, 256)}
    arms = {
        (name,): (
            lambda parts, seed: MatrixFactorization(parts.train, seed=seed),
            partial(train, draw=draw, epochs=args.epochs),
        )
        for name, draw in draws.items()
    }
    yield from each_at_its_best(args, "shared_negatives.csv", ("negatives",), arms)


def each_at_its_best(
    args: argparse.Namespace,
    file: str,
    names: tuple[str, ...],
    arms: dict[tuple[str | int, ...], tuple[Callable[[Split, int], EmbeddingModel], Callable[..., Run]]],
    choosing: int | None = None,
    rates: tuple[float, ...] = RATES,
) -> Iterator[Row]:
    """Train every arm with every step size, on some of the splits, and test it with the one that validation prefers."""
    rows, splits = [], each_seed(args)
    for arm, (build, run) in arms.items():

        def at(lr: float, some: list[tuple[int, Split]], build: Any = build, run: Any = run) -> list[Run]:
            return [run(build(parts, seed), parts, seed=seed, lr=lr) for seed, parts in some]

        runs = {lr: at(lr, splits[:choosing]) for lr in rates}
        best = max(runs, key=lambda lr: fmean(one.val for one in runs[lr]))
        runs[best] += at(best, splits[len(runs[best]) :])
        for lr, of_rate in runs.items():
            for (seed, parts), one in zip(splits, of_rate, strict=False):
                test = evaluate(one.model, parts)["recall@20"] if lr == best else math.nan
                rows.append((*arm, args.epochs, lr, seed, one.epoch, one.val, test))
        yield dict(zip(names, arm, strict=True)) | {"lr": best, **summary(runs[best])}
    if args.write:
        columns = [*names, "epochs", "lr", "seed", "best epoch", "val recall@20", "test recall@20"]
        keep_others(RESULTS / file, pd.DataFrame(rows, columns=columns), args.epochs)


# ---- hard negatives


def visits_of(graph: InteractionGraph) -> Tensor:
    """Visits of items (U, I) by a long walk from each user."""
    counts = visit_counts(graph, start_users=torch.arange(graph.num_users), num_steps=20_000, restart=0.5)
    return counts.to_dense()[:, graph.num_users :]


def band_of(visits: Tensor, graph: InteractionGraph, window: tuple[float, float]) -> Tensor:
    """Items of each user in a window of the ranking."""
    return hard_negatives(visits, graph.rows(torch.arange(graph.num_users)), window)


def false_negatives(args: argparse.Namespace) -> Iterator[Row]:
    """Share of "negatives" that validation or test knows as positives, ranked by walks and by mere popularity."""
    shares: dict[tuple[float, float], list[tuple[float, float]]] = {window: [] for window in (*WINDOWS, EVERYTHING)}
    for _, parts in each_seed(args):
        graph, users = parts.train, torch.arange(parts.train.num_users)
        future = parts.val.rows(users) | parts.test.rows(users)
        rankings = visits_of(graph), graph.item_degree.expand(graph.num_users, -1)
        for window, share in shares.items():
            bands = [band_of(ranking, graph, window) for ranking in rankings]
            share.append(tuple(future.gather(1, b.clamp(min=0))[b >= 0].double().mean().item() for b in bands))
    base = fmean(walk for walk, _ in shares[EVERYTHING])
    for window, share in shares.items():
        walk, popularity = map(fmean, zip(*share, strict=True))
        yield {
            **{"window": named(window), "ranks": "–".join(str(round(q * graph.num_items)) for q in window)},
            **{"false negatives": walk, "over all": walk / base, "by popularity": popularity},
        }


def hard(args: argparse.Namespace) -> Iterator[Row]:
    """Shared ones alone, and with each user's own from a window; test recall only of what validation chose.

    The window 0–100 % is the control: own negatives that are not hard.
    """
    steady = round(fmean(map(curriculum, range(1, args.epochs + 1))))  # as many in all as the curriculum
    runs: dict[str, list[Run]] = {}
    splits = each_seed(args)
    for seed, parts in splits:
        visits, draws = visits_of(parts.train), {"easy only": partial(common, num=SHARED)}
        for window in (*WINDOWS[:4], EVERYTHING):
            band = band_of(visits, parts.train, window)
            draws[f"{named(window)}, curriculum"] = partial(with_hard, band=band)
            draws[f"{named(window)}, {steady} from the start"] = partial(with_hard, band=band, fixed=steady)
        popular = band_of(parts.train.item_degree.expand_as(visits), parts.train, WINDOWS[2])
        draws[f"{named(WINDOWS[2])} by popularity, curriculum"] = partial(with_hard, band=popular)
        for name, draw in draws.items():
            run = train(MatrixFactorization(parts.train, seed=seed), parts, draw, args.epochs, seed)
            runs.setdefault(name, []).append(run)
    if args.write:
        store(runs, splits, args.epochs)
    chosen = max(runs, key=lambda name: fmean(run.val for run in runs[name]))
    easy = [run.val for run in runs["easy only"]]
    for name, own_runs in runs.items():
        better = sum(run.val > other for run, other in zip(own_runs, easy, strict=True))
        tested = [evaluate(run.model, parts) for run, (_, parts) in zip(own_runs, splits, strict=True)]
        shown = name in (chosen, "easy only")
        test = {k: fmean(t[k] for t in tested) if shown else math.nan for k in ("recall@20", "ndcg@20")}
        yield {f"{SHARED} shared and": name, **summary(own_runs), "better": f"{better}/{len(easy)}", **test}


def store(runs: dict[str, list[Run]], splits: list[tuple[int, Split]], epochs: int) -> None:
    """Write the runs into notebook 08's table, in the place of those with as many epochs."""
    rows = []
    for name, own_runs in runs.items():
        window, _, schedule = name.partition(", ")
        for (seed, parts), run in zip(splits, own_runs, strict=True):
            rows.append(
                {
                    "epochs": epochs,
                    "window": "none" if window == "easy only" else window,
                    "schedule": "from the start" if schedule.endswith("from the start") else "curriculum",
                    "seed": seed,
                    "best epoch": run.epoch,
                    "val recall@20": run.val,
                    "test recall@20": evaluate(run.model, parts)["recall@20"],
                }
            )
    keep_others(RESULTS / "hard_negatives.csv", pd.DataFrame(rows), epochs)


def keep_others(path: Path, table: pd.DataFrame, epochs: int) -> None:
    """Store runs of so many epochs beside those of other lengths."""
    kept = pd.read_csv(path) if path.exists() else pd.DataFrame({"epochs": []})
    table = pd.concat([kept[kept["epochs"] != epochs], table])
    table.sort_values("epochs", kind="stable").to_csv(path, index=False, float_format="%.6g")


def named(window: tuple[float, float]) -> str:
    """A window in per cent of the catalogue."""
    return "–".join(f"{100 * end:g}" for end in window) + " %"


# ---- distances


def sphere(num: int, dim: int, generator: torch.Generator) -> Tensor:
    """Uniformly random points on the unit sphere."""
    return normalize(torch.randn(num, dim, generator=generator), dim=1)


def from_uniform(distances: Tensor) -> float:
    """Kolmogorov–Smirnov distance to the slide's U[0.5, 1.4]."""
    return kstest(distances.flatten().numpy(), uniform(0.5, 0.9).cdf).statistic


def distances(args: argparse.Namespace) -> Iterator[Row]:
    """How far from uniform the distances of drawn negatives are, among random points."""
    for dim in (3, 8, 16, 64, 128):
        generator, row = torch.Generator().manual_seed(dim), {"n": dim}
        for num_items in (1_682, 100_000):
            query, items = sphere(200, dim, generator), sphere(num_items, dim, generator)
            drawn = torch.cat([distance_weighted_negatives(q, items, 50, seed=generator) for q in query.split(20)])
            apart = (query[:, None] - items[drawn]).norm(dim=2)[drawn >= 0]
            row |= {f"random {num_items:,}": from_uniform((query[:, None] - items[:50]).norm(dim=2))}
            row |= {f"weighted {num_items:,}": from_uniform(apart), f"median {num_items:,}": apart.median().item()}
            row |= {f"nearest {num_items:,}": min(torch.cdist(q, items).min().item() for q in query.split(20))}
        yield row


class OnSphere(MatrixFactorization):
    """Matrix factorisation with vectors of length 1: the score is the cosine."""

    def embed(self) -> tuple[Tensor, Tensor]:
        """The tables, normalised."""
        return normalize(self.user_table, dim=1), normalize(self.item_table, dim=1)


def pull(args: argparse.Namespace) -> Iterator[Row]:
    """What training with either kind does to the distances of users to items."""
    draws = {"random": partial(own, num=5)}
    draws |= {f"weighted from {cutoff}": partial(weighted, num=5, cutoff=cutoff) for cutoff in (0.5, 1.2)}
    splits = each_seed(args)
    for dim in (16, 64):
        for name, draw in draws.items():
            models = [OnSphere(parts.train, dim, seed=seed) for seed, parts in splits]
            if name == "random":
                yield {"D": dim, "negatives": "(untrained)", **spread(models, splits)}
            runs = [
                train(model, parts, draw, min(args.epochs, 10), seed, hinge, 0.0)
                for model, (seed, parts) in zip(models, splits, strict=True)
            ]
            yield {"D": dim, "negatives": name, **spread(models, splits), **summary(runs)}


def weighting(args: argparse.Namespace) -> Iterator[Row]:
    """Recommending after training with either kind, each at the step size that is best for it."""
    draws = {"random": partial(own, num=5), "by distance": partial(weighted, num=5, cutoff=0.5)}
    arms = {
        (dim, name): (
            lambda parts, seed, dim=dim: OnSphere(parts.train, dim, seed=seed),
            partial(train, draw=draw, epochs=args.epochs, loss_of=hinge, weight_decay=0.0),
        )
        for dim in (16, 64)
        for name, draw in draws.items()
    }
    # Vectors of length 1 stand larger steps. Random negatives are at their best with the largest; with D = 16, steps of
    # 0.2 and 0.3 gave less validation recall on the two splits that choose. With D = 64 none beyond was tried.
    rates = (*RATES, 0.1)
    yield from each_at_its_best(args, "distance_weighting.csv", ("D", "negatives"), arms, 2, rates)


@torch.no_grad()
def spread(models: list[OnSphere], splits: list[tuple[int, Split]]) -> Row:
    """Where positives and all others lie from their users, means over the models."""
    rows = []
    for model, (_, parts) in zip(models, splits, strict=True):
        apart = torch.cdist(*model.embed())  # (U, I)
        positive = parts.train.rows(torch.arange(model.num_users))
        others = apart[~positive]
        rows.append([apart[positive].median(), others.quantile(0.01), others.median(), (others < 1.4).float().mean()])
    names = ("positives, median", "others, 1 %", "others, median", "others < 1.4")
    return dict(zip(names, torch.tensor(rows).mean(dim=0).tolist(), strict=True))


# ---- all of it

PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "cost": cost,
    "quality": quality,
    "rates": rates,
    "false-negatives": false_negatives,
    "hard": hard,
    "distances": distances,
    "pull": pull,
    "weighting": weighting,
}


def table(rows: list[Row]) -> str:
    """Rows as aligned text; what is missing or nan is left blank."""
    frame = pd.DataFrame(rows)
    return frame.to_string(index=False, na_rep="", float_format=lambda x: f"{x:.4g}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument(
        "--seeds", type=int, help="by default 3, and 1 for pull and weighting, whose runs take five times as long"
    )
    parser.add_argument("--epochs", type=int, default=12, help=f"of {STEPS} steps")
    parser.add_argument(
        "--write", action="store_true", help="store the runs of hard, rates and weighting for notebook 08"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if strangers := set(args.parts) - set(PARTS):
        parser.error(f"PART: {', '.join(sorted(strangers))} is none of {', '.join(PARTS)}")
    torch.set_num_threads(1)
    seeds, results = args.seeds, {}
    for name in args.parts or PARTS:
        args.seeds = seeds or (1 if name in ("pull", "weighting") else 3)
        results[name] = list(tqdm(PARTS[name](args), desc=name, unit="row"))  # on stderr
        if not args.json:
            print(f"\n{name}: {PARTS[name].__doc__.splitlines()[0]}\n{table(results[name])}", flush=True)
    if args.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
