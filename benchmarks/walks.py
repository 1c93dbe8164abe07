"""How many steps a second the walks make on one thread, and what memory they take, as the graph grows.

    python benchmarks/walks.py
    python benchmarks/walks.py gowalla 1e6 --steps 200 --restart 0.5 --json

A graph is a data set, of which the training graph is taken, or a number of edges: then users and items are drawn with
popularity ``rank^−0.8``, eleven edges per node, as on Gowalla. Seconds are CPU time, the median of the runs, with the
set-up, which lists the neighbours of every node and has a column of its own. Memory is the peak of what a call
allocates beside the graph, in a run of its own. The loop is the same walk in plain Python, on lists made beforehand.
"""

from __future__ import annotations

import argparse
import json
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from course_lib.datasets import load
from course_lib.graph import InteractionGraph
from course_lib.walks import importance_neighbors, visit_counts

GRAPHS = ("gowalla", "1e4", "1e5", "1e6", "1e7")
LOOP_STEPS = 200_000


def graph_of(name: str) -> InteractionGraph:
    """The training graph of a data set, or a power-law graph with that many edges."""
    if name[0].isdigit():
        return power_law(int(float(name)))
    dataset = load(name)
    return dataset.official_split.train if dataset.official_split else dataset.graph


def power_law(num_edges: int) -> InteractionGraph:
    """A random graph with half as many users as items; pairs that are drawn again are drawn anew."""
    rng = np.random.default_rng(0)
    num_users, num_items = num_edges // 33, 2 * num_edges // 33
    cells = np.empty(0, dtype=np.int64)
    while cells.size < num_edges:
        user, item = (_popular(size, 2 * (num_edges - cells.size), rng) for size in (num_users, num_items))
        cells = np.unique(np.concatenate([cells, user * num_items + item]))
    cells = rng.permutation(cells)[:num_edges]
    return InteractionGraph(num_users, num_items, *map(torch.from_numpy, np.divmod(cells, num_items)))


def _popular(size: int, num: int, rng: np.random.Generator) -> np.ndarray:
    share = np.cumsum(np.arange(1.0, size + 1) ** -0.8)
    return np.searchsorted(share, rng.random(num) * share[-1]).clip(max=size - 1)


def loop(neighbors: list[list[int]], start: int, num_steps: int, restart: float) -> Counter[int]:
    """Visits of one walk, step by step."""
    draw, visits, node = random.Random(0).random, Counter(), start
    for _ in range(num_steps):
        near = neighbors[node]
        node = start if draw() < restart or not near else near[int(draw() * len(near))]
        visits[node] += 1
    return visits


def neighbor_lists(graph: InteractionGraph) -> list[list[int]]:
    """What the loop walks on."""
    neighbors: list[list[int]] = [[] for _ in range(graph.num_nodes)]
    for user, item in zip(graph.user.tolist(), (graph.item + graph.num_users).tolist(), strict=True):
        neighbors[user].append(item)
        neighbors[item].append(user)
    return neighbors


def seconds(call: Callable[[], Any], runs: int) -> float:
    """CPU seconds, the median of the runs."""
    times = []
    for _ in range(runs):
        start = process_time()
        call()
        times.append(process_time() - start)
    return median(times)


def peak_megabytes(call: Callable[[], Any]) -> float:
    """Most memory that the call held at one time."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def measure(
    graph: InteractionGraph, num_starts: int, num_steps: int, restart: float, runs: int
) -> list[dict[str, Any]]:
    """Time both functions and the loop on one graph."""
    sizes, generator = (graph.num_users, graph.num_items), torch.Generator().manual_seed(0)
    users, items = (torch.randint(size, (num_starts,), generator=generator) for size in sizes)
    walk = {"num_steps": num_steps, "restart": restart}
    calls = {
        "visit_counts": partial(visit_counts, graph, start_users=users, **walk),
        "importance_neighbors, 50": partial(importance_neighbors, graph, items, 50, **walk),
    }
    set_up = seconds(partial(visit_counts, graph, start_users=users[:1], num_steps=1, restart=restart), runs)
    by_loop = seconds(partial(loop, neighbor_lists(graph), int(users[0]), LOOP_STEPS, restart), runs)
    rows = [{"way": "loop", "steps": LOOP_STEPS, "seconds": by_loop}]
    for way, call in calls.items():
        steps, time, memory = num_starts * num_steps, seconds(call, runs), peak_megabytes(call)
        rows.append({"way": way, "steps": steps, "seconds": time, "set_up": set_up, "megabytes": memory})
    return [{"edges": graph.num_edges, "nodes": graph.num_nodes, **row} for row in rows]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graphs", nargs="*", default=GRAPHS, help="names of data sets and numbers of edges")
    parser.add_argument("--starts", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=500, help="steps of each walk")
    parser.add_argument("--restart", type=float, default=0.15)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in tqdm(args.graphs, unit="graph"):  # on stderr
        measured = measure(graph_of(name), args.starts, args.steps, args.restart, args.runs)
        rows.extend({"graph": name, **row} for row in measured)
    if args.json:
        print(json.dumps({**vars(args), "rows": rows}, indent=2))
        return
    print(
        f"{args.starts:,} starts × {args.steps:,} steps, restart {args.restart}, one thread, median of {args.runs} runs"
    )
    print(f"{'graph':8} {'edges':>10} {'way':25} {'M steps/s':>9} {'set-up s':>9} {'peak MB':>8}")
    for row in rows:
        print(f"{row['graph']:8} {row['edges']:10,} {row['way']:25} {row['steps'] / row['seconds'] / 1e6:9.1f}", end="")
        print(f" {row['set_up']:9.3f} {row['megabytes']:8.0f}" if "set_up" in row else "")


if __name__ == "__main__":
    main()
