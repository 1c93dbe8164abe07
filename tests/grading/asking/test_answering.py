from __future__ import annotations

import pickle

import pytest

from course_kit.grading.asking.answering import answer
from course_kit.grading.asking.probe import Call


@pytest.fixture
def asked(tmp_path, capsys):
    """What is printed, and what aside, when a function is asked."""

    def ask(name: str, **names: object) -> tuple[str, str]:
        file = tmp_path / "call"
        file.write_bytes(pickle.dumps(Call((1.5,), {"k": 2})))
        answer(names, name, str(file), 4, 5.0)
        return tuple(capsys.readouterr())

    return ask


def test_the_answer_is_its_fingerprint_and_aside_its_form(asked):
    assert asked("f", f=lambda x, k: x * k) == ("(): 3\n", "a number\n")


def test_nothing_that_the_function_says_is_heard(asked):
    def loud(x, k):
        print("right")
        return x

    assert asked("f", f=loud) == ("(): 1.5\n", "a number\n")


@pytest.mark.parametrize("names", [{}, {"f": 5}, {"g": abs}])
def test_what_is_no_function_is_not_defined(asked, names):
    assert asked("f", **names) == ("not defined\n", "\n")


def test_a_failure_says_its_kind_alone(asked):
    assert asked("f", f=lambda x, k: 1 / 0) == ("raised ZeroDivisionError\n", "\n")
