"""PinSAGE's inference as its paper runs it: MapReduce jobs on a Dask cluster, each vector of a layer computed once.

A program that embeds billions of pins one by one computes the same vector again for each pin in whose receptive field
it lies. The paper goes over the whole catalogue layer by layer instead. A first job computes the message of each item,
``ReLU(Q h + q)``. A second job brings to each item the messages of its neighbours, pools them, and applies W. So there
is one vector per item and layer, where the tree under a single item has (1 + T)^(L − 1) vectors in its lowest layer.

Here the catalogue is cut into partitions of consecutive items, and a job has one task per partition:

======== ================================================ =====================================================
job      reads                                            writes
======== ================================================ =====================================================
ask      neighbours                                       whose messages the partition needs, each id once
send     h of the partition, who asks for what            for each partition the messages that it asked for
receive  own h, all messages to the partition, weights α  h of the next layer
finish   h of the last layer                              its rows of the final table
======== ================================================ =====================================================

A job begins when the one before has ended. Between jobs all data is in a folder that every worker sees under the same
path and that takes the place of MapReduce's file system. A task holds one partition and the messages for it, at most
``rows · (1 + T)`` vectors, so no worker needs room for the whole table.

**When a worker dies**, its task is run again on another one. The results of finished tasks are in the folder. A task
writes under a temporary name and then renames the file, so a reader finds either the complete file or none, and running
a task twice changes nothing.

::

    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="1GiB") as cluster, Client(cluster) as client:
        items = embed_catalogue(model, client, "embeddings", num_parts=16)

How many partitions? So many that ``rows · (1 + T)`` vectors fit into the memory of a worker several times over. Not
many more than that, because each layer writes P² files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from course_lib.arguments import refuse, whole
from course_lib.models.pinsage import PinSAGE, finish, receive, send

if TYPE_CHECKING:
    from distributed import Client

_ONE_READS = threading.Lock()  # a file's header is parsed as Python, in which two threads of an older Python can fail


def embed_catalogue(
    model: PinSAGE, client: Client, folder: str | Path, num_parts: int = 16, progress: bool = True
) -> np.ndarray:
    """Embeddings of all items, the same as ``model.embed()[1]``, computed by the workers of a Dask cluster.

    Args:
        model: The trained model, with its features and neighbours.
        client: A client of the cluster.
        folder: Folder that all workers see; the result is stored in it as ``items.npy``.
        num_parts: Number of partitions P.
        progress: Show a progress bar over the tasks.

    Returns:
        Embeddings, shape (I, D), float32, mapped from the file, so that rows are read from disk when they are used.

    Raises:
        ValueError: If there are more partitions than items.

    Source: Ying et al. 2018, section 3.4 and figure 3.
    """
    from distributed import as_completed
    from tqdm.auto import tqdm

    num_parts, folder = whole("num_parts", num_parts, least=1), Path(folder).resolve()
    if num_parts > model.num_items:
        refuse("num_parts", num_parts, f"at most one per item ({model.num_items})")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="jobs-", ignore_cleanup_errors=True) as name,
        tqdm(total=num_parts * (2 + 2 * len(model.layers)), unit="task", disable=not progress) as bar,
    ):
        tables = _Tables(Path(name), np.linspace(0, model.num_items, num_parts + 1).astype(int).tolist())
        tables.lay_out(model)
        for title, job in _jobs(model, tables):
            bar.set_description(title)
            for task in as_completed(client.map(job, range(num_parts), pure=False)):
                task.result()  # raises the error of a task that failed
                bar.update()
        os.replace(tables.file("items"), folder / "items.npy")
    return np.load(folder / "items.npy", mmap_mode="r")


def _jobs(model: PinSAGE, tables: _Tables) -> Iterator[tuple[str, Callable[[int], None]]]:
    """The jobs in order, each a function of a partition's number. A job must end before the next one is asked for."""
    yield "ask", tables.ask
    for layer, parameters in enumerate(model.layers):
        Q, q, W, w = (weight.detach().cpu() for weight in parameters)
        yield f"send {layer + 1}", partial(tables.send, layer, Q, q)
        yield f"receive {layer + 1}", partial(tables.receive, layer, W, w)
        shutil.rmtree(tables.folder / f"{layer}")  # no later job reads this layer
    yield "finish", partial(tables.finish, len(model.layers), *(weight.detach().cpu() for weight in model.head))


@dataclass(frozen=True)
class _Tables:
    """The files between the jobs, and the jobs themselves, which read and write them."""

    folder: Path
    borders: list[int]  # partition p has the items from borders[p] up to borders[p + 1]

    def lay_out(self, model: PinSAGE) -> None:
        """Write what the first jobs read, and make an empty table for the last job to fill."""
        for part in self._every:
            rows = slice(*self.borders[part : part + 2])
            for name, table in (("near", model.near), ("alpha", model.alpha), ("0/h", model.features)):
                self._store(f"{name}-{part}", table[rows].cpu().numpy())
        shape = self.borders[-1], len(model.head[-1])
        np.lib.format.open_memmap(self.file("items"), mode="w+", dtype=np.float32, shape=shape)

    def ask(self, part: int) -> None:
        """Write whose messages a partition needs. A missing neighbour counts as item 0, which has weight 0 there."""
        ids = np.unique(self._load(f"near-{part}").clip(min=0))
        for source, wanted in enumerate(np.split(ids, np.searchsorted(ids, self.borders[1:-1]))):
            self._store(f"ask-{source}-{part}", wanted)

    def send(self, layer: int, Q: Tensor, q: Tensor, part: int) -> None:
        """The map: compute the message of each item of the partition once, and store it for all that asked."""
        messages = send(torch.from_numpy(self._load(f"{layer}/h-{part}")), Q, q).numpy()
        for target in self._every:
            asked = self._load(f"ask-{part}-{target}") - self.borders[part]
            self._store(f"{layer}/messages-{part}-{target}", messages[asked])

    def receive(self, layer: int, W: Tensor, w: Tensor, part: int) -> None:
        """The reduce: join the messages for the partition to its own vectors."""
        ids = np.concatenate([self._load(f"ask-{source}-{part}") for source in self._every])
        messages = np.concatenate([self._load(f"{layer}/messages-{source}-{part}") for source in self._every])
        near = np.searchsorted(ids, self._load(f"near-{part}").clip(min=0))  # rows of messages
        tables = self._load(f"{layer}/h-{part}"), near, self._load(f"alpha-{part}"), messages
        self._store(f"{layer + 1}/h-{part}", receive(*map(torch.from_numpy, tables), W, w).numpy())

    def finish(self, layer: int, G1: Tensor, g: Tensor, G2: Tensor, part: int) -> None:
        """The dense layers: each partition writes its rows of the result."""
        items = _read(self.file("items"), mmap_mode="r+")
        h = torch.from_numpy(self._load(f"{layer}/h-{part}"))
        items[slice(*self.borders[part : part + 2])] = finish(h, G1, g, G2).numpy()
        items.flush()

    def file(self, name: str) -> Path:
        """Path of a table's file."""
        return self.folder / f"{name}.npy"

    @property
    def _every(self) -> range:
        return range(len(self.borders) - 1)

    def _load(self, name: str) -> np.ndarray:
        return _read(self.file(name))

    def _store(self, name: str, table: np.ndarray) -> None:
        """Write under a temporary name, then rename, so that a reader always finds a complete file."""
        self.file(name).parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            np.save(file, table)
        os.replace(file.name, self.file(name))


def _read(file: Path, mmap_mode: Literal["r+"] | None = None) -> np.ndarray:
    with _ONE_READS:
        return np.load(file, mmap_mode=mmap_mode)
