"""Rows 54–68: from a GCN to LightGCN, and what diffusion does."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from itertools import product
from statistics import median

import numpy as np
import pandas as pd
import pytest
import torch
from claims.frame import claim, mean_sd
from over_seeds import SEEDS, lead
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize
from torch_geometric.nn import GCNConv

from course_lib.datasets import Dataset
from course_lib.diffusion import normalized_adjacency, polynomial
from course_lib.evaluation import evaluate
from course_lib.graph import InteractionGraph, split
from course_lib.metrics import top_k
from course_lib.models import GCN, EmbeddingModel, LightGCN, MatrixFactorization
from course_lib.training import Recipe, fit, recipe_for, train_epochs

APART = ("05", "2 · Taking a GCN apart")
PAY = ("05", "7 · Does it pay?")


@pytest.fixture(scope="module")
def rungs(campus: Dataset) -> dict[str, list[EmbeddingModel]]:
    """A GCN and what remains of it on campus, two layers, trained by one recipe: a model per seed."""
    builders = {
        "GCN": GCN,
        "no ReLU": partial(GCN, relu=False),
        "no ReLU, no W": partial(GCN, relu=False, weights=False),
        "LightGCN": partial(LightGCN, num_layers=2),
    }
    models = {name: [] for name in builders}
    for (name, build), seed in product(builders.items(), SEEDS):
        parts = split(campus.graph, seed=seed)
        models[name].append(build(parts.train, seed=seed))
        fit(models[name][-1], parts, replace(recipe_for(LightGCN, campus.name), seed=seed), progress=False)
    return models


@pytest.fixture(scope="module")
def ladder(campus: Dataset, rungs: dict[str, list[EmbeddingModel]]) -> pd.DataFrame:
    """Their recall@20: a row per rung, a column per seed."""
    splits = [split(campus.graph, seed=seed) for seed in SEEDS]
    return pd.DataFrame(
        {
            name: [evaluate(model, parts)["recall@20"] for model, parts in zip(models, splits, strict=True)]
            for name, models in rungs.items()
        },
        index=SEEDS,
    ).T


def random_nodes(graph: InteractionGraph, seed: int) -> Tensor:
    """A random start E, (N, 64)."""
    return torch.randn(graph.num_nodes, 64, generator=torch.Generator().manual_seed(seed))


def cosines(users: Tensor) -> Tensor:
    """Cosine of every pair of users, flat."""
    unit = normalize(users.detach(), dim=1)
    return (unit @ unit.T)[tuple(torch.triu_indices(len(users), len(users), 1))]


@pytest.mark.slow
@claim(
    row=54,
    says="Simplifying the GNN improves the recommendations.",
    verdict="holds on campus for taking W out; taking the ReLU out alone brings nothing; lesson 06 finds both on "
    "MovieLens with BPR",
    shown=PAY,
)
def test_leaving_out_w_pays(ladder, measured):
    by_relu = ladder.loc["no ReLU"] - ladder.loc["GCN"]
    by_weights = ladder.loc["no ReLU, no W"] - ladder.loc["no ReLU"]
    assert by_relu.mean() < 0.01
    assert (by_weights > 0).sum() >= 4
    assert by_weights.mean() > 0.015
    measured(
        f"campus, recall@20, 5 splits: GCN {mean_sd(ladder.loc['GCN'])}, no ReLU {mean_sd(ladder.loc['no ReLU'])}, "
        f"nor W {mean_sd(ladder.loc['no ReLU, no W'])}"
    )


@claim(
    row=57,
    says="Ã = D^(-1/2) A D^(-1/2) is a diffusion matrix.",
    verdict="holds: nothing grows, and what stays is √degree, with its mirror image",
    shown=("05", "1 · The adjacency matrix, normalised"),
)
def test_the_spectrum_lies_within_one_and_ends_in_the_degrees(campus, measured):
    graph = split(campus.graph, seed=0).train
    values, vectors = torch.linalg.eigh(normalized_adjacency(graph).to_dense().double())
    root = torch.cat([graph.user_degree, graph.item_degree]).double().sqrt()
    assert torch.allclose(values, -values.flip(0), atol=1e-5)
    assert values[-1].item() == pytest.approx(1, abs=1e-5)
    assert values[-2] < 0.99
    assert cosine_similarity(vectors[:, -1].abs(), root, dim=0) > 0.9999
    measured(f"campus: eigenvalues from {values[0]:.2f} to {values[-1]:.2f}, the second {values[-2]:.2f}, in pairs ±λ")


@claim(
    row=59,
    says="Without ReLU a GCN is Ã^L E W, with one W.",
    verdict="holds, and E can take W in: any such model is one without W",
    shown=APART,
)
def test_a_trained_gcn_without_relu_is_a_diffusion_of_other_embeddings(campus, measured):
    users = torch.arange(campus.graph.num_users)
    for relu, same in ((False, True), (True, False)):
        gcn = GCN(campus.graph, num_layers=2, relu=relu)
        list(train_epochs(gcn, campus.graph, Recipe(epochs=3, batch_size=1024)))
        free = GCN(campus.graph, num_layers=2, relu=False, weights=False)
        one_matrix = gcn.weights[0] @ gcn.weights[1]
        free.user_table.data, free.item_table.data = gcn.user_table @ one_matrix, gcn.item_table @ one_matrix
        assert torch.allclose(free.score(users), gcn.score(users), atol=1e-4, rtol=1e-4) == same
    measured("campus, trained: Ã²(EW) as free embeddings gives the GCN's scores without ReLU, and not with it")


@claim(
    row=60,
    says="Ã^L is dense and never formed: E ← Ã E, L times.",
    verdict="holds, half dense at most: the graph has two sides",
    shown=APART,
)
def test_powers_fill_half_of_the_matrix(campus, measured):
    graph = split(campus.graph, seed=0).train
    adjacency = normalized_adjacency(graph)
    powers = [torch.linalg.matrix_power(adjacency.to_dense(), l) for l in (1, 2, 3, 4)]
    filled = [(power != 0).double().mean().item() for power in powers]
    across = 2 * graph.num_users * graph.num_items / graph.num_nodes**2  # share of pairs on different sides
    assert filled[0] < 0.1
    assert filled[2:] == pytest.approx([across, 1 - across], abs=0.01)
    start = random_nodes(graph, 0)
    assert torch.allclose(polynomial(adjacency, start, (0, 0, 0, 0, 1)), powers[3] @ start, atol=1e-4)
    measured("campus, entries that are not 0 in Ã¹ … Ã⁴: " + ", ".join(f"{share:.0%}" for share in filled))


@claim(
    row=61,
    says="Multi-scale diffusion with weights α_0 … α_L, which one chooses.",
    verdict="holds: α = (1, 0, …) is matrix factorisation, in training too",
    shown=("05", "3 · Several scales"),
)
def test_all_weight_on_layer_0_trains_matrix_factorization(campus, measured):
    models = [LightGCN(campus.graph, alpha=(1, 0, 0, 0)), MatrixFactorization(campus.graph)]
    users = torch.arange(campus.graph.num_users)
    for model in models:
        list(train_epochs(model, campus.graph, Recipe(epochs=3, batch_size=1024)))
    light, shallow = (model.score(users) for model in models)
    assert torch.allclose(light, shallow, atol=1e-5)
    measured("campus: the same scores after three epochs from the same seed")


@pytest.mark.slow
@claim(
    row=61,
    says="(Implied) A uniform mix of all layers beats the last one alone.",
    verdict="does not hold here: on campus with two layers neither is clearly ahead, and the gain is below that of "
    "leaving W out",
    shown=PAY,
)
def test_the_uniform_mix_is_not_ahead_of_the_last_layer(ladder, measured):
    gain = ladder.loc["LightGCN"] - ladder.loc["no ReLU, no W"]
    assert lead(gain) < 3
    assert gain.mean() < (ladder.loc["no ReLU, no W"] - ladder.loc["no ReLU"]).mean()
    measured(
        f"campus, recall@20: mix {mean_sd(ladder.loc['LightGCN'])}, last layer "
        f"{mean_sd(ladder.loc['no ReLU, no W'])}; mix ahead in {(gain > 0).sum()} of {len(gain)} seeds"
    )


@claim(
    row=62,
    says="α_0 acts as the self-connection that Ã omits.",
    verdict="holds for a self-loop added to Ã: α is then binomial, not uniform",
    shown=("05", "5 · What do 128 layers recommend?"),
)
def test_self_loops_are_a_binomial_mix(campus, measured):
    adjacency, start = normalized_adjacency(campus.graph), random_nodes(campus.graph, 0)
    looped = start
    for _ in range(3):
        looped = polynomial(adjacency, looped, (0.5, 0.5))  # ((Ã + I) / 2) E
    assert torch.allclose(looped, polynomial(adjacency, start, (1 / 8, 3 / 8, 3 / 8, 1 / 8)), atol=1e-5)
    assert not torch.allclose(looped, polynomial(adjacency, start, (1 / 4,) * 4), atol=0.1)
    measured("((Ã + I) / 2)³ is α = 1/8, 3/8, 3/8, 1/8")


@claim(
    row=65,
    says="Diffusion makes the embeddings of similar users similar.",
    verdict="holds",
    shown=("05", "4 · One hop, two hops"),
)
def test_two_hops_make_users_with_common_items_alike(campus, measured):
    graph, adjacency = campus.graph, normalized_adjacency(campus.graph)
    overlap = cosines(graph.biadjacency().to_dense())
    found = {0: [], 2: []}
    for seed in SEEDS:
        for hops in found:
            nodes = polynomial(adjacency, random_nodes(graph, seed), [0.0] * hops + [1.0])
            found[hops].append(spearmanr(cosines(nodes[: graph.num_users]), overlap).statistic)
    assert max(map(abs, found[0])) < 0.05
    assert min(found[2]) > 0.6
    measured(
        "campus, random embeddings: rank correlation of two users' cosine with their common items "
        f"{mean_sd(found[0])}, after two hops {mean_sd(found[2])}"
    )


@pytest.mark.slow
@claim(
    row=65,
    says="Users with common items have similar preferences, which diffusion brings out.",
    verdict="holds: LightGCN's embeddings follow the clicks less than MF's, and the true tastes more",
    shown=("05", "4 · One hop, two hops"),
)
def test_diffused_embeddings_are_closer_to_the_true_tastes(campus, rungs, measured):
    tastes = cosines(campus.truth.user_taste)
    found = {name: {"clicks": [], "tastes": []} for name in ("MF", "LightGCN")}
    for seed, light in zip(SEEDS, rungs["LightGCN"], strict=True):
        parts = split(campus.graph, seed=seed)
        shallow = MatrixFactorization(parts.train, seed=seed)
        fit(shallow, parts, replace(recipe_for(shallow, campus.name), seed=seed), progress=False)
        clicks = cosines(parts.train.biadjacency().to_dense())
        for model, correlation in zip((shallow, light), found.values(), strict=True):
            alike = cosines(model.embed()[0])
            correlation["clicks"].append(spearmanr(alike, clicks).statistic)
            correlation["tastes"].append(spearmanr(alike, tastes).statistic)
    gain = {to: np.subtract(found["LightGCN"][to], found["MF"][to]) for to in ("clicks", "tastes")}
    assert gain["tastes"].mean() > 0 > gain["clicks"].mean()
    assert (gain["tastes"] > 0).sum() >= 4
    assert (gain["clicks"] < 0).sum() >= 4
    measured(
        "campus, rank correlation of users' cosines with their true tastes, 5 splits: "
        f"MF {mean_sd(found['MF']['tastes'])}, LightGCN {mean_sd(found['LightGCN']['tastes'])}"
    )


@claim(
    row=66,
    says="(Implied) The more layers, the more of the graph a list draws on.",
    verdict="holds for few layers; 128 give everybody the most popular items",
    shown=("05", "5 · What do 128 layers recommend?"),
)
def test_deep_diffusion_recommends_the_popular(campus, measured):
    graph = split(campus.graph, seed=0).train
    adjacency = normalized_adjacency(graph)
    lists, correlation = {3: [], 128: []}, {3: [], 128: []}
    for seed in SEEDS:
        for depth in lists:
            nodes = polynomial(adjacency, random_nodes(graph, seed), [1 / (depth + 1)] * (depth + 1))
            scores = nodes[: graph.num_users] @ nodes[graph.num_users :].T  # (U, I)
            lists[depth].append(len({frozenset(items) for items in top_k(scores, 20).tolist()}))
            ranks = [spearmanr(row, graph.item_degree).statistic for row in scores[::10]]
            correlation[depth].append(sum(ranks) / len(ranks))
    assert min(lists[3]) > 250
    assert max(lists[128]) <= 5
    assert max(correlation[3]) < 0.5
    assert min(correlation[128]) > 0.9
    measured(
        f"campus, 300 users, 5 random starts, 3 layers: at least {min(lists[3])} different lists; 128 layers: at most "
        f"{max(lists[128])}, rank correlation with popularity {mean_sd(correlation[128])}"
    )


@claim(
    row=67,
    says="LightGCN's propagation is GCN's, but for the self-loop.",
    verdict="holds with degrees counted anew: the self-loop raises each by 1",
    shown=("05", "5 · What do 128 layers recommend?"),
)
def test_one_layer_is_a_gcn_convolution_without_self_loops(campus, measured):
    graph, start = campus.graph, random_nodes(campus.graph, 0)
    edges = torch.stack([graph.user, graph.item + graph.num_users])
    both_ways = torch.cat([edges, edges.flip(0)], dim=1)
    layer = {loops: polynomial(normalized_adjacency(graph, self_loops=loops), start, (0, 1)) for loops in (False, True)}
    for loops, ours in layer.items():
        convolution = GCNConv(64, 64, add_self_loops=loops, bias=False)
        convolution.lin.weight.data = torch.eye(64)
        assert torch.allclose(convolution(start, both_ways), ours, atol=1e-5)
    assert not torch.allclose(layer[False] + start, layer[True], atol=0.1)
    measured("campus: equal to PyG's GCNConv with W = I, without self-loops and with them")


@pytest.mark.slow
@claim(
    row=68,
    says="LightGCN is computationally more expensive.",
    verdict="holds",
    shown=PAY,
)
def test_a_step_of_lightgcn_costs_more(films, measured):
    def seconds(model: MatrixFactorization | LightGCN) -> float:
        start = time.process_time()
        next(train_epochs(model, films.graph, Recipe(batch_size=4096)))
        return time.process_time() - start

    pairs = [[seconds(kind(films.graph)) for kind in (LightGCN, MatrixFactorization)] for _ in range(5)]
    ratio = median(light / shallow for light, shallow in pairs)
    assert ratio > 1.1
    measured(f"MovieLens: {ratio:.1f} times the CPU time an epoch of MF takes, 3 layers, D = 64")
