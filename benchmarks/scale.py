"""How time and memory grow with the graph, from 10⁴ to 10⁷ edges, and what that says of Pinterest's 18 billion.

    python benchmarks/scale.py --write
    python benchmarks/scale.py diffusion "PinSAGE step" --edges 1e4 1e6

The graphs are random with popularity ``rank^−0.8`` and eleven edges a node. A part is measured in a process of its own,
on one thread: CPU seconds (median of the repetitions) and the peak of what it takes beside the graph and the tables it
works on. ``walks`` are without their set-up, which lists the neighbours of every node and is a part of its own. Slopes
are fitted from 3·10⁵ edges on; below, what a call costs at any size hides them. Unix only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import faiss
import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm
from walks import power_law

from course_lib.diffusion import normalized_adjacency, polynomial
from course_lib.features import taste_features
from course_lib.graph import InteractionGraph
from course_lib.growth import fit_power_law
from course_lib.losses import margin_loss
from course_lib.models import MatrixFactorization, PinSAGE
from course_lib.retrieval import recommend
from course_lib.walks import importance_neighbors

EDGES = (1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)
FIT_FROM, PINTEREST = 3e5, 18e9
DIM, LAYERS, SAMPLE = 64, 3, 1_000  # SAMPLE users, starts of walks, queries
BATCH, NEGATIVES = 64, 100  # of a PinSAGE step: small, so that its field fits into a small catalogue many times
TASTES, PROBES, FOUND = 100, 8, 100  # of the vectors searched; cells looked into; length of a list of candidates
RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "scale.csv"

Call = Callable[[], Any]


# ---- what is measured: each function sets up, and returns what is to be timed


def ids(size: int, count: int = SAMPLE) -> Tensor:
    """Uniform ids, with repetition where there are not so many."""
    return torch.randint(size, (count,), generator=torch.Generator().manual_seed(0))


def diffusion(graph: InteractionGraph) -> Call:
    """Three layers, forward and backward: what a full-batch step of LightGCN does over the whole graph."""
    adjacency, alpha = normalized_adjacency(graph), [1 / (LAYERS + 1)] * (LAYERS + 1)
    x, upstream = torch.randn(graph.num_nodes, DIM, requires_grad=True), torch.randn(graph.num_nodes, DIM)
    return lambda: torch.autograd.grad(polynomial(adjacency, x, alpha), x, upstream)


def walk_set_up(graph: InteractionGraph) -> Call:
    """Listing the neighbours of every node."""
    return lambda: importance_neighbors(graph, ids(graph.num_items, 1), 10, num_steps=1, restart=0.3)


def walks(graph: InteractionGraph) -> Call:
    """A walk of 1,000 steps from each of 1,000 items, and the set-up."""
    return lambda: importance_neighbors(graph, ids(graph.num_items), 10, num_steps=1_000, restart=0.3)


def evaluation(graph: InteractionGraph) -> Call:
    """Lists of 20 for 1,000 users: every item scored, what is seen left out."""
    model = MatrixFactorization(graph, DIM)
    return lambda: recommend(model, ids(graph.num_users), 20, seen=(graph,))


def pinsage(graph: InteractionGraph) -> PinSAGE:
    """Two layers over ten neighbours, found by walks that are short, as they are not what is measured."""
    neighbors = importance_neighbors(graph, torch.arange(graph.num_items), 10, num_steps=50, restart=0.3)
    return PinSAGE(graph, torch.randn(graph.num_items, DIM), DIM, neighbors=neighbors)


def pinsage_step(graph: InteractionGraph) -> Call:
    """One step on 64 pairs of items with 100 shared negatives: forward, backward, Adam."""
    model = pinsage(graph)
    batch, optimizer = ids(graph.num_items, 2 * BATCH + NEGATIVES), torch.optim.Adam(model.parameters())

    def step() -> None:
        query, pos, neg = model.embed_items(batch).split([BATCH, BATCH, NEGATIVES])
        loss = margin_loss((query * pos).sum(dim=1), query @ neg.T, margin=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def pinsage_inference(graph: InteractionGraph) -> Call:
    """All items, layer by layer."""
    model = pinsage(graph)
    return torch.no_grad()(lambda: model.embed_items(torch.arange(graph.num_items)))


@dataclass
class Search:
    """The nearest 100 of all items for 1,000 queries."""

    index: faiss.Index
    queries: np.ndarray

    def __call__(self) -> np.ndarray:
        """Ids, shape (queries, 100)."""
        return self.index.search(self.queries, FOUND)[1]


def search(graph: InteractionGraph, factory: str = "Flat") -> Search:
    """Every item compared."""
    vectors = taste_features(ids(TASTES, graph.num_items + SAMPLE), 0.5, DIM).numpy()
    index = faiss.index_factory(DIM, factory, faiss.METRIC_INNER_PRODUCT)
    if cells := faiss.try_extract_index_ivf(index):
        cells.nprobe, cells.cp.min_points_per_centroid = PROBES, 1  # a small catalogue is no reason for a warning
    index.train(vectors[SAMPLE:])
    index.add(vectors[SAMPLE:])
    return Search(index, vectors[:SAMPLE])


def search_cells(graph: InteractionGraph) -> Search:
    """Only the items of the 8 nearest of √I cells compared."""
    return search(graph, f"IVF{int(graph.num_items**0.5)},Flat")


PARTS: dict[str, Callable[[InteractionGraph], Call]] = {
    "diffusion": diffusion,
    "walk set-up": walk_set_up,
    "walks": walks,
    "evaluation": evaluation,
    "PinSAGE step": pinsage_step,
    "PinSAGE inference": pinsage_inference,
    "search, flat": search,
    "search, cells": search_cells,
}


# ---- how it is measured


def megabytes() -> float:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def seconds(call: Call, least: float = 0.3, most: int = 20) -> float:
    """CPU seconds, the median of as many repetitions as fill a moment."""
    times: list[float] = []
    while sum(times) < least and len(times) < most:
        start = process_time()
        call()
        times.append(process_time() - start)
    return median(times)


def figures_of(call: Call, first: Call) -> dict[str, float]:
    """In a child, whose peak begins where this process stands; ``first`` pays for what is done once a process."""

    def measure(connection: Any) -> None:
        first()
        before = megabytes()
        call()
        connection.send({"megabytes": megabytes() - before, "seconds": seconds(call)})

    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=measure, args=(there,))
    child.start()
    there.close()
    figures = here.recv()
    child.join()
    return figures


def rows_of(graph: InteractionGraph, small: InteractionGraph, parts: list[str]) -> list[dict[str, Any]]:
    """All parts on one graph."""
    size = {"edges": graph.num_edges, "users": graph.num_users, "items": graph.num_items}
    rows = []
    for part in parts:
        call = PARTS[part](graph)
        rows.append({"part": part, **size, **figures_of(call, PARTS[part](small))})
        if part == "search, cells":
            exact, near = search(graph)(), call()
            pairs = zip(exact.tolist(), near.tolist(), strict=True)
            rows[-1]["found"] = np.mean([len({*a} & {*b}) / len(a) for a, b in pairs])
    set_up = next((row["seconds"] for row in rows if row["part"] == "walk set-up"), None)
    return [row | {"seconds": row["seconds"] - set_up} if set_up and row["part"] == "walks" else row for row in rows]


def laws(table: pd.DataFrame) -> pd.DataFrame:
    """Slopes of time and memory, and what they say of Pinterest."""
    rows = {}
    for part, own in table[table["edges"] >= FIT_FROM].groupby("part", sort=False):
        time, memory = (
            fit_power_law(own["edges"], own[column].clip(lower=1e-9)) for column in ("seconds", "megabytes")
        )
        rows[part] = {"slope": time.slope, "±": time.error, "s": time(PINTEREST), "memory slope": memory.slope}
        rows[part] |= {"GB": memory(PINTEREST) / 1e3}
    return pd.DataFrame(rows).T


def main() -> None:
    """Measure, print, and store where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--edges", nargs="+", type=float, default=EDGES)
    parser.add_argument("--write", action="store_true", help="store the table for notebook 10")
    args = parser.parse_args()
    if strangers := set(args.parts) - set(PARTS):
        parser.error(f"PART: {', '.join(sorted(strangers))} is none of {', '.join(PARTS)}")
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    parts, rows, started = args.parts or list(PARTS), [], process_time()
    small = power_law(1_000)
    for edges in tqdm(args.edges, unit="graph", ncols=100):
        rows.extend(rows_of(power_law(int(edges)), small, parts))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep=""))
    if len({edges for edges in args.edges if edges >= FIT_FROM}) > 1:
        print(f"\nAt {PINTEREST:.3g} edges, if nothing new happens on the way")
        print(laws(table).to_string(float_format=lambda x: f"{x:.3g}"))
    print(f"\n{process_time() - started:.0f} CPU s here, beside those of the children")
    if args.write:
        table.to_csv(RESULTS, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
