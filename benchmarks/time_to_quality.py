"""How good a shipped recipe is on a fixed split, and how many CPU seconds that takes on one thread.

    python benchmarks/time_to_quality.py FOLDER --model LightGCN --loss softmax

FOLDER holds train.txt and test.txt, lists of `user item item …`. Nothing is chosen here: the recipe is the shipped one
of movielens-100k, with its fixed number of epochs, since the split has no validation edges to stop on.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch

from course_lib import models
from course_lib.datasets import read_lists
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split
from course_lib.training import STEPS, fit, recipe_for


def main() -> None:
    """Fit once a seed and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="LightGCN")
    parser.add_argument("--loss", choices=sorted(STEPS), default="softmax")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, test = read_lists(args.folder / "train.txt", args.folder / "test.txt")
    nothing = torch.empty(0, dtype=torch.long)
    split = Split(train, InteractionGraph(train.num_users, train.num_items, nothing, nothing), test)
    build = getattr(models, args.model)
    recipe = recipe_for(build, "movielens-100k", args.loss)
    print(recipe)
    fit(build(train), split, replace(recipe, epochs=1), progress=False)  # the first Adam of a process imports a lot
    recalls = []
    for seed in range(args.seeds):
        model, started = build(train, seed=seed), time.process_time()
        fit(model, split, replace(recipe, seed=seed), progress=False)
        seconds, quality = time.process_time() - started, evaluate(model, split)
        recalls.append(quality["recall@20"])
        print(f"seed {seed}: recall@20 {recalls[-1]:.4f}  ndcg@20 {quality['ndcg@20']:.4f}  {seconds:.1f} CPU s")
    print(f"mean recall@20 {fmean(recalls):.4f}")


if __name__ == "__main__":
    main()
