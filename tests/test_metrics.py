from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from refusing import refused_argument
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score
from torch import Tensor

from course_lib import metrics
from course_lib.metrics import top_k

NAN, INF = math.nan, math.inf


# ---- the reference: plain loops over lists and sets


def ranking(scores: list[float], excluded: list[bool]) -> list[int]:
    return sorted((i for i in range(len(scores)) if not excluded[i]), key=lambda i: (-scores[i], i))


def recall(ranked: list[int], positives: set[int], k: int) -> float:
    return len(positives & set(ranked[:k])) / len(positives)


def precision(ranked: list[int], positives: set[int], k: int) -> float:
    return len(positives & set(ranked[:k])) / k


def f1(ranked: list[int], positives: set[int], k: int) -> float:
    p, r = precision(ranked, positives, k), recall(ranked, positives, k)
    return 2 * p * r / (p + r) if p + r else 0.0


def hit_rate(ranked: list[int], positives: set[int], k: int) -> float:
    return float(any(item in positives for item in ranked[:k]))


def ndcg(ranked: list[int], positives: set[int], k: int) -> float:
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(ranked[:k], 1) if item in positives)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(positives)) + 1))


def average_precision(ranked: list[int], positives: set[int], k: int) -> float:
    total = sum(precision(ranked, positives, rank) for rank, item in enumerate(ranked[:k], 1) if item in positives)
    return total / min(len(positives), k)


def reciprocal_rank(ranked: list[int], positives: set[int], k: int) -> float:
    return next((1 / rank for rank, item in enumerate(ranked, 1) if item in positives), 0.0)


def mrr(scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None = None, per_user: bool = False) -> Tensor:
    return metrics.mrr(scores, positives, exclude, per_user)


PAIRS = {
    "recall": (metrics.recall_at_k, recall),
    "precision": (metrics.precision_at_k, precision),
    "f1": (metrics.f1_at_k, f1),
    "hit_rate": (metrics.hit_rate_at_k, hit_rate),
    "ndcg": (metrics.ndcg_at_k, ndcg),
    "average_precision": (metrics.average_precision_at_k, average_precision),
    "mrr": (mrr, reciprocal_rank),
}
each_metric = pytest.mark.parametrize(("metric", "reference"), PAIRS.values(), ids=PAIRS)
each_at_k = pytest.mark.parametrize("metric", [ours for name, (ours, _) in PAIRS.items() if name != "mrr"])


def small_case(seed: int) -> tuple[Tensor, Tensor, int, Tensor | None]:
    """Few users and items; two cases in three full of ties, with ±inf and −0; positives may be excluded."""
    rng = np.random.default_rng(seed)
    num_users, num_items = int(rng.integers(0, 5)), int(rng.integers(1, 8))
    shape = num_users, num_items
    tied = rng.choice([-INF, -2.0, -0.0, 0.0, 1.0, INF], shape)
    scores = tied if seed % 3 else rng.normal(size=shape)
    positives = rng.random(shape) < rng.choice([0.1, 0.5, 1.0])
    exclude = None if seed % 4 == 0 else torch.tensor(rng.random(shape) < rng.choice([0.2, 0.6, 1.0]))
    return torch.tensor(scores), torch.tensor(positives), int(rng.integers(1, num_items + 4)), exclude


def loop(reference: Callable, scores: Tensor, positives: Tensor, k: int, exclude: Tensor | None) -> list[float]:
    values = []
    for u in range(len(scores)):
        excluded = [False] * scores.shape[1] if exclude is None else exclude[u].tolist()
        mine = set(positives[u].nonzero().flatten().tolist())
        values.append(reference(ranking(scores[u].tolist(), excluded), mine, k) if mine else NAN)
    return values


@each_metric
def test_equals_the_plain_loop_on_400_small_cases(metric, reference):
    for seed in range(400):
        scores, positives, k, exclude = small_case(seed)
        expected = loop(reference, scores, positives, k, exclude)
        per_user = metric(scores, positives, k, exclude=exclude, per_user=True)
        assert per_user.tolist() == pytest.approx(expected, abs=1e-12, nan_ok=True), f"case {seed}"
        counted = [value for value in expected if not math.isnan(value)]
        mean = sum(counted) / len(counted) if counted else NAN
        assert metric(scores, positives, k, exclude=exclude).item() == pytest.approx(mean, abs=1e-12, nan_ok=True)


def test_lists_equal_the_plain_loop_on_400_small_cases():
    for seed in range(400):
        scores, _, k, exclude = small_case(seed)
        for u, row in enumerate(top_k(scores, k, exclude).tolist()):
            excluded = [False] * scores.shape[1] if exclude is None else exclude[u].tolist()
            best = ranking(scores[u].tolist(), excluded)[:k]
            assert row == best + [-1] * (k - len(best)), f"case {seed}"


@pytest.mark.parametrize("levels", [2, 40, 10_000])
def test_long_lists_with_ties_equal_a_full_sort(levels):
    rng = np.random.default_rng(levels)
    scores, exclude = rng.integers(0, levels, (30, 3000)).astype(np.float32), rng.random((30, 3000)) < 0.3
    removed_last = np.where(exclude, np.inf, -scores)
    expected = np.lexsort([np.broadcast_to(np.arange(3000), scores.shape), removed_last], axis=1)[:, :50]
    assert np.array_equal(top_k(torch.tensor(scores), 50, torch.tensor(exclude)).numpy(), expected)


# ---- independent libraries


def separate_scores(seed: int, num_users: int = 12, num_items: int = 15) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    positives = rng.random((num_users, num_items)) < 0.3
    positives[np.arange(num_users), rng.integers(0, num_items, num_users)] = True
    return torch.tensor(rng.normal(size=(num_users, num_items))), torch.tensor(positives)


@pytest.mark.parametrize("k", [1, 3, 15])
def test_ndcg_agrees_with_scikit_learn(k):
    for seed in range(10):
        scores, positives = separate_scores(seed)
        theirs = ndcg_score(positives.numpy().astype(int), scores.numpy(), k=k, ignore_ties=True)
        assert metrics.ndcg_at_k(scores, positives, k).item() == pytest.approx(theirs)


def test_average_precision_of_the_whole_list_agrees_with_scikit_learn():
    for seed in range(10):
        scores, positives = separate_scores(seed)
        theirs = label_ranking_average_precision_score(positives.numpy().astype(int), scores.numpy())
        assert metrics.average_precision_at_k(scores, positives, 15).item() == pytest.approx(theirs)


@pytest.mark.parametrize("k", [1, 4, 10])
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("recall", "LinkPredRecall"),
        ("precision", "LinkPredPrecision"),
        ("f1", "LinkPredF1"),
        ("hit_rate", "LinkPredHitRatio"),
        ("ndcg", "LinkPredNDCG"),
        ("average_precision", "LinkPredMAP"),
    ],
)
def test_agrees_with_pyg(name, theirs, k):
    from torch_geometric import metrics as pyg

    for seed in range(5):
        scores, positives = separate_scores(seed)
        lists = torch.tensor(np.argsort(-scores.numpy(), axis=1)[:, :k].copy())
        metric = getattr(pyg, theirs)(k)
        metric.update(lists, positives.nonzero().T)
        assert PAIRS[name][0](scores, positives, k).item() == pytest.approx(metric.compute().item(), abs=1e-6)


def test_mrr_agrees_with_pyg_on_the_whole_list():
    from torch_geometric import metrics as pyg

    scores, positives = separate_scores(0)
    theirs = pyg.LinkPredMRR(15)
    theirs.update(torch.tensor(np.argsort(-scores.numpy(), axis=1).copy()), positives.nonzero().T)
    assert metrics.mrr(scores, positives).item() == pytest.approx(theirs.compute().item(), abs=1e-6)


# ---- by hand: the rows of the lecture


@pytest.mark.parametrize(("positives", "expected"), [([0, 1], 1.0), ([1, 3], 0.5), ([2, 3], 0.0), ([0, 2, 3], 1 / 3)])
def test_row_11_recall_by_hand(positives, expected):
    mask = torch.zeros(1, 4, dtype=torch.bool)
    mask[0, positives] = True
    assert metrics.recall_at_k(torch.tensor([[4.0, 3.0, 2.0, 1.0]]), mask, 2).item() == pytest.approx(expected)


def test_row_10_training_recall_is_zero_when_seen_items_are_excluded():
    scores, train = separate_scores(1)
    assert metrics.recall_at_k(scores, train, 5, exclude=train).item() == 0
    assert metrics.mrr(scores, train, exclude=train).item() == 0
    assert metrics.recall_at_k(scores, train, 15).item() == 1


def test_row_12_the_mean_is_over_users_with_positives_and_macro():
    scores = torch.tensor([[2.0, 1.0, 0.0]] * 3)
    positives = torch.tensor([[True, False, False], [False, True, True], [False, False, False]])
    assert metrics.recall_at_k(scores, positives, 1).item() == 0.5  # (1 + 0) / 2; pooled over edges it were 1 / 3
    assert metrics.recall_at_k(scores, positives, 1, per_user=True)[2].isnan()


def test_row_14_f1_by_hand():
    positives = torch.tensor([[True, False, True, True, True]])
    scores = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0]])
    assert metrics.f1_at_k(scores, positives, 2).item() == pytest.approx(2 * 0.5 * 0.25 / 0.75)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_row_14_f1_never_exceeds_precision_and_recall_nor_their_means(k):
    for seed in range(30):
        scores, positives = separate_scores(seed)
        p, r, f = (
            metric(scores, positives, k, per_user=True)
            for metric in (metrics.precision_at_k, metrics.recall_at_k, metrics.f1_at_k)
        )
        assert (f <= torch.maximum(p, r) + 1e-12).all()
        bound = 2 * p.mean() * r.mean() / (p.mean() + r.mean()) if p.mean() + r.mean() else 0
        assert f.mean() <= bound + 1e-12


def test_row_17_equal_scores_rank_by_lower_item_id():
    assert top_k(torch.tensor([[1.0, 3.0, 3.0, 2.0, 3.0]]), 2).tolist() == [[1, 2]]


# ---- bounds and invariances


@pytest.mark.parametrize("k", [1, 2, 5])
def test_recall_cannot_pass_k_over_the_number_of_positives(k):
    scores, positives = separate_scores(2)
    bound = (k / positives.sum(dim=1)).clamp(max=1)
    assert (metrics.recall_at_k(scores, positives, k, per_user=True) <= bound + 1e-12).all()
    reached = metrics.recall_at_k(positives.double(), positives, k, per_user=True)
    assert reached.tolist() == pytest.approx(bound.tolist())


@pytest.mark.parametrize("metric", [metrics.recall_at_k, metrics.hit_rate_at_k], ids=["recall", "hit_rate"])
def test_longer_lists_never_lower_it(metric):
    scores, positives = separate_scores(3)
    values = torch.stack([metric(scores, positives, k, per_user=True) for k in range(1, 19)])
    assert (values.diff(dim=0) >= 0).all()
    assert (values[14:] == 1).all()


@each_metric
def test_lies_between_0_and_1_and_is_1_for_a_perfect_short_ranking(metric, reference):
    scores, positives = separate_scores(4)
    values = metric(scores, positives, 5, per_user=True)
    assert ((values >= 0) & (values <= 1)).all()
    one = torch.eye(6, dtype=torch.bool)
    assert metric(one.double(), one, 1).item() == 1


@each_metric
def test_only_the_order_within_a_user_counts(metric, reference):
    for seed in range(1, 60, 3):
        scores, positives, k, exclude = small_case(seed)
        shift = torch.tensor([[-7.0], [100.0], [0.0], [3.0], [-1.0]])[: len(scores)]
        moved = torch.where(
            scores.isinf(), scores, scores**3 * 4 + shift
        )  # strictly increasing, exact on these numbers
        before, after = (metric(s, positives, k, exclude=exclude, per_user=True) for s in (scores, moved))
        assert torch.equal(before.nan_to_num(-1), after.nan_to_num(-1))


@each_metric
def test_the_names_of_users_do_not_matter(metric, reference):
    scores, positives = separate_scores(5)
    order = torch.randperm(len(scores), generator=torch.Generator().manual_seed(0))
    values, permuted = (
        metric(s, p, 3, per_user=True) for s, p in ((scores, positives), (scores[order], positives[order]))
    )
    assert torch.equal(values[order], permuted)


# ---- edges of the domain


@each_metric
def test_a_mean_over_nobody_is_nan(metric, reference):
    nothing = torch.zeros(3, 4, dtype=torch.bool)
    assert metric(torch.rand(3, 4), nothing, 2).isnan()
    assert metric(torch.rand(3, 4), nothing, 2, per_user=True).isnan().all()
    assert metric(torch.rand(0, 4), nothing[:0], 2).isnan()
    assert metric(torch.rand(0, 4), nothing[:0], 2, per_user=True).shape == (0,)
    assert metric(torch.rand(3, 0), nothing[:, :0], 2).isnan()


def test_minus_infinity_is_the_lowest_score_and_not_an_exclusion():
    scores = torch.tensor([[-INF, 0.0, -INF, -INF]])
    assert top_k(scores, 3).tolist() == [[1, 0, 2]]
    exclude = torch.tensor([[True, False, False, True]])
    assert top_k(scores, 4, exclude).tolist() == [[1, 2, -1, -1]]
    assert top_k(torch.full((1, 3), -INF), 2).tolist() == [[0, 1]]


def test_lists_are_padded_with_minus_one():
    assert top_k(torch.tensor([[1.0, 2.0]]), 4).tolist() == [[1, 0, -1, -1]]
    assert top_k(torch.zeros(1, 2), 2, torch.ones(1, 2, dtype=torch.bool)).tolist() == [[-1, -1]]
    assert top_k(torch.zeros(2, 0), 2).tolist() == [[-1, -1], [-1, -1]]
    assert top_k(torch.zeros(0, 3), 2).shape == (0, 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_float_type_ranks_as_its_own_numbers_do(dtype):
    scores, positives = separate_scores(6)
    scores = scores.to(dtype)
    exclude = positives.roll(1, dims=1)
    assert torch.equal(top_k(scores, 15, exclude), top_k(scores.double(), 15, exclude))
    for metric, _ in PAIRS.values():
        ours, exact = (
            metric(scores, positives, 4, exclude=exclude),
            metric(scores.double(), positives, 4, exclude=exclude),
        )
        assert ours.item() == pytest.approx(exact.item(), abs=1e-12)


def test_scores_with_a_gradient_are_ranked_and_inputs_stay_as_they_were():
    scores, positives = separate_scores(7)
    exclude, kept = positives.roll(2, dims=1), (scores.clone(), positives.clone())
    metrics.recall_at_k(scores.requires_grad_(), positives, 3, exclude=exclude)
    assert torch.equal(scores.detach(), kept[0])
    assert torch.equal(positives, kept[1])


# ---- refusals


GOOD = {"scores": torch.rand(2, 3), "positives": torch.ones(2, 3, dtype=torch.bool)}


@each_metric
@pytest.mark.parametrize(
    ("argument", "bad"),
    [
        ("scores", torch.tensor([[1.0, NAN, 0.0]] * 2)),
        ("scores", torch.ones(2, 3, dtype=torch.long)),
        ("scores", torch.ones(2, 3, dtype=torch.bool)),
        ("scores", torch.ones(3)),
        ("scores", torch.ones(1, 2, 3)),
        ("scores", [[1.0, 2.0, 3.0]] * 2),
        ("scores", np.ones((2, 3))),
        ("positives", torch.ones(2, 3)),
        ("positives", torch.ones(2, 3, dtype=torch.long)),
        ("positives", torch.ones(3, 2, dtype=torch.bool)),
        ("positives", torch.ones(2, 1, dtype=torch.bool)),
        ("positives", None),
        ("exclude", torch.ones(2, 3)),
        ("exclude", torch.ones(2, 2, dtype=torch.bool)),
    ],
    ids=str,
)
def test_bad_input_is_refused_by_name(metric, reference, argument, bad):
    arguments = {**GOOD, "k": 2, argument: bad}
    with refused_argument(argument):
        metric(**arguments)


@each_at_k
@pytest.mark.parametrize("k", [0, -1, 1.5, 2.0, "3", True, None])
def test_k_below_one_or_not_whole_is_refused(metric, k):
    with refused_argument("k"):
        metric(**GOOD, k=k)


def test_a_nan_under_exclude_is_refused_too():
    with refused_argument("scores"):
        top_k(torch.tensor([[NAN, 1.0]]), 1, torch.tensor([[True, False]]))


@pytest.mark.parametrize("k", [np.int64(2), np.int32(2)])
def test_whole_numbers_of_numpy_are_whole_numbers(k):
    assert top_k(torch.tensor([[1.0, 2.0, 3.0]]), k).tolist() == [[2, 1]]
