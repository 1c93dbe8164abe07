"""How time and memory grow with the graph, from 10⁴ to 10⁷ edges, and what that says of Pinterest's 18 billion.

    python benchmarks/scale.py --write
    python benchmarks/scale.py diffusion "PinSAGE step" --edges 1e4 1e6

The graphs are random with popularity ``rank^−0.8`` and eleven edges per node. Each part is measured in its own process,
on one thread: CPU seconds, the least of the repetitions, and on Linux the peak of what it holds beside the graph, with
the tables that it works on. ``walks`` are without their set-up, which lists the neighbours of every node and is a part
of its own. Slopes are fitted from 10⁵ edges on; below, what a call costs at any size hides them. Unix only.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import math
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
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
FIT_FROM, PINTEREST = 1e5, 18e9
DIM, LAYERS, SAMPLE, STARTS = 64, 3, 1_000, 5_000  # SAMPLE users and queries, STARTS of walks
BATCH, NEGATIVES = 64, 100  # of a PinSAGE step: small, so that its field fits into a small catalogue many times
TASTES, PROBES, FOUND = 100, 8, 100  # of the vectors searched; cells looked into; length of a list of candidates
RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "scale.csv"

Call = Callable[[], Any]
Calls = tuple[Call, Call]  # what is timed, and what of that is not to count


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


def walks(graph: InteractionGraph) -> Calls:
    """A walk of 1,000 steps from each of 5,000 items, without the set-up."""
    items = ids(graph.num_items, STARTS)
    return lambda: importance_neighbors(graph, items, 10, num_steps=1_000, restart=0.3), walk_set_up(graph)


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


PARTS: dict[str, Callable[[InteractionGraph], Call | Calls]] = {
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


def memory(line: str) -> float:
    """A line of what Linux tells of this process's memory, in MB; nan elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return math.nan
    return next(int(row.split()[1]) for row in status.read_text().splitlines() if row.startswith(line)) / 1e3


def settle() -> None:
    """Give back what was freed, and let the peak begin anew: else it would hide what comes."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def seconds(call: Call, beside: Call, least: float = 0.5, most: int = 20) -> float:
    """CPU seconds, the least of as many repetitions as fill a moment, less what is not to count."""
    times: list[tuple[float, float]] = []
    while sum(map(sum, times)) < least and len(times) < most:
        begin = process_time()
        call()
        middle = process_time()
        beside()
        times.append((middle - begin, process_time() - middle))
    whole, other = map(min, zip(*times, strict=True))
    return whole - other


def measured(part: str, graph: InteractionGraph, small: InteractionGraph) -> dict[str, float]:
    """One part in a child of its own; the small graph pays for what is done once a process."""

    def measure(connection: Any) -> None:
        both(part, small)[0]()
        settle()
        before = memory("VmRSS")
        call, beside = both(part, graph)
        settle()
        call()
        connection.send({"megabytes": memory("VmHWM") - before, "seconds": seconds(call, beside)})

    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=measure, args=(there,))
    child.start()
    there.close()
    figures = here.recv()
    child.join()
    return figures


def both(part: str, graph: InteractionGraph) -> Calls:
    """The calls of a part."""
    calls = PARTS[part](graph)
    return calls if isinstance(calls, tuple) else (calls, lambda: None)


def found(graph: InteractionGraph) -> float:
    """Which share of the exact lists the search in cells finds."""
    pairs = zip(search(graph)().tolist(), search_cells(graph)().tolist(), strict=True)
    return float(np.mean([len({*exact} & {*near}) / len(exact) for exact, near in pairs]))


def rows_of(graph: InteractionGraph, small: InteractionGraph, parts: list[str]) -> Iterator[dict[str, Any]]:
    """All parts on one graph."""
    for part in parts:
        size = {"part": part, "edges": graph.num_edges, "users": graph.num_users, "items": graph.num_items}
        yield {**size, **measured(part, graph, small), "found": found(graph) if part == "search, cells" else math.nan}


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
