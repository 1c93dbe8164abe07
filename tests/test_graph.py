from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime
from fractions import Fraction
from math import floor

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from refusing import refused_argument

from course_lib.graph import InteractionGraph, Split, split

RATIOS = [
    ("0.8", "0.1", "0.1"),
    ("0", "0", "1"),
    ("0", "1", "0"),
    ("1", "0", "0"),
    ("0.5", "0.25", "0.25"),
    ("0.42", "0.29", "0.29"),
    ("0.05", "0.475", "0.475"),
    ("1/3", "1/3", "1/3"),
]


def edges(graph: InteractionGraph) -> set[tuple[int, int]]:
    return set(zip(graph.user.tolist(), graph.item.tolist(), strict=True))


def degree_ladder(num_items: int = 60, seed: int = 0) -> InteractionGraph:
    """User d has d items, d = 0 … num_items, and times with many ties."""
    rng = np.random.default_rng(seed)
    pairs = [(d, i) for d in range(num_items + 1) for i in rng.permutation(num_items)[:d]]
    user, item = torch.tensor(rng.permutation(pairs)).T
    return InteractionGraph(num_items + 1, num_items, user, item, torch.tensor(rng.integers(0, 9, len(pairs))))


def random_graph(seed: int, timed: bool = True) -> InteractionGraph:
    rng = np.random.default_rng(seed)
    num_users, num_items, num_edges = rng.integers(1, 9), rng.integers(1, 9), rng.integers(0, 40)
    user, item = rng.integers(0, num_users, num_edges), rng.integers(0, num_items, num_edges)
    time = torch.tensor(rng.integers(0, 5, num_edges)) if timed else None
    return InteractionGraph(int(num_users), int(num_items), torch.tensor(user), torch.tensor(item), time)


def half_up(count: int, share: str) -> int:
    return floor(count * Fraction(share) + Fraction(1, 2))


# ---- the graph


def test_repeated_edges_collapse_and_keep_the_earliest_time():
    rng = np.random.default_rng(0)
    user, item, time = rng.integers(0, 5, 200), rng.integers(0, 6, 200), rng.normal(size=200)
    earliest: dict[tuple[int, int], float] = {}
    for u, i, t in zip(user, item, time, strict=True):
        earliest[u, i] = min(t, earliest.get((u, i), np.inf))
    graph = InteractionGraph(5, 6, torch.tensor(user), torch.tensor(item), torch.tensor(time))
    got = zip(graph.user.tolist(), graph.item.tolist(), graph.time.tolist(), strict=True)
    assert {(u, i): t for u, i, t in got} == earliest
    assert graph.num_edges == len(earliest)


def test_edges_come_out_sorted_by_user_then_item():
    graph = degree_ladder()
    ends = list(zip(graph.user.tolist(), graph.item.tolist(), strict=True))
    assert ends == sorted(ends)


@pytest.mark.parametrize("seed", range(20))
def test_degrees_count_distinct_neighbours(seed):
    graph = random_graph(seed)
    pairs = edges(graph)
    assert graph.user_degree.tolist() == [sum(u == user for u, _ in pairs) for user in range(graph.num_users)]
    assert graph.item_degree.tolist() == [sum(i == item for _, i in pairs) for item in range(graph.num_items)]
    assert graph.user_offsets.tolist() == [sum(u < user for u, _ in pairs) for user in range(graph.num_users + 1)]


def test_a_graph_without_edges_is_a_graph():
    none = torch.empty(0, dtype=torch.long)
    graph = InteractionGraph(3, 2, none, none)
    assert (graph.num_edges, graph.num_nodes) == (0, 5)
    assert graph.user_degree.tolist() == [0, 0, 0]
    assert graph.biadjacency().shape == (3, 2)
    assert not graph.rows(torch.arange(3)).any()
    assert not graph.has_edges(torch.arange(3)[:, None], torch.arange(2)).any()
    assert [part.num_edges for part in (split(graph).train, split(graph).val, split(graph).test)] == [0, 0, 0]


@pytest.mark.parametrize("field", ["num_users", "num_items", "user", "item", "time"])
def test_a_graph_cannot_be_changed(field):
    with pytest.raises(FrozenInstanceError):
        setattr(random_graph(0), field, None)


def test_a_graph_does_not_see_later_changes_of_its_input():
    user, item = torch.tensor([0, 1]), torch.tensor([1, 0])
    graph = InteractionGraph(2, 2, user, item)
    user[0] = 1
    assert edges(graph) == {(0, 1), (1, 0)}


def test_from_edges_maps_strings_and_gaps():
    user, item = ["zoe", "ann", "zoe", "bob"], [1000, 7, 7, 1000]
    graph, user_ids, item_ids = InteractionGraph.from_edges(user, item, time=[4.0, 3.0, 2.0, 1.0])
    ends = zip(graph.user.tolist(), graph.item.tolist(), graph.time.tolist(), strict=True)
    back = {(str(user_ids[u]), int(item_ids[i]), t) for u, i, t in ends}
    assert back == set(zip(user, item, [4.0, 3.0, 2.0, 1.0], strict=True))
    assert (graph.num_users, graph.num_items) == (3, 2)


def test_from_edges_collapses_raw_repeats():
    graph, user_ids, item_ids = InteractionGraph.from_edges(["a", "a"], ["x", "x"], time=[5, 2])
    assert (graph.num_edges, graph.time.tolist(), list(user_ids), list(item_ids)) == (1, [2], ["a"], ["x"])


@pytest.mark.parametrize(
    ("ids", "missing"),
    [
        ([1.0, float("nan"), float("nan")], 2),
        (["a", None, "b"], 1),
        (pd.Series(["a", pd.NA, None]), 2),
        (np.array(["2026-01-01", "NaT", "2026-01-02"], dtype="datetime64[D]"), 1),
    ],
    ids=["nan", "None", "pandas", "dates"],
)
def test_missing_ids_are_refused_and_become_nobody(ids, missing):
    with pytest.raises(ValueError, match=f"user: got {missing} missing ids"):
        InteractionGraph.from_edges(ids, [1, 2, 3])
    with pytest.raises(ValueError, match=f"item: got {missing} missing ids"):
        InteractionGraph.from_edges([1, 2, 3], ids)


def test_generators_and_ids_of_one_kind():
    graph, users, items = InteractionGraph.from_edges((u for u in "ab"), (i for i in "xy"), (t for t in [1, 2]))
    assert (graph.num_users, graph.num_items, users.tolist(), items.tolist()) == (2, 2, ["a", "b"], ["x", "y"])
    with pytest.raises(ValueError, match="user: got ids of the kinds datetime, int, wanted ids of one kind"):
        InteractionGraph.from_edges([datetime(2026, 1, 1), 1], [1, 2])


def test_views_of_a_dict_are_many_ids_and_a_set_is_refused():
    pairs = {"a": "x", "b": "y"}
    graph, users, _ = InteractionGraph.from_edges(pairs.keys(), pairs.values())
    assert (graph.num_edges, users.tolist()) == (2, ["a", "b"])
    with pytest.raises(ValueError, match="item: got a set, which has no order"):
        InteractionGraph.from_edges(["a", "b"], {"x", "y"})


def test_spans_of_time_sort():
    graph, *_ = InteractionGraph.from_edges(["a", "b"], ["x", "x"], pd.to_timedelta([2, 1], unit="D"))
    assert graph.time.tolist() == [2 * 86400 * 10**9, 86400 * 10**9]


@pytest.mark.parametrize("of", [pd.to_datetime, pd.Series, np.array, lambda dates: dates, iter])
def test_dates_are_times_that_sort(of):
    dates = [datetime(2026, 1, 3), datetime(2026, 1, 1), datetime(2026, 1, 2)]
    graph, *_ = InteractionGraph.from_edges(["a", "b", "c"], ["x", "x", "x"], of(dates))
    assert graph.time.argsort().tolist() == [1, 2, 0]
    assert (graph.time.max() - graph.time.min()).item() == 2 * 86400 * 10**9


def test_a_missing_time_and_words_are_refused():
    for time, said in (([1.0, float("nan")], "1 missing times"), (["soon", "late"], "values that are no times")):
        with pytest.raises(ValueError, match=f"time: got {said}"):
            InteractionGraph.from_edges(["a", "b"], ["x", "y"], time)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_whole_numbers_of_numpy_are_seeds_like_those_of_python(kind):
    graph = random_graph(0)
    for cut in (lambda seed: split(graph, seed=seed).train, lambda seed: graph.subsample(0.5, seed=seed)):
        assert edges(cut(kind(3))) == edges(cut(3))
    with pytest.raises(ValueError, match=r"seed: got 1\.5, wanted a whole number"):
        split(graph, seed=1.5)


@pytest.mark.parametrize("seed", range(20))
def test_biadjacency_equals_that_of_networkx(seed):
    graph = random_graph(seed)
    network = graph.to_networkx()
    users, items = range(graph.num_users), range(graph.num_users, graph.num_nodes)
    theirs = nx.bipartite.biadjacency_matrix(network, users, items, weight=None).toarray()
    assert np.array_equal(graph.biadjacency().to_dense().numpy(), theirs)
    assert [network.nodes[n]["bipartite"] for n in sorted(network)] == [0] * len(users) + [1] * len(items)
    assert nx.is_bipartite(network)


def test_networkx_edges_carry_their_times():
    graph = random_graph(3)
    network = graph.to_networkx()
    for u, i, t in zip(graph.user.tolist(), graph.item.tolist(), graph.time.tolist(), strict=True):
        assert network.edges[u, graph.num_users + i]["time"] == t


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_pyg_round_trip(seed, timed):
    graph = random_graph(seed, timed)
    data = graph.to_pyg()
    data.validate()
    back = InteractionGraph.from_pyg(data)
    assert (back.num_users, back.num_items) == (graph.num_users, graph.num_items)
    assert torch.equal(back.user, graph.user)
    assert torch.equal(back.item, graph.item)
    assert torch.equal(back.time, graph.time) if timed else back.time is None


def test_pyg_homogeneous_nodes_are_users_first():
    graph = random_graph(1)
    nodes = graph.to_pyg().to_homogeneous()
    assert nodes.num_nodes == graph.num_nodes
    assert set(map(tuple, nodes.edge_index.T.tolist())) == {(u, graph.num_users + i) for u, i in edges(graph)}


def test_from_pyg_refuses_a_graph_without_users_and_items():
    from torch_geometric.data import HeteroData

    data = HeteroData()
    data["paper", "cites", "paper"].edge_index = torch.tensor([[0], [1]])
    with refused_argument("data"):
        InteractionGraph.from_pyg(data)


@pytest.mark.parametrize("seed", range(20))
def test_rows_and_has_edges_agree_with_a_set(seed):
    graph = random_graph(seed)
    pairs = edges(graph)
    users = torch.tensor(np.random.default_rng(seed).integers(0, graph.num_users, 11))
    expected = [[(u, i) in pairs for i in range(graph.num_items)] for u in users.tolist()]
    assert graph.rows(users).tolist() == expected
    assert graph.has_edges(users[:, None], torch.arange(graph.num_items)).tolist() == expected
    assert not graph.has_edges(users, torch.full_like(users, -1)).any()


@pytest.mark.parametrize("seed", range(5))
def test_edges_of_some_users_are_those_of_a_loop_also_where_a_user_comes_twice(seed):
    graph = random_graph(seed)
    users = torch.tensor(np.random.default_rng(seed).integers(0, graph.num_users, 11))
    row, item = graph.edges_of(users)
    expected = [(at, i) for at, u in enumerate(users.tolist()) for v, i in sorted(edges(graph)) if v == u]
    assert list(zip(row.tolist(), item.tolist(), strict=True)) == expected


def test_rows_of_nobody():
    assert random_graph(0).rows(torch.empty(0, dtype=torch.long)).shape == (0, random_graph(0).num_items)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("user", {"user": torch.tensor([0, 3])}),
        ("user", {"user": torch.tensor([0, -1])}),
        ("user", {"user": torch.tensor([0.0, 1.0])}),
        ("user", {"user": torch.tensor([True, False])}),
        ("user", {"user": torch.tensor([[0, 1]])}),
        ("item", {"item": torch.tensor([0, 2])}),
        ("item", {"item": torch.tensor([-1, 0])}),
        ("item", {"item": torch.tensor([0.0, 1.0])}),
        ("item", {"item": torch.tensor([0])}),
        ("time", {"time": torch.tensor([1])}),
        ("time", {"time": torch.tensor([[1, 2]])}),
        ("num_users", {"num_users": -1, "user": [], "item": []}),
        ("num_items", {"num_items": -1, "user": [], "item": []}),
    ],
)
def test_bad_edges_are_refused_by_name(argument, change):
    fields = {"num_users": 3, "num_items": 2, "user": torch.tensor([0, 1]), "item": torch.tensor([0, 1])}
    with refused_argument(argument):
        InteractionGraph(**fields | change)


@pytest.mark.parametrize("user", [-1, 3])
def test_rows_refuse_unknown_users(user):
    with refused_argument("users"):
        InteractionGraph(3, 2, torch.tensor([2]), torch.tensor([1])).rows(torch.tensor([user]))


@pytest.mark.parametrize(("argument", "user", "item"), [("items", 0, 2), ("items", 1, -2), ("users", 3, 0)])
def test_has_edges_refuses_ids_out_of_range(argument, user, item):
    graph = InteractionGraph(3, 2, torch.tensor([0, 1, 2]), torch.tensor([0, 0, 1]))
    with refused_argument(argument):
        graph.has_edges(torch.tensor([user]), torch.tensor([item]))


# ---- splits


@pytest.mark.parametrize("by", ["random", "time"])
@pytest.mark.parametrize("ratios", RATIOS, ids="-".join)
def test_split_counts_are_the_exact_shares_rounded_half_up(ratios, by):
    parts = split(degree_ladder(), by=by, ratios=tuple(float(Fraction(r)) for r in ratios))
    for degree in range(1, 61):
        test = min(half_up(degree, ratios[2]), degree - 1)
        val = min(half_up(degree, ratios[1]), degree - 1 - test)
        got = [int(part.user_degree[degree]) for part in (parts.train, parts.val, parts.test)]
        assert got == [degree - val - test, val, test], f"user with {degree} edges"


@pytest.mark.parametrize("by", ["random", "time"])
@pytest.mark.parametrize("ratios", [(0.8, 0.1, 0.1), (0.0, 0.0, 1.0), (0.4, 0.3, 0.3)])
def test_split_deals_out_every_edge_once(ratios, by):
    graph = degree_ladder()
    parts = split(graph, by=by, ratios=ratios)
    dealt = [edges(part) for part in (parts.train, parts.val, parts.test)]
    assert set.union(*dealt) == edges(graph)
    assert sum(map(len, dealt)) == graph.num_edges
    assert (parts.train.user_degree[graph.user_degree > 0] >= 1).all()
    assert {(part.num_users, part.num_items) for part in (parts.train, parts.val, parts.test)} == {(61, 60)}


def test_split_keeps_the_time_of_each_edge():
    graph = degree_ladder()
    times = dict(zip(zip(graph.user.tolist(), graph.item.tolist(), strict=True), graph.time.tolist(), strict=True))
    part = split(graph).test
    for u, i, t in zip(part.user.tolist(), part.item.tolist(), part.time.tolist(), strict=True):
        assert times[u, i] == t


def test_split_by_time_trains_on_the_past_and_breaks_ties_by_item_id():
    graph = degree_ladder()
    parts = split(graph, by="time", ratios=(0.5, 0.2, 0.3))
    for user in range(graph.num_users):
        keys = []  # (time, item) of train, then val, then test
        for part in (parts.train, parts.val, parts.test):
            mine = part.user == user
            keys += sorted(zip(part.time[mine].tolist(), part.item[mine].tolist(), strict=True))
        assert keys == sorted(keys)


def test_split_by_time_ignores_the_seed():
    graph = degree_ladder()
    assert edges(split(graph, by="time", seed=0).test) == edges(split(graph, by="time", seed=1).test)


def test_random_split_repeats_for_a_seed_and_differs_between_seeds():
    graph = degree_ladder()
    first, again, other = (split(graph, seed=seed) for seed in (5, 5, 6))
    assert edges(first.test) == edges(again.test)
    assert edges(first.val) == edges(again.val)
    assert edges(first.test) != edges(other.test)


def test_random_split_gives_every_edge_the_same_chance_of_test():
    graph = InteractionGraph(1, 10, torch.zeros(10, dtype=torch.long), torch.arange(10))
    drawn = sum(split(graph, ratios=(0.6, 0.2, 0.2), seed=seed).test.item_degree for seed in range(1000))
    assert ((drawn - 200).abs() < 4.5 * np.sqrt(1000 * 0.2 * 0.8)).all()  # binomial, 4.5 standard errors


def test_random_split_leaves_the_global_generator_alone():
    graph, before = degree_ladder(), torch.get_rng_state()
    split(graph)
    graph.subsample(0.5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "ratios",
    [
        (0.8, 0.2),
        (0.8, 0.3, -0.1),
        (0.8, 0.1, 0.2),
        (1.0, 1.0, 1.0),
        (float("nan"), 0.5, 0.5),
        (0.8, 0.1, float("nan")),
    ],
)
def test_split_refuses_impossible_ratios(ratios):
    with refused_argument("ratios"):
        split(degree_ladder(), ratios=ratios)


def test_split_refuses_an_unknown_kind_and_missing_times():
    with refused_argument("by"):
        split(degree_ladder(), by="alphabet")
    with refused_argument("by"):
        split(random_graph(0, timed=False), by="time")


def test_split_is_a_named_triple():
    graph = random_graph(0)
    parts = Split(train=graph, val=graph, test=graph)
    with pytest.raises(FrozenInstanceError):
        parts.train = None


# ---- subsample


@pytest.mark.parametrize("fraction", ["0.01", "0.1", "0.29", "0.5", "0.75", "1"])
def test_subsample_keeps_the_share_rounded_half_up_and_at_least_one(fraction):
    graph = degree_ladder()
    thin = graph.subsample(float(fraction), seed=0)
    assert edges(thin) <= edges(graph)
    expected = [0] + [max(half_up(degree, fraction), 1) for degree in range(1, 61)]
    assert thin.user_degree.tolist() == expected


def test_subsample_repeats_for_a_seed_and_differs_between_seeds():
    graph = degree_ladder()
    assert edges(graph.subsample(0.3, seed=1)) == edges(graph.subsample(0.3, seed=1))
    assert edges(graph.subsample(0.3, seed=1)) != edges(graph.subsample(0.3, seed=2))


@pytest.mark.parametrize("fraction", [0, -0.1, 1.1, float("nan")])
def test_subsample_refuses_what_is_no_share(fraction):
    with refused_argument("fraction"):
        random_graph(0).subsample(fraction)
