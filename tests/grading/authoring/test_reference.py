from __future__ import annotations

import numpy as np
import pytest

from course_kit.grading.asking.attempt import attempt
from course_kit.grading.authoring.assignment import Exercise
from course_kit.grading.authoring.reference import LEFT_OUT, settle
from course_kit.grading.authoring.versions import Versions

EXERCISE = Exercise("f", 10, 20.0, "def f(x):\n    raise NotImplementedError")
ONE = "def probe(f, rng):\n    return {'0': f(rng.randn(9))}"
MANY = "def probe(f, rng):\n    return {str(n): f(rng.randn(9)) for n in range(12)}"


def versions(solution, **mistakes) -> Versions:
    return Versions(lambda x: None, solution, mistakes)


def shifted(x):
    return (x + x.dtype.type(30)) - x.dtype.type(30)


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_noise_of_single_precision_never_changes_an_answer(seed):
    question = settle(EXERCISE, MANY, seed, 2.0, versions(shifted)).question
    for case, (_, digits) in question.cases.items():
        call = question.inputs(case)
        right = question.answer(shifted, case).text
        for kind in ("float32", "float64"):
            assert (
                attempt(lambda x: (x - x.dtype.type(30)) + x.dtype.type(30), call.cast(kind), digits, 2).text == right
            )


def test_some_cases_had_to_be_drawn_again():
    draws = [draw for draw, _ in settle(EXERCISE, MANY, "one", 2.0, versions(shifted)).question.cases.values()]
    assert 0 in draws
    assert max(draws) > 0


def test_where_four_digits_leave_no_room_three_do():
    def noisy(x):  # in float32 wrong by some 1e-4
        return (x + x.dtype.type(3000)) - x.dtype.type(3000)

    settled = settle(EXERCISE, "def probe(f, rng):\n    return {'a': f(rng.randn(3))}", "one", 2.0, versions(noisy))
    assert settled.question.cases["a"][1] == 3


def test_a_mistake_is_as_safe_as_the_solution():
    """In every case the mistake's text survives noise that would have changed it in some of the draws."""

    def mean_of_squares(x):
        return (x * x).mean()

    settled = settle(EXERCISE, MANY, "one", 2.0, versions(lambda x: x.max() - x.min(), mean=mean_of_squares))
    for case, (_, digits) in settled.question.cases.items():
        call = settled.question.inputs(case)
        for nudge in (1 - 3e-7, 1 + 3e-7):
            text = attempt(lambda x, nudge=nudge: mean_of_squares(x) * nudge, call, digits, 2).text
            assert text == settled.wrong["mean"][case].text


def test_a_mistake_that_is_never_safe_is_left_out():
    unstable = {"tips": lambda x: np.float64(hash(float(x.sum())) % 1000)}
    settled = settle(EXERCISE, ONE, "one", 2.0, versions(lambda x: x.max() - x.min(), **unstable))
    assert set(settled.wrong["tips"].values()) == {LEFT_OUT}


def test_what_float32_alone_answers_counts_where_float64_differs_in_kind():
    def overflows(x):
        return np.exp(x.astype(x.dtype) * 0 + x.dtype.type(100)).sum()

    settled = settle(EXERCISE, ONE, "one", 2.0, versions(lambda x: x.max() - x.min(), overflows=overflows))
    float32 = {
        attempt(overflows, settled.question.inputs(case).cast("float32"), 4, 2).text
        for case in settled.wrong["overflows"]
    }
    assert float32 == {"(): inf"}


@pytest.mark.parametrize(
    ("solution", "cause"),
    [
        (lambda x: x.sum() > 0, "can be guessed"),
        (lambda x: int(abs(x[0]) * 3), "can be guessed"),
        (lambda x: x.shape, "can be guessed"),
        (lambda x: x.sum() * 1e6 % 1, "rounding can tip over"),
        (lambda x: x.nothing, "a solution that raised AttributeError"),
        (lambda x: b"text", "a bytes as the answer"),
        (lambda x: None, "None as the answer"),
        (lambda x: {"a": object()}, r"a object at \['a'\] of the answer"),
        (lambda x: (n for n in x), "a generator as the answer"),
        (lambda x: any(0 for _ in iter(int, 1)), "a solution that takes more than its time: stopped after 2 s"),
        (lambda x: {"large": 17_531 + 997 * x[0], "small": abs(x[1]) / 100}, r"part \['small'\] nearly vanishes"),
        (lambda x: np.random.default_rng().normal(), "two answers in two runs"),
    ],
)
def test_a_case_without_a_good_draw_is_refused_with_its_cause(solution, cause):
    with pytest.raises(ValueError, match=rf"^f, case '0': got .*{cause}"):
        settle(EXERCISE, ONE, "one", 2.0, versions(solution))


@pytest.mark.parametrize(
    ("probe", "cause"),
    [
        ("def probe(f, rng): return {'0': f(lambda: rng.rand())}", "case '0': got inputs that cannot be stored"),
        ("def probe(f, rng) return 1", "probe: got SyntaxError"),
        ("import nothing_like_this", "probe: got ModuleNotFoundError"),
    ],
)
def test_a_probe_that_cannot_be_asked_is_refused_with_its_cause(probe, cause):
    with pytest.raises(ValueError, match=f"^f, {cause}"):
        settle(EXERCISE, probe, "one", 2.0, versions(lambda x: x))


def test_a_table_of_pandas_may_go_in():
    probe = "import pandas as pd\ndef probe(f, rng): return {'0': f(pd.DataFrame({'a': rng.randn(5)}))}"
    assert settle(EXERCISE, probe, "one", 2.0, versions(lambda table: table["a"].mean())).right["0"].form == "a number"
