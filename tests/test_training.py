from __future__ import annotations

import _thread
import math
import random
import signal
import threading
from dataclasses import FrozenInstanceError, replace

import matplotlib
import numpy as np
import pytest
import torch
from over_seeds import SEEDS
from refusing import refused_argument
from torch import Tensor

from course_lib.diffusion import normalized_adjacency
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split, split
from course_lib.losses import binary_loss, bpr_loss, softmax_loss
from course_lib.models import NGCF, GraphModel, LightGCN, MatrixFactorization, Popularity
from course_lib.training import STEPS, History, Recipe, Trainer, fit, train_epochs

matplotlib.use("Agg")
EACH_LOSS = pytest.mark.parametrize("loss", ["bpr", "binary", "softmax"])
EACH_SAMPLED_LOSS = pytest.mark.parametrize("loss", ["bpr", "binary"])


def two_blocks(seed: int, ratios: tuple[float, float, float] = (0.7, 0.15, 0.15)) -> Split:
    """40 users and 40 items in two camps that never meet; within a camp half of the pairs are edges."""
    rng = np.random.default_rng(seed)
    camp = np.arange(40) % 2
    mask = (camp[:, None] == camp) & (rng.random((40, 40)) < 0.5)
    user, item = torch.tensor(mask).nonzero().T
    return split(InteractionGraph(40, 40, user, item), ratios=ratios, seed=seed)


RECIPE = Recipe(epochs=12, batch_size=128, lr=0.02, weight_decay=0.001, patience=50)
BATCH_SIZE = {"bpr": 128, "binary": 128, "softmax": 8}  # edges, edges, users


def trained(parts: Split, recipe: Recipe = RECIPE, seed: int = 0) -> tuple[MatrixFactorization, History]:
    model = MatrixFactorization(parts.train, dim=8, seed=seed)
    return model, fit(model, parts, recipe, progress=False)


def weights(model: MatrixFactorization) -> Tensor:
    return torch.cat([model.user_table, model.item_table]).detach().clone()


class Recording(MatrixFactorization):
    """Matrix factorization that remembers the batches it was penalised for, and can interrupt itself."""

    interrupt_at: int = -1

    def penalty(self, users: Tensor, items: Tensor) -> Tensor:
        self.batches = [*getattr(self, "batches", []), (users, items)]
        if len(self.batches) == self.interrupt_at:
            signal.raise_signal(signal.SIGINT)
        return super().penalty(users, items)


@pytest.fixture
def ctrl_c():
    """Ctrl-C means KeyboardInterrupt, also where the tests run in the background and the shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# ---- learning


@EACH_LOSS
def test_learns_the_camps_which_popularity_cannot_see(loss):
    ahead, own_camp = [], []
    for seed in SEEDS:
        parts = two_blocks(seed)
        model, _ = trained(parts, replace(RECIPE, loss=loss, batch_size=BATCH_SIZE[loss], epochs=40, seed=seed), seed)
        learnt, popular = (evaluate(m, parts, ks=(10,))["recall@10"] for m in (model, Popularity(parts.train)))
        ahead.append(learnt - 1.5 * popular)
        listed = model.score(torch.arange(0, 40, 2)).topk(10).indices
        own_camp.append((listed % 2 == 0).double().mean().item())
    assert sum(gain > 0 for gain in ahead) >= 4
    assert np.mean(own_camp) > 0.95


@EACH_LOSS
def test_the_loss_falls(loss):
    history = trained(two_blocks(0), replace(RECIPE, loss=loss, batch_size=BATCH_SIZE[loss]))[1].loss
    assert history[-1] < 0.9 * history[0]


@pytest.mark.parametrize(("loss", "exact"), [("bpr", bpr_loss), ("binary", binary_loss)])
def test_rows_27_and_35_the_drawn_loss_is_unbiased_for_the_slides_loss(loss, exact):
    rng = np.random.default_rng(0)
    mask = rng.random((12, 15)) < np.linspace(0, 1, 12)[:, None]  # from no edge to all of them
    user, item = torch.tensor(mask).nonzero().T
    graph = InteractionGraph(12, 15, user, item)
    model = MatrixFactorization(graph, dim=4, std=1.0, seed=0)
    expected = exact(model.score(torch.arange(12)), torch.tensor(mask)).item()
    frozen = Recipe(loss=loss, epochs=400, batch_size=64, lr=1e-12, weight_decay=0.5, negatives=2)
    drawn = list(train_epochs(model, graph, frozen))
    assert abs(np.mean(drawn) - expected) < 4 * np.std(drawn) / math.sqrt(len(drawn))


@EACH_SAMPLED_LOSS
def test_a_batch_holds_edges_and_non_edges(loss):
    parts = two_blocks(0)
    model = Recording(parts.train, dim=4)
    fit(model, parts, replace(RECIPE, loss=loss, epochs=2, batch_size=32, negatives=3), progress=False)
    for users, items in model.batches:
        edge = parts.train.has_edges(users[:, None], items)
        assert edge.sum() == 32
        assert (~edge).sum() == 96


@EACH_SAMPLED_LOSS
def test_row_40_one_step_moves_only_the_rows_of_its_batch(loss):
    generator = torch.Generator().manual_seed(0)
    user, item = (torch.randperm(n, generator=generator)[:6] for n in (50, 60))
    graph = InteractionGraph(50, 60, user, item)
    model = Recording(graph, dim=4)
    users_before, items_before = model.user_table.detach().clone(), model.item_table.detach().clone()
    list(train_epochs(model, graph, Recipe(loss=loss, epochs=1, batch_size=6)))
    ((users, items),) = model.batches
    moved_users = (model.user_table != users_before).any(dim=1).nonzero().flatten()
    moved_items = (model.item_table != items_before).any(dim=1).nonzero().flatten()
    assert torch.equal(moved_users, users.unique())
    assert torch.equal(moved_items, items.unique())


def test_rows_that_no_batch_touches_stay_for_the_whole_run():
    parts = two_blocks(0)
    wide = InteractionGraph(45, 40, parts.train.user, parts.train.item)  # five users without an edge
    model = MatrixFactorization(wide, dim=4)
    before = model.user_table.detach().clone()
    list(train_epochs(model, wide, replace(RECIPE, loss="bpr", epochs=3)))
    assert torch.equal(model.user_table[40:], before[40:])
    assert not torch.equal(model.user_table[:40], before[:40])


def test_an_epoch_draws_as_many_positives_as_there_are_training_edges():
    parts = two_blocks(0)
    for batch_size in (7, 64, 4096):
        model = Recording(parts.train, dim=4)
        fit(model, parts, replace(RECIPE, epochs=1, batch_size=batch_size), progress=False)
        drawn = sum(len(users) for users, _ in model.batches)
        assert parts.train.num_edges <= drawn < parts.train.num_edges + min(batch_size, parts.train.num_edges)


def test_weight_decay_keeps_the_vectors_shorter():
    lengths = [weights(trained(two_blocks(0), replace(RECIPE, weight_decay=w))[0]).norm() for w in (0.0, 0.1)]
    assert lengths[1] < 0.8 * lengths[0]


# ---- the softmax over all items


def uneven() -> InteractionGraph:
    """20 users with 0 to 10 of 12 items each."""
    mask = np.random.default_rng(0).random((20, 12)) < np.linspace(0, 0.8, 20)[:, None]
    return InteractionGraph(20, 12, *torch.tensor(mask).nonzero().T)


def test_one_step_with_all_users_is_the_exact_softmax_loss_and_its_gradient():
    graph = uneven()
    model, twin = (MatrixFactorization(graph, dim=4, std=1.0) for _ in range(2))
    recipe = Recipe(loss="softmax", epochs=1, batch_size=10**6, lr=0.1, weight_decay=0.3)
    (drawn,) = train_epochs(model, graph, recipe)  # as many steps as it yields losses: one
    loss = softmax_loss(twin.score(torch.arange(20)), graph.rows(torch.arange(20)))
    assert drawn == pytest.approx(loss.item(), rel=1e-6)
    squares = twin.user_table.square().sum() + twin.item_table.square().sum()
    (loss + 0.3 * squares / (2 * 20)).backward()
    for moved, start in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(moved, start - 0.1 * start.grad.sign(), atol=1e-4)  # Adam's first step


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 16), (7, [6, 5, 5]), (15, [8, 8]), (16, [16]), (500, [16])]
)
def test_an_epoch_of_the_softmax_loss_has_every_user_once(monkeypatch, batch_size, sizes):
    graph, batches = uneven(), []
    monkeypatch.setattr(InteractionGraph, "edges_of", recorded(InteractionGraph.edges_of, batches))
    list(train_epochs(MatrixFactorization(graph, dim=4), graph, Recipe("softmax", 2, batch_size)))
    assert graph.user_degree.count_nonzero() == 16
    assert [len(users) for users in batches] == sizes * 2
    for epoch in (batches[: len(sizes)], batches[len(sizes) :]):
        assert torch.equal(torch.cat(epoch).sort().values, graph.user_degree.nonzero().flatten())
    assert len(sizes) == 1 or not torch.equal(batches[0], batches[len(sizes)])  # in another order


def test_with_a_temperature_all_users_have_vectors_of_one_length():
    graph = uneven()
    model = MatrixFactorization(graph, dim=4, std=1.0)
    users, items = (table.detach() for table in model.embed())
    scores = users / users.square().sum(dim=1, keepdim=True).sqrt() / 0.2 @ items.T
    (drawn,) = train_epochs(model, graph, Recipe("softmax", 1, 20, temperature=0.2))
    assert drawn == pytest.approx(softmax_loss(scores, graph.rows(torch.arange(20))).item(), rel=1e-6)


@pytest.mark.parametrize(("build", "kind"), [(LightGCN, "symmetric"), (NGCF, "left")])
def test_with_masked_edges_a_batch_is_predicted_from_the_rest_of_the_graph(monkeypatch, build, kind):
    graph, masks, batches = uneven(), [], []
    model, twin = build(graph, dim=4, std=1.0), build(graph, dim=4, std=1.0)
    twin.load_state_dict(model.state_dict())
    monkeypatch.setattr(InteractionGraph, "edges_of", recorded(InteractionGraph.edges_of, batches))
    whole = GraphModel.without_edges

    def spy(self, graph, gone):
        masks.append(gone)
        return whole(self, graph, gone)

    monkeypatch.setattr(GraphModel, "without_edges", spy)
    recipe = Recipe("softmax", 1, 10, lr=1e-9, masked=0.5)
    loss = Trainer(model, graph, recipe).epoch()
    assert len(masks) == len(batches) == 2
    batches = list(batches)  # what follows asks for edges too
    expected = []
    for gone, users in zip(masks, batches, strict=True):
        assert torch.isin(graph.user[gone], users).all()
        assert 0.25 < gone.sum() / torch.isin(graph.user, users).sum() < 0.75
        kept = normalized_adjacency(graph, kind).to_dense()
        for user, item in zip(graph.user[gone], graph.item[gone] + 20, strict=True):
            kept[user, item] = kept[item, user] = 0
        twin.adjacency = kept.to_sparse_csr()
        expected.append(softmax_loss(twin.score(users), graph.rows(users)).item())
    assert loss == pytest.approx(np.mean(expected), rel=1e-5)
    assert torch.equal(model.adjacency.values(), build(graph, dim=4).adjacency.values())  # whole again


def test_only_a_softmax_masks_edges_and_only_of_a_model_on_the_graph():
    with refused_argument("masked"):
        Recipe("bpr", masked=0.5)
    with pytest.raises(ValueError, match=r"^recipe: .*MatrixFactorization"):
        Trainer(MatrixFactorization(uneven()), uneven(), Recipe("softmax", masked=0.5))


@pytest.mark.parametrize(("schedule", "expected"), [("constant", [1, 1, 1, 1]), ("cosine", [1, 0.75, 0.25, 0])])
def test_the_step_size_follows_its_schedule(schedule, expected):
    graph = uneven()
    epochs, factors = 3, [1.0]
    trainer = Trainer(MatrixFactorization(graph), graph, replace(RECIPE, epochs=epochs, lr=0.2, schedule=schedule))
    for _ in range(epochs):
        trainer.epoch()
        factors.append(trainer.optimizer.param_groups[0]["lr"] / 0.2)
    assert factors == pytest.approx(expected, abs=1e-9)
    last = weights(trainer.model).clone()
    trainer.epoch()  # beyond the end the step size stays where it was
    assert torch.equal(weights(trainer.model), last) == (schedule == "cosine")


def recorded(method, calls: list):
    def wrapper(self, argument):
        calls.append(argument)
        return method(self, argument)

    return wrapper


# ---- repeatability


@EACH_LOSS
def test_a_seed_gives_the_same_weights_bit_by_bit_and_another_seed_others(loss):
    parts = two_blocks(0)
    recipe = replace(RECIPE, loss=loss, batch_size=BATCH_SIZE[loss], epochs=3)
    first, again, other = (trained(parts, replace(recipe, seed=s)) for s in (1, 1, 2))
    assert torch.equal(weights(first[0]), weights(again[0]))
    assert first[1].loss == again[1].loss
    assert first[1].val == again[1].val
    assert not torch.equal(weights(first[0]), weights(other[0]))


@EACH_LOSS
def test_training_taken_up_by_another_trainer_goes_on_as_if_nothing_had_happened(tmp_path, loss):
    parts = two_blocks(0)
    recipe = replace(RECIPE, loss=loss, batch_size=BATCH_SIZE[loss], weight_decay=0.1, epochs=5, schedule="cosine")
    models = [MatrixFactorization(parts.train, dim=8, seed=seed) for seed in (0, 0, 1)]
    whole, first, second = (Trainer(model, parts.train, recipe) for model in models)
    expected = [whole.epoch() for _ in range(5)]
    got = [first.epoch() for _ in range(2)]
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    got += [second.epoch() for _ in range(3)]
    assert got == expected
    assert torch.equal(weights(models[2]), weights(models[0]))


def test_the_global_generators_are_left_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    trained(two_blocks(0), replace(RECIPE, epochs=2))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before[1:]


def test_a_global_seed_does_not_enter():
    torch.manual_seed(1)
    first = weights(trained(two_blocks(0), replace(RECIPE, epochs=2))[0])
    torch.manual_seed(2)
    assert torch.equal(weights(trained(two_blocks(0), replace(RECIPE, epochs=2))[0]), first)


def test_the_test_edges_do_not_enter():
    parts, other = two_blocks(0), two_blocks(1)
    assert torch.equal(weights(trained(parts)[0]), weights(trained(replace(parts, test=other.test))[0]))


# ---- stopping


def overfitting() -> tuple[Split, Recipe]:
    return two_blocks(3), replace(RECIPE, epochs=60, lr=0.1, weight_decay=0.0, patience=4)


def test_early_stopping_leaves_the_weights_of_the_best_epoch():
    parts, recipe = overfitting()
    model, history = trained(parts, recipe)
    assert evaluate(model, parts, on="val")["recall@20"] == pytest.approx(max(history.val))
    assert history.best_epoch == int(np.argmax(history.val))  # the first of equals
    assert len(history.val) == len(history.loss) == history.best_epoch + 1 + 4 < 60
    assert not history.interrupted
    assert history.seconds > 0


def test_the_best_weights_are_those_of_a_run_that_ended_there():
    parts, recipe = overfitting()
    model, history = trained(parts, recipe)
    shorter = MatrixFactorization(parts.train, dim=8)
    list(train_epochs(shorter, parts.train, replace(recipe, epochs=history.best_epoch + 1)))
    assert torch.equal(weights(model), weights(shorter))


def test_without_validation_edges_all_epochs_run_and_the_last_weights_stay():
    parts = two_blocks(0, ratios=(0.8, 0.0, 0.2))
    model, history = trained(parts, replace(RECIPE, patience=1))
    assert (len(history.loss), history.val, history.best_epoch) == (12, [], 11)
    whole = MatrixFactorization(parts.train, dim=8)
    list(train_epochs(whole, parts.train, RECIPE))
    assert torch.equal(weights(model), weights(whole))


@pytest.mark.parametrize("val_share", [0.15, 0.0])
def test_an_interruption_keeps_the_best_so_far(ctrl_c, val_share):
    parts = two_blocks(0, ratios=(0.85 - val_share, val_share, 0.15))
    steps = math.ceil(parts.train.num_edges / 128)
    model = Recording(parts.train, dim=8)
    model.interrupt_at = 3 * steps + 2  # in the middle of the fourth epoch
    history = fit(model, parts, RECIPE, progress=False)
    assert history.interrupted
    assert len(history.loss) == 3
    assert history.best_epoch == (int(np.argmax(history.val)) if val_share else 2)
    shorter = MatrixFactorization(parts.train, dim=8)
    list(train_epochs(shorter, parts.train, replace(RECIPE, epochs=history.best_epoch + 1)))
    assert torch.equal(weights(model), weights(shorter))


def test_an_interruption_in_the_first_epoch_is_no_error(ctrl_c):
    parts = two_blocks(0)
    model = Recording(parts.train, dim=8)
    model.interrupt_at = 2
    history = fit(model, parts, RECIPE, progress=False)
    assert (history.interrupted, history.loss, history.best_epoch) == (True, [], -1)


def test_an_interruption_at_any_moment_ends_the_run(ctrl_c):
    parts = two_blocks(0)
    model = MatrixFactorization(parts.train, dim=8)
    fit(model, parts, replace(RECIPE, epochs=1), progress=False)  # the first run imports the progress bar
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    history = fit(model, parts, replace(RECIPE, epochs=10**6, patience=10**6), progress=False)
    timer.join()
    assert history.interrupted
    assert history.seconds < 10
    assert evaluate(model, parts, on="val")["recall@20"] == pytest.approx(max(history.val))


# ---- a step of one's own, and a look at every epoch


def test_a_step_of_ones_own_trains_as_the_shipped_one_does():
    parts, sizes = two_blocks(0), []

    def halved(model, graph, recipe, generator):
        sizes.append(recipe.batch_size)
        loss, penalty = STEPS["bpr"](model, graph, recipe, generator)
        return loss / 2, penalty

    plain, own = (trained(parts, replace(RECIPE, loss=loss, epochs=1))[1].loss for loss in ("bpr", halved))
    assert len(sizes) == math.ceil(parts.train.num_edges / RECIPE.batch_size)
    assert own[0] == pytest.approx(plain[0] / 2, rel=0.02)  # the same draws, and nearly the same steps of Adam


def test_after_each_epoch_one_sees_the_weights_of_that_epoch():
    parts, seen = two_blocks(0), []
    model = MatrixFactorization(parts.train, dim=8)
    recipe = replace(RECIPE, epochs=40, lr=0.05, patience=3)

    def look():
        seen.append(evaluate(model, parts, on="val")["recall@20"])

    history = fit(model, parts, recipe, progress=False, after_epoch=look)
    assert len(seen) < recipe.epochs
    assert seen == pytest.approx(history.val)


# ---- what is shown


def test_no_progress_prints_nothing(capsys):
    trained(two_blocks(0), replace(RECIPE, epochs=2))
    assert capsys.readouterr() == ("", "")


def test_progress_shows_loss_and_validation_recall_on_stderr_only(capsys):
    parts = two_blocks(0)
    fit(MatrixFactorization(parts.train, dim=4), parts, replace(RECIPE, epochs=2))
    out, err = capsys.readouterr()
    assert out == ""
    assert "loss=" in err
    assert "val=" in err


def test_a_history_reads_as_one_line():
    assert repr(History([0.5, 0.4], [0.1, 0.2], best_epoch=1, seconds=2.0)) == (
        "History(2 epochs in 2.0 s, best epoch 1, validation recall@20 0.2000)"
    )
    assert repr(History()) == "History(0 epochs in 0.0 s, best epoch -1)"


@pytest.mark.parametrize("val_share", [0.15, 0.0])
def test_a_history_draws_its_curves(val_share):
    history = trained(two_blocks(0, ratios=(0.85 - val_share, val_share, 0.15)))[1]
    figure = history.plot()
    assert isinstance(figure, matplotlib.figure.Figure)
    drawn = [axis.lines[0].get_ydata().tolist() for axis in figure.axes]
    assert drawn == ([history.loss, history.val] if val_share else [history.loss])
    assert all(str(history.best_epoch) in axis.get_legend().get_texts()[0].get_text() for axis in figure.axes)
    figure.canvas.draw()
    matplotlib.pyplot.close(figure)


def test_an_empty_history_draws_too():
    figure = History().plot()
    figure.canvas.draw()
    matplotlib.pyplot.close(figure)


# ---- refusals


def test_a_recipe_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        RECIPE.lr = 1.0


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("loss", "hinge"),
        ("loss", None),
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", "10"),
        ("batch_size", 0),
        ("batch_size", 0.5),
        ("batch_size", 64.5),
        ("negatives", 0),
        ("negatives", 1.5),
        ("patience", 0),
        ("lr", 0.0),
        ("lr", -0.1),
        ("lr", math.nan),
        ("lr", math.inf),
        ("weight_decay", -0.1),
        ("weight_decay", math.nan),
        ("weight_decay", math.inf),
        ("temperature", 0.0),
        ("temperature", -1.0),
        ("temperature", math.inf),
        ("schedule", "linear"),
        ("masked", 1.0),
        ("masked", -0.1),
        ("masked", math.nan),
        ("margin", -0.1),
        ("margin", math.nan),
        ("margin", math.inf),
    ],
)
def test_a_recipe_refuses_nonsense_by_name(argument, value):
    with refused_argument(argument):
        Recipe(**{argument: value})


@pytest.mark.parametrize("fill", [False, True], ids=["no edge", "every edge"])
def test_nothing_to_learn_from_is_refused(fill):
    user, item = torch.full((3, 4), fill).nonzero().T
    graph = InteractionGraph(3, 4, user, item)
    with refused_argument("graph"):
        trained(Split(graph, graph, graph))


@pytest.mark.parametrize("num_users", [39, 41])
def test_a_model_of_another_graph_is_refused(num_users):
    parts, none = two_blocks(0), torch.empty(0, dtype=torch.long)
    with refused_argument("model"):
        fit(MatrixFactorization(InteractionGraph(num_users, 40, none, none), dim=4), parts, RECIPE, progress=False)
