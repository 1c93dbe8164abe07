from __future__ import annotations

import pickle
from copy import deepcopy

import pytest
import torch
from refusing import refused_argument
from small_graphs import random_graph

from course_lib.graph import InteractionGraph
from course_lib.models import GCN, NGCF, LightGCN, MatrixFactorization, TableModel

GRAPH = InteractionGraph(5, 7, torch.tensor([0, 1, 4]), torch.tensor([6, 0, 3]))
BUILDERS = {
    "GCN": lambda graph, **kw: GCN(graph, dim=6, num_layers=3, **kw),
    "SGC": lambda graph, **kw: GCN(graph, dim=6, num_layers=3, relu=False, **kw),
    "ReLU without weights": lambda graph, **kw: GCN(graph, dim=6, num_layers=3, weights=False, **kw),
    "LightGCN": lambda graph, **kw: LightGCN(graph, dim=6, num_layers=3, **kw),
    "NGCF, lecture": lambda graph, **kw: NGCF(graph, dim=6, num_layers=3, variant="lecture", **kw),
    "NGCF, paper": lambda graph, **kw: NGCF(graph, dim=6, num_layers=3, variant="paper", **kw),
}
EACH_MODEL = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)


class Doubled(TableModel):
    """Final embeddings that are not the tables."""

    def embed(self):
        return 2 * self.user_table, self.item_table


# ---- embeddings


def test_score_is_the_dot_product_of_the_final_embeddings():
    model, users = Doubled(GRAPH, dim=3, seed=1), torch.tensor([4, 0, 4])
    user_emb, item_emb = (table.tolist() for table in model.embed())
    scores = model.score(users)
    assert scores.shape == (3, 7)
    for row, user in enumerate(users.tolist()):
        for item in range(7):
            by_hand = sum(a * b for a, b in zip(user_emb[user], item_emb[item], strict=True))
            assert scores[row, item].item() == pytest.approx(by_hand, abs=1e-6)


def test_score_of_nobody():
    assert Doubled(GRAPH, dim=3).score(torch.empty(0, dtype=torch.long)).shape == (0, 7)


@pytest.mark.parametrize("user", [-1, 5])
def test_score_refuses_unknown_users(user):
    with refused_argument("users"):
        MatrixFactorization(GRAPH, dim=2).score(torch.tensor([user]))


def test_pair_scores_are_the_scores_of_each_user_with_some_items():
    model, users, items = Doubled(GRAPH, dim=3, seed=1), torch.tensor([4, 0]), torch.tensor([[0, 6, 6], [1, 2, 0]])
    expected = model.score(users).gather(1, items)
    assert torch.allclose(model.pair_scores(users, items), expected, atol=1e-6)


def test_penalty_is_half_the_squared_length_of_the_learnt_vectors_per_row():
    model = Doubled(GRAPH, dim=3, seed=2)
    users, items = torch.tensor([0, 0, 3]), torch.tensor([[1, 2], [2, 2], [6, 0]])
    learnt = dict(model.named_parameters())
    squares = sum(learnt["user_table"][u].square().sum() for u in users)
    squares += sum(learnt["item_table"][i].square().sum() for i in items.flatten())
    assert model.penalty(users, items).item() == pytest.approx(squares.item() / 6)


def test_a_start_has_the_asked_spread_and_leaves_the_global_generator_alone():
    big, before = InteractionGraph(2000, 3000, [], []), torch.get_rng_state()
    tables = torch.cat(list(MatrixFactorization(big, dim=16, std=0.3).parameters())).detach()
    assert tables.mean().abs() < 0.005
    assert tables.std().item() == pytest.approx(0.3, rel=0.02)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dim", [0, -3])
def test_an_embedding_size_below_one_is_refused(dim):
    with refused_argument("dim"):
        MatrixFactorization(GRAPH, dim=dim)


# ---- what all models over the graph share


@EACH_MODEL
def test_relabelled_nodes_give_relabelled_embeddings(build):
    graph = random_graph()
    model = build(graph, std=1.0)
    users, items = (torch.randperm(n, generator=torch.Generator().manual_seed(n)) for n in (9, 11))  # old → new
    other = build(InteractionGraph(9, 11, users[graph.user], items[graph.item]), std=1.0)
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        other.user_table[users], other.item_table[items] = model.user_table.clone(), model.item_table.clone()
    for new, old, order in zip(other.embed(), model.embed(), (users, items), strict=True):
        assert torch.allclose(new[order], old, atol=1e-5)
        assert old.abs().max() > 0.01


@EACH_MODEL
def test_everything_learnt_gets_a_gradient(build):
    model = build(random_graph(), std=1.0)
    model.score(torch.arange(8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@EACH_MODEL
def test_nodes_without_an_edge_and_graphs_without_an_edge_stay_finite(build):
    for graph in (random_graph(), InteractionGraph(2, 3, [], []), InteractionGraph(0, 3, [], [])):
        model = build(graph)
        model.score(torch.arange(graph.num_users)).sum().backward()
        assert torch.cat(model.embed()).isfinite().all()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@EACH_MODEL
def test_the_tables_start_as_matrix_factorization_whatever_the_weights(build):
    start = build(random_graph(), seed=5).state_dict()
    shallow = MatrixFactorization(random_graph(), dim=6, seed=5).state_dict()
    assert all(torch.equal(start[name], shallow[name]) for name in shallow)


@EACH_MODEL
def test_a_seed_decides_the_start_and_the_global_generator_is_left_alone(build):
    before = torch.get_rng_state()
    first, again, other = (build(random_graph(), seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not value.any() or not torch.equal(value, other[name])


@EACH_MODEL
def test_a_copy_and_a_reloaded_model_score_alike_and_learn_apart(build):
    model = build(random_graph())
    expected = model.score(torch.arange(9)).detach()
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}, "the matrix is no weight"
    for twin in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin.score(torch.arange(9)), expected)
        with torch.no_grad():
            twin.user_table.zero_()
        assert torch.equal(model.score(torch.arange(9)), expected)
    assert deepcopy(model).adjacency is model.adjacency


@EACH_MODEL
def test_the_matrix_moves_with_the_model(build):
    model = build(random_graph())
    rough = torch.cat(model.embed())
    assert model.double().embed()[0].dtype == torch.double
    assert torch.allclose(torch.cat(model.embed()), rough.double(), atol=1e-6)
    assert model.to("meta").adjacency.device.type == "meta"


def test_weights_and_tables_share_no_numbers():
    model = GCN(random_graph(), dim=6)
    draws = torch.rand(36, generator=torch.Generator().manual_seed(0)).view(6, 6)
    bound = (6 / 12) ** 0.5
    assert model.weights[0].abs().max() <= bound
    assert not torch.allclose(model.weights[0], (2 * draws - 1) * bound)


@pytest.mark.parametrize(("argument", "value"), [("num_layers", -1), ("num_layers", 1.5), ("dim", 0)])
@pytest.mark.parametrize("model", [GCN, LightGCN, NGCF])
def test_sizes_that_make_no_sense_are_refused(model, argument, value):
    with refused_argument(argument):
        model(random_graph(), **{argument: value})
