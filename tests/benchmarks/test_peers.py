"""The comparison with peers: what goes to them, what comes back, and what is said of one that cannot be had."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib.datasets import read_lists
from course_lib.graph import InteractionGraph, Split, split


@pytest.fixture
def peers(script) -> ModuleType:
    return script("peers")


def written(peers: ModuleType, folder: Path) -> Split:
    """A split in which everybody has edges, and its files."""
    mask = np.random.default_rng(0).random((20, 15)) < 0.5
    parts = split(InteractionGraph(20, 15, *torch.tensor(mask).nonzero().T), ratios=(0.8, 0.0, 0.2))
    for name in ("train", "test"):
        (folder / f"{name}.txt").write_text(peers.lists(getattr(parts, name)))
    return parts


def test_a_peer_gets_the_edges_of_the_split(peers, tmp_path):
    parts = written(peers, tmp_path)
    for again, wanted in zip(
        read_lists(tmp_path / "train.txt", tmp_path / "test.txt"), (parts.train, parts.test), strict=True
    ):
        assert torch.equal(again.user, wanted.user)
        assert torch.equal(again.item, wanted.item)


@pytest.fixture
def args(tmp_path) -> argparse.Namespace:
    """What a command without options asks for."""
    return argparse.Namespace(lightgcn="", venvs=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["course-lightgcn", "pyg-lightgcn"])
def test_a_row_is_trained_in_a_process_of_its_own_and_evaluated_here(peers, tmp_path, monkeypatch, args, name):
    parts = written(peers, tmp_path)
    monkeypatch.setattr(peers, "installed", lambda peer, folder: Path(sys.executable))  # PyG is here already
    row = peers.trained(name, tmp_path, peers.Task(2, 64, {}), args)
    assert row["CPU s"] > 0
    assert row["epochs"] == 2
    if sys.platform == "linux":
        assert row["MB"] > 50  # PyTorch alone takes more
    model = peers.Fixed(*peers.embeddings(name, tmp_path))
    assert (model.num_users, model.num_items) == (20, 15)
    assert 0 < peers.quality(model, parts)["recall@20"] <= 1


@pytest.mark.slow
def test_a_peer_that_cannot_be_installed_is_skipped_with_what_pip_said(peers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what pip says is cut short, and a path can be long
    nowhere = peers.Peer("nobody", "nobody", (("./no such folder",),))
    row = peers.tried("nobody", lambda: {"python": peers.installed(nowhere, tmp_path / "venv")})
    assert row["what"] == "nobody"
    assert "no such folder" in row["skipped"]


def test_a_checkout_that_was_not_given_is_said_so(peers, tmp_path, args):
    task = peers.TASKS["gowalla"]
    row = peers.tried("authors", lambda: peers.trained("authors-lightgcn", tmp_path, task, args))
    assert "--lightgcn" in row["skipped"]


def test_every_peer_has_a_run(peers, script):
    assert set(peers.PEERS) == set(script("peer_runs").RUNS)


def test_ratios_are_to_the_course_and_a_peer_without_settings_is_left_out(peers, tmp_path, monkeypatch, args):
    parts = written(peers, tmp_path)
    seconds = {"course-lightgcn": 2.0, "pyg-lightgcn": 5.0}

    def trained(name, folder, task, args):
        if name not in seconds:
            raise peers.Skipped("no wheel")
        return {"what": peers.PEERS[name].title, "version": "", "epochs": 1, "CPU s": seconds[name], "MB": 10.0}

    monkeypatch.setattr(peers, "trained", trained)
    monkeypatch.setattr(peers, "embeddings", lambda name, folder: (np.ones((20, 2)), np.ones((15, 2))))
    args.peers = ["course-lightgcn", "course-softmax", "pyg-lightgcn", "implicit-als"]
    table = peers.comparison("gowalla", peers.TASKS["gowalla"], tmp_path, parts, args)
    assert table["×"].tolist()[:2] == [1, 2.5]
    assert table["what"].tolist() == [peers.PEERS[name].title for name in args.peers if name != "course-softmax"]
    assert table["skipped"].tolist()[2] == "no wheel"


def test_the_table_tells_figures_or_the_reason(peers):
    done = {"what": "a", "version": "1.0", "epochs": 3, "CPU s": 1.5, "×": 2.0, "MB": 412.3}
    done |= {"recall@20": 0.25, "ndcg@20": 0.125}
    table = pd.DataFrame([done, {"what": "b", "skipped": "no wheel"}])
    lines = peers.markdown(table, peers.TASKS["movielens-100k"].told).splitlines()
    assert lines[2] == "| a | 1.0 | 3 | 1.5 | 2 | 412 | 0.2500 | 0.1250 |"
    assert "no wheel" in lines[3]
    assert len({line.count("|") for line in lines}) == 1


def test_readme_has_a_place_for_the_tables_of_each_data_set(peers):
    readme = peers.README.read_text("utf-8")
    for data in peers.TASKS:
        assert peers.placed(readme, data, "| here |").count("| here |") == 1
