from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dask.utils import parse_bytes
from distributed import Client, LocalCluster, Scheduler, SchedulerPlugin
from small_graphs import random_graph

from course_lib import cluster
from course_lib.cluster import embed_catalogue
from course_lib.graph import InteractionGraph
from course_lib.models import PinSAGE

LIMIT = "512MiB"  # of a worker; Python, torch and Dask take more than half of it


@contextmanager
def two_workers(folder: Path, **options: Any) -> Iterator[Client]:
    own = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(local_directory=folder, **own, **options) as local, Client(local) as client:
        yield client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Two workers in this process: quick, and what is patched here is patched there."""
    with two_workers(tmp_path_factory.mktemp("dask"), processes=False) as client:
        yield client


def random_model(num_items: int, num_neighbors: int, graph: InteractionGraph | None = None, **options: Any) -> PinSAGE:
    """Random neighbours, each item with up to so many, and the last with none."""
    generator = torch.Generator().manual_seed(0)
    near = torch.randint(-1, num_items, (num_items, num_neighbors), generator=generator)
    near[-1] = -1
    alpha = torch.rand(near.shape, generator=generator).masked_fill(near < 0, 0)
    alpha /= alpha.sum(dim=1, keepdim=True).clamp(min=1e-9)
    one_edge = InteractionGraph(1, num_items, torch.tensor([0]), torch.tensor([0]))
    features = torch.randn(num_items, 8, generator=generator)
    model = PinSAGE(graph or one_edge, features, neighbors=(near, alpha), **options)
    for weight in model.parameters():  # biases start at 0, where a test would not see them
        if weight.dim() == 1:
            weight.data = 0.3 * torch.randn(len(weight), generator=generator)
    return model


@pytest.mark.parametrize("num_layers", [0, 1, 2, 3])
@pytest.mark.parametrize("num_parts", [1, 3, 11])
def test_the_workers_arrive_at_what_the_model_in_memory_says(client, tmp_path, num_layers, num_parts):
    model = random_model(11, 3, random_graph(), dim=4, num_layers=num_layers)
    items = embed_catalogue(model, client, tmp_path, num_parts, progress=False)
    assert items.dtype == np.float32
    np.testing.assert_allclose(items, model.embed()[1].detach(), atol=1e-6)


def test_every_item_sends_once_a_layer_however_many_ask(client, tmp_path, monkeypatch):
    sent = []
    plain = cluster.send
    monkeypatch.setattr(cluster, "send", lambda h, *weights: sent.append(len(h)) or plain(h, *weights))
    embed_catalogue(random_model(500, 10, dim=4, num_layers=2), client, tmp_path, 7, progress=False)
    assert sum(sent) == 2 * 500
    assert max(sent) <= 72  # nobody had more than a partition


def test_only_the_result_stays_and_a_second_run_takes_its_place(client, tmp_path):
    for seed in (0, 1):
        model = random_model(40, 3, dim=4, seed=seed)
        items = embed_catalogue(model, client, tmp_path / "new" / "folder", 4, progress=False)
        assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["items.npy"]
        np.testing.assert_allclose(items, model.embed()[1].detach(), atol=1e-6)


def test_what_goes_wrong_at_a_worker_is_raised_here_and_gives_no_result(client, tmp_path):
    model = random_model(40, 3, dim=4)
    model.near[3, 1] = 40  # no such item
    with pytest.raises(IndexError):
        embed_catalogue(model, client, tmp_path, 4, progress=False)
    assert not (tmp_path / "items.npy").exists()


@pytest.mark.parametrize("num_parts", [0, 12, 1.5])
def test_partitions_that_cannot_be_are_refused(client, tmp_path, num_parts):
    with pytest.raises(ValueError, match=r"^num_parts: got [^\n]+, wanted [^\n]+$"):
        embed_catalogue(random_model(11, 3, random_graph()), client, tmp_path, num_parts)


# ---- two processes, a table that neither has room for, and a death


class Killer(SchedulerPlugin):
    """Kills the worker that is given the so-manieth task of a job, and notes who died."""

    def __init__(self, scheduler: Scheduler, job: str, count: int) -> None:
        self.scheduler, self.job, self.left, self.died = scheduler, job, count, []

    def transition(self, key: str, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        if finish == "processing" and str(key).startswith(self.job):
            self.left -= 1
            if self.left == 0:
                os.kill(self.scheduler.tasks[key].processing_on.pid, signal.SIGKILL)

    def remove_worker(self, scheduler: Scheduler, worker: str, **kwargs: Any) -> None:
        self.died.append(worker)


@dataclass
class Run:
    items: np.ndarray
    error: float  # the largest, of all numbers of all items
    deaths: int
    tasks_left: int


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """1.1 million items in 24 partitions, each with one neighbour; the kill comes in the middle of the convolution."""
    model, folder = random_model(1_100_000, 1, dim=128, num_layers=1), tmp_path_factory.mktemp("run")
    with two_workers(folder, host="127.0.0.1", memory_limit=LIMIT) as client:
        scheduler = client.cluster.scheduler
        killer = Killer(scheduler, "receive", 12)
        scheduler.add_plugin(killer)
        items = embed_catalogue(model, client, folder / "out", 24, progress=False)
        deaths = len(killer.died)
    return Run(items, largest_error(items, model), deaths, -killer.left)


@torch.no_grad()
def largest_error(items: np.ndarray, model: PinSAGE) -> float:
    """Beside what the model says in this process, a part at a time; not a number if there is one among them."""
    parts = torch.arange(model.num_items).split(20_000)
    return float(np.max([np.abs(items[part.numpy()] - model.embed_items(part).numpy()).max() for part in parts]))


@pytest.mark.slow
def test_a_worker_is_killed_in_the_middle_of_a_job_and_nothing_is_lost(run):
    assert run.deaths == 1  # the one that was killed: none for want of memory
    assert run.tasks_left >= 12  # what was still to do, and what was done again
    assert run.error < 1e-6


@pytest.mark.slow
def test_the_table_is_larger_than_what_a_worker_may_hold(run):
    assert run.items.dtype == np.float32
    assert run.items.shape == (1_100_000, 128)
    assert run.items.nbytes > parse_bytes(LIMIT)
