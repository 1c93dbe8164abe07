from __future__ import annotations

import pickle
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_kit.grading.asking.answering import answer
from course_kit.grading.asking.probe import Call
from course_kit.grading.asking.telling import ANSWER, EXIT, prepare


@pytest.fixture
def shell():
    """The shell that a notebook runs in."""
    shell = InteractiveShell.instance()
    shell.kernel = SimpleNamespace()
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def asked(tmp_path, shell):
    """What is told when a function is asked: text and form."""

    def ask(name: str, **names: object) -> tuple[str, str]:
        file = tmp_path / "call"
        file.write_bytes(pickle.dumps(Call((1.5,), {"k": 2})))
        answer(names, name, str(file), 4, 5.0)
        (payload,) = shell.payload_manager.read_payload()
        assert payload["source"] == ANSWER
        return payload["text"], payload["form"]

    return ask


def test_the_answer_is_its_fingerprint_with_its_form(asked):
    assert asked("f", f=lambda x, k: x * k) == ("(): 3", "a number")


def test_what_the_function_prints_is_no_answer(asked):
    def loud(x, k):
        print("right")
        return x

    assert asked("f", f=loud) == ("(): 1.5", "a number")


@pytest.mark.parametrize("names", [{}, {"f": 5}, {"g": abs}])
def test_what_is_no_function_is_not_defined(asked, names):
    assert asked("f", **names) == ("not defined", "")


def test_a_failure_says_its_kind_alone(asked):
    assert asked("f", f=lambda x, k: 1 / 0) == ("raised ZeroDivisionError", "")


def test_exit_is_told_and_nothing_else(shell):
    prepare()
    shell.run_cell("exit()")
    assert shell.payload_manager.read_payload() == [{"source": EXIT}]
    assert not shell.exit_now
