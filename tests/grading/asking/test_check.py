from __future__ import annotations

import functools
import mmap
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import solution_notebooks

from course_kit.grading.asking.check import Check, report
from course_kit.grading.asking.memory import peak_memory
from course_kit.grading.asking.question import pack, unpack
from course_kit.grading.authoring.assignment import read
from course_kit.grading.authoring.release import public_question


@pytest.fixture(scope="module")
def check(tmp_path_factory) -> Check:
    assignment = read(solution_notebooks.write(tmp_path_factory.mktemp("a") / "a1.ipynb"))
    return Check(pack([public_question(assignment, assignment.exercises["spread"])]))


def lines(check, spread):
    spread.__name__ = "spread"
    return repr(check(spread)).splitlines()


def test_right_is_ticked_case_by_case(check):
    assert lines(check, lambda x: max(x) - min(x))[:2] == ["✓ five", "✓ nine"]


def test_a_known_mistake_gets_its_hint_once(check):
    found = lines(check, lambda x: x.min())
    assert found[:2] == ["✗ five: You forgot the largest.", "✗ nine: as in 'five'"]
    assert not any("x =" in line for line in found)


def test_a_long_remark_is_broken_between_words(tmp_path):
    hint = "You look at " + "every " * 30 + "place."
    mistakes = f'def lowest(x):\n    """{hint}"""\n    return x.min()'
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb", mistakes=mistakes))
    found = lines(Check(pack([public_question(assignment, assignment.exercises["spread"])])), lambda x: x.min())
    assert max(map(len, found)) <= 90
    assert " ".join(found).split().count("every") == 30


def test_another_mistake_gets_the_smallest_input_and_its_own_answer_but_never_the_right_one(check):
    found = "\n".join(lines(check, lambda x: 123.4))
    case = check.inputs(named("spread"), "five")["x"]
    assert "The smallest of these is 'five'" in found
    assert "spread gave = 123.4" in found
    assert f"{case[0]:.4f}" in found
    assert f"{case.max() - case.min():.3f}" not in found


def test_a_hint_is_not_given_for_an_error_alone(tmp_path):
    mistakes = 'def short(x):\n    """You look at x[6]."""\n    return x[6] * 0 + x.max() - x.min()'
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb", mistakes=mistakes))
    check = Check(pack([public_question(assignment, assignment.exercises["spread"])]))
    assert lines(check, lambda x: x[8] - x[8] + x.max() - x.min())[:2] == ["✗ five: You look at x[6].", "✓ nine"]
    found = lines(check, lambda x: x[99])
    assert "IndexError" in found[0]
    assert not any("You look" in line for line in found)


def test_of_a_list_of_calls_each_is_shown_with_what_changes(tmp_path):
    probe = """def probe(f, rng):
    x = rng.randn(3)
    return {"nothing and something": [f(x[:1]), f(x)], "nine": f(rng.randn(9))}"""
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb", probe=probe))
    check = Check(pack([public_question(assignment, assignment.exercises["spread"])]))
    x = check.inputs(named("spread"), "nothing and something")[1]["x"]
    assert lines(check, lambda x: x.max() - x.min())[0] == "✓ nothing and something"
    assert lines(check, lambda x: x.min())[0] == "✗ nothing and something: You forgot the largest."
    found = lines(check, lambda x: 7 if len(x) < 9 else x.max() - x.min())
    assert found[0] == "✗ nothing and something: not this value"
    again = "[spread(**inputs) for inputs in check.inputs(spread, 'nothing and something')]"
    assert found[3:9] == [
        "The smallest of these is 'nothing and something'. To run it once more:",
        f"  {again}",
        "  call 1:",
        f"    x = {np.array2string(x[:1], precision=4)}",
        "  call 2, where it differs:",
        f"    x = {np.array2string(x, precision=4)}",
    ]
    assert found[9] == "  spread gave, call by call = [7, 7]"
    assert "shape (1,), then an array of shape (3,) came back, wanted a number" in " ".join(
        " ".join(lines(check, lambda x: x)).split()
    )


def named(name):
    def function(x):
        raise NotImplementedError

    function.__name__ = name
    return function


@pytest.mark.parametrize(
    ("spread", "said"),
    [
        (lambda x: [1, 2], "an array of shape (2,) came back, wanted a number"),
        (lambda x: None, "None came back: is a return missing?"),
        (lambda x: "<b>bold</b>", "a str came back, wanted a number"),
        (lambda x: x[100], "IndexError: index 100 is out of bounds"),
        (lambda x: x.sort(), "changes its inputs"),
    ],
)
def test_what_is_wrong_is_said_in_words(check, spread, said):
    assert said in lines(check, spread)[0]


def test_only_the_case_that_never_ends_is_stopped(check):
    def spread(x):
        while len(x) == 9:
            pass
        return x.max() - x.min()

    started = time.perf_counter()
    found = lines(check, spread)
    assert time.perf_counter() - started < 10
    assert found[0] == "✓ five"
    assert "✗ nine: stopped after 2 s" in found[1]
    assert "while len(x) == 9:" in found[2] or "pass" in found[2]


def test_a_stub_is_told_gently(check):
    assert repr(check(named("spread"))) == "… spread is not written yet"


def test_a_wrong_name_is_refused(check):
    with pytest.raises(ValueError, match=r"^check: got spred, wanted one of spread; keep the name"):
        check(named("spred"))


def test_a_failing_case_can_be_called_again(check):
    assert set(check.inputs(named("spread"), "nine")) == {"x"}
    with pytest.raises(ValueError, match=r"wanted one of 'five', 'nine'"):
        check.inputs(named("spread"), "ten")


def test_the_report_is_text_and_never_html(check):
    report = check(named("spread"))
    assert not any(name.startswith("_repr_") for name in dir(report))


@pytest.mark.parametrize("text", ["", "AAAA", "no base64"])
def test_damaged_checks_are_one_line(text):
    with pytest.raises(ValueError, match=r"^checks: got a damaged text, .* folded cell anew$"):
        Check(text)


def test_packing_keeps_everything(check):
    assert unpack(pack(check.pairs.values())) == check.pairs


def ask_in(check, names: dict, code: str) -> str:
    """Run code as a cell of a notebook that has defined these names."""
    return repr(eval(code, {"check": check, **names}))


@pytest.mark.parametrize("spread", [lambda x: max(x) - min(x), functools.partial(lambda y, x: y + max(x) - min(x), 0)])
def test_what_has_no_name_of_its_own_is_checked_under_the_name_in_the_notebook(check, spread):
    assert ask_in(check, {"spread": spread}, "check(spread)").startswith("✓ five")


def test_a_callable_object_is_checked_under_the_name_in_the_notebook(check):
    class Spread:
        def __call__(self, x):
            return max(x) - min(x)

    assert ask_in(check, {"spread": Spread()}, "check(spread)").startswith("✓ five")
    assert "five" in ask_in(check, {"spread": Spread()}, "check.inputs(spread, 'five') and 'five'")
    with pytest.raises(ValueError, match=r"^check: got Spread, wanted one of spread"):
        ask_in(check, {"other": Spread()}, "check(other)")


def test_a_withheld_module_is_gone_while_a_function_is_asked_and_back_after(tmp_path):
    import course_lib.metrics

    written = solution_notebooks.write(
        tmp_path / "a1.ipynb", **{"setup withhold:course_lib.metrics": "import numpy as np"}
    )
    assignment = read(written)
    withholding = Check(pack([public_question(assignment, assignment.exercises["spread"])]))
    source = """
from course_lib.metrics import top_k
import course_lib
def spread(x):
    top_k
    return max(x) - min(x)
def by_attribute(x):
    return course_lib.metrics.top_k and max(x) - min(x)
def by_import(x):
    import course_lib.metrics
    return max(x) - min(x)
def right(x):
    return max(x) - min(x)
"""
    names: dict = {}
    exec(source, names)
    for name in ("spread", "by_attribute", "by_import"):
        found = repr(withholding.report_in({**names, "spread": names[name]}, "spread"))
        assert "✗ five: course_lib.metrics is not there when this is graded: write your own." in found, name
    assert repr(withholding.report_in({**names, "spread": names["right"]}, "spread")).startswith("✓ five")
    assert names["top_k"] is course_lib.metrics.top_k
    assert sys.modules["course_lib.metrics"] is course_lib.metrics


def test_a_guess_hedges_and_shows_the_input_too(tmp_path):
    probe = "def probe(f, rng):\n    return {str(n): f(rng.randn(5)) for n in range(5)}"
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb", probe=probe))
    check = Check(pack([public_question(assignment, assignment.exercises["spread"])]))
    first = check.inputs(named("spread"), "0")["x"]
    found = lines(check, lambda x: x.min() if x[0] == first[0] else 123.4)
    assert found[0] == "✗ 0: perhaps this, though other cases say otherwise: You forgot the largest."
    assert "The smallest of these is" in "\n".join(found)


def test_a_right_answer_that_takes_too_much_memory_for_larger_inputs_is_told(check):
    question, key = check.pairs["spread"]
    outcomes = question.answers(lambda x: x.max() - x.min())
    assert report(question, key, outcomes).text.startswith("✓ five\n")
    outcomes["five"] = replace(outcomes["five"], memory=200 << 20)
    assert report(question, key, outcomes).text.startswith("✓ five, but it took 200 MB of memory")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process its peak")
def test_the_peak_of_memory_is_measured():
    with peak_memory() as before:
        pass
    with peak_memory() as peak, mmap.mmap(-1, 32 << 20) as pages:  # which no earlier test has left behind
        pages.write(b"x" * len(pages))
    assert before.bytes < 10 << 20 < 25 << 20 < peak.bytes
