from __future__ import annotations

import linecache
import pickle

import numpy as np
import pytest
import torch

from course_kit.grading.asking.attempt import attempt
from course_kit.grading.asking.driver import driver_in
from course_kit.grading.asking.probe import inputs, probe_in

SOURCE = '''
import numpy as np
import torch as t

SIZE = 3
SECRET = 4711


def start(x):
    return np.zeros(SIZE) + x


def judge(case, answer, rng):
    return SECRET


def ask(f, x, times):
    """Build it, then call its method."""
    made = f(start(x))
    return [made.step() for _ in range(times)]


def probe(f, rng):
    return {"one": f(rng.rand(), 2), "two": [f(0.5, times=1), f(rng.rand(), 3)]}
'''


def calls():
    return inputs(probe_in(SOURCE), "seed", "Walk", 0)


class Walk:
    def __init__(self, x):
        self.x = x

    def step(self):
        self.x = self.x + 1
        return self.x


def test_a_class_is_asked_by_the_driver_and_so_is_each_call_of_a_list():
    (x, times), two = calls()["one"].args, calls()["two"]
    assert np.allclose(calls()["one"](Walk), [[x + 1] * 3, [x + 2] * 3])
    assert times == 2
    assert [len(answers) for answers in two(Walk)] == [1, 3]
    assert list(two.named(("self", "other"))[0]) == ["x", "times"]


def test_where_the_students_code_runs_there_is_the_driver_with_what_it_uses_and_nothing_else():
    text = driver_in(SOURCE)
    assert [name in text for name in ("def ask", "def start", "SIZE = 3", "import numpy")] == [True] * 4
    assert not any(name in text for name in ("judge", "SECRET", "4711", "probe", "torch"))
    assert b"4711" not in pickle.dumps(calls())
    assert driver_in("def probe(f, rng):\n    return {}") == ""


@pytest.mark.parametrize("name", ["probe", "judge"])
def test_a_driver_that_needs_more_is_refused(name):
    with pytest.raises(ValueError, match=f"^ask: got a driver that uses {name}"):
        driver_in(f"{SOURCE}\n\ndef start(x):\n    return {name}")


def test_inputs_are_cast_and_kept_as_those_of_any_call():
    cast = calls()["two"].changed(lambda value: torch.ones(2) if isinstance(value, float) else value).cast("float64")
    assert cast.each[0].args[0].dtype == torch.float64
    assert cast.each[0].driver == calls()["one"].driver
    greedy = "def ask(f, x):\n    f(x)\n    return x\n\n\ndef probe(f, rng):\n    return {'one': f(rng.rand(3))}"
    call = inputs(probe_in(greedy), "seed", "f", 0)["one"]
    assert attempt(lambda x: x.sort(), call, 4, seconds=2).text == "changed its inputs"


STUDENT = """class Walk:
    def __init__(self, x):
        self.x = x
    def step(self):
        return self.x.nothing_like_this
"""


def test_an_error_is_shown_at_the_students_line_or_at_the_drivers():
    names = {}
    linecache.cache["student"] = (len(STUDENT), None, STUDENT.splitlines(True), "student")
    exec(compile(STUDENT, "student", "exec"), names)
    own = attempt(names["Walk"], calls()["one"], 4, seconds=2)
    assert own.shown.endswith("\n    line 5 of step's cell: return self.x.nothing_like_this")
    other = attempt(lambda x: None, calls()["one"], 4, seconds=2)
    assert other.shown.endswith("check did this with it: return [made.step() for _ in range(times)]")
    assert other.text == "raised AttributeError"
