from __future__ import annotations

import numpy as np
import pytest
import torch
from refusing import refused_argument
from torch import Tensor

from course_lib.graph import InteractionGraph
from course_lib.metrics import top_k
from course_lib.models import MatrixFactorization, Popularity
from course_lib.retrieval import TwoStage, list_hits, recommend


class Scores:
    """A model that has only ``score``."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix, (self.num_users, self.num_items) = matrix, matrix.shape

    def score(self, users: Tensor) -> Tensor:
        return self.matrix[users]


class Embeddings:
    """A model that has only ``embed``."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items, self.calls = users, items, 0
        self.num_users, self.num_items = len(users), len(items)

    def embed(self) -> tuple[Tensor, Tensor]:
        self.calls += 1
        return self.users, self.items


def world(seed: int, num_users: int = 12, num_items: int = 30, dim: int = 4) -> tuple[Embeddings, InteractionGraph]:
    generator = torch.Generator().manual_seed(seed)
    model = Embeddings(
        torch.randn(num_users, dim, generator=generator), torch.randn(num_items, dim, generator=generator)
    )
    user, item = (torch.rand(num_users, num_items, generator=generator) < 0.2).nonzero().T
    return model, InteractionGraph(num_users, num_items, user, item)


# ---- recommend


def test_lists_are_the_top_k_of_the_dense_scores_without_what_was_seen():
    model, first = world(0)
    second, users = world(1)[1], torch.tensor([5, 0, 5, 11])
    dense = model.users[users] @ model.items.T
    seen = (first.biadjacency().to_dense() + second.biadjacency().to_dense() > 0)[users]
    assert torch.equal(recommend(model, users, 7), top_k(dense, 7))
    assert torch.equal(recommend(model, users, 7, seen=(first, second)), top_k(dense, 7, seen))
    assert torch.equal(
        recommend(Scores(model.users @ model.items.T), users, 30, seen=(first,)),
        top_k(dense, 30, first.biadjacency().to_dense()[users] > 0),
    )


def test_embed_is_called_once_however_many_users(monkeypatch):
    monkeypatch.setattr("course_lib.retrieval.CELLS_AT_ONCE", 60)  # two users at a time
    model, graph = world(2)
    in_pieces = recommend(model, torch.arange(12), 5, seen=(graph,))
    assert model.calls == 1
    assert torch.equal(in_pieces, top_k(model.users @ model.items.T, 5, graph.biadjacency().to_dense() > 0))


def test_nobody_gets_an_empty_table_of_lists():
    assert recommend(world(0)[0], torch.empty(0, dtype=torch.long), 4).shape == (0, 4)


def test_lists_carry_no_gradient():
    model = MatrixFactorization(world(0)[1], dim=4)
    recommend(model, torch.arange(12), 3)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("k", [0, -1])
def test_recommend_refuses_an_empty_list(k):
    with refused_argument("k"):
        recommend(world(0)[0], torch.tensor([0]), k)


@pytest.mark.parametrize("user", [-1, 12])
def test_recommend_refuses_unknown_users(user):
    with refused_argument("users"):
        recommend(world(0)[0], torch.tensor([user]), 3)


def test_recommend_refuses_nan_scores():
    with refused_argument("scores"):
        recommend(Scores(torch.tensor([[0.0, torch.nan]])), torch.tensor([0]), 1)


def test_hits_are_those_of_the_users_with_positives_in_order():
    model, target = world(3)
    target = InteractionGraph(12, 30, target.user[target.user > 2], target.item[target.user > 2])
    hits, num_positives = list_hits(model, target, 6)
    positives = target.biadjacency().to_dense() > 0
    keep = positives.any(dim=1)
    expected = positives.gather(1, top_k(model.users @ model.items.T, 6))[keep]
    assert torch.equal(hits, expected)
    assert torch.equal(num_positives, positives.sum(dim=1)[keep])


# ---- two stages


@pytest.mark.parametrize("with_exclude", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_all_items_as_candidates_give_the_exact_list_of_the_ranker(seed, with_exclude):
    retriever, graph = world(seed)
    ranker = Scores(torch.randint(0, 6, (12, 30), generator=torch.Generator().manual_seed(seed)).float())  # many ties
    users = torch.tensor([3, 11, 0])
    exclude = graph.rows(users) if with_exclude else None
    got = TwoStage(retriever, ranker, num_candidates=30).recommend(users, 8, exclude=exclude)
    assert torch.equal(got, top_k(ranker.score(users), 8, exclude))


@pytest.mark.parametrize("with_exclude", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_candidates_are_the_exact_best_of_the_retriever(seed, with_exclude):
    retriever, graph = world(seed)
    users = torch.arange(12)
    exclude = graph.rows(users) if with_exclude else None
    got = TwoStage(retriever, Popularity(graph), num_candidates=9).candidates(users, exclude)
    expected = top_k(retriever.users @ retriever.items.T, 9, exclude)
    assert torch.equal(got.sort(dim=1).values, expected.sort(dim=1).values)


@pytest.mark.parametrize("index", ["Flat", "IVF4,Flat"])
def test_row_7_the_final_recall_is_at_most_the_recall_of_the_candidates(index):
    gaps = []
    for seed in range(15):
        (retriever, seen), (_, target) = world(seed, num_items=200), world(100 + seed, num_items=200)
        users, exclude = torch.arange(12), seen.rows(torch.arange(12))
        positives = target.rows(users)
        ranker = Scores(positives.float())  # a ranker that knows the truth
        two = TwoStage(retriever, ranker, num_candidates=20, index=index)
        for k in (1, 5, 20, 40):
            found, final = two.candidates(users, exclude), two.recommend(users, k, exclude=exclude)
            for u in range(12):
                truth = set(positives[u].nonzero().flatten().tolist())
                stage_one, stage_two = set(found[u].tolist()), set(final[u].tolist())
                assert stage_two <= stage_one | {-1}
                gaps.append(len(truth & stage_one) - len(truth & stage_two))
                assert len(truth & stage_two) == min(k, len(truth & stage_one))  # nothing is lost, nothing is repaired
    assert min(gaps) == 0
    assert max(gaps) > 0


def test_the_retriever_does_not_decide_the_order():
    retriever, _ = world(6)
    ranker = Scores(torch.rand(12, 30, generator=torch.Generator().manual_seed(0)))
    for user, row in enumerate(TwoStage(retriever, ranker, 10).recommend(torch.arange(12), 10).tolist()):
        best = np.argsort(-(retriever.users[user] @ retriever.items.T).numpy(), kind="stable")[:10]
        assert row == sorted(best.tolist(), key=lambda item: -ranker.matrix[user, item])


def test_what_is_excluded_never_comes_back_and_lists_are_padded():
    retriever, _ = world(7)
    exclude = torch.rand(12, 30, generator=torch.Generator().manual_seed(1)) < 0.9
    exclude[0] = True
    two = TwoStage(retriever, Scores(torch.rand(12, 30)), num_candidates=5)
    for stage in (two.candidates(torch.arange(12), exclude), two.recommend(torch.arange(12), 5, exclude=exclude)):
        assert stage.shape == (12, 5)
        for u, row in enumerate(stage.tolist()):
            free = set((~exclude[u]).nonzero().flatten().tolist())
            listed = [item for item in row if item >= 0]
            assert set(listed) <= free
            assert len(set(listed)) == len(listed) == min(5, len(free))
            assert row[len(listed) :] == [-1] * (5 - len(listed))


def test_lists_longer_than_candidates_and_candidates_more_than_items_are_padded():
    retriever, graph = world(8)
    assert (TwoStage(retriever, Popularity(graph), 3).recommend(torch.arange(12), 5)[:, 3:] == -1).all()
    wide = TwoStage(retriever, Popularity(graph), 40)
    assert (wide.candidates(torch.arange(12)).sort(dim=1).values[:, 10:] == torch.arange(30)).all()
    assert (wide.recommend(torch.arange(12), 35)[:, 30:] == -1).all()


def test_nobody_gets_no_list():
    retriever, graph = world(9)
    nobody = torch.empty(0, dtype=torch.long)
    assert TwoStage(retriever, Popularity(graph), 3).recommend(nobody, 2).shape == (0, 2)


def test_the_index_and_the_users_are_of_one_moment():
    graph = world(0)[1]
    model = MatrixFactorization(graph, dim=4)
    two = TwoStage(model, Popularity(graph), num_candidates=5)
    before = two.candidates(torch.arange(12))
    with torch.no_grad():
        model.user_table.neg_()  # training goes on
    assert torch.equal(two.candidates(torch.arange(12)), before)


def test_a_trainable_model_serves_both_stages():
    graph = world(0)[1]
    model = MatrixFactorization(graph, dim=4)
    got = TwoStage(model, model, num_candidates=10).recommend(torch.arange(12), 4)
    assert torch.equal(got, top_k(model.score(torch.arange(12)), 4))
    assert not got.requires_grad


@pytest.mark.parametrize("num_candidates", [0, -1])
def test_fewer_than_one_candidate_is_refused(num_candidates):
    retriever, graph = world(0)
    with refused_argument("num_candidates"):
        TwoStage(retriever, Popularity(graph), num_candidates)


def test_stages_over_different_items_are_refused():
    with refused_argument("ranker"):
        TwoStage(world(0)[0], Popularity(world(0, num_items=31)[1]), 3)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("k", {"k": 0}),
        ("users", {"users": torch.tensor([12])}),
        ("users", {"users": torch.tensor([-1])}),
        ("exclude", {"exclude": torch.zeros(1, 29, dtype=torch.bool)}),
        ("exclude", {"exclude": torch.zeros(1, 30)}),
    ],
    ids=["k 0", "user U", "user -1", "exclude of another width", "float exclude"],
)
def test_two_stage_refuses_bad_input_by_name(argument, change):
    retriever, graph = world(0)
    with refused_argument(argument):
        TwoStage(retriever, Popularity(graph), 3).recommend(**{"users": torch.tensor([0]), "k": 2} | change)
