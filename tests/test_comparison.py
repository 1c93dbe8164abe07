from __future__ import annotations

import re

import pytest
import torch

from course_lib.comparison import KEPT, MODELS, SETTINGS, build, contestants, split_of
from course_lib.datasets import load
from course_lib.graph import InteractionGraph, split
from course_lib.models import EmbeddingModel, GraphModel
from course_lib.training import recipe_for

TUNED = [name for name in SETTINGS if name != "campus"]
COMPLETE = [name for name in TUNED if name.startswith("movielens")]  # those for which every model was tuned
LEARNT = {name for name, (model, _) in MODELS.items() if issubclass(model, EmbeddingModel)}


def edges(graph: InteractionGraph) -> set[tuple[int, int]]:
    return set(zip(graph.user.tolist(), graph.item.tolist(), strict=True))


def test_thinning_takes_training_edges_only():
    whole, thin = split_of("campus", seed=3), split_of("campus thinned", seed=3)
    assert edges(thin.train) < edges(whole.train)
    assert edges(thin.val) == edges(whole.val)
    assert edges(thin.test) == edges(whole.test)
    kept = thin.train.user_degree.double()
    wanted = (KEPT * whole.train.user_degree.double()).clamp(min=1)
    assert ((kept - wanted).abs() <= 0.5).all()


def test_a_split_is_that_of_its_seed():
    assert edges(split_of("campus", 1).test) == edges(split(load("campus").graph, seed=1).test)
    assert edges(split_of("campus thinned", 1).train) != edges(split_of("campus thinned", 2).train)


@pytest.mark.parametrize("name", MODELS)
def test_every_contestant_scores_and_starts_from_its_seed(name):
    graph = split_of("campus", 0).train
    model = build(name, graph, 1)
    users = torch.arange(4)
    assert model.score(users).shape == (4, graph.num_items)
    assert torch.equal(model.score(users), build(name, graph, 1).score(users))
    if isinstance(model, EmbeddingModel):
        assert not torch.equal(model.score(users), build(name, graph, 2).score(users))
    if isinstance(model, GraphModel):
        assert model.num_layers == 3


@pytest.mark.parametrize("loss", ["bpr", "softmax"])
@pytest.mark.parametrize("dataset", COMPLETE)
def test_everybody_takes_part(dataset, loss):
    builders, recipes = contestants(dataset, loss)
    assert list(builders) == list(MODELS)
    assert set(recipes) == LEARNT


@pytest.mark.parametrize("dataset", TUNED)
def test_whoever_learns_has_a_recipe(dataset):
    builders, recipes = contestants(dataset)
    assert list(builders) == [name for name in MODELS if name in recipes or name not in LEARNT]
    assert {"MatrixFactorization", "LightGCN"} <= set(recipes)
    assert all(recipes[name] == recipe_for(name, dataset) for name in recipes)
    graph = split_of("campus", 0).train
    for name, settings in SETTINGS[dataset].items():
        (setting, value), *_ = settings.items()
        different = build(name, graph, 0, **{setting: type(value)(value / 8)})
        assert not torch.equal(builders[name](graph, 0).score(torch.arange(4)), different.score(torch.arange(4)))


@pytest.mark.parametrize("dataset", TUNED)
def test_with_softmax_those_learn_that_were_tuned_for_it(dataset):
    builders, recipes = contestants(dataset, "softmax")
    assert {"MatrixFactorization", "LightGCN"} <= set(recipes) <= LEARNT
    assert list(builders) == [name for name in MODELS if name in recipes or name not in LEARNT]
    assert {recipe.loss for recipe in recipes.values()} == {"softmax"}
    with pytest.raises(ValueError, match=r"^loss: got 'hinge', wanted 'bpr' or 'softmax'"):
        contestants(dataset, "hinge")


def test_names_that_nobody_has_are_refused():
    graph = split_of("campus", 0).train
    with pytest.raises(ValueError, match=re.escape("name: got 'SVD', wanted one of 'Popularity'")):
        build("SVD", graph, 0)
    with pytest.raises(ValueError, match=r"^dataset: got 'gowalla', wanted 'movielens-100k'"):
        contestants("gowalla")
