from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from course_kit.grading.asking.attempt import attempt, time_limit, unhurried
from course_kit.grading.asking.probe import Call, Calls

CALL = Call((torch.tensor([1.0, 2.0]),))


def helper(x):
    return x.nothing_like_this


def test_a_value_becomes_its_fingerprint_its_form_and_what_a_student_would_print():
    outcome = attempt(lambda x: x / 3, CALL, 4, seconds=2)
    assert outcome.text == "(2,): 0.3333 0.6667"
    assert outcome.form == "an array of shape (2,)"
    assert outcome.shown == "tensor([0.3333, 0.6667])"


def test_several_calls_have_one_fingerprint_and_their_forms_in_order():
    calls = Calls((Call((torch.ones(2),)), Call((torch.ones(3),)), Call((torch.ones(3),))))
    outcome = attempt(lambda x: x.sum() / 3, calls, 4, seconds=2)
    assert (outcome.text, outcome.form) == ("(3,): 0.667 1 1", "a number")
    assert attempt(lambda x: x, calls, 4, seconds=2).form.count(", then ") == 2
    assert attempt(lambda x: x.mul_(2).sum(), calls, 4, seconds=2).text == "changed its inputs"
    assert attempt(lambda x: 1 / (len(x) - 3), calls, 4, seconds=2).text == "raised ZeroDivisionError"


def test_an_error_is_named_with_the_students_deepest_line():
    def student(x):
        return helper(x)

    outcome = attempt(student, CALL, 4, seconds=2)
    assert outcome.text == "raised AttributeError"
    assert outcome.shown.endswith("\n    line 16 of helper's cell: return x.nothing_like_this")


def test_an_error_inside_a_library_is_shown_at_the_students_line():
    def student(x):
        return np.linalg.inv(np.zeros((2, 2)))

    assert attempt(student, CALL, 4, seconds=2).shown.endswith("student's cell: return np.linalg.inv(np.zeros((2, 2)))")


def test_leaving_python_is_a_failure_like_others():
    assert attempt(lambda x: exit(), CALL, 4, seconds=2).text == "raised SystemExit"


def test_what_is_not_written_is_no_error():
    def student(x):
        raise NotImplementedError

    assert attempt(student, CALL, 4, seconds=2).shown == "not written yet"


def test_what_a_library_cannot_do_is_an_error():
    outcome = attempt(lambda x: torch.empty(2, device="meta").cpu(), CALL, 4, seconds=2)
    assert (outcome.text, "not written" in outcome.shown) == ("raised NotImplementedError", False)


# A try that calls something: in a loop of nothing but a try, Python 3.10 hears no signal, Ctrl-C's neither.
@pytest.mark.parametrize("loop", ["pass", "time.sleep(60)", "\n    try: time.time()\n    except Exception: pass"])
def test_an_endless_loop_is_stopped_at_its_line(loop):
    names = {"time": time}
    exec(f"def student(x):\n  while True:\n   {loop}", names)
    started = time.perf_counter()
    outcome = attempt(names["student"], CALL, 4, seconds=0.2)
    assert time.perf_counter() - started < 50
    assert outcome.text == "out of time"
    assert "stopped after 0.2 s" in outcome.shown


def busy_for(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("wait", [time.sleep, busy_for], ids=["waiting", "working"])
def test_what_an_author_wrote_has_more_time_to_wait_and_no_more_to_work(wait):
    names = {"wait": wait}
    exec("def author(x):\n  wait(0.5)\n  return x", names)
    assert attempt(names["author"], CALL, 4, seconds=0.2).text == "out of time"
    with unhurried():
        outcome = attempt(names["author"], CALL, 4, seconds=0.2)
    assert (outcome.text == "out of time") is (wait is busy_for)


def test_what_an_author_wrote_does_not_wait_for_ever():
    started = time.monotonic()
    with unhurried():
        assert attempt(lambda x: time.sleep(60), CALL, 4, seconds=0.05).text == "out of time"
    assert time.monotonic() - started < 30


def test_after_the_limit_no_alarm_is_left():
    with time_limit(0.05):
        pass
    time.sleep(0.1)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.mul_(2),
        lambda x: x.numpy().__setitem__(0, 7),
    ],
)
def test_changed_inputs_are_noticed(change):
    outcome = attempt(change, Call((torch.tensor([1.0, 2.0]),)), 4, seconds=2)
    assert outcome.text == "changed its inputs"


def test_gradients_may_be_asked_of_an_input():
    def gradient(x):
        x.requires_grad_().square().sum().backward()
        return x.grad

    assert attempt(gradient, Call((torch.tensor([1.0, 2.0]),)), 4, seconds=2).text == "(2,): 2 4"


@pytest.mark.filterwarnings("ignore:Sparse CSR")
def test_untouched_inputs_of_every_kind_are_left_in_peace():
    sparse = torch.eye(3).to_sparse()
    call = Call((torch.rand(3, 3), sparse, sparse.to_sparse_csr(), np.ones(3), [1, [2]], {"a": 0.5}, None))
    outcome = attempt(lambda x, coo, csr, *rest: coo @ x + csr @ x, call, 4, seconds=2)
    assert outcome.form == "an array of shape (3, 3)"


def test_an_object_that_fails_on_being_looked_at_is_the_students_failure():
    class Trap:
        @property
        def shape(self):
            raise RuntimeError("no")

    assert attempt(lambda x: Trap(), CALL, 4, seconds=2).text == "raised RuntimeError"


def test_an_import_has_time_of_its_own_and_is_never_broken_off(tmp_path, monkeypatch):
    """A module that is imported by half would fail in every later case."""
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(0.6)\nready = True")
    monkeypatch.syspath_prepend(tmp_path)

    def student(x):
        import slow_to_import

        return x * slow_to_import.ready

    assert attempt(student, CALL, 4, seconds=0.3).text == "(2,): 1 2"


def test_after_an_import_the_students_own_time_still_counts(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import_too.py").write_text("import time\ntime.sleep(0.3)")
    monkeypatch.syspath_prepend(tmp_path)

    def student(x):
        import slow_to_import_too  # noqa: F401

        while True:
            pass

    assert attempt(student, CALL, 4, seconds=0.3).text == "out of time"


def test_an_error_in_a_generator_is_shown_in_the_function_around_it():
    def student(x):
        return sum(number.nothing for number in x)

    shown = attempt(student, CALL, 4, seconds=2).shown
    assert "of student's cell: return sum(number.nothing for number in x)" in shown


def test_an_error_of_a_callable_object_is_shown_at_its_line():
    class Student:
        def __call__(self, x):
            return x.nothing

    assert attempt(Student(), CALL, 4, seconds=2).shown.endswith("__call__'s cell: return x.nothing")
