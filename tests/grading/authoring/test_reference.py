from __future__ import annotations

import pytest

from course_kit.grading.asking.attempt import attempt
from course_kit.grading.authoring.assignment import Exercise
from course_kit.grading.authoring.reference import settle

EXERCISE = Exercise("f", 10, 20.0, "def f(x):\n    raise NotImplementedError")
MANY = "def probe(f, rng):\n    return {str(n): f(rng.randn(9)) for n in range(12)}"


def shifted(x):
    return (x + x.dtype.type(30)) - x.dtype.type(30)


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_noise_of_single_precision_never_changes_an_answer(seed):
    question = settle(EXERCISE, MANY, seed, 2.0, shifted)
    for case, (_, digits) in question.cases.items():
        call = question.inputs(case)
        right = question.answer(shifted, case).text
        for kind in ("float32", "float64"):
            assert (
                attempt(lambda x: (x - x.dtype.type(30)) + x.dtype.type(30), call.cast(kind), digits, 2).text == right
            )


def test_some_cases_had_to_be_drawn_again():
    draws = [draw for draw, _ in settle(EXERCISE, MANY, "one", 2.0, shifted).cases.values()]
    assert 0 in draws
    assert max(draws) > 0


def test_where_four_digits_leave_no_room_three_do():
    def noisy(x):  # in float32 wrong by some 1e-4
        return (x + x.dtype.type(3000)) - x.dtype.type(3000)

    question = settle(EXERCISE, "def probe(f, rng):\n    return {'a': f(rng.randn(3))}", "one", 2.0, noisy)
    assert question.cases["a"][1] == 3


@pytest.mark.parametrize(
    ("solution", "cause"),
    [
        (lambda x: x.sum() > 0, "can be guessed"),
        (lambda x: int(abs(x[0]) * 3), "can be guessed"),
        (lambda x: x.shape, "can be guessed"),
        (lambda x: x.sum() * 1e6 % 1, "float32 rounds in two ways"),
        (lambda x: x.nothing, "raises AttributeError"),
    ],
)
def test_a_case_without_a_good_draw_is_refused_with_its_cause(solution, cause):
    with pytest.raises(ValueError, match=rf"^f, case '0': got .*{cause}"):
        settle(EXERCISE, MANY, "one", 2.0, solution)
