"""LightGCN on Gowalla, on the papers' own split, with a progress bar; killed, the same command goes on.

    python benchmarks/gowalla.py                            # `make gowalla`: LightGCN to its published quality
    python benchmarks/gowalla.py --recipe authors           # as its authors train it: BPR, 1,000 epochs
    python benchmarks/gowalla.py SharpenedFilter            # without training, with its authors' settings
    python benchmarks/gowalla.py MatrixFactorization ItemKNN --write
    python benchmarks/gowalla.py --validate --set weight_decay=0.2 --set epochs=12    # how the settings were chosen
    python benchmarks/gowalla.py --folder FOLDER            # another split: train.txt, test.txt of `user item item …`

Protocol: settings and the number of epochs are chosen with ``--validate``, which holds a fifth of every user's training
edges out (see ``held_out``) and shows recall@20 on them. Without it a model is trained on all training edges, for the
epochs of its recipe, and tested. One thread, or a GPU where there is one.

``--write`` puts the result into notebooks/results/gowalla.json, in place of an older one of the same name:

    {"data": {"users": …, "items": …, "train edges": …, "test edges": …},
     "protocol": "…",
     "runs": {NAME: {"settings": {…},                  # of the recipe or the model
                     "epochs": …,                      # 0 for a model without training
                     "device": "cpu, 1 thread",
                     "seconds": …,                     # CPU seconds to build and train; on a GPU those on the wall
                     "memory_mb": …,                   # peak of the process, null where the system hides it
                     "recall@20": …, "ndcg@20": …,     # on test
                     "loss": [[seconds, mean loss], …],                    # one per epoch, trained on all edges
                     "validation": [[epochs, seconds, recall@20, ndcg@20], …]}}}   # some epochs, with --validate

NAME is a key of ``RUNS``. The two curves come from two runs and either may be missing; a model that does not fit has
``{"settings": {…}, "refused": "why"}`` alone. Seconds leave evaluation out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import normalize
from tqdm import tqdm

from course_lib.datasets import load, read_lists
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import (
    EASE,
    NGCF,
    ItemKNN,
    LightGCN,
    LowPassFilter,
    MatrixFactorization,
    Model,
    Popularity,
    SharpenedFilter,
)
from course_lib.models.classics import sharpening, smoothest_signals
from course_lib.training import Recipe, Trainer

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "notebooks" / "results" / "gowalla.json"
HELD_OUT = 0.2
METRICS = ("recall@20", "ndcg@20")
EVERY = 2  # epochs between two looks at validation, each as long as an epoch
PROTOCOL = (
    "Official split. The settings and the number of epochs were chosen by recall@20 on held-out training edges: a "
    "fifth of every user's edges, half of them drawn at random, the other half in corners of the user's taste. Some "
    "settings were chosen on only one of the two halves; benchmarks/gowalla.py says which. Then each model was "
    "trained on all training edges for that number of epochs and tested on the full ranking, without training items. "
    "The test set was read more than once, so the figures look a little too good. LightGCN was also tested with "
    "settings chosen on a random tenth (recall@20 .1673 with cosines, .1735 with dot products) and on corners alone "
    "(.1791); LowPassFilter was also tested with settings chosen on the random tenth (.1811)."
)


@dataclass(frozen=True)
class Run:
    """A model and how it is trained; without a recipe it is only built.

    Args:
        build: Makes the model of a training graph.
        recipe: Loss, step size, and the number of epochs that validation chose.
        settings: What the model is built with, for the record.
    """

    build: Callable[..., Model]
    recipe: Recipe | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def sharpened(train: InteractionGraph, strength: float, **blur: Any) -> SharpenedFilter:
    """The filter whose sharpening is the series of e^(−sP): four terms."""
    return SharpenedFilter(train, sharpening(strength), **blur)


# Chosen by recall on held-out training edges. LightGCN: about forty points of temperature (0.035 to 0.2), weight decay
# (0.03 to 0.3), weights of the layers, masked share (0 to 0.85) and epochs, most of them on one kind of held-out edges
# alone, the last three on both. MatrixFactorization: weight decay from 0.1 to 10, up to 1 on corners alone.
# LowPassFilter: alpha 0.1 and 0.3, its authors' own; 0.5 was ahead on corners and not tried on random edges. ItemKNN:
# 50, 100 and 200 neighbours, on random edges alone. NGCF: three points only, on corners alone; it can surely do
# better. SharpenedFilter alone was not chosen so: its settings are its authors' own (Choi et al. 2023). On the held-out
# edges of a tenth of the users, of ranks 256 and 448, alpha 0.1 to 0.8 and strengths 0 to 3 (not all of their
# combinations were tried), the best had rank 448, alpha 0.5 and strength 0, which is no sharpening (recall .1944; with
# alpha 0.3 and strength 2.5 .1906). A graph that lacks a fifth of its edges may want less sharpening than the whole
# one: notebook 05 shows it on MovieLens.
RUNS = {
    "LightGCN": Run(
        LightGCN,
        Recipe("softmax", 18, 2048, 0.02, 0.2, temperature=0.07, masked=0.7, schedule="cosine"),
        {"alpha": (0.1, 0.3, 0.3, 0.3), "std": 0.01},
    ),
    "LightGCN, authors": Run(LightGCN, Recipe("bpr", 1000, 2048, 0.001, 0.0001)),
    "MatrixFactorization": Run(
        MatrixFactorization,
        Recipe("softmax", 18, 2048, 0.02, 3.0, temperature=0.1, schedule="cosine"),
        {"std": 0.01},
    ),
    "NGCF": Run(
        NGCF,
        Recipe("softmax", 8, 2048, 0.02, 0.1, temperature=0.1, masked=0.7, schedule="cosine"),
        {"variant": "paper"},
    ),
    "Popularity": Run(Popularity),
    "ItemKNN": Run(ItemKNN, settings={"neighbors": 100}),
    "LowPassFilter": Run(LowPassFilter, settings={"rank": 256, "alpha": 0.3}),
    "SharpenedFilter": Run(sharpened, settings={"strength": 2.5, "rank": 448, "alpha": 0.2}),
    "EASE": Run(EASE),
}


def parts_of(folder: Path | None, validate: bool) -> Split:
    """The split to work on; to validate, test is emptied and a part of every user's training edges taken out."""
    if folder is None:
        train, test = (getattr(load("gowalla").official_split, part) for part in ("train", "test"))
    else:
        train, test = read_lists(folder / "train.txt", folder / "test.txt")
    none = torch.empty(0, dtype=torch.long)
    nothing = InteractionGraph(train.num_users, train.num_items, none, none)
    return held_out(train) if validate else Split(train, nothing, test)


def held_out(train: InteractionGraph, rank: int = 64) -> Split:
    """Hold out a fifth of every user's edges: of every other user at random, of the rest a corner of the user's taste.

    A corner is an edge at random and those whose items are most like its item. The official test set lies between the
    two. It is no random fifth: of some popular items it has two fifths of the edges, of others a tenth. Edges held out
    at random leave the items beside them in train, and the models that remember best look best.
    """
    rank = min(rank, train.num_users - 1, train.num_items - 1)
    vectors = normalize(torch.from_numpy(smoothest_signals(train, rank).T.copy()))  # (I, rank)
    generator = torch.Generator().manual_seed(0)
    share = torch.rand(train.num_users, generator=generator, dtype=torch.double)
    chosen = train.item[train.user_offsets[:-1] + (share * train.user_degree).long()]  # (U,)
    alike = (vectors[train.item] * vectors[chosen][train.user]).sum(dim=1)  # (E,)
    order = torch.where(train.user % 2 == 0, alike, torch.rand(train.num_edges, generator=generator))
    return split(replace(train, time=order), by="time", ratios=(1 - HELD_OUT, HELD_OUT, 0.0))


def changed(run: Run, changes: list[str]) -> Run:
    """A run with other settings, each as NAME=VALUE, the value in JSON."""
    for name, _, text in (change.partition("=") for change in changes):
        value = json.loads(text)
        known = {**run.settings, **(asdict(run.recipe) if run.recipe else {})}
        if name not in known:
            raise ValueError(f"got {name!r}, wanted one of {', '.join(known)}")
        if name in run.settings:
            run = replace(run, settings=run.settings | {name: value})
        else:
            run = replace(run, recipe=replace(run.recipe, **{name: value}))
    return run


def trained(name: str, run: Run, parts: Split, device: str, checkpoint: Path) -> tuple[Model, dict[str, Any]]:
    """Build and train a model, from where the last process was killed, and what is known about it before the test."""
    started, validate = seconds(device), bool(parts.val.num_edges)
    model = run.build(parts.train, **run.settings)
    if run.recipe is None:
        return model, {"settings": run.settings, "epochs": 0, "seconds": seconds(device) - started}
    trainer = Trainer(model.to(device), parts.train, run.recipe)
    settings = {**run.settings, **asdict(run.recipe)}
    state = taken_up(trainer, settings | {"edges": parts.train.num_edges}, checkpoint)
    state["seconds"] += seconds(device) - started
    epochs = range(len(state["loss"]) + 1, run.recipe.epochs + 1)
    for epoch in (bar := tqdm(epochs, name, run.recipe.epochs, initial=epochs.start - 1, unit="epoch", ncols=100)):
        started = seconds(device)
        loss = trainer.epoch()
        state["seconds"] += seconds(device) - started
        state["loss"].append([round(state["seconds"], 1), round(loss, 4)])
        if validate and epoch % EVERY == 0:
            quality = evaluate(model, parts, on="val")
            state["validation"].append([epoch, state["loss"][-1][0], *(round(quality[key], 5) for key in METRICS)])
        bar.set_postfix(loss=f"{loss:.4f}", **({"val": state["validation"][-1][2]} if state["validation"] else {}))
        save({**state, "trainer": trainer.state_dict()}, checkpoint)
    known = {"settings": settings, "epochs": run.recipe.epochs, "seconds": state["seconds"]}
    curve = "validation" if validate else "loss"
    return model, {**known, curve: state[curve]}


def taken_up(trainer: Trainer, job: dict[str, Any], checkpoint: Path) -> dict[str, Any]:
    """What a killed process knew of this job, its trainer put where it was; or the state of a beginning."""
    if not checkpoint.exists():
        return {"job": job, "seconds": 0.0, "loss": [], "validation": []}
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if state["job"] | {"epochs": job["epochs"]} != job or len(state["loss"]) > job["epochs"]:
        raise SystemExit(f"{checkpoint} has {len(state['loss'])} epochs of {state['job']}: delete it to train {job}")
    trainer.load_state_dict(state.pop("trainer"))
    return state


def save(state: dict[str, Any], checkpoint: Path) -> None:
    """Write a checkpoint whole or not at all: a kill in the middle leaves the one before."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, checkpoint.with_suffix(".new"))
    os.replace(checkpoint.with_suffix(".new"), checkpoint)


def seconds(device: str) -> float:
    """CPU time of this process; where a GPU works, the time on the wall."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def peak_memory_mb() -> int | None:
    """Largest resident memory of this process so far; None where the system has no such count."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def measured(name: str, run: Run, parts: Split, checkpoint: Path) -> dict[str, Any]:
    """One run from start to test: the record of it."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        model, record = trained(name, run, parts, device, checkpoint)
    except ValueError as refusal:  # too many items for a dense matrix
        return {"settings": run.settings, "refused": str(refusal)}
    quality = evaluate(model, parts, on="val" if parts.val.num_edges else "test")
    checkpoint.unlink(missing_ok=True)
    return {
        **record,
        "seconds": round(record["seconds"], 1),
        "device": "cpu, 1 thread" if device == "cpu" else torch.cuda.get_device_name(),
        "memory_mb": peak_memory_mb(),
        **{metric: round(quality[metric], 5) for metric in METRICS},
    }


def write(name: str, record: dict[str, Any], parts: Split, results: Path) -> None:
    """Put a record among those of the other runs; validation and the run on all edges keep each other's curves."""
    table = json.loads(results.read_text()) if results.exists() else {"runs": {}}
    before = table["runs"].get(name, {})
    if parts.val.num_edges:
        record = {**before, "validation": record["validation"]}
    else:
        sizes = {"users": parts.train.num_users, "items": parts.train.num_items}
        table["data"] = {**sizes, "train edges": parts.train.num_edges, "test edges": parts.test.num_edges}
        record = {**record, **{key: before[key] for key in ("validation",) if key in before}}
    runs = {**table["runs"], name: record}
    table = {**table, "protocol": PROTOCOL, "runs": {key: runs[key] for key in RUNS if key in runs}}
    text = json.dumps(table, indent=1, ensure_ascii=False)
    one_line_each = re.sub(r"\[[^][{}]*\]", lambda point: " ".join(point[0].split()), text)
    results.write_text(one_line_each + "\n")


def line(name: str, record: dict[str, Any]) -> str:
    """A record as one line to read."""
    if "refused" in record:
        return f"{name}: {record['refused']}"
    memory = f", {record['memory_mb']} MB" if record["memory_mb"] else ""
    quality = f"recall@20 {record['recall@20']:.4f}  ndcg@20 {record['ndcg@20']:.4f}"
    return f"{name}: {quality}  {record['epochs']} epochs, {record['seconds']} s ({record['device']}){memory}"


def main() -> None:
    """Train what is asked for, each in a process of its own, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"default LightGCN; all, or of {', '.join(RUNS)}")
    parser.add_argument("--recipe", choices=("best", "authors"), default="best")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting other than its own")
    parser.add_argument("--validate", action="store_true", help="hold edges out and show recall on them")
    parser.add_argument("--folder", type=Path, help="holds train.txt and test.txt of another split")
    parser.add_argument("--checkpoints", type=Path, default=ROOT / "build" / "gowalla", help="folder to go on from")
    parser.add_argument("--write", nargs="?", type=Path, const=RESULTS, help="put the record there")
    args = parser.parse_args()
    names = list(RUNS) if args.models == ["all"] else args.models or ["LightGCN"]
    names = [f"{name}, authors" if args.recipe == "authors" else name for name in names]
    if strangers := set(names) - set(RUNS):
        parser.error(f"no run {sorted(strangers)}; there are {', '.join(map(repr, RUNS))}")
    if len(names) > 1:  # the peak of memory is that of a process
        options = [option for option in sys.argv[1:] if option not in args.models]
        raise SystemExit(max(subprocess.call([sys.executable, __file__, name, *options]) for name in names))
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("medium")  # lets oneDNN multiply in the place of MKL: on AMD twice as fast
    try:
        run = changed(RUNS[names[0]], args.set)
    except (TypeError, ValueError) as mistake:
        parser.error(f"--set: {mistake}")
    try:
        parts = parts_of(args.folder, args.validate)
    except OSError as missing:
        raise SystemExit(f"no split: {missing}") from None
    checkpoint = args.checkpoints / f"{names[0]}{', validate' if args.validate else ''}.pt"
    try:
        record = measured(names[0], run, parts, checkpoint)
    except KeyboardInterrupt:
        raise SystemExit(f"\nstopped; the same command goes on from {checkpoint}") from None
    print(line(names[0], record))
    if args.write:
        write(names[0], record, parts, args.write)


if __name__ == "__main__":
    main()
