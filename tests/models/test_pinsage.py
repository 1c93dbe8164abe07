from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from over_seeds import SEEDS
from refusing import refused_argument
from small_graphs import random_graph
from torch import Tensor

from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, Split, split
from course_lib.models import MatrixFactorization, PinSAGE, Popularity
from course_lib.models.pinsage import RESTART, consecutive_pairs, convolve, receptive_field
from course_lib.training import Recipe, fit, train_epochs
from course_lib.walks import importance_neighbors, personalized_pagerank


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def some_neighbors(num_items: int, num: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Up to ``num`` neighbours for each item, none for the last, weights that sum to 1."""
    rng = np.random.default_rng(seed)
    near, alpha = torch.full((num_items, num), -1), torch.zeros(num_items, num)
    for item in range(num_items - 1):
        found = rng.permutation([other for other in range(num_items) if other != item])[: rng.integers(1, num + 1)]
        near[item, : len(found)] = torch.from_numpy(found)
        alpha[item, : len(found)] = torch.from_numpy(rng.dirichlet(np.ones(len(found)))).float()
    return near, alpha


def with_biases(model: PinSAGE) -> PinSAGE:
    """Biases start at 0, where a test would not see them."""
    for seed, weight in enumerate(model.parameters()):
        if weight.dim() == 1:
            weight.data = 0.3 * normal(len(weight), seed=seed)
    return model


def small_model(num_layers: int = 2, seed: int = 0) -> PinSAGE:
    graph = random_graph()
    neighbors = some_neighbors(11, 3, seed)
    return with_biases(PinSAGE(graph, normal(11, 5), dim=4, num_layers=num_layers, neighbors=neighbors, seed=seed))


def dense(weight: list[list[float]], bias: list[float], x: list[float]) -> list[float]:
    return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(weight, bias, strict=True)]


def relu(x: list[float]) -> list[float]:
    return [max(v, 0.0) for v in x]


def by_definition(model: PinSAGE, item: int, layer: int) -> list[float]:
    """h of one item at one layer as a recursion over the whole tree, in plain Python: algorithms 1 and 2."""
    if layer == 0:
        return model.features[item].tolist()
    Q, q, W, w = (parameter.tolist() for parameter in model.layers[layer - 1])
    pooled = [0.0] * len(q)
    for other, weight in zip(model.near[item].tolist(), model.alpha[item].tolist(), strict=True):
        if other >= 0:
            message = relu(dense(Q, q, by_definition(model, other, layer - 1)))
            pooled = [n + weight * m for n, m in zip(pooled, message, strict=True)]
    z = relu(dense(W, w, by_definition(model, item, layer - 1) + pooled))
    length = math.hypot(*z)
    return [v / length for v in z] if length else z


# ---- one layer


def test_row_79_a_layer_is_the_papers_algorithm_1_node_by_node():
    h, (near, alpha) = normal(11, 5), some_neighbors(11, 3)
    Q, q, W, w = normal(4, 5, seed=1), normal(4, seed=2), normal(6, 9, seed=3), normal(6, seed=4)
    own = torch.tensor([10, 2, 5, 2])
    out = convolve(h, own, near[own], alpha[own], Q, q, W, w)
    for row, item in zip(out.tolist(), own.tolist(), strict=True):
        pooled = [0.0] * 4
        for other, weight in zip(near[item].tolist(), alpha[item].tolist(), strict=True):
            if other >= 0:
                message = relu(dense(Q.tolist(), q.tolist(), h[other].tolist()))
                pooled = [n + weight * m for n, m in zip(pooled, message, strict=True)]
        z = relu(dense(W.tolist(), w.tolist(), h[item].tolist() + pooled))
        assert row == pytest.approx([v / math.hypot(*z) for v in z], abs=1e-5)


def test_row_79_the_weights_of_the_pooling_matter_and_the_order_of_neighbors_does_not():
    h, weights = normal(5, 3), (normal(4, 3, seed=1), normal(4, seed=2), normal(4, 7, seed=3), torch.ones(4))
    own, near = torch.tensor([0]), torch.tensor([[1, 2, 3]])
    out = convolve(h, own, near, torch.tensor([[0.5, 0.3, 0.2]]), *weights)
    assert torch.allclose(convolve(h, own, near[:, [2, 0, 1]], torch.tensor([[0.2, 0.5, 0.3]]), *weights), out)
    assert not torch.allclose(convolve(h, own, near, torch.tensor([[0.2, 0.3, 0.5]]), *weights), out, atol=1e-3)


def test_an_item_without_neighbors_pools_zero_and_one_without_anything_stays_zero():
    h, none, no_weight = normal(3, 3), torch.full((3, 2), -1), torch.zeros(3, 2)
    Q, q, W = normal(4, 3, seed=1), torch.ones(4), normal(4, 7, seed=2)
    lonely = convolve(h, torch.arange(3), none, no_weight, Q, q, W, torch.ones(4))
    alone = (h @ W[:, :3].T + 1).relu()
    assert torch.allclose(lonely, alone / alone.norm(dim=1, keepdim=True), atol=1e-6)
    w = torch.full((4,), -100.0, requires_grad=True)  # the ReLU lets nothing through
    dead = convolve(h, torch.arange(3), none, no_weight, Q, q, W, w)
    dead.sum().backward()
    assert not dead.any()
    assert not w.grad.any()


def test_row_78_layers_have_length_1_so_distances_rank_as_dot_products_do():
    h, (near, alpha) = normal(30, 5), some_neighbors(30, 3)
    Q, q, W, w = normal(4, 5, seed=1), normal(4, seed=2), normal(6, 9, seed=3), torch.full((6,), 2.0)
    z = convolve(h, torch.arange(30), near, alpha, Q, q, W, w)
    assert torch.allclose(z.norm(dim=1), torch.ones(30))
    for query in z:
        distance, dot = (z - query).square().sum(dim=1), z @ query
        assert torch.allclose(distance, 2 - 2 * dot, atol=1e-5)
        nearer = distance[:, None] < distance - 1e-5  # clearly so: beyond rounding
        assert nearer.sum() > 300
        assert torch.equal(nearer & (dot[:, None] > dot), nearer)


# ---- the model


@pytest.mark.parametrize("num_layers", [0, 1, 2, 3])
def test_the_model_is_the_papers_recursion(num_layers):
    model = small_model(num_layers)
    G1, g, G2 = (parameter.tolist() for parameter in model.head)
    items = model.embed()[1]
    for item in range(11):
        h = by_definition(model, item, num_layers)
        expected = dense(G2, [0.0] * 4, relu(dense(G1, g, h)))
        assert items[item].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("num_layers", [0, 1, 2, 3])
def test_a_batch_gets_the_vectors_that_the_whole_catalogue_gets_layer_by_layer(num_layers):
    model = small_model(num_layers)
    everything = model.embed()[1]
    for batch in ([3], [10, 0, 3], [7, 7, 2], list(range(11))):
        assert torch.allclose(model.embed_items(torch.tensor(batch)), everything[batch], atol=1e-6)


def test_a_user_is_the_mean_of_the_users_items():
    model = small_model()
    users, items = model.embed()
    for user in range(9):
        own = model.graph.item[model.graph.user == user]
        expected = items[own].mean(dim=0) if len(own) else torch.zeros(4)
        assert torch.allclose(users[user], expected, atol=1e-6)
    assert not users[8].any()
    assert torch.allclose(model.score(torch.tensor([4, 0])), users[[4, 0]] @ items.T)


def test_in_training_no_item_speaks_for_itself():
    edges = random_graph()
    graph = InteractionGraph(
        9, 11, torch.cat([edges.user, torch.tensor([8])]), torch.cat([edges.item, torch.tensor([2])])
    )
    model = PinSAGE(graph, normal(11, 5), dim=4, neighbors=some_neighbors(11, 3))
    z, many, nothing = model.embed()[1], graph.user_degree.argmax().item(), graph.user_degree.argmin().item()
    users, items = torch.tensor([many, 8, many, nothing]), normal(4, 11).argsort(dim=1)
    scores = model.pair_scores(users, items)
    for row, user in enumerate(users.tolist()):
        for column, item in enumerate(items[row].tolist()):
            others = [i for i in graph.item[graph.user == user].tolist() if i != item]
            expected = torch.stack([z[i] @ z[item] for i in others]).mean() if others else torch.zeros(())
            assert scores[row, column].item() == pytest.approx(expected.item(), abs=1e-5)


def test_numbering_the_items_otherwise_changes_nothing_else():
    graph, features, (near, alpha) = random_graph(), normal(11, 5), some_neighbors(11, 3)
    order = torch.randperm(11, generator=torch.Generator().manual_seed(3))  # new number → old number
    number = torch.cat([order.argsort(), torch.tensor([-1])])  # old number → new number; −1 stays
    renamed = InteractionGraph(9, 11, graph.user, number[graph.item])
    users, items = PinSAGE(graph, features, dim=4, neighbors=(near, alpha)).embed()
    again = PinSAGE(renamed, features[order], dim=4, neighbors=(number[near[order]], alpha[order])).embed()
    assert torch.allclose(again[0], users, atol=1e-6)
    assert torch.allclose(again[1], items[order], atol=1e-6)


def test_every_weight_gets_a_gradient():
    model = with_biases(PinSAGE(random_graph(), normal(11, 5), dim=32, neighbors=some_neighbors(11, 3)))
    model.pair_scores(torch.arange(8), normal(8, 3).argsort(dim=1)).square().sum().backward()
    for weight in model.parameters():
        assert weight.grad.isfinite().all()
        assert weight.grad.any()


def test_row_89_nothing_is_learnt_about_any_one_user_or_item():
    large = InteractionGraph(50, 70, torch.arange(50), torch.arange(50))
    small, wide = PinSAGE(random_graph(), normal(11, 5), dim=4), PinSAGE(large, normal(70, 5), dim=4)
    assert [p.shape for p in small.parameters()] == [p.shape for p in wide.parameters()]
    first, second = 4 * 5 + 4 + 4 * 9 + 4, 4 * 4 + 4 + 4 * 8 + 4
    assert sum(p.numel() for p in small.parameters()) == first + second + (4 * 4 + 4 + 4 * 4)
    assert set(small.state_dict()) == {name for name, _ in small.named_parameters()}


def test_the_penalty_is_half_the_squared_length_of_all_weights():
    model = small_model()
    expected = sum(number**2 for p in model.parameters() for number in p.flatten().tolist()) / 2
    assert model.penalty(torch.arange(3), torch.arange(3)).item() == pytest.approx(expected, rel=1e-5)


def test_by_default_walks_choose_the_neighbors():
    graph = random_graph()
    model = PinSAGE(graph, normal(11, 5), num_neighbors=4, seed=5)
    assert model.near.shape == (11, 4)
    assert (model.near[-1] == -1).all()
    visits = personalized_pagerank(graph, start_items=torch.arange(11), restart=RESTART)[:, 9:]
    for item in (model.near[:, 0] >= 0).nonzero().flatten().tolist():
        own = torch.cat([visits[item, :item], torch.zeros(1), visits[item, item + 1 :]])  # never itself
        reached = model.near[item] >= 0
        assert own[model.near[item, 0]] > 0.7 * own.max()  # up to the noise of a short walk
        expected = own[model.near[item][reached]]
        assert torch.allclose(model.alpha[item][reached].double(), expected / expected.sum(), atol=0.1)
    assert model.embed()[1].isfinite().all()


def test_the_global_generator_is_left_alone_and_the_seed_decides():
    before = torch.get_rng_state()
    first, again, other = (PinSAGE(random_graph(), normal(11, 5), seed=seed).embed()[1] for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=1e-3)


# ---- what a batch touches


def within_hops(near: Tensor, item: int, hops: int) -> set[int]:
    reached = {item}
    for _ in range(hops):
        reached |= {other for i in reached for other in near[i].tolist() if other >= 0}
    return reached


@pytest.mark.parametrize("num_layers", [0, 1, 2, 3])
def test_row_77_the_receptive_field_is_what_lies_within_as_many_hops_as_there_are_layers_left(num_layers):
    near = some_neighbors(200, 3)[0]
    items = torch.tensor([50, 4, 50])
    fields = receptive_field(near, items, num_layers)
    expected = [set.union(*(within_hops(near, i, hops) for i in (4, 50))) for hops in range(num_layers + 1)]
    assert [field.tolist() for field in fields] == [sorted(ids) for ids in expected]


@pytest.mark.parametrize("num_items", [1_000, 100_000])
def test_row_77_a_batch_touches_no_more_items_where_the_catalogue_is_larger(num_items):
    near = torch.randint(num_items, (num_items, 5), generator=torch.Generator().manual_seed(0))
    field = receptive_field(near, torch.arange(8), 2)[-1]
    assert 8 * 10 < len(field) <= 8 * (1 + 5 + 25)


@pytest.mark.parametrize("num_layers", [0, 1, 2])
def test_no_gradient_comes_from_outside_the_receptive_field(num_layers):
    graph = InteractionGraph(1, 40, torch.tensor([0]), torch.tensor([0]))
    neighbors = some_neighbors(40, 2)
    model = PinSAGE(graph, normal(40, 5).abs(), dim=8, num_layers=num_layers, neighbors=neighbors)
    for parameter in model.parameters():
        parameter.data.abs_()  # nothing is cut off by a ReLU
    model.features.requires_grad_()
    (model.embed_items(torch.tensor([7])) * normal(8)).sum().backward()
    reached = model.features.grad.any(dim=1).nonzero().flatten().tolist()
    assert reached == sorted(within_hops(neighbors[0], 7, num_layers))


# ---- new items


def grown(graph: InteractionGraph, user: list[int], item: list[int]) -> InteractionGraph:
    """One item more, and edges to it."""
    ends = torch.cat([graph.user, torch.tensor(user).long()]), torch.cat([graph.item, torch.tensor(item).long()])
    return InteractionGraph(graph.num_users, graph.num_items + 1, *ends)


def test_row_73_a_new_item_gets_a_vector_and_nobody_else_another():
    model = small_model()
    before = model.embed()[1]
    near, alpha = model.near, model.alpha
    graph = grown(model.graph, [0, 1], [11, 11])
    features = torch.cat([model.features, normal(1, 5, seed=9)])
    newcomer = importance_neighbors(graph, torch.tensor([11]), 3, 500, 0.3)
    later = model.on(graph, features, (torch.cat([near, newcomer[0]]), torch.cat([alpha, newcomer[1]])))
    users, items = later.embed()
    assert torch.allclose(items[:11], before, atol=1e-6)
    expected = by_definition(later, 11, 2)
    G1, g, G2 = (parameter.tolist() for parameter in model.head)
    assert items[11].tolist() == pytest.approx(dense(G2, [0.0] * 4, relu(dense(G1, g, expected))), abs=1e-5)
    changed = (~torch.isclose(users, model.embed()[0], atol=1e-6)).any(dim=1).nonzero().flatten().tolist()
    assert changed == [0, 1]


def test_row_73_a_new_item_reaches_those_it_is_a_neighbor_of():
    model = small_model(num_layers=1)
    near, alpha = model.near.clone(), model.alpha.clone()
    near[2], alpha[2] = torch.tensor([11, -1, -1]), torch.tensor([1.0, 0, 0])
    near, alpha = torch.cat([near, torch.tensor([[2, -1, -1]])]), torch.cat([alpha, torch.tensor([[1.0, 0, 0]])])
    features = torch.cat([model.features, normal(1, 5, seed=9)])
    items = model.on(grown(model.graph, [], []), features, (near, alpha)).embed()[1]
    changed = (~torch.isclose(items[:11], model.embed()[1], atol=1e-6)).any(dim=1).nonzero().flatten().tolist()
    assert changed == [2]


def test_row_73_the_twin_has_its_own_copy_of_the_weights():
    model = small_model()
    twin = model.on(model.graph, model.features, (model.near, model.alpha))
    before = model.embed()[1]
    assert torch.equal(twin.embed()[1], before)
    twin.head[2].data.zero_()
    assert torch.equal(model.embed()[1], before)


def test_row_74_equal_features_in_different_company_get_different_vectors():
    neighbors = (torch.tensor([[2], [3], [-1], [-1], [2]]), torch.tensor([[1.0], [1.0], [0.0], [0.0], [1.0]]))
    features = normal(5, 6)
    features[1] = features[4] = features[0]  # a bed rail, a garden fence, and another bed rail
    graph = InteractionGraph(1, 5, torch.tensor([0]), torch.tensor([0]))
    fence, rail, other = (PinSAGE(graph, features, dim=16, neighbors=neighbors).embed()[1][i] for i in (1, 0, 4))
    assert torch.allclose(rail, other, atol=1e-6)  # two rows of one product: with two threads their last bits differ
    assert (rail - fence).norm() > 0.01


# ---- training


def two_camps(seed: int) -> Split:
    """40 users and 40 items in two camps that never meet, at random times; features that tell nothing of it."""
    rng = np.random.default_rng(seed)
    camp = np.arange(40) % 2
    user, item = torch.tensor((camp[:, None] == camp) & (rng.random((40, 40)) < 0.5)).nonzero().T
    return split(InteractionGraph(40, 40, user, item, torch.from_numpy(rng.permutation(len(user)))), seed=seed)


def test_row_80_a_pair_is_an_item_and_the_one_that_came_next():
    user, item, time = torch.tensor([(0, 3, 5), (0, 1, 9), (0, 2, 7), (1, 0, 1), (2, 4, 8), (2, 1, 8), (2, 0, 2)]).T
    pairs = consecutive_pairs(InteractionGraph(4, 5, user, item, time))
    assert list(zip(*(side.tolist() for side in pairs), strict=True)) == [(0, 3, 2), (0, 2, 1), (2, 0, 1), (2, 1, 4)]


def test_row_82_the_drawn_margin_loss_is_the_mean_over_pairs_and_items_the_user_does_not_have():
    graph = two_camps(0).train
    model = with_biases(PinSAGE(graph, normal(40, 5), dim=8))
    z, terms = model.embed()[1].detach(), []
    score = (z @ z.T).tolist()
    for user, query, pos in zip(*(side.tolist() for side in consecutive_pairs(graph)), strict=True):
        own = set(graph.item[graph.user == user].tolist())
        costs = [score[query][neg] - score[query][pos] + 0.3 for neg in range(40) if neg not in own]
        terms.append(sum(max(cost, 0.0) for cost in costs) / 40)
    frozen = Recipe("margin", epochs=20, batch_size=64, lr=1e-12, negatives=25, margin=0.3)
    drawn = list(train_epochs(model, graph, frozen))
    assert abs(np.mean(drawn) - np.mean(terms)) < 4 * np.std(drawn) / math.sqrt(len(drawn))


@pytest.mark.parametrize(("loss", "negatives"), [("bpr", 1), ("binary", 1), ("margin", 20)])
def test_learns_the_camps_from_walks_where_neither_features_nor_popularity_see_them(loss, negatives):
    ahead = []
    for seed in SEEDS:
        parts = two_camps(seed)
        model = PinSAGE(parts.train, normal(40, 16), dim=32, seed=seed)  # with 16, one start in four never learns
        untrained = evaluate(model, parts, ks=(10,))["recall@10"]
        fit(model, parts, Recipe(loss, 12, 128, 0.01, 0.0, negatives, patience=12, seed=seed), progress=False)
        learnt, popular = (evaluate(m, parts, ks=(10,))["recall@10"] for m in (model, Popularity(parts.train)))
        ahead.append(learnt - 1.5 * max(popular, untrained))
    assert sum(gain > 0 for gain in ahead) >= 4


# ---- refusals


def test_the_margin_loss_is_refused_for_a_model_that_embeds_no_items_alone():
    parts = two_camps(0)
    with refused_argument("recipe"):
        fit(MatrixFactorization(parts.train, dim=4), parts, Recipe("margin"), progress=False)


def test_pairs_are_refused_without_times():
    with refused_argument("graph"):
        consecutive_pairs(random_graph())


@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        ("features", {"features": normal(10, 5)}),
        ("features", {"features": normal(11)}),
        ("features", {"features": torch.ones(11, 5, dtype=torch.long)}),
        ("features", {"features": torch.full((11, 5), math.nan)}),
        ("dim", {"dim": 0}),
        ("num_layers", {"num_layers": -1}),
        ("num_layers", {"num_layers": 1.5}),
        ("num_neighbors", {"num_neighbors": 0}),
        ("neighbors", {"neighbors": (torch.zeros(10, 2, dtype=torch.long), torch.ones(10, 2))}),
        ("neighbors", {"neighbors": (torch.zeros(11, 2, dtype=torch.long), torch.ones(11, 3))}),
        ("neighbors", {"neighbors": (torch.full((11, 2), 11), torch.ones(11, 2))}),
        ("neighbors", {"neighbors": (torch.full((11, 2), -2), torch.ones(11, 2))}),
    ],
)
def test_nonsense_is_refused_by_name(argument, wrong):
    with refused_argument(argument):
        PinSAGE(**{"graph": random_graph(), "features": normal(11, 5), **wrong})


def test_unknown_items_and_features_of_another_width_are_refused():
    model = small_model()
    with refused_argument("items"):
        model.embed_items(torch.tensor([11]))
    with refused_argument("users"):
        model.score(torch.tensor([9]))
    with refused_argument("features"):
        model.on(model.graph, normal(11, 6))
