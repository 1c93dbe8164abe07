"""Rows 13 and 73: what can be said of an item that nobody has yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import pytest
import torch
from claims.frame import claim, mean_sd
from over_seeds import SEEDS, lead
from torch import Tensor

from course_lib.datasets import Dataset
from course_lib.features import genre_features
from course_lib.graph import InteractionGraph
from course_lib.metrics import recall_at_k
from course_lib.models import LightGCN, PinSAGE, TextMean
from course_lib.training import recipe_for, train_epochs


@dataclass(frozen=True)
class NewFilms:
    """A fifth of the films with at least 20 edges, and what was trained before anybody had them."""

    new: Tensor
    before: InteractionGraph
    light: LightGCN


@pytest.fixture(scope="module")
def new_films(films: Dataset) -> list[NewFilms]:
    """One a seed; LightGCN has met the new films as nodes without edges."""
    found = []
    for seed in SEEDS:
        known = (films.graph.item_degree >= 20).nonzero().flatten()
        order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
        new = known[order[: len(known) // 5]]
        before = part_of(films.graph, ~torch.isin(films.graph.item, new))
        light = LightGCN(before, seed=seed)
        list(train_epochs(light, before, replace(recipe_for(light, films.name, "softmax"), seed=seed)))
        found.append(NewFilms(new, before, light))
    return found


@pytest.mark.slow
@claim(
    row=13,
    says="(Implied) The GNN is ahead for new items, too.",
    verdict="does not hold here: LightGCN ranks items without edges by chance, text does not",
    shown=("09", "6 · Films that nobody has seen yet"),
)
def test_text_wins_among_items_without_edges(films, film_text, new_films, measured):
    users = torch.arange(films.graph.num_users)
    light_recall, text_recall = [], []
    for drawn in new_films:
        text = TextMean(drawn.before, film_text, center=True)
        truth = films.graph.rows(users)[:, drawn.new]  # (U, new)
        for model, recall in ((drawn.light, light_recall), (text, text_recall)):
            recall.append(recall_at_k(model.score(users)[:, drawn.new].detach(), truth, 20).item())
    num_new = len(new_films[0].new)
    chance = 20 / num_new
    assert fmean(light_recall) < 1.5 * chance
    assert lead(text_recall, over=2 * chance) > 3
    assert lead(np.subtract(text_recall, light_recall)) > 3
    measured(
        f"recall@20 among {num_new} films without edges, 5 draws of them: LightGCN {mean_sd(light_recall)}, "
        f"centred text {mean_sd(text_recall)}, chance {chance:.3f}"
    )


@pytest.mark.slow
@claim(
    row=73,
    says="A fresh pin gets an embedding in seconds.",
    verdict="holds, without retraining: better than chance with no edge, and better with ten; LightGCN has none for it",
    shown=("07", "6 · A film that nobody has rated yet"),
)
def test_a_new_film_gets_an_embedding_without_retraining(films, film_text, new_films, measured):
    features = torch.cat([film_text, genre_features(films.genres)], dim=1)
    features = features - features.mean(dim=0)
    recall = {"none": [], "ten": [], "LightGCN": []}
    for seed, drawn in zip(SEEDS, new_films, strict=True):
        sage = PinSAGE(drawn.before, features, num_layers=1, seed=seed)
        list(train_epochs(sage, drawn.before, replace(recipe_for(sage, films.name), epochs=4, seed=seed)))
        runs = {"none": [], "ten": [], "LightGCN": []}
        with torch.no_grad():
            none, light = sage.embed(), drawn.light.embed()
            for draw in range(3):  # which ten they are moves the recall as much as another seed does
                graph, rest = ten_edges_later(films.graph, drawn.new, 10 * seed + draw)
                ten = sage.on(graph, features).embed()
                runs["none"].append(recall_among(none, drawn.new, drawn.before, rest))
                runs["ten"].append(recall_among(ten, drawn.new, graph, rest))
                runs["LightGCN"].append(recall_among(light, drawn.new, drawn.before, rest))
        for name, values in runs.items():
            recall[name].append(fmean(values))
    num_new = len(new_films[0].new)
    chance = 20 / num_new
    gain = np.subtract(recall["ten"], recall["none"])
    assert lead(recall["none"], over=1.5 * chance) > 3
    assert gain.mean() > 0
    assert (gain > 0).sum() >= 4
    assert lead(np.subtract(recall["none"], recall["LightGCN"])) > 3  # which row 13 holds against chance
    measured(
        f"recall@20 among {num_new} films that came after training, 5 draws of them: without an edge "
        f"{mean_sd(recall['none'])}, with 10 {mean_sd(recall['ten'])}; LightGCN's start vectors "
        f"{mean_sd(recall['LightGCN'])}, chance {chance:.3f}"
    )


def ten_edges_later(graph: InteractionGraph, new: Tensor, seed: int) -> tuple[InteractionGraph, InteractionGraph]:
    """The graph with ten random edges of each new item, and the other edges of the new ones."""
    shuffled = torch.randperm(graph.num_edges, generator=torch.Generator().manual_seed(seed))
    order = shuffled[graph.item[shuffled].argsort(stable=True)]  # by item, at random within one
    first = graph.item_degree.cumsum(0) - graph.item_degree
    place = torch.empty_like(order)
    place[order] = torch.arange(graph.num_edges) - first[graph.item[order]]
    later = torch.isin(graph.item, new) & (place >= 10)
    return part_of(graph, ~later), part_of(graph, later)


def part_of(graph: InteractionGraph, kept: Tensor) -> InteractionGraph:
    """The same users and items, and of the edges (E,) those that are kept."""
    return InteractionGraph(graph.num_users, graph.num_items, graph.user[kept], graph.item[kept])


def recall_among(
    embeddings: tuple[Tensor, Tensor], new: Tensor, graph: InteractionGraph, target: InteractionGraph
) -> float:
    """Recall@20 where only the new items are ranked, for users who took one of them."""
    users, items = embeddings
    asked = target.user_degree.nonzero().flatten()
    positives, seen = (part.rows(asked)[:, new] for part in (target, graph))
    return recall_at_k(users[asked] @ items[new].T, positives, 20, exclude=seen).item()
