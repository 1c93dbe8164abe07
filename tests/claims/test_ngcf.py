"""Rows 43–53: NGCF, as taught and as published."""

from __future__ import annotations

from itertools import product
from math import ceil, log

import numpy as np
import pytest
import torch
from claims.frame import claim, mean_sd
from over_seeds import SEEDS, lead
from torch_geometric.nn import SAGEConv

from course_lib.datasets import Dataset
from course_lib.diffusion import normalized_adjacency
from course_lib.evaluation import run_seeds
from course_lib.graph import InteractionGraph, split
from course_lib.models import NGCF, LightGCN, MatrixFactorization
from course_lib.models.ngcf import ngcf_layer, ngcf_paper_layer
from course_lib.training import Recipe, train_epochs


@pytest.fixture(scope="module")
def trained(campus: Dataset) -> dict[str, list[tuple[NGCF, list[float]]]]:
    """Variant → for each seed the model after 30 epochs of binary loss, and its losses."""
    recipe = Recipe("binary", epochs=30, batch_size=1024, lr=0.01, weight_decay=0.01)
    runs = {"lecture": [], "paper": []}
    for seed, variant in product(SEEDS, runs):
        graph = split(campus.graph, seed=seed).train
        model = NGCF(graph, num_layers=2, variant=variant, seed=seed)
        runs[variant].append((model, list(train_epochs(model, graph, recipe))))
    return runs


def num_parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@claim(
    row=43,
    says="Structure beyond the first-order edges is there to be captured.",
    verdict="holds for two or three hops: with four, everybody sees nearly everything",
    shown=("04", "4 · A layer sees one hop"),
)
def test_four_layers_see_nearly_everything(films, measured):
    shares = []
    for num_layers in (1, 2, 3, 4):
        model = LightGCN(films.graph, dim=8, num_layers=num_layers)
        nodes, tables = torch.cat(model.embed()), [model.user_table, model.item_table]
        fields = [torch.autograd.grad(nodes[n].sum(), tables, retain_graph=True) for n in range(0, len(nodes), 40)]
        shares.append(torch.stack([torch.cat(field).any(dim=1).double().mean() for field in fields]).mean().item())
    assert shares[0] < 0.1 < shares[1] < 0.6 < shares[2] < 0.95 < shares[3]
    seen = ", ".join(f"{share:.2f}" for share in shares)
    measured(f"MovieLens, share of nodes that a node sees through 1, 2, 3, 4 layers: {seen}")


@claim(
    row=45,
    says="Shallow embeddings and the GNN's parameters are learned jointly.",
    verdict="holds",
    shown=("04", "3 · Train it, and look at the scores"),
)
def test_one_epoch_moves_every_parameter(campus, measured):
    for variant in ("lecture", "paper"):
        model = NGCF(campus.graph, num_layers=2, variant=variant)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        next(train_epochs(model, campus.graph, Recipe(batch_size=1024)))
        assert all(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    measured("campus: one epoch moves both tables and all matrices and biases of both variants")


@claim(
    row=47,
    says="High-order structure is captured by iterating the aggregation.",
    verdict="holds, one hop a layer; degrees inside the weights, as published, tell one layer earlier",
    shown=("04", "4 · A layer sees one hop"),
)
def test_news_of_an_edge_travels_one_hop_a_layer(measured):
    path = InteractionGraph(3, 3, torch.tensor([0, 1, 1, 2, 2]), torch.tensor([0, 0, 1, 1, 2]))
    cut = InteractionGraph(3, 3, path.user[:-1], path.item[:-1])  # u2 – v2, at one end, four hops away from u0

    def first_layer(variant: str) -> int:
        pairs = ((NGCF(graph, 64, k, variant).embed()[0][0] for graph in (path, cut)) for k in range(1, 8))
        return 1 + [torch.equal(whole, less) for whole, less in pairs].index(False)

    assert (first_layer("lecture"), first_layer("paper")) == (5, 4)
    measured("a path of six nodes, the edge at one end taken away: the other end notices at layer 5, as published at 4")


@claim(
    row=48,
    says="NGCF [Wang et al. 2019]: a mean of the neighbours, then ReLU(Linear(Concat)).",
    verdict="does not hold here: that layer is GraphSAGE's, the paper's is another",
    shown=("04", "2 · As taught, as published, as programmed"),
)
def test_the_layer_of_the_slides_is_graphsage(campus, measured):
    draw = torch.Generator().manual_seed(0)
    h, weight = torch.randn(campus.graph.num_nodes, 8, generator=draw), torch.randn(8, 16, generator=draw)
    bias = torch.randn(8, generator=draw)
    mean = normalized_adjacency(campus.graph, "left")
    sage = SAGEConv(8, 8, aggr="mean")
    sage.load_state_dict({"lin_l.weight": weight[:, 8:], "lin_l.bias": bias, "lin_r.weight": weight[:, :8]})
    expected = sage(h, mean.to_sparse_coo().indices()).relu()
    assert torch.allclose(ngcf_layer(h, mean, weight, bias), expected, atol=1e-5)
    published = ngcf_paper_layer(h, normalized_adjacency(campus.graph), weight[:, :8], weight[:, 8:])
    assert (published < 0).any()
    measured("on campus the slide's layer equals PyG's SAGEConv(mean) and a ReLU to 1e-5")


@pytest.mark.slow
@claim(
    row=50,
    says="The score is the inner product of the last layer's embeddings.",
    verdict="holds as taught; as published it is a sum over all layers, the deepest the loudest",
    shown=("04", "5 · The last layer, or all of them?"),
)
def test_the_papers_score_sums_all_layers_and_the_deepest_is_loudest(trained, measured):
    spreads = []
    for model, _ in trained["paper"]:
        layers = zip(*(rows.detach().split(64, dim=1) for rows in model.embed()), strict=True)
        parts = [users @ items.T for users, items in layers]
        assert torch.allclose(sum(parts), model.score(torch.arange(model.num_users)), atol=1e-4)
        spreads.append([part.std().item() for part in parts])
    rises = np.diff(spreads, axis=1).T  # (2, seeds)
    assert all(lead(rise) > 3 for rise in rises)
    by_layer = ", ".join(f"{spread:.1f}" for spread in np.mean(spreads, axis=0))
    measured(
        f"campus, trained: the scores of layers 0, 1, 2 spread by {by_layer} "
        f"(rising in {(rises > 0).all(axis=0).sum()} of 5 seeds)"
    )


@pytest.mark.slow
@claim(
    row=51,
    says="(Implied) σ(score) of NGCF can say that a pair is unlikely.",
    verdict="does not hold here: after the last ReLU σ ≥ ½ everywhere, and the binary loss stays above log 2",
    shown=("04", "3 · Train it, and look at the scores"),
)
def test_the_last_relu_holds_the_binary_loss_above_log_2(trained, measured):
    lowest = {variant: [min(losses) for _, losses in runs] for variant, runs in trained.items()}
    for model, _ in trained["lecture"]:
        assert model.score(torch.arange(model.num_users)).min() >= 0
    least = [model.score(torch.arange(model.num_users)).min().item() for model, _ in trained["paper"]]
    assert lead(-np.array(least), over=1) > 3
    assert min(lowest["lecture"]) > log(2)  # by arithmetic: with σ ≥ ½ the negatives alone cost that much
    assert lead(log(2) - np.array(lowest["paper"])) > 3
    measured(
        f"campus, lowest loss in 30 epochs, 5 seeds: as taught {mean_sd(lowest['lecture'])}, as published "
        f"{mean_sd(lowest['paper'])}; log 2 = {log(2):.3f}"
    )


@pytest.mark.slow
@claim(
    row=52,
    says="NGCF, aware of the graph, improves on shallow collaborative filtering.",
    verdict="does not hold here on campus, once the shallow model is regularised; lesson 06 finds the same on "
    "MovieLens",
    shown=("04", "7 · Does it help?"),
)
def test_a_regularised_shallow_model_beats_ngcf(campus, measured):
    builders = {
        "MF": lambda graph, seed: MatrixFactorization(graph, seed=seed),
        "NGCF": lambda graph, seed: NGCF(graph, num_layers=2, seed=seed),
    }
    recall = {}
    for decay in (0.0001, 0.05):
        recipe = Recipe(epochs=200, batch_size=1024, weight_decay=decay, patience=10)
        recipes = dict.fromkeys(builders, recipe)
        runs = run_seeds(builders, lambda seed: split(campus.graph, seed=seed), recipes, SEEDS, progress=False)
        for name in builders:
            recall[name, decay] = runs["recall@20"][name]
    best_ngcf = recall["NGCF", 0.0001].combine(recall["NGCF", 0.05], max)
    ahead = recall["MF", 0.05] - best_ngcf
    assert lead(ahead) > 3
    assert ahead.mean() > 0.02
    assert recall["NGCF", 0.0001].mean() > recall["MF", 0.0001].mean()
    gain = {name: recall[name, 0.05] - recall[name, 0.0001] for name in builders}
    assert (gain["MF"] > gain["NGCF"]).sum() >= 4
    lines = (
        f"weight decay {decay:g}: MF {mean_sd(recall['MF', decay])}, NGCF {mean_sd(recall['NGCF', decay])}"
        for decay in (0.0001, 0.05)
    )
    measured("campus, recall@20, 5 splits, NGCF as taught; " + "; ".join(lines))


@claim(
    row=53,
    says="Most parameters are in the shallow embeddings: O(ND) against O(D²).",
    verdict="holds while N > L(2D + 1)",
    shown=("04", "6 · Where the parameters are"),
)
def test_the_table_holds_most_parameters_up_to_a_dimension(films, measured):
    def share(dim: int) -> float:
        table = films.graph.num_nodes * dim
        return table / num_parameters(NGCF(films.graph, dim, num_layers=3))

    crossing = ceil((films.graph.num_nodes / 3 - 1) / 2)
    assert share(64) > 0.8
    assert share(crossing - 1) > 0.5 >= share(crossing)
    measured(f"MovieLens, 3 layers: {share(64):.0%} at D = 64, {share(256):.0%} at 256, half at {crossing}")
