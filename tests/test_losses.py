from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from refusing import refused_argument
from sklearn.metrics import roc_auc_score
from torch import Tensor

from course_lib import losses
from course_lib.losses import (
    binary_loss,
    bpr_loss,
    contrastive_loss,
    margin_loss,
    sampled_binary_loss,
    sampled_bpr_loss,
    softmax_loss,
    streamed_softmax_loss,
)
from course_lib.metrics import recall_at_k

TOY = torch.tensor([[-1.0, -3.0], [2.0, 4.0]], dtype=torch.double)  # row 29
SHIFTED = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.double)
DIAGONAL = torch.eye(2, dtype=torch.bool)
EXACT = pytest.mark.parametrize("loss", [binary_loss, bpr_loss])


# ---- the reference: plain loops in double precision


def minus_log_sigmoid(x: float) -> float:
    return math.log1p(math.exp(-x)) if x >= 0 else math.log1p(math.exp(x)) - x


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def binary_loop(scores: Tensor, positives: Tensor, negatives: Tensor) -> float:
    cells = [(u, i) for u in range(scores.shape[0]) for i in range(scores.shape[1])]
    up = [minus_log_sigmoid(float(scores[c])) for c in cells if positives[c]]
    down = [minus_log_sigmoid(-float(scores[c])) for c in cells if negatives[c]]
    return mean(up) + mean(down)


def bpr_loop(scores: Tensor, positives: Tensor, negatives: Tensor) -> float:
    per_user = []
    for row, pos, neg in zip(scores.tolist(), positives.tolist(), negatives.tolist(), strict=True):
        pairs = [minus_log_sigmoid(p - n) for p, yes in zip(row, pos, strict=True) if yes for n in chosen(row, neg)]
        if pairs:
            per_user.append(mean(pairs))
    return mean(per_user)


def softmax_loop(scores: Tensor, positives: Tensor) -> float:
    terms = []
    for row, edges in zip(scores.tolist(), positives.tolist(), strict=True):
        log_sum = math.log(sum(math.exp(score - max(row)) for score in row))
        terms += [max(row) - score + log_sum for score in chosen(row, edges)]
    return mean(terms)


def chosen(row: list[float], mask: list[bool]) -> list[float]:
    return [value for value, yes in zip(row, mask, strict=True) if yes]


def random_case(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, positives, negatives: some users have no positive, some no negative, one has both."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(1, 6)), int(rng.integers(2, 7))
    dealt = rng.choice([0, 1, 2], shape)
    dealt[0, :2] = 0, 1
    scores = torch.tensor(rng.normal(scale=rng.choice([0.1, 3.0, 30.0]), size=shape))
    return scores, torch.tensor(dealt == 0), torch.tensor(dealt == 1)


@pytest.mark.parametrize(
    ("loss", "reference"), [(binary_loss, binary_loop), (bpr_loss, bpr_loop)], ids=["binary", "bpr"]
)
def test_equals_the_plain_loop_on_200_random_cases(loss, reference):
    for seed in range(200):
        scores, positives, negatives = random_case(seed)
        assert loss(scores, positives, negatives).item() == pytest.approx(
            reference(scores, positives, negatives), rel=1e-9
        )
        assert loss(scores, positives).item() == pytest.approx(reference(scores, positives, ~positives), rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_the_softmax_loss_equals_the_plain_loop(seed):
    rng = np.random.default_rng(seed)
    scores = torch.tensor(rng.normal(scale=rng.choice([0.1, 3.0, 100.0]), size=(5, 7)))
    positives = torch.tensor(rng.random((5, 7)) < 0.3)
    positives[0], positives[1], positives[2, 3] = False, True, True  # no edge; nothing but edges; at least one
    assert softmax_loss(scores, positives).item() == pytest.approx(softmax_loop(scores, positives), rel=1e-9)
    shift = torch.tensor(rng.normal(size=(5, 1)))
    assert softmax_loss(scores + shift, positives).item() == pytest.approx(softmax_loss(scores, positives).item())
    assert torch.autograd.gradcheck(lambda s: softmax_loss(s, positives), scores.requires_grad_())


def factors(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors of 9 users and 7 items, and edges: one user has none, one has all items."""
    rng = np.random.default_rng(seed)
    users, items = (torch.tensor(rng.normal(scale=rng.choice([0.1, 1.0, 5.0]), size=(n, 3))) for n in (9, 7))
    positives = torch.tensor(rng.random((9, 7)) < 0.4)
    positives[2], positives[4] = False, True
    return users.requires_grad_(), items.requires_grad_(), positives


@pytest.mark.parametrize("rows_at_once", [1, 2, 4, 100])
@pytest.mark.parametrize("seed", range(5))
def test_the_streamed_softmax_is_the_plain_one_with_its_gradients(monkeypatch, seed, rows_at_once):
    monkeypatch.setattr(losses, "CELLS_AT_ONCE", rows_at_once * 7)
    users, items, positives = factors(seed)
    plain = softmax_loss(users @ items.T, positives)
    streamed = streamed_softmax_loss(users, items, *positives.nonzero().T)
    assert streamed.item() == pytest.approx(plain.item(), rel=1e-12)
    for own, other in zip(*(torch.autograd.grad(3 * loss, (users, items)) for loss in (plain, streamed)), strict=True):
        assert torch.allclose(own, other, rtol=1e-9, atol=1e-12)
    assert torch.autograd.gradcheck(lambda u, i: streamed_softmax_loss(u, i, *positives.nonzero().T), (users, items))


def test_the_streamed_softmax_needs_no_more_memory_for_more_users(monkeypatch):
    monkeypatch.setattr(losses, "CELLS_AT_ONCE", 4 * 7)
    shapes, original = [], torch.mm
    monkeypatch.setattr(torch, "mm", lambda a, b, out: shapes.append(out.shape) or original(a, b, out=out))
    users, items, positives = factors(0)
    streamed_softmax_loss(users, items, *positives.nonzero().T)
    assert shapes == [(4, 7), (4, 7), (1, 7)]


def test_the_streamed_softmax_stays_finite_where_exp_overflows():
    users, items, positives = (part * 1000.0 if part.is_floating_point() else part for part in factors(0))
    loss = streamed_softmax_loss(users.float(), items.float(), *positives.nonzero().T)
    assert loss.isfinite()
    assert loss.item() == pytest.approx(softmax_loss(users @ items.T, positives).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("item_emb", {"item_emb": torch.zeros(7, 4)}),
        ("item_emb", {"item_emb": torch.zeros(7)}),
        ("item", {"item": torch.tensor([0])}),
        ("item", {"row": torch.empty(0, dtype=torch.long), "item": torch.empty(0, dtype=torch.long)}),
        ("item", {"item": torch.tensor([0, 7])}),
        ("item", {"item": torch.tensor([-1, 0])}),
        ("row", {"row": torch.tensor([1, 0])}),
        ("row", {"row": torch.tensor([0, 9])}),
        ("row", {"row": torch.tensor([-1, 0])}),
    ],
)
def test_the_streamed_softmax_refuses_what_does_not_fit(argument, change):
    fitting = {"user_emb": torch.zeros(9, 3), "item_emb": torch.zeros(7, 3)}
    fitting |= {"row": torch.tensor([0, 1]), "item": torch.tensor([5, 5])}
    assert streamed_softmax_loss(**fitting).item() == pytest.approx(math.log(7))
    with refused_argument(argument):
        streamed_softmax_loss(**(fitting | change))


@pytest.mark.parametrize(
    ("loss", "scores", "expected"),
    [(binary_loss, TOY, 1.7535), (bpr_loss, TOY, 0.1269), (binary_loss, SHIFTED, 0.6265), (bpr_loss, SHIFTED, 0.1269)],
)
def test_row_29_the_toy_of_two_users_and_two_items(loss, scores, expected):
    assert loss(scores, DIAGONAL).item() == pytest.approx(expected, abs=5e-5)
    assert recall_at_k(scores, DIAGONAL, 1) == 1


@EXACT
def test_equal_scores_cost_log_2_for_each_mean(loss):
    value = loss(torch.full((3, 4), 0.0), torch.eye(3, 4, dtype=torch.bool)).item()
    assert value == pytest.approx(math.log(2) * (2 if loss is binary_loss else 1))


def test_row_30_bpr_is_log_2_at_any_equal_scores_and_positive_for_a_perfect_ranking():
    assert bpr_loss(torch.full((3, 4), 17.0), torch.eye(3, 4, dtype=torch.bool)).item() == pytest.approx(math.log(2))
    assert bpr_loss(torch.eye(3, 4), torch.eye(3, 4, dtype=torch.bool)) > 0


def test_row_31_a_shift_of_a_users_scores_changes_binary_and_not_bpr():
    scores, positives, negatives = random_case(4)
    shift = torch.linspace(-3, 5, len(scores), dtype=torch.double)[:, None]
    before, after = bpr_loss(scores, positives, negatives), bpr_loss(scores + shift, positives, negatives)
    assert after.item() == pytest.approx(before.item())
    assert abs(binary_loss(scores + 1, positives) - binary_loss(scores, positives)) > 1e-3


@EXACT
def test_the_names_of_users_and_items_do_not_matter(loss):
    scores, positives, _ = random_case(2)
    rows, columns = (torch.randperm(n, generator=torch.Generator().manual_seed(n)) for n in scores.shape)
    moved = loss(scores[rows][:, columns], positives[rows][:, columns])
    assert moved.item() == pytest.approx(loss(scores, positives).item())


def test_row_25_binary_is_cross_entropy_only_with_class_weights():
    scores, positives, _ = random_case(7)
    weight = torch.where(positives, 1 / positives.sum(), 1 / (~positives).sum()).double()
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
    weighted = cross_entropy(scores, positives.double(), weight=weight, reduction="sum")
    assert binary_loss(scores, positives).item() == pytest.approx(weighted.item())
    assert abs(binary_loss(scores, positives) - 2 * cross_entropy(scores, positives.double())) > 1e-3


def test_row_34_bpr_in_bits_bounds_one_minus_auc():
    for seed in range(30):
        scores, positives, _ = random_case(seed)
        row, labels = scores[:1].round(), positives[:1]  # rounded: some ties
        bound = bpr_loss(row, labels).item() / math.log(2)
        assert bound >= 1 - roc_auc_score(labels[0].numpy(), row[0].numpy()) - 1e-12


def test_row_22_a_lower_bpr_can_go_with_a_lower_recall():
    generator, cases = torch.Generator().manual_seed(0), []
    for _ in range(50):
        scores = torch.randn(2, 3, generator=generator)
        positives = torch.tensor([[True, False, False], [False, True, False]])
        cases.append((bpr_loss(scores, positives).item(), recall_at_k(scores, positives, 1).item()))
    assert any(a[0] < b[0] and a[1] < b[1] for a in cases for b in cases)


# ---- numerics


@pytest.mark.parametrize("size", [17.0, 100.0, 1e4])
@pytest.mark.parametrize("sign", [1, -1], ids=["right", "wrong"])
def test_large_logits_lose_nothing_in_single_precision(size, sign):
    scores = (torch.eye(2) * 2 - 1) * size * sign  # float32
    for loss, reference in ((binary_loss, binary_loop), (bpr_loss, bpr_loop)):
        value = loss(scores, DIAGONAL)
        assert value.item() == pytest.approx(reference(scores.double(), DIAGONAL, ~DIAGONAL), rel=1e-6, abs=1e-43)


@pytest.mark.parametrize("size", [17.0, 100.0, 1e4])
def test_large_wrong_logits_still_pull_with_full_force(size):
    scores = (1 - torch.eye(2) * 2).mul(size).requires_grad_()
    (gradient,) = torch.autograd.grad(bpr_loss(scores, DIAGONAL), scores)
    assert gradient.tolist() == pytest.approx(np.array([[-0.5, 0.5], [0.5, -0.5]]), rel=1e-6)


def test_sampled_losses_lose_nothing_either():
    pos, neg = torch.tensor([-100.0, 1e4]), torch.tensor([[100.0], [-1e4]])
    assert sampled_bpr_loss(pos, neg).item() == pytest.approx(100.0)
    assert sampled_binary_loss(pos, neg).item() == pytest.approx(100.0)


# ---- gradients


@EXACT
def test_gradients_are_right(loss):
    scores, positives, negatives = random_case(5)
    assert torch.autograd.gradcheck(lambda s: loss(s, positives, negatives), scores.clamp(-5, 5).requires_grad_())


def test_gradients_of_the_sampled_losses_are_right():
    generator = torch.Generator().manual_seed(1)
    pos = torch.randn(4, generator=generator, dtype=torch.double).requires_grad_()
    neg = torch.randn(4, 3, generator=generator, dtype=torch.double).requires_grad_()
    for loss in (sampled_binary_loss, sampled_bpr_loss, lambda p, n: margin_loss(p, n, 0.3)):
        assert torch.autograd.gradcheck(loss, (pos, neg))


def row_sums_of_gradient(loss: Callable, scores: Tensor, positives: Tensor) -> list[float]:
    scores = scores.clone().requires_grad_()
    return torch.autograd.grad(loss(scores, positives), scores)[0].sum(dim=1).tolist()


def test_row_30_the_bpr_gradient_sums_to_zero_per_user_and_the_binary_one_does_not():
    assert row_sums_of_gradient(bpr_loss, TOY, DIAGONAL) == pytest.approx([0, 0], abs=1e-12)
    assert row_sums_of_gradient(binary_loss, TOY, DIAGONAL) == pytest.approx([-0.342, 0.431], abs=5e-4)
    scores, positives, _ = random_case(11)
    assert row_sums_of_gradient(bpr_loss, scores, positives) == pytest.approx([0] * len(scores), abs=1e-12)


@EXACT
def test_row_26_positives_are_pushed_up_and_negatives_down(loss):
    scores = TOY.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(scores, DIAGONAL), scores)
    assert (gradient[DIAGONAL] < 0).all()
    assert (gradient[~DIAGONAL] > 0).all()


# ---- sampled losses


def sampled_loop(pair: Callable[[float, float], float], pos: Tensor, neg: Tensor) -> float:
    return mean([pair(p, n) for p, row in zip(pos.tolist(), neg.tolist(), strict=True) for n in row])


def test_sampled_losses_and_margin_equal_plain_loops():
    for seed in range(30):
        generator = torch.Generator().manual_seed(seed)
        pos = torch.randn(1 + seed % 5, generator=generator, dtype=torch.double)
        neg = torch.randn(1 + seed % 5, 1 + seed % 3, generator=generator, dtype=torch.double)
        binary = mean([minus_log_sigmoid(p) for p in pos.tolist()]) + mean(
            [minus_log_sigmoid(-n) for n in neg.flatten().tolist()]
        )
        assert sampled_binary_loss(pos, neg).item() == pytest.approx(binary)
        bpr = sampled_loop(lambda p, n: minus_log_sigmoid(p - n), pos, neg)
        assert sampled_bpr_loss(pos, neg).item() == pytest.approx(bpr)
        hinge = sampled_loop(lambda p, n: max(0.0, n - p + 0.5), pos, neg)
        assert margin_loss(pos, neg, 0.5).item() == pytest.approx(hinge)


def test_margin_loss_by_hand_and_by_torch():
    pos, neg = torch.tensor([1.0, 0.0]), torch.tensor([[0.0, 0.9], [-5.0, 0.2]])
    assert margin_loss(pos, neg, 0.5).item() == pytest.approx((0 + 0.4 + 0 + 0.7) / 4)
    ranking_loss = torch.nn.functional.margin_ranking_loss
    theirs = ranking_loss(pos[:, None].expand(2, 2), neg, torch.ones(2, 2), margin=0.5)
    assert margin_loss(pos, neg, 0.5).item() == pytest.approx(theirs.item())
    assert margin_loss(pos, neg - 10, 0.5) == 0


def draw(weights: Tensor, num: int, generator: torch.Generator) -> Tensor:
    return torch.multinomial(weights.double(), num, replacement=True, generator=generator)


def unbiased(batches: list[float], exact: float) -> bool:
    return abs(np.mean(batches) - exact) < 4 * np.std(batches) / math.sqrt(len(batches))


def test_rows_27_and_35_the_sampled_losses_are_unbiased():
    generator = torch.Generator().manual_seed(3)
    scores = torch.randn(6, 8, generator=generator, dtype=torch.double) * 2
    positives = torch.rand(6, 8, generator=generator) < torch.linspace(0.15, 0.8, 6)[:, None]
    assert positives.sum(dim=1).unique().numel() > 2  # users of unequal weight, or the test would not see edge sampling
    active = positives.any(dim=1) & ~positives.all(dim=1)
    bpr, binary = [], []
    for _ in range(3000):
        users = draw(active, 8, generator)
        pos = torch.multinomial(positives[users].double(), 1, generator=generator)
        neg = torch.multinomial((~positives[users]).double(), 2, replacement=True, generator=generator)
        bpr.append(sampled_bpr_loss(scores[users[:, None], pos].flatten(), scores[users[:, None], neg]).item())
        pos, neg = draw(positives.flatten(), 8, generator), draw(~positives.flatten(), 16, generator)
        binary.append(sampled_binary_loss(scores.flatten()[pos], scores.flatten()[neg].view(8, 2)).item())
    assert unbiased(bpr, bpr_loss(scores, positives).item())
    assert unbiased(binary, binary_loss(scores, positives).item())


# ---- edges of the domain


def test_users_without_a_positive_or_a_negative_are_left_out_of_bpr():
    scores = torch.tensor([[1.0, 0.0], [5.0, 9.0], [3.0, 7.0]])
    positives = torch.tensor([[True, False], [True, True], [False, False]])
    assert bpr_loss(scores, positives).item() == pytest.approx(minus_log_sigmoid(1.0))


@pytest.mark.parametrize("fill", [True, False])
def test_nobody_with_both_kinds_is_refused(fill):
    mask = torch.full((2, 3), fill)
    with refused_argument("positives"):
        bpr_loss(torch.rand(2, 3), mask)
    with refused_argument("negatives" if fill else "positives"):
        binary_loss(torch.rand(2, 3), mask)


def test_the_softmax_loss_refuses_what_it_cannot_use():
    scores, positives = torch.zeros(2, 3), torch.ones(2, 3, dtype=torch.bool)
    for argument, arguments in {"scores": (scores.long(), positives), "positives": (scores, positives[:1])}.items():
        with refused_argument(argument):
            softmax_loss(*arguments)
    with refused_argument("positives"):
        softmax_loss(scores, ~positives)


@EXACT
@pytest.mark.parametrize(
    ("argument", "bad"),
    [
        ("scores", torch.ones(3)),
        ("scores", torch.ones(2, 2, dtype=torch.long)),
        ("positives", torch.eye(2)),
        ("positives", torch.ones(2, 3, dtype=torch.bool)),
        ("negatives", torch.eye(2)),
        ("negatives", torch.ones(1, 2, dtype=torch.bool)),
    ],
    ids=str,
)
def test_bad_matrices_are_refused_by_name(loss, argument, bad):
    arguments = {"scores": torch.rand(2, 2), "positives": DIAGONAL, "negatives": ~DIAGONAL, argument: bad}
    with refused_argument(argument):
        loss(**arguments)


@pytest.mark.parametrize("loss", [sampled_binary_loss, sampled_bpr_loss, lambda pos, neg: margin_loss(pos, neg, 0.1)])
@pytest.mark.parametrize(
    ("argument", "pos", "neg"),
    [
        ("pos", torch.rand(2, 1), torch.rand(2, 1)),
        ("pos", torch.rand(0), torch.rand(0, 1)),
        ("neg", torch.rand(2), torch.rand(2)),
        ("neg", torch.rand(2), torch.rand(3, 1)),
        ("neg", torch.rand(2), torch.rand(2, 0)),
        ("pos", torch.tensor([1, 2]), torch.tensor([[1], [2]])),
    ],
    ids=["pos 2-D", "pos empty", "neg 1-D", "neg of another length", "no neg", "integers"],
)
def test_bad_samples_are_refused_by_name(loss, argument, pos, neg):
    with refused_argument(argument):
        loss(pos, neg)


@pytest.mark.parametrize("margin", [-0.1, math.nan])
def test_a_negative_margin_is_refused(margin):
    with refused_argument("margin"):
        margin_loss(torch.rand(2), torch.rand(2, 1), margin)


def test_the_contrastive_loss_is_that_of_a_double_loop():
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 5, 3, generator=generator, dtype=torch.double)
    terms = []
    for i, vector in enumerate(first):
        near = [float(vector @ other / (vector.norm() * other.norm())) / 0.3 for other in second]
        terms.append(math.log(sum(map(math.exp, near))) - near[i])
    assert contrastive_loss(first, second, 0.3).item() == pytest.approx(mean(terms))


def test_without_noise_the_contrastive_loss_only_spreads():
    angles = torch.tensor([0.0, 0.1, 0.2, 0.3])
    clumped, spread = (torch.stack([a.cos(), a.sin()], dim=1) for a in (angles, angles * 5 * math.pi))
    assert contrastive_loss(spread, spread, 0.2) < contrastive_loss(clumped, clumped, 0.2)
    longer = torch.tensor([[1.0], [2.0], [3.0], [4.0]]) * clumped
    assert contrastive_loss(longer, longer, 0.2).item() == pytest.approx(contrastive_loss(clumped, clumped, 0.2).item())


@pytest.mark.parametrize(
    ("argument", "shapes", "temperature"),
    [("second", ((2, 3), (2, 4)), 1.0), ("second", ((0, 3), (0, 3)), 1.0), ("temperature", ((2, 3), (2, 3)), 0.0)],
)
def test_the_contrastive_loss_refuses_what_it_cannot_use(argument, shapes, temperature):
    with refused_argument(argument):
        contrastive_loss(*map(torch.rand, shapes), temperature)
