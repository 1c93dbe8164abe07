from __future__ import annotations

import pytest
import torch

from course_lib.graph import InteractionGraph
from course_lib.models import EmbeddingModel, MatrixFactorization

GRAPH = InteractionGraph(5, 7, torch.tensor([0, 1, 4]), torch.tensor([6, 0, 3]))


def refused(argument: str):
    return pytest.raises(ValueError, match=rf"^{argument}: got [^\n]+, wanted [^\n]+$")


class Doubled(EmbeddingModel):
    """Final embeddings that are not the tables."""

    def embed(self):
        return 2 * self.user_table, self.item_table


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
    with refused("users"):
        MatrixFactorization(GRAPH, dim=2).score(torch.tensor([user]))


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
    with refused("dim"):
        MatrixFactorization(GRAPH, dim=dim)
