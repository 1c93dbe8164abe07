"""How fast the multi-scale sum goes forward and backward, against the other ways to write it: one thread, paired runs.

    python benchmarks/diffusion.py gowalla
    python benchmarks/diffusion.py random --edges 1000000 --json

Every way is first checked against the first, which is what the authors of LightGCN do. Then each run times all of them
in turn; a ratio is the median over the runs of (authors' time / this time), so above 1 is faster than the authors.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag
from torch_geometric import EdgeIndex
from torch_geometric.nn import LGConv
from tqdm import tqdm

from course_lib.datasets import load
from course_lib.diffusion import normalized_adjacency, polynomial
from course_lib.graph import InteractionGraph

Layer = Callable[[Tensor], Tensor]
DATASETS = ("gowalla", "movielens-100k", "random")


class ScipyProduct(torch.autograd.Function):
    """Ã x by scipy; Ã is symmetric, so the gradient is the same product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: scipy.sparse.csr_matrix) -> Tensor:
        """Multiply."""
        ctx.matrix = matrix
        return torch.from_numpy(matrix @ x.numpy())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Multiply the gradient."""
        return torch.from_numpy(ctx.matrix @ gradient.numpy()), None


def layers_of(adjacency: Tensor) -> dict[str, Layer]:
    """One layer x → Ã x, written in each of the other ways."""
    start, column, weight = adjacency.crow_indices(), adjacency.col_indices(), adjacency.values()
    coo, csr = adjacency.to_sparse_coo().coalesce(), adjacency.to_sparse_coo().to_sparse_csr()
    edges = coo.indices()
    pyg, sorted_edges = LGConv(), EdgeIndex(edges, sparse_size=adjacency.shape, sort_order="row", is_undirected=True)
    matrix = scipy.sparse.csr_matrix((weight.numpy(), column.numpy(), start.numpy()), adjacency.shape)
    return {
        "torch.sparse COO, autograd (authors)": lambda x: torch.sparse.mm(coo, x),
        "torch.sparse CSR, autograd": lambda x: torch.sparse.mm(csr, x),
        "PyG LGConv, edge_index": lambda x: pyg(x, edges),
        "PyG EdgeIndex.matmul": lambda x: sorted_edges.matmul(x, weight),
        "embedding_bag, autograd": lambda x: embedding_bag(
            column, x, start, mode="sum", per_sample_weights=weight, include_last_offset=True
        ),
        "scipy CSR, own backward": lambda x: ScipyProduct.apply(x, matrix),
    }


def mean_of_layers(layer: Layer, num_layers: int, x: Tensor) -> Tensor:
    """Σ Ã^l x / (L + 1), layer by layer."""
    layers = [x]
    for _ in range(num_layers):
        layers.append(layer(layers[-1]))
    return torch.stack(layers).mean(dim=0)


def both_ways(form: Layer, x: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """Value and gradient."""
    value = form(x)
    return value.detach(), torch.autograd.grad(value, x, upstream)[0]


def milliseconds(form: Layer, x: Tensor, upstream: Tensor) -> float:
    """Wall time of value and gradient."""
    start = perf_counter()
    both_ways(form, x, upstream)
    return 1_000 * (perf_counter() - start)


def measure(graph: InteractionGraph, num_layers: int, dim: int, runs: int) -> list[dict[str, Any]]:
    """Check that all agree, which also warms them up, then time them in turn."""
    adjacency = normalized_adjacency(graph)
    alpha = (1 / (num_layers + 1),) * (num_layers + 1)
    forms = {name: partial(mean_of_layers, layer, num_layers) for name, layer in layers_of(adjacency).items()}
    forms["course_lib.diffusion.polynomial"] = lambda x: polynomial(adjacency, x, alpha)
    generator = torch.Generator().manual_seed(0)
    x, upstream = (torch.randn(graph.num_nodes, dim, generator=generator) for _ in range(2))
    x.requires_grad_()
    progress = tqdm(total=len(forms) * (1 + runs), unit="run")  # on stderr
    expected: tuple[Tensor, Tensor] | None = None
    for form in forms.values():
        result = both_ways(form, x, upstream)
        expected = expected or result
        for got, wanted in zip(result, expected, strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
        progress.update()
    times: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(runs):
        for name, form in forms.items():
            times[name].append(milliseconds(form, x, upstream))
            progress.update()
    progress.close()
    authors = next(iter(times.values()))
    return [
        {"way": name, "ms": median(own), "ratio": median(a / b for a, b in zip(authors, own, strict=True))}
        for name, own in times.items()
    ]


def graph_of(name: str, num_edges: int, num_nodes: int) -> InteractionGraph:
    """The training graph of the official split; without one, the whole graph."""
    if name == "random":
        users = num_nodes // 2
        items = num_nodes - users
        cells = np.random.default_rng(0).choice(users * items, num_edges, replace=False)
        return InteractionGraph(users, items, *map(torch.from_numpy, np.divmod(cells, items)))
    dataset = load(name)
    return dataset.official_split.train if dataset.official_split else dataset.graph


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", choices=DATASETS, default="gowalla")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--edges", type=int, default=1_000_000, help="edges of the random graph")
    parser.add_argument("--nodes", type=int, default=70_000, help="nodes of the random graph, half of them users")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.dataset == "random" and args.edges > (args.nodes // 2) * (args.nodes - args.nodes // 2):
        parser.error(f"--edges: {args.edges:,} do not fit between {args.nodes:,} nodes")
    warnings.filterwarnings("ignore", message="Sparse")  # CSR "in beta", "invariant checks": nothing to act on
    torch.set_num_threads(1)
    graph = graph_of(args.dataset, args.edges, args.nodes)
    rows = measure(graph, args.layers, args.dim, args.runs)
    if args.json:
        print(json.dumps({**vars(args), "edges": graph.num_edges, "nodes": graph.num_nodes, "rows": rows}, indent=2))
        return
    print(f"{args.dataset}: {graph}, L = {args.layers}, D = {args.dim}, median of {args.runs} paired runs")
    print(f"{'forward + backward, one thread':38} {'ms':>9} {'ratio':>7}")
    for row in rows:
        print(f"{row['way']:38} {row['ms']:9.2f} {row['ratio']:6.1f}×")


if __name__ == "__main__":
    main()
