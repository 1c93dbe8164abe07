from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from course_kit.grading.asking.probe import Call, Calls, generator, inputs, probe_in


def test_recording_a_probe_gives_what_it_would_have_asked():
    def probe(f, rng):
        return {"one": f(rng.rand(3), k=2)}

    calls = inputs(probe, "seed", "f", 0)
    asked = probe(lambda x, k: (x.tolist(), k), generator("seed", "f", 0))
    assert calls["one"](lambda x, k: (x.tolist(), k)) == asked["one"]
    assert list(calls["one"].named(("x", "k"))) == ["x", "k"]


def test_a_case_that_is_no_plain_call_is_refused():
    with pytest.raises(ValueError, match=r"^f, case 'sum': got float, wanted what f returns"):
        inputs(lambda f, rng: {"sum": 1.0}, "seed", "f", 0)


def test_a_case_may_be_a_list_of_calls_that_is_used_like_one():
    def probe(f, rng):
        return {"two": [f(rng.rand(2)), f(x=torch.ones(2))], "one": f(rng.rand(1))}

    calls = pickle.loads(pickle.dumps(inputs(probe, "seed", "f", 0)))
    asked = probe(lambda x: x.sum(), generator("seed", "f", 0))
    assert isinstance(calls["two"], Calls)
    assert calls["two"](lambda x: x.sum()) == asked["two"]
    assert [list(names) for names in calls["two"].named(("x",))] == [["x"], ["x"]]
    assert [call.named(("x",))["x"].dtype for call in calls["two"].cast("float64").each] == [np.float64, torch.float64]
    assert calls["one"].each == (calls["one"],)


@pytest.mark.parametrize("case", [[], [1.0], {"a": 1}])
def test_a_list_of_anything_else_is_refused(case):
    with pytest.raises(ValueError, match=r"^f, case 'a': got (list|dict), wanted what f returns, .* or a list of that"):
        inputs(lambda f, rng: {"a": case}, "seed", "f", 0)


def test_a_probe_that_computes_with_an_answer_is_refused():
    with pytest.raises(ValueError, match=r"^f, probe: got TypeError: .*wanted cases that are f\(…\) alone"):
        inputs(lambda f, rng: {"sum": f(1) + 1}, "seed", "f", 0)


def test_numbers_depend_on_seed_exercise_and_draw_and_on_nothing_else():
    first = generator("seed", "f", 0).rand()
    assert first == 0.41581724191301517  # on every machine, with every numpy: students' checks rely on it
    others = [generator("other", "f", 0), generator("seed", "g", 0), generator("seed", "f", 1)]
    assert len({first, *(rng.rand() for rng in others)}) == 4


def test_hidden_cases_follow_and_leave_the_public_ones_as_they_are():
    public = "def probe(f, rng):\n    return {'a': f(rng.rand())}"
    both = public + "\ndef hidden(f, rng):\n    return {'b': f(rng.rand())}"
    alone, together = (inputs(probe_in(source), "s", "f", 0) for source in (public, both))
    assert list(together) == ["a", "b"]
    assert together["a"] == alone["a"]


def test_casting_changes_floats_and_nothing_else():
    sparse = torch.eye(2).to_sparse()
    call = Call((torch.ones(2), torch.arange(2), np.ones(2), 3, sparse), {"alpha": [0.5]}).cast("float64")
    assert [getattr(value, "dtype", None) for value in call.args] == [
        torch.float64,
        torch.int64,
        np.float64,
        None,
        torch.float64,
    ]
    assert call.kwargs == {"alpha": [0.5]}
