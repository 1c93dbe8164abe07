"""One training, or one walk sampler, in a process of its own and a peer's own Python: peers.py calls it.

    PYTHON benchmarks/peer_runs.py implicit-als FOLDER EPOCHS BATCH [CHECKOUT]

FOLDER holds train.txt and test.txt, lists of `user item item …`. The embeddings are left there as NAME.npz, for
peers.py to evaluate; CPU seconds of the training and the process's peak memory are printed as JSON, the last line. All
LightGCNs have the settings below. What a peer offers is called as its documentation says; nothing of a peer is changed.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

import numpy as np

DIM, LAYERS, LR, L2 = 64, 3, 5e-3, 1e-4


class Job(SimpleNamespace):
    """Folder of the split, epochs, batch, checkout; and what a run leaves: users (U, D), items (I, D), seconds."""

    def edges(self, name: str) -> np.ndarray:
        """Edges of train or test, shape (E, 2)."""
        lists = [list(map(int, line.split())) for line in (self.folder / f"{name}.txt").read_text().splitlines()]
        return np.array([(user, item) for user, *items in lists for item in items])

    @property
    def shape(self) -> tuple[int, int]:
        """Users and items."""
        return tuple((np.concatenate([self.edges("train"), self.edges("test")]).max(axis=0) + 1).tolist())

    def timed(self, train: Callable[[], Any]) -> Any:
        """Train, and note the CPU seconds."""
        started = process_time()
        done = train()
        self.seconds = process_time() - started
        return done


def course_lightgcn(job: Job) -> None:
    """The course's LightGCN with BPR."""
    from course_lib.training import Recipe

    train_course(job, Recipe("bpr", job.epochs, job.batch, LR, L2))


def course_softmax(job: Job) -> None:
    """The course's LightGCN with the recipe that it ships for the softmax loss."""
    from course_lib.training import recipe_for

    train_course(job, recipe_for("LightGCN", "movielens-100k", "softmax"))


def train_course(job: Job, recipe: Any) -> None:
    """All epochs of a recipe."""
    import torch

    from course_lib.graph import InteractionGraph
    from course_lib.models import LightGCN
    from course_lib.training import train_epochs

    graph = InteractionGraph(*job.shape, *torch.from_numpy(job.edges("train")).T)
    model = LightGCN(graph, DIM, LAYERS)
    job.timed(lambda: list(train_epochs(model, graph, recipe)))
    with torch.no_grad():
        job.users, job.items = model.embed()


def implicit_als(job: Job) -> None:
    """Alternating least squares with the settings that validation edges chose."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    edges = job.edges("train")
    matrix = csr_matrix((np.ones(len(edges), np.float32), edges.T), job.shape)
    model = AlternatingLeastSquares(
        DIM, regularization=30, alpha=5, iterations=job.epochs, num_threads=1, random_state=0
    )
    job.timed(lambda: model.fit(matrix, show_progress=False))
    job.users, job.items = model.user_factors, model.item_factors


def pyg_lightgcn(job: Job) -> None:
    """PyG's model and loss; the graph as a sparse tensor, which is its fast form, and batches as in its example."""
    import torch
    from torch_geometric.nn import LightGCN

    torch.manual_seed(0)
    edges, (num_users, num_items) = torch.from_numpy(job.edges("train")).T, job.shape
    edges = torch.stack([edges[0], edges[1] + num_users])
    both = torch.cat([edges, edges.flip(0)], dim=1)
    size = (num_users + num_items,) * 2
    adjacency = torch.sparse_coo_tensor(both, torch.ones(both.shape[1]), size).coalesce().to_sparse_csr()
    model = LightGCN(sum(job.shape), DIM, LAYERS)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)

    def train() -> None:
        for _ in range(job.epochs):
            for batch in torch.randperm(edges.shape[1]).split(job.batch):
                user, pos = edges[:, batch]
                neg = torch.randint(num_users, sum(job.shape), (len(batch),))
                pairs = torch.cat([torch.stack([user, pos]), torch.stack([user, neg])], dim=1)
                pos_rank, neg_rank = model(adjacency, pairs).chunk(2)
                loss = model.recommendation_loss(pos_rank, neg_rank, pairs.unique(), lambda_reg=L2)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    job.timed(train)
    job.users, job.items = model.get_embedding(adjacency).detach().split(job.shape)


def recbole_lightgcn(job: Job) -> None:
    """RecBole on the same split, given as benchmark files."""
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.model.general_recommender import LightGCN
    from recbole.utils import get_trainer, init_seed

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "split").mkdir()
        for part, edges in (("train", job.edges("train")), ("test", job.edges("test"))):
            lines = ["user_id:token\titem_id:token", *(f"{user}\t{item}" for user, item in edges)]
            (Path(name) / "split" / f"split.{part}.inter").write_text("\n".join(lines))
        own = {"data_path": name, "benchmark_filename": ["train", "test", "test"], "checkpoint_dir": name}
        own |= {"load_col": {"inter": ["user_id", "item_id"]}, "epochs": job.epochs, "train_batch_size": job.batch}
        own |= {"embedding_size": DIM, "n_layers": LAYERS, "learning_rate": LR, "reg_weight": L2}
        own |= {"use_gpu": False, "show_progress": False, "state": "ERROR", "metrics": ["Recall"], "topk": 20}
        config = Config("LightGCN", "split", config_file_list=[], config_dict=own | {"valid_metric": "Recall@20"})
        init_seed(0, True)
        dataset = create_dataset(config)
        train, _, _ = data_preparation(config, dataset)
        model = LightGCN(config, train.dataset)
        trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
        job.timed(lambda: trainer.fit(train, saved=False, show_progress=False, verbose=False))
        found = {"users": "user_id", "items": "item_id"}
        for (side, column), table, count in zip(found.items(), model.forward(), job.shape, strict=True):
            place = dataset.field2token_id[column]
            ids = [place.get(str(number), 0) for number in range(count)]  # 0 is padding: nobody's
            setattr(job, side, table.detach()[ids])


def cornac_bpr(job: Job) -> None:
    """Cornac's BPR, in Cython; its item biases become one more dimension."""
    from cornac.models import BPR

    model = BPR(DIM, max_iter=job.epochs, learning_rate=0.05, num_threads=1, seed=0)
    train = cornac_set(job)
    job.timed(lambda: model.fit(train))
    cornac_embeddings(job, train, model.u_factors, np.column_stack([model.i_factors, model.i_biases]))
    job.users = np.column_stack([job.users, np.ones(len(job.users))])


def cornac_lightgcn(job: Job) -> None:
    """Cornac's LightGCN, on DGL."""
    from cornac.models import LightGCN

    options = {"batch_size": job.batch, "num_layers": LAYERS, "lambda_reg": L2, "seed": 0}
    model, train = LightGCN(emb_size=DIM, num_epochs=job.epochs, learning_rate=LR, **options), cornac_set(job)
    job.timed(lambda: model.fit(train))
    cornac_embeddings(job, train, model.U, model.V)


def cornac_set(job: Job) -> Any:
    """The training edges as Cornac wants them."""
    from cornac.data import Dataset

    return Dataset.from_uir([(user, item, 1.0) for user, item in job.edges("train").tolist()], seed=0)


def cornac_embeddings(job: Job, train: Any, users: np.ndarray, items: np.ndarray) -> None:
    """Back to the split's ids; zeros for what training never met."""
    for side, table, ids, count in zip(
        ("users", "items"), (users, items), (train.uid_map, train.iid_map), job.shape, strict=True
    ):
        own = np.zeros((count, table.shape[1]), np.float32)
        own[list(ids)] = table[list(ids.values())]
        setattr(job, side, own)


def authors_lightgcn(job: Job) -> None:
    """The authors' training, from a copy of the checkout, since it writes beside its code."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(job.checkout / "code", Path(name) / "code")
        for part in ("train", "test"):
            shutil.copy(job.folder / f"{part}.txt", name)
        sys.path.insert(0, f"{name}/code")
        options = f"--lr {LR} --decay {L2} --layer {LAYERS} --recdim {DIM} --bpr_batch {job.batch} --tensorboard 0"
        sys.argv[1:] = options.split(" ")
        import dataloader
        import model
        import Procedure
        import utils
        import world

        utils.set_seed(0)
        dataset = dataloader.Loader(path=name)
        network = model.LightGCN(world.config, dataset)
        loss = utils.BPRLoss(network, world.config)
        job.timed(lambda: [Procedure.BPR_train_original(dataset, network, loss, n) for n in range(job.epochs)])
        job.users, job.items = (side.detach() for side in network.computer())


def dgl_sampler(job: Job) -> None:
    """DGL's PinSAGE sampler: ten neighbours of every item; the epochs are walks an item."""
    import dgl
    import torch

    user, item = torch.from_numpy(job.edges("train")).T
    ends = {("item", "in", "user"): (item, user), ("user", "has", "item"): (user, item)}
    graph = dgl.heterograph(ends, dict(zip(("user", "item"), job.shape, strict=True)))
    sampler = dgl.sampling.PinSAGESampler(graph, "item", "user", 10, 0.5, job.epochs, 10)
    found = job.timed(lambda: sampler(torch.arange(job.shape[1])))
    source, target = found.edges()
    job.users = job.items = np.stack([source, target, found.edata["weights"]])


def peak_memory() -> float:
    """The most memory that this process has held, in MB; nan where there is no Linux to tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")), float("nan"))


def import_optimizer() -> None:
    """Build an Adam: the first of a process imports for a second, which is no training."""
    import torch

    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


RUNS = {
    "course-lightgcn": course_lightgcn,
    "course-softmax": course_softmax,
    "pyg-lightgcn": pyg_lightgcn,
    "recbole-lightgcn": recbole_lightgcn,
    "cornac-lightgcn": cornac_lightgcn,
    "authors-lightgcn": authors_lightgcn,
    "cornac-bpr": cornac_bpr,
    "implicit-als": implicit_als,
    "dgl-sampler": dgl_sampler,
}


def main(name: str, folder: str, epochs: str, batch: str, checkout: str = "") -> None:
    """Run one."""
    job = Job(folder=Path(folder), epochs=int(epochs), batch=int(batch), checkout=Path(checkout))
    if name.startswith("course") or name.endswith("lightgcn"):
        import_optimizer()
    RUNS[name](job)
    told = {"CPU s": job.seconds, "MB": peak_memory()}
    np.savez(job.folder / f"{name}.npz", users=np.asarray(job.users), items=np.asarray(job.items))
    print("\n" + json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
