"""Rows 74–80 and 89: PinSAGE's graph, its vectors, its batches, and the table of its paper."""

from __future__ import annotations

import pandas as pd
import torch
from claims.frame import ROOT, claim, mean_sd
from over_seeds import lead
from scipy.stats import rankdata
from torch import Tensor
from torch.nn.functional import normalize

from course_lib.features import genre_features, taste_features
from course_lib.graph import InteractionGraph
from course_lib.losses import margin_loss, sampled_bpr_loss
from course_lib.models import PinSAGE
from course_lib.models.pinsage import consecutive_pairs, receptive_field
from course_lib.training import Recipe, train_epochs
from course_lib.walks import importance_neighbors, personalized_pagerank, visit_counts

TABLE_1 = {  # hit rate of Ying et al. 2018, in per cent
    "mean-pooling": 41,
    "mean-pooling-hard": 46,
    "PinSage": 67,  # with hard negatives, too
}


def same_taste(tastes: Tensor) -> Tensor:
    """Whether each pair of items has one taste, flat."""
    first, second = torch.triu_indices(len(tastes), len(tastes), 1)
    return tastes[first] == tastes[second]


@claim(
    row=74,
    says="Bed rail and garden fence look alike; the graph tells them apart.",
    verdict="holds: what looks alike is at distance 0 by features, and apart by neighbours",
    shown=("07", "4 · Importance pooling and one convolution"),
)
def test_neighbors_tell_lookalikes_apart(campus, measured):
    graph, tastes = campus.graph, campus.truth.item_taste
    features, every = taste_features(tastes, 0.5), torch.arange(graph.num_items)
    rails, fences = ((tastes == taste).nonzero().flatten()[:8] for taste in (0, 1))
    features[fences] = features[rails]  # pair by pair
    near, alpha = importance_neighbors(graph, every, 10, 1000, 0.3)
    same_near, same_alpha = near.clone(), alpha.clone()
    same_near[fences], same_alpha[fences] = near[rails], alpha[rails]
    distance = {}
    for name, num_layers, neighbors in (
        ("features alone", 0, (near, alpha)),
        ("own neighbours", 1, (near, alpha)),
        ("the same neighbours", 1, (same_near, same_alpha)),
    ):
        with torch.no_grad():
            items = PinSAGE(graph, features, num_layers=num_layers, neighbors=neighbors).embed()[1]
        distance[name] = (items[rails] - items[fences]).norm(dim=1)
    assert (distance["features alone"] == 0).all()
    assert (distance["own neighbours"] > 0.05).all()
    assert distance["the same neighbours"].max() < 1e-5
    measured(
        f"campus, 8 pairs with equal features: distance 0 by features alone, {distance['own neighbours'].min():.2f} or "
        "more with their neighbours, 0 again if these are the same"
    )


@claim(
    row=75,
    says="Pins of the same boards belong together.",
    verdict="holds",
    shown=("07", "3 · Who are a film's neighbours?"),
)
def test_items_of_common_users_share_a_taste(campus, measured):
    columns = normalize(campus.graph.rows(torch.arange(campus.graph.num_users)).T.float(), dim=1)  # (I, U)
    alike = (columns @ columns.T)[tuple(torch.triu_indices(len(columns), len(columns), 1))]
    same = same_taste(campus.truth.item_taste)
    ranks = torch.from_numpy(rankdata(alike.numpy()))
    num_same = int(same.sum())
    auc = ((ranks[same].mean() - (num_same + 1) / 2) / (~same).sum()).item()
    assert auc > 0.8
    measured(f"campus: items of one taste have more users in common than items of two in {auc:.0%} of comparisons")


@claim(
    row=76,
    says="The graph has tens of billions of nodes and edges.",
    verdict="holds for the sum alone",
    shown=("07", "1 · The task has changed"),
)
def test_only_the_sum_is_tens_of_billions(measured):
    pins, boards, edges = 2, 1, 18  # billions: Ying et al. 2018, section 1
    assert pins + boards < 10 < edges < 20 < pins + boards + edges
    measured(f"the paper: {pins + boards} billion nodes, {edges} billion edges")


@claim(
    row=77,
    says="(Implied) Hard negatives and curriculum are what makes PinSAGE good.",
    verdict="does not hold here: importance pooling, which the slides omit, brings four times as much in the paper",
    shown=("07", "1 · The task has changed"),
)
def test_importance_pooling_is_the_larger_ingredient(measured):
    hard = TABLE_1["mean-pooling-hard"] - TABLE_1["mean-pooling"]
    pooling = TABLE_1["PinSage"] - TABLE_1["mean-pooling-hard"]
    assert pooling > 4 * hard
    measured(f"Ying et al. 2018, table 1, hit rate: +{hard} points by hard negatives, +{pooling} by importance pooling")


@claim(
    row=77,
    says="A mini-batch needs a small part of the graph only.",
    verdict="holds where the catalogue is much larger than B (1 + T)^L",
    shown=("07", "7 · Compute each vector once"),
)
def test_a_batch_reaches_most_of_a_small_catalogue(films, measured):
    num_items = films.graph.num_items
    near, _ = importance_neighbors(films.graph, torch.arange(num_items), 10, 1000, 0.3)
    reached = {}
    for size in (1, 16, 256):
        fields = receptive_field(near, torch.arange(size) * (num_items // size), 2)
        assert len(fields[-1]) <= min(size * 11**2, num_items)
        reached[size] = len(fields[-1]) / num_items
    assert reached[1] < 0.1
    assert reached[256] > 0.4
    measured(
        "MovieLens, L = 2, T = 10: "
        + ", ".join(f"B = {size} reads {share:.0%}" for size, share in reached.items())
        + " of the films"
    )


@claim(
    row=78,
    says="Related pins have a smaller distance, so (implied) a larger score.",
    verdict="holds for vectors of length 1, which PinSAGE's last layer does not make",
    shown=("07", "5 · Train it"),
)
def test_distance_and_score_agree_on_the_unit_sphere(campus, measured):
    with torch.no_grad():
        items = PinSAGE(campus.graph, taste_features(campus.truth.item_taste, 0.5)).embed()[1].double()
    same_list = {}
    for name, z in (("unit", normalize(items, dim=1)), ("as published", items)):
        by_score = (z @ z.T).topk(10, dim=1).indices.sort(dim=1).values
        by_distance = (-torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist")).topk(10, dim=1).indices
        same_list[name] = (by_score == by_distance.sort(dim=1).values).all(dim=1).double().mean().item()
    lengths = items.norm(dim=1)
    assert same_list["unit"] == 1
    assert same_list["as published"] < 0.5
    assert lengths.max() > 1.1 * lengths.min()
    measured(
        f"campus: ten nearest = ten best by score for {same_list['unit']:.0%} of items with length 1, "
        f"for {same_list['as published']:.0%} as the last layer has them"
    )


@claim(
    row=78,
    says="(Implied) PinSAGE's triplets are trained with the lecture's BPR loss.",
    verdict="does not hold here: its loss is a hinge, which is content once the margin is kept; BPR never is",
    shown=("07", "5 · Train it"),
)
def test_the_hinge_is_content_and_bpr_is_not(measured):
    pos = torch.tensor([1.0], requires_grad=True)
    neg = torch.tensor([[0.85]])
    pulls = {}
    for name, loss in (("hinge", margin_loss(pos, neg, 0.1)), ("BPR", sampled_bpr_loss(pos, neg))):
        (pulls[name],) = torch.autograd.grad(loss, pos)
    assert pulls["hinge"] == 0
    assert pulls["BPR"] < -0.4
    measured(
        f"positive 0.15 above the negative, margin 0.1: gradient 0 for the hinge, {pulls['BPR'].item():.2f} for BPR"
    )


@claim(
    row=79,
    says="(Not on the slides) Visit counts of random walks estimate personalised PageRank.",
    verdict="holds, with an error that halves when the steps are four times as many",
    shown=("07", "2 · A walk, by hand"),
)
def test_visits_converge_by_the_root_of_the_steps(campus, measured):
    graph, some = campus.graph, torch.arange(100)
    limit = personalized_pagerank(graph, start_users=some, restart=0.3)
    errors = []
    for steps in (1000, 4000, 16_000, 64_000):
        visits = visit_counts(graph, start_users=some, num_steps=steps, restart=0.3).to_dense()
        errors.append((visits / steps - limit).abs().sum(dim=1).mean().item())
    halved = torch.tensor(errors[:-1]) / torch.tensor(errors[1:])
    assert ((halved - 2).abs() < 0.2).all()
    measured(
        "campus, 100 users, summed error after 1,000, 4,000, 16,000, 64,000 steps: "
        + ", ".join(f"{error:.3f}" for error in errors)
    )


@claim(
    row=79,
    says="(Not on the slides) Pooling by importance is what makes the vectors better.",
    verdict="does not hold here: on MovieLens equal weights do as well, and so do neighbours drawn by lot; the "
    "convolution itself is a gain",
    shown=("07", "5 · Train it"),
)
def test_whom_a_convolution_pools_matters_less_than_that_it_pools(measured):
    stored = pd.read_csv(ROOT / "notebooks" / "results" / "pooling.csv")
    hits = stored.pivot(index="seed", columns="pooling", values="hit rate@20")
    gains = {name: hits["importance"] - hits[name] for name in ("plain mean", "random items", "no convolution")}
    assert lead(gains["no convolution"], over=0.01) > 3
    assert max(lead(gains[name]) for name in ("plain mean", "random items")) < 3
    assert all(gains[name].mean() < gains["no convolution"].mean() / 3 for name in ("plain mean", "random items"))
    measured(
        "MovieLens, hit rate@20 of the next film, 5 splits, importance pooling against "
        + ", ".join(f"{name} {mean_sd(gain)}" for name, gain in gains.items())
    )


@claim(
    row=80,
    says="(Implied) What a user takes right after a pin is related to it.",
    verdict="holds: more than another item of the same user is",
    shown=("07", "5 · Train it"),
)
def test_the_next_item_is_closer_than_another_of_the_same_user(films, measured):
    users, query, following = consecutive_pairs(films.graph)
    genres = normalize(genre_features(films.genres), dim=1)  # (I, G)
    draw = torch.Generator().manual_seed(0)
    nth = (torch.rand(len(users), generator=draw, dtype=torch.double) * films.graph.user_degree[users]).long()
    another = films.graph.item[films.graph.user_offsets[users] + nth]
    other = another != query
    alike = [(genres[query] * genres[item]).sum(dim=1)[other].mean().item() for item in (following, another)]
    assert alike[0] > 1.1 * alike[1]
    measured("MovieLens, cosine of genres: {:.3f} with the next film, {:.3f} with another of the user's".format(*alike))


@claim(
    row=89,
    says="PinSAGE gives high-quality embeddings of users and items.",
    verdict="does not hold here: of items only; a user is put together from hers",
    shown=("07", "1 · The task has changed"),
)
def test_nothing_is_learnt_about_a_user(campus, measured):
    graph = campus.graph
    features = taste_features(campus.truth.item_taste, 0.5)
    model = PinSAGE(graph, features, dim=16, num_layers=1)
    twice = torch.cat([graph.user, graph.user + graph.num_users]), graph.item.repeat(2)
    crowd = InteractionGraph(2 * graph.num_users, graph.num_items, *twice)
    sizes = [
        {name: weight.shape for name, weight in PinSAGE(g, features, dim=16, num_layers=1).named_parameters()}
        for g in (graph, crowd)
    ]
    assert sizes[0] == sizes[1]
    list(train_epochs(model, graph, Recipe(epochs=1, batch_size=1024)))
    with torch.no_grad():
        users, items = model.embed()
    mean = torch.stack([items[graph.rows(torch.tensor([u]))[0]].mean(dim=0) for u in range(10)])
    assert torch.allclose(users[:10], mean, atol=1e-5)
    weights = sum(weight.numel() for weight in model.parameters())
    measured(f"campus: {weights:,} weights with 300 users and with 600, none of them a user's")
