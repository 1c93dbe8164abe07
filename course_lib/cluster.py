"""PinSAGE's inference as its paper runs it: MapReduce jobs, each vector of a layer computed once, on a Dask cluster.

Who embeds billions of pins one by one computes a pin's layer again for everybody in whose receptive field it lies. The
paper goes layer by layer over the whole catalogue instead. A first job lets every item send ``ReLU(Q h + q)``. A second
joins what an item's neighbours sent to the item itself, pools, and applies W. So there is one vector an item and layer,
where a tree under each item would have (1 + T)^(L − 1) of the lowest layer alone.

Here the catalogue is cut into partitions of consecutive items, and a job is one task a partition:

======== ================================================ =====================================================
job      reads                                            writes
======== ================================================ =====================================================
ask      neighbours                                       whose messages the partition needs, each id once
send     h of the partition, who asks for what            for each partition the messages that it asked for
receive  own h, all messages to the partition, weights α  h of the next layer
finish   h of the last layer                              its rows of the final table
======== ================================================ =====================================================

A job begins when the one before has ended. Between jobs everything lies in a folder that all workers see under the same
path; it stands for MapReduce's file system. A task holds one partition and what that asks for, at most
``rows · (1 + T)`` vectors, so no worker needs room for the whole table.

**When a worker dies**, its task is run again elsewhere. What finished tasks wrote is in the folder. A task writes under
another name and then renames, so whoever reads sees all of a file or none, and a task that ran twice changes nothing.

::

    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="1GiB") as cluster, Client(cluster) as client:
        items = embed_catalogue(model, client, "embeddings", num_parts=16)

How many partitions? As many as make ``rows · (1 + T)`` vectors fit into a worker several times over. More are more
files: P² of them a layer.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_lib.arguments import refuse, whole
from course_lib.models.pinsage import PinSAGE, finish, receive, send

if TYPE_CHECKING:
    from distributed import Client


def embed_catalogue(
    model: PinSAGE, client: Client, folder: str | Path, num_parts: int = 16, progress: bool = True
) -> np.ndarray:
    """Embeddings of all items, the same as ``model.embed()[1]``, computed by the workers of a Dask cluster.

    Args:
        model: The trained model, with its features and neighbours.
        client: A client of the cluster.
        folder: Folder that all workers see; the result stays in it as ``items.npy``.
        num_parts: Number of partitions P.
        progress: Show a progress bar over the tasks.

    Returns:
        Embeddings, shape (I, D), float32, mapped from the file: read from disk as they are used.

    Raises:
        ValueError: If there are more partitions than items.

    Source: Ying et al. 2018, section 3.4 and figure 3.
    """
    from distributed import as_completed
    from tqdm import tqdm

    num_parts, folder = whole("num_parts", num_parts, least=1), Path(folder).resolve()
    if num_parts > model.num_items:
        refuse("num_parts", num_parts, f"at most one an item ({model.num_items})")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="jobs-", ignore_cleanup_errors=True) as name,
        tqdm(total=num_parts * (2 + 2 * len(model.layers)), unit="task", ncols=100, disable=not progress) as bar,
    ):
        tables = _Tables(Path(name), np.linspace(0, model.num_items, num_parts + 1).astype(int).tolist())
        tables.lay_out(model)
        for title, job in _jobs(model, tables):
            bar.set_description(title)
            for task in as_completed(client.map(job, range(num_parts), pure=False)):
                task.result()  # raises what went wrong there
                bar.update()
        os.replace(tables.file("items"), folder / "items.npy")
    return np.load(folder / "items.npy", mmap_mode="r")


def _jobs(model: PinSAGE, tables: _Tables) -> Iterator[tuple[str, Callable[[int], None]]]:
    """The jobs in their order, each a function of the number of a partition; one is to end before the next is drawn."""
    yield "ask", tables.ask
    for layer, parameters in enumerate(model.layers):
        Q, q, W, w = (weight.detach().cpu() for weight in parameters)
        yield f"send {layer + 1}", partial(tables.send, layer, Q, q)
        yield f"receive {layer + 1}", partial(tables.receive, layer, W, w)
        shutil.rmtree(tables.folder / f"{layer}")  # nobody reads the layer below again
    yield "finish", partial(tables.finish, len(model.layers), *(weight.detach().cpu() for weight in model.head))


@dataclass(frozen=True)
class _Tables:
    """What lies between the jobs, a file a partition; and the jobs, which read and write it."""

    folder: Path
    borders: list[int]  # partition p has the items from borders[p] to borders[p + 1]

    def lay_out(self, model: PinSAGE) -> None:
        """What the first jobs read, and room for what the last one writes."""
        for part in self._every:
            rows = slice(*self.borders[part : part + 2])
            for name, table in (("near", model.near), ("alpha", model.alpha), ("0/h", model.features)):
                self._store(f"{name}-{part}", table[rows].cpu().numpy())
        shape = self.borders[-1], len(model.head[-1])
        np.lib.format.open_memmap(self.file("items"), mode="w+", dtype=np.float32, shape=shape)

    def ask(self, part: int) -> None:
        """Whose messages a partition needs; those of item 0 too where a neighbour is missing, which does no harm."""
        ids = np.unique(self._load(f"near-{part}").clip(min=0))
        for source, some in enumerate(np.split(ids, np.searchsorted(ids, self.borders[1:-1]))):
            self._store(f"ask-{source}-{part}", some)

    def send(self, layer: int, Q: Tensor, q: Tensor, part: int) -> None:
        """The map: every item of the partition sends once; sorted out by who asked."""
        messages = send(torch.from_numpy(self._load(f"{layer}/h-{part}")), Q, q).numpy()
        for target in self._every:
            asked = self._load(f"ask-{part}-{target}") - self.borders[part]
            self._store(f"{layer}/messages-{part}-{target}", messages[asked])

    def receive(self, layer: int, W: Tensor, w: Tensor, part: int) -> None:
        """The reduce: what was sent to the partition, joined to its own vectors."""
        ids = np.concatenate([self._load(f"ask-{source}-{part}") for source in self._every])
        messages = np.concatenate([self._load(f"{layer}/messages-{source}-{part}") for source in self._every])
        near = np.searchsorted(ids, self._load(f"near-{part}").clip(min=0))  # rows of messages
        tables = self._load(f"{layer}/h-{part}"), near, self._load(f"alpha-{part}"), messages
        self._store(f"{layer + 1}/h-{part}", receive(*map(torch.from_numpy, tables), W, w).numpy())

    def finish(self, layer: int, G1: Tensor, g: Tensor, G2: Tensor, part: int) -> None:
        """The dense layers; each partition writes its rows of the result."""
        items = np.load(self.file("items"), mmap_mode="r+")
        h = torch.from_numpy(self._load(f"{layer}/h-{part}"))
        items[slice(*self.borders[part : part + 2])] = finish(h, G1, g, G2).numpy()
        items.flush()

    def file(self, name: str) -> Path:
        """Where a table lies."""
        return self.folder / f"{name}.npy"

    @property
    def _every(self) -> range:
        return range(len(self.borders) - 1)

    def _load(self, name: str) -> np.ndarray:
        return np.load(self.file(name))

    def _store(self, name: str, table: np.ndarray) -> None:
        """Write under a name of one's own, then rename: whoever reads finds the whole file."""
        self.file(name).parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            np.save(file, table)
        os.replace(file.name, self.file(name))
