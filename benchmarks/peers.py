"""The course beside its peers: the same split, the same evaluator, one thread, one run.

    python benchmarks/peers.py
    python benchmarks/peers.py implicit-als authors-lightgcn --lightgcn ~/LightGCN-PyTorch --write

Each peer is installed into an environment of its own (``.cache/peers``, or --venvs) and trained in a process of its own
by ``peer_runs.py``; its embeddings are evaluated here. All LightGCNs train with BPR, 64 dimensions, 3 layers, batches
of 2,048, learning rate 0.005 and L2 0.0001, for as many epochs; nothing is stopped early, nothing chosen on the test
set. ALS and the course's shipped recipe have settings of their own, chosen on validation edges. The split is 80/20 by
user. Seconds are CPU seconds of the training; ratios are to the course's LightGCN. It is one run: on MovieLens-100K two
recalls less than .005 apart are alike. A peer that cannot be installed is skipped, and the reason told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from course_lib.datasets import load
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import LightGCN
from course_lib.training import Recipe, fit, recipe_for
from course_lib.walks import importance_neighbors

ROOT = Path(__file__).resolve().parent.parent
EPOCHS, SWEEPS = 100, 15  # of a LightGCN; of ALS
WALKS, WALK = 175, 4  # DGL's walks an item and the steps of one, 700 in all: as many as 1,000 with restart 0.3 make
TORCH = "torch==2.13.0"  # first and alone, so that no peer chooses another build
MARKS = ("<!-- made by make bench -->", "<!-- end of the table -->")


@dataclass(frozen=True)
class Peer:
    """A row of the table.

    Args:
        title: What the table calls it.
        shown: Package whose version the table shows.
        packages: What pip installs, in these steps.
        epochs: Epochs, or what the peer calls so.
    """

    title: str
    shown: str
    packages: tuple[tuple[str, ...], ...]
    epochs: int = EPOCHS


ON_DGL = ((TORCH,), ("cornac==3.0.1", "dgl==1.1.3", "setuptools<81"))  # the newest DGL of the index lacks a dependency
PINS = ("numpy==1.26.4", "scipy==1.12.0", "pandas<2.3", "setuptools<81")  # what RecBole's release was made for
SAMPLER = ("cppimport", "pybind11", "setuptools<81")  # the authors' sampler in C++; without a compiler theirs in Python
PEERS = {
    "pyg-lightgcn": Peer("PyG, LightGCN", "torch-geometric", ((TORCH,), ("torch-geometric==2.8.1", "scipy"))),
    "recbole-lightgcn": Peer("RecBole, LightGCN", "recbole", ((TORCH,), ("recbole==1.2.1", *PINS))),
    "cornac-lightgcn": Peer("Cornac, LightGCN", "cornac", ON_DGL),
    "authors-lightgcn": Peer(
        "the authors' LightGCN", "torch", ((TORCH,), ("scipy", "pandas", "scikit-learn", "tqdm", *SAMPLER))
    ),
    "cornac-bpr": Peer("Cornac, BPR", "cornac", ON_DGL, 200),
    "implicit-als": Peer("implicit, ALS", "implicit", (("implicit==0.7.3",),), SWEEPS),
    "dgl-sampler": Peer("DGL's PinSAGESampler", "dgl", ON_DGL, WALKS),
}

Row = dict[str, Any]


class Skipped(Exception):
    """Why a peer has no figures."""


# ---- the course's own rows


class Fixed:
    """Embeddings that are what they are."""

    def __init__(self, users: np.ndarray, items: np.ndarray) -> None:
        self.num_users, self.num_items = len(users), len(items)
        self._both = torch.from_numpy(users).float(), torch.from_numpy(items).float()

    def embed(self) -> tuple[Tensor, Tensor]:
        """Users (U, D) and items (I, D)."""
        return self._both


def own_rows(parts: Split, epochs: int) -> Iterator[Row]:
    """The same LightGCN, and the shipped recipe with the softmax loss."""
    same, shipped = Recipe("bpr", epochs, 2048, 5e-3, 1e-4), recipe_for(LightGCN, "movielens-100k", "softmax")
    fit(LightGCN(parts.train), parts, Recipe(epochs=1), progress=False)  # the first Adam of a process imports a lot
    for title, recipe in (("course_lib, LightGCN", same), ("course_lib, LightGCN, softmax", shipped)):
        model, started = LightGCN(parts.train), time.process_time()
        fit(model, parts, recipe, progress=False)
        seconds = time.process_time() - started
        yield {"what": title, "epochs": recipe.epochs, "seconds": seconds, **quality(model, parts)}


def quality(model: Any, parts: Split) -> Row:
    """Recall@20 and NDCG@20 on the test edges."""
    return {name: value for name, value in evaluate(model, parts).items() if name in ("recall@20", "ndcg@20")}


# ---- the peers


def installed(peer: Peer, folder: Path) -> Path:
    """The Python of an environment with the peer in it."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = folder / "installed.json", json.dumps(peer.packages)
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    for packages in peer.packages:
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", *packages], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode:
            raise Skipped(last_line(done.stderr))
    stamp.write_text(wanted)
    return python


def last_line(text: str) -> str:
    """What an error says in the end."""
    return ([line.strip() for line in text.splitlines() if line.strip()] or ["no word why"])[-1][:120]


def peer_row(name: str, folder: Path, args: argparse.Namespace) -> Row:
    """Install, train and read what came out."""
    peer = PEERS[name]
    row = {"what": peer.title, "epochs": args.epochs if peer.epochs == EPOCHS else peer.epochs}
    if name == "authors-lightgcn" and not args.lightgcn:
        raise Skipped("no checkout given: --lightgcn FOLDER")
    # peers with the same packages share an environment
    first = next(key for key, other in PEERS.items() if other.packages == peer.packages)
    python = installed(peer, args.venvs.resolve() / first)
    command = [python, ROOT / "benchmarks" / "peer_runs.py", name, folder, str(row["epochs"]), args.lightgcn]
    one_thread = {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    quiet = {"DGLBACKEND": "pytorch", "PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        command, env={**os.environ, **one_thread, **quiet}, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Skipped(last_line(done.stderr))
    told = json.loads(done.stdout.splitlines()[-1])
    code = f"from importlib.metadata import version; print(version({peer.shown!r}))"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    version = version.partition("+")[0] if peer.shown != "torch" else f"torch {version.partition('+')[0]}"
    return {**row, "version": version, "seconds": told["seconds"]}


def embeddings(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What a peer has left."""
    with np.load(folder / f"{name}.npz") as tables:
        return tables["users"], tables["items"]


def lists(graph: InteractionGraph) -> str:
    """A line per user: ``user item item …``."""
    rows = zip(graph.user_degree.tolist(), graph.item.split(graph.user_degree.tolist()), strict=True)
    return "".join(f"{u} {' '.join(map(str, own.tolist()))}\n" for u, (degree, own) in enumerate(rows) if degree)


# ---- walks


def walk_rows(parts: Split, folder: Path, args: argparse.Namespace) -> Iterator[Row]:
    """Ten neighbours of every item: our walks, and DGL's, which start anew instead of restarting.

    A walk of DGL stops with probability one half after each pair of steps, so it makes four on average; one of ours
    makes 700 of 1,000, the others being restarts. Which share of the ten is found again by ours with another seed tells
    what to expect of theirs.
    """
    graph, walk = parts.train, {"num_steps": 1000, "restart": 0.3}
    million_steps = WALK * WALKS * graph.num_items / 1e6
    started = time.process_time()
    near, again = (importance_neighbors(graph, torch.arange(graph.num_items), 10, **walk, seed=n)[0] for n in (0, 1))
    seconds = (time.process_time() - started) / 2
    found = {"found again": alike(sets(near), sets(again))}
    yield {"what": "course_lib's", "seconds": seconds, "M steps/s": million_steps / seconds, **found}
    row = peer_row("dgl-sampler", folder, args)
    source, target, _ = embeddings("dgl-sampler", folder)[0].astype(int)
    theirs = [set(source[target == item].tolist()) - {item} for item in range(graph.num_items)]
    found = {"found again": alike(sets(near), theirs)}
    yield {**row, "M steps/s": million_steps / row["seconds"], **found}


def sets(near: Tensor) -> list[set[int]]:
    """The neighbours of each item."""
    return [set(own[own >= 0].tolist()) for own in near]


def alike(first: list[set[int]], second: list[set[int]]) -> float:
    """Which share of the first is in the second, mean over those that have any."""
    return float(np.mean([len(own & other) / len(own) for own, other in zip(first, second, strict=True) if own]))


# ---- all of it


def tried(title: str, run: Callable[[], Row]) -> Row:
    """A row, or why there is none."""
    try:
        return run()
    except Skipped as reason:
        return {"what": title, "skipped": str(reason)}


def comparison(args: argparse.Namespace, folder: Path, parts: Split) -> pd.DataFrame:
    """The table: the course's rows, then the peers'."""
    rows = list(own_rows(parts, args.epochs))
    for name in (bar := tqdm([name for name in args.peers if name != "dgl-sampler"], unit="peer", ncols=100)):
        bar.set_description(name)
        row = tried(PEERS[name].title, lambda name=name: peer_row(name, folder, args))
        if "skipped" not in row:
            row |= quality(Fixed(*embeddings(name, folder)), parts)
        rows.append(row)
    table = pd.DataFrame(rows)
    table.insert(4, "ratio", table["seconds"] / table["seconds"][0])
    return table


def markdown(table: pd.DataFrame, walks: pd.DataFrame) -> str:
    """Both tables as README shows them."""
    lines = ["| | version | epochs | CPU s | × | Recall@20 | NDCG@20 |", "|---|---|---|---|---|---|---|"]
    for row in table.to_dict("records"):
        if isinstance(row.get("skipped"), str):
            lines.append(f"| {row['what']} | | | skipped: {row['skipped']} | | | |")
            continue
        version = row["version"] if isinstance(row.get("version"), str) else ""
        numbers = f"{row['epochs']:.0f} | {row['seconds']:.3g} | {row['ratio']:.2g}"
        lines.append(f"| {row['what']} | {version} | {numbers} | {row['recall@20']:.4f} | {row['ndcg@20']:.4f} |")
    if len(walks):
        told = [f"{row['what']} {row['M steps/s']:.2g}" for row in walks.to_dict("records") if row["seconds"] > 0]
        lines += ["", f"Neighbours by walks, million steps per CPU second: {', '.join(told)}."]
    return "\n".join(lines)


def main() -> None:
    """Install, run, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(PEERS)}; by default all")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".cache" / "peers")
    parser.add_argument("--lightgcn", default="", metavar="FOLDER", help="checkout of the LightGCN authors' code")
    parser.add_argument("--data", default="movielens-100k", help="a data set with or without an official split")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of every LightGCN")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    args = parser.parse_args()
    if strangers := set(args.peers) - set(PEERS):
        parser.error(f"PEER: {', '.join(sorted(strangers))} is none of {', '.join(PEERS)}")
    if args.lightgcn and not (Path(args.lightgcn) / "code" / "Procedure.py").exists():
        parser.error(f"--lightgcn: {args.lightgcn} holds no code/Procedure.py; give the top folder of a checkout")
    args.peers = args.peers or list(PEERS)
    torch.set_num_threads(1)
    dataset = load(args.data)
    parts = dataset.official_split or split(dataset.graph, ratios=(0.8, 0.0, 0.2))
    folder = args.venvs.resolve() / "split"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("train", "test"):
        (folder / f"{name}.txt").write_text(lists(getattr(parts, name)))
    table = comparison(args, folder, parts)
    walks = []
    if "dgl-sampler" in args.peers:
        rows = walk_rows(parts, folder, args)
        walks = [next(rows), tried(PEERS["dgl-sampler"].title, lambda: next(rows))]
    for frame in (table, pd.DataFrame(walks)):
        print(frame.to_string(index=False, na_rep="", float_format=lambda x: f"{x:.4g}"), end="\n\n")
    if args.write:
        text, shown = (ROOT / "README.md").read_text(), markdown(table, pd.DataFrame(walks))
        before, rest = text.split(MARKS[0])
        (ROOT / "README.md").write_text(f"{before}{MARKS[0]}\n{shown}\n{MARKS[1]}{rest.split(MARKS[1])[1]}")


if __name__ == "__main__":
    main()
