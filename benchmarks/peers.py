"""The course beside its peers: the same split, the same evaluator, one thread, one run of each.

    python benchmarks/peers.py
    python benchmarks/peers.py course-lightgcn authors-lightgcn --lightgcn ~/LightGCN-PyTorch --write

MovieLens-100K, split 80/20 by user, asks for time and quality: every LightGCN trains with BPR, 64 dimensions, 3 layers,
learning rate 0.005 and L2 0.0001, in batches of 2,048, for 100 epochs. Gowalla, with its official split, asks how time
and memory grow: the same settings in batches of 65,536, one epoch. Nothing is stopped early, nothing chosen on the
test set; ALS and the course's shipped recipe have settings of their own, chosen on validation edges of MovieLens.

Each row is trained by ``peer_runs.py`` in a process of its own, a peer's in an environment of its own (in --venvs);
its embeddings are evaluated here. Seconds are CPU seconds of the training, ratios are to the course's LightGCN, and MB
the peak memory of the whole process (on Linux), what it imports and the data among it. It is one run: on MovieLens-100K
two recalls less than .005 apart are alike. A peer that cannot be installed is skipped, and the reason told.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
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
from course_lib.training import recipe_for
from course_lib.walks import importance_neighbors

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
WALKS, WALK = 175, 4  # DGL's walks an item and the steps of one, 700 in all: as many as 1,000 with restart 0.3 make
TORCH = "torch==2.13.0"  # first and alone, so that no peer chooses another build
PLACE = r"(<!-- made by make bench: {0} -->\n).*?(\n<!-- end of {0} -->)"  # in README


@dataclass(frozen=True)
class Task:
    """What is trained on a data set.

    Args:
        epochs: Epochs of a LightGCN.
        batch: Edges of a step.
        told: Columns of its table in README, and how each is written.
    """

    epochs: int
    batch: int
    told: dict[str, str]


COST = {"epochs": "{:.0f}", "CPU s": "{:.3g}", "×": "{:.2g}", "MB": "{:.0f}"}
TASKS = {
    "movielens-100k": Task(100, 2_048, {"version": "{}", **COST, "recall@20": "{:.4f}", "ndcg@20": "{:.4f}"}),
    "gowalla": Task(1, 65_536, COST),  # after one epoch there is no quality to tell
}


@dataclass(frozen=True)
class Peer:
    """A row of a table.

    Args:
        title: What the table calls it.
        shown: Package whose version the table shows.
        packages: What pip installs, in these steps; nothing for the course itself, which is here.
        epochs: Epochs, or what the peer calls so, where they are not those of the task.
        tasks: Data sets that it has settings for.
    """

    title: str
    shown: str
    packages: tuple[tuple[str, ...], ...]
    epochs: int = 0
    tasks: tuple[str, ...] = tuple(TASKS)


ON_DGL = ((TORCH,), ("cornac==3.0.1", "dgl==1.1.3", "setuptools<81"))  # the newest DGL of the index lacks a dependency
PINS = ("numpy==1.26.4", "scipy==1.12.0", "pandas<2.3", "setuptools<81")  # what RecBole's release was made for
SAMPLER = ("cppimport", "pybind11", "setuptools<81")  # the authors' sampler in C++; without a compiler theirs in Python
COURSE, SHIPPED = "course-lightgcn", recipe_for("LightGCN", "movielens-100k", "softmax")
PEERS = {
    COURSE: Peer("course_lib, LightGCN", "course_lib", ()),
    "course-softmax": Peer("course_lib, LightGCN, softmax", "course_lib", (), SHIPPED.epochs, ("movielens-100k",)),
    "pyg-lightgcn": Peer("PyG, LightGCN", "torch-geometric", ((TORCH,), ("torch-geometric==2.8.1", "scipy"))),
    "recbole-lightgcn": Peer("RecBole, LightGCN", "recbole", ((TORCH,), ("recbole==1.2.1", *PINS))),
    "cornac-lightgcn": Peer("Cornac, LightGCN", "cornac", ON_DGL),
    "authors-lightgcn": Peer(
        "the authors' LightGCN", "torch", ((TORCH,), ("scipy", "pandas", "scikit-learn", "tqdm", *SAMPLER))
    ),
    "cornac-bpr": Peer("Cornac, BPR", "cornac", ON_DGL, 200, ("movielens-100k",)),
    "implicit-als": Peer("implicit, ALS", "implicit", (("implicit==0.7.3",),), 15),
    "dgl-sampler": Peer("DGL's PinSAGESampler", "dgl", ON_DGL, WALKS),
}

Row = dict[str, Any]


class Skipped(Exception):
    """Why a peer has no figures."""


# ---- training


class Fixed:
    """Embeddings that are what they are."""

    def __init__(self, users: np.ndarray, items: np.ndarray) -> None:
        self.num_users, self.num_items = len(users), len(items)
        self._both = torch.from_numpy(users).float(), torch.from_numpy(items).float()

    def embed(self) -> tuple[Tensor, Tensor]:
        """Users (U, D) and items (I, D)."""
        return self._both


def quality(model: Any, parts: Split) -> Row:
    """Recall@20 and NDCG@20 on the test edges."""
    return {name: value for name, value in evaluate(model, parts).items() if name in ("recall@20", "ndcg@20")}


def installed(peer: Peer, folder: Path) -> Path:
    """The Python of an environment with the peer in it; the course's rows have this one."""
    if not peer.packages:
        return Path(sys.executable)
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


def trained(name: str, folder: Path, task: Task, args: argparse.Namespace) -> Row:
    """Install, train and read what it took; the embeddings lie in the folder."""
    peer = PEERS[name]
    epochs = peer.epochs or task.epochs
    if name == "authors-lightgcn" and not args.lightgcn:
        raise Skipped("no checkout given: --lightgcn FOLDER")
    # peers with the same packages share an environment
    first = next(key for key, other in PEERS.items() if other.packages == peer.packages)
    python = installed(peer, args.venvs.resolve() / first)
    options = [name, folder, epochs, task.batch, Path(args.lightgcn).resolve()]
    one_thread = {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    quiet = {"DGLBACKEND": "pytorch", "PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [python, ROOT / "benchmarks" / "peer_runs.py", *map(str, options)],
        env={**os.environ, **one_thread, **quiet},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Skipped(last_line(done.stderr))
    told = json.loads(done.stdout.splitlines()[-1])
    return {"what": peer.title, "version": version(peer, python), "epochs": epochs, **told}


def version(peer: Peer, python: Path) -> str:
    """Of the package whose version the table shows; none for the course."""
    if not peer.packages:
        return ""
    code = f"from importlib.metadata import version; print(version({peer.shown!r}))"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return "torch " * (peer.shown == "torch") + told.partition("+")[0]


def embeddings(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What a peer has left."""
    with np.load(folder / f"{name}.npz") as tables:
        return tables["users"], tables["items"]


def lists(graph: InteractionGraph) -> str:
    """A line per user: ``user item item …``."""
    rows = zip(graph.user_degree.tolist(), graph.item.split(graph.user_degree.tolist()), strict=True)
    return "".join(f"{u} {' '.join(map(str, own.tolist()))}\n" for u, (degree, own) in enumerate(rows) if degree)


# ---- walks


def walk_rows(parts: Split, folder: Path, task: Task, args: argparse.Namespace) -> Iterator[Row]:
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
    yield {"what": "course_lib's", "CPU s": seconds, "M steps/s": million_steps / seconds, **found}
    row = trained("dgl-sampler", folder, task, args)
    source, target, _ = embeddings("dgl-sampler", folder)[0].astype(int)
    theirs = [set(source[target == item].tolist()) - {item} for item in range(graph.num_items)]
    found = {"found again": alike(sets(near), theirs)}
    yield {**row, "M steps/s": million_steps / row["CPU s"], **found}


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


def comparison(data: str, task: Task, folder: Path, parts: Split, args: argparse.Namespace) -> pd.DataFrame:
    """A table: the course's rows, then the peers'."""
    names = [name for name in args.peers if name != "dgl-sampler" and data in PEERS[name].tasks]
    rows = []
    for name in (bar := tqdm(names, unit="peer", ncols=100)):
        bar.set_description(f"{data}, {name}")
        row = tried(PEERS[name].title, lambda name=name: trained(name, folder, task, args))
        if "skipped" not in row and "recall@20" in task.told:
            row |= quality(Fixed(*embeddings(name, folder)), parts)
        rows.append(row)
    table = pd.DataFrame(rows)
    ours = table.loc[table["what"] == PEERS[COURSE].title, "CPU s"] if "CPU s" in table else []
    table.insert(min(4, table.shape[1]), "×", table["CPU s"] / ours.item() if len(ours) else math.nan)
    return table


def markdown(table: pd.DataFrame, told: dict[str, str]) -> str:
    """A table as README shows it."""
    lines = [f"| | {' | '.join(told)} |", "|---" * (len(told) + 1) + "|"]
    for row in table.to_dict("records"):
        if isinstance(row.get("skipped"), str):
            cells = [f"skipped: {row['skipped']}", *[""] * (len(told) - 1)]
        else:
            cells = [how.format(row[column]) for column, how in told.items()]
        lines.append(f"| {row['what']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def data_set(name: str, folder: Path) -> Split:
    """The split, and its files for the peers."""
    dataset = load(name)
    parts = dataset.official_split or split(dataset.graph, ratios=(0.8, 0.0, 0.2))
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "test"):
        (folder / f"{part}.txt").write_text(lists(getattr(parts, part)))
    return parts


def report(data: str, args: argparse.Namespace) -> str:
    """Train on a data set and print; the same for README."""
    task, folder = TASKS[data], args.venvs.resolve() / data
    parts = data_set(data, folder)
    tables = [comparison(data, task, folder, parts, args)]
    shown = markdown(tables[0], task.told)
    if "dgl-sampler" in args.peers:
        rows = walk_rows(parts, folder, task, args)
        walks = [next(rows), tried(PEERS["dgl-sampler"].title, lambda: next(rows))]
        speeds = [f"{row['what']} {row['M steps/s']:.2g}" for row in walks if "skipped" not in row]
        shown += f"\n\nNeighbours by walks, million steps per CPU second: {', '.join(speeds)}."
        tables.append(pd.DataFrame(walks))
    for table in tables:
        print(table.to_string(index=False, na_rep="", float_format=lambda x: f"{x:.4g}"), end="\n\n")
    return shown


def placed(readme: str, data: str, shown: str) -> str:
    """README with the tables of a data set in their place."""
    return re.sub(PLACE.format(data), lambda found: f"{found[1]}{shown}{found[2]}", readme, flags=re.DOTALL)


def main() -> None:
    """Install, run, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(PEERS)}; by default all")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".cache" / "peers")
    parser.add_argument("--lightgcn", default="", metavar="FOLDER", help="checkout of the LightGCN authors' code")
    parser.add_argument("--data", nargs="+", choices=TASKS, default=list(TASKS), help="by default both")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    args = parser.parse_args()
    if strangers := set(args.peers) - set(PEERS):
        parser.error(f"PEER: {', '.join(sorted(strangers))} is none of {', '.join(PEERS)}")
    if args.lightgcn and not (Path(args.lightgcn) / "code" / "Procedure.py").exists():
        parser.error(f"--lightgcn: {args.lightgcn} holds no code/Procedure.py; give the top folder of a checkout")
    args.peers = args.peers or list(PEERS)
    torch.set_num_threads(1)
    for data in args.data:
        shown = report(data, args)
        if args.write:
            README.write_text(placed(README.read_text("utf-8"), data, shown), "utf-8")


if __name__ == "__main__":
    main()
