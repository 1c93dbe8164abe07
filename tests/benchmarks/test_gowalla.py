"""`make gowalla` on a tiny graph: killed in the middle, the same command ends where it would have ended anyway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from course_lib.graph import InteractionGraph

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gowalla.py"
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """30 users in two camps, each with ten of the thirty items of its camp, seven to train and three to test on."""
    rng = np.random.default_rng(0)
    own = [2 * rng.permutation(30)[:10] + user % 2 for user in range(30)]
    for name, part in {"train": slice(7), "test": slice(7, 10)}.items():
        lists = (" ".join(map(str, [user, *items[part]])) for user, items in enumerate(own))
        (tmp_path / f"{name}.txt").write_text("\n".join(lists) + "\n")
    return tmp_path


def command(folder: Path, run: str, *options: str) -> list[str]:
    places = {"--folder": folder, "--checkpoints": folder / run, "--write": folder / f"{run}.json"}
    return [sys.executable, str(SCRIPT), *(str(word) for place in places.items() for word in place), *options]


@pytest.fixture
def gowalla(script) -> ModuleType:
    return script("gowalla")


@pytest.fixture
def ran(gowalla: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Run the command here: one that nobody kills needs no process of its own, which takes seconds to begin."""
    before = torch.get_float32_matmul_precision()

    def run(name: str, *options: str) -> None:
        monkeypatch.setattr(sys, "argv", command(folder, name, *options)[1:])
        gowalla.main()

    yield run
    torch.set_float32_matmul_precision(before)  # for all tests that come after


def record(folder: Path, run: str, name: str = "LightGCN") -> dict:
    return json.loads((folder / f"{run}.json").read_text())["runs"][name]


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process in another way")
@pytest.mark.parametrize("options", [(), ("--validate",)], ids=["all edges", "validate"])
def test_a_killed_run_goes_on_to_the_same_result(folder, ran, capsys, options):
    options = (*options, "--set", "epochs=300")
    ran("whole", *options)
    killed = subprocess.Popen(command(folder, "killed", *options), stderr=subprocess.DEVNULL)
    while not list((folder / "killed").glob("*.pt")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    assert killed.wait() < 0
    capsys.readouterr()
    ran("killed", *options)
    assert " 0/300" not in capsys.readouterr().err  # it went on and did not begin anew
    whole, got = (record(folder, run) for run in ("whole", "killed"))
    curve = "validation" if "--validate" in options else "loss"
    times = [point.pop(1 if curve == "validation" else 0) for point in got[curve]]
    assert times == sorted(times)
    for point in whole[curve]:
        point.pop(1 if curve == "validation" else 0)
    for key in ("epochs", "settings", "recall@20", "ndcg@20", curve):
        assert got.get(key) == whole.get(key)
    assert got["epochs"] == 300 if curve == "loss" else len(got[curve]) == 150
    assert not list((folder / "killed").iterdir())  # nothing is left of a run that ended


def test_a_checkpoint_that_has_more_epochs_than_asked_for_is_refused_in_one_line(folder, ran):
    checkpoint = folder / "run" / "LightGCN.pt"
    running = subprocess.Popen(command(folder, "run", "--set", "epochs=100000"), stderr=subprocess.DEVNULL)
    while not checkpoint.exists() or len(torch.load(checkpoint, weights_only=True)["loss"]) < 2:
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.wait()
    with pytest.raises(SystemExit, match=r"LightGCN\.pt") as refused:
        ran("run", "--set", "epochs=1")
    assert str(refused.value).count("\n") == 0


def test_all_runs_in_one_table_and_the_curve_of_validation_stays(folder, ran):
    ran("run", "--validate", "--set", "epochs=2")
    models = ["LightGCN", "MatrixFactorization"]
    subprocess.run(command(folder, "run", *models, "--set", "epochs=2"), check=True, capture_output=True)
    ran("run", "Popularity")
    assert [len(record(folder, "run")[curve]) for curve in ("validation", "loss")] == [1, 2]
    assert 0 < record(folder, "run", "Popularity")["recall@20"] < 1
    assert record(folder, "run", "MatrixFactorization")["memory_mb"] > 0


@pytest.mark.parametrize("change", ["epohcs=3", "epochs=0", "epochs", 'lr="x"'])
def test_a_strange_setting_is_refused_in_one_line(ran, change, capsys):
    with pytest.raises(SystemExit) as refused:
        ran("run", "--set", change)
    assert refused.value.code == 2
    assert "--set" in capsys.readouterr().err.splitlines()[-1]


def test_of_every_other_user_a_corner_of_the_taste_is_held_out_whole(gowalla):
    """Everybody has ten items of one camp and three of the other; a corner lies in one of them."""
    rng = np.random.default_rng(0)
    own = [2 * rng.permutation(20)[:13] + (np.arange(13) < 3) for _ in range(200)]
    items = np.stack(own) ^ (np.arange(200) // 2 % 2)[:, None]
    graph = InteractionGraph(200, 40, torch.arange(200).repeat_interleave(13), torch.from_numpy(items.flatten()))
    parts = gowalla.held_out(graph, rank=2)
    assert parts.val.user_degree.tolist() == [3] * 200  # a fifth of 13, rounded
    assert parts.train.num_edges + parts.val.num_edges == graph.num_edges
    assert not parts.train.has_edges(parts.val.user, parts.val.item).any()
    camps = (parts.val.item % 2).view(200, 3)
    together = (camps == camps[:, :1]).all(dim=1).float()
    assert together[::2].mean() > 0.9
    assert together[1::2].mean() < 0.65  # a random three: 0.42
    smaller = camps[::2, 0] != torch.arange(200)[::2] // 2 % 2
    assert 0.1 < smaller.float().mean() < 0.4  # each camp as often as its items: 3 of 13
