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


@pytest.mark.slow
def test_a_peer_trains_in_its_own_python_and_is_evaluated_here(peers, tmp_path, monkeypatch):
    parts = written(peers, tmp_path)
    monkeypatch.setattr(peers, "installed", lambda peer, folder: Path(sys.executable))  # PyG is here already
    args = argparse.Namespace(epochs=2, lightgcn="", venvs=tmp_path)
    row = peers.peer_row("pyg-lightgcn", tmp_path, args)
    assert row["seconds"] > 0
    assert row["epochs"] == 2
    model = peers.Fixed(*peers.embeddings("pyg-lightgcn", tmp_path))
    assert (model.num_users, model.num_items) == (20, 15)
    assert 0 < peers.quality(model, parts)["recall@20"] <= 1


@pytest.mark.slow
def test_a_peer_that_cannot_be_installed_is_skipped_with_what_pip_said(peers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what pip says is cut short, and a path can be long
    nowhere = peers.Peer("nobody", "nobody", (("./no such folder",),))
    row = peers.tried("nobody", lambda: {"python": peers.installed(nowhere, tmp_path / "venv")})
    assert row["what"] == "nobody"
    assert "no such folder" in row["skipped"]


def test_a_checkout_that_was_not_given_is_said_so(peers, tmp_path):
    args = argparse.Namespace(epochs=2, lightgcn="", venvs=tmp_path)
    row = peers.tried("authors", lambda: peers.peer_row("authors-lightgcn", tmp_path, args))
    assert "--lightgcn" in row["skipped"]


def test_the_table_tells_figures_or_the_reason(peers):
    done = {
        "what": "a",
        "epochs": 3,
        "seconds": 1.5,
        "ratio": 2.0,
        "recall@20": 0.25,
        "ndcg@20": 0.125,
        "version": "1.0",
    }
    lines = peers.markdown(pd.DataFrame([done, {"what": "b", "skipped": "no wheel"}]), pd.DataFrame([])).splitlines()
    assert lines[2] == "| a | 1.0 | 3 | 1.5 | 2 | 0.2500 | 0.1250 |"
    assert "no wheel" in lines[3]
    assert len({line.count("|") for line in lines}) == 1
