"""Release tries a judge over many draws, and refuses one that is unfair or can be passed for nothing."""

from __future__ import annotations

import re

import pytest
import solution_notebooks

from course_kit.grading.authoring.release import release

PARTS = {
    "tools": "import numpy as np\n\n\ndef numbers(rng):\n    return rng.rand() * 9 + rng.randn(400)",
    "stub": 'def estimate(x, seed):\n    """The mean, from two hundred draws."""\n    raise NotImplementedError',
    "solution": "def estimate(x, seed):\n    return np.random.default_rng(seed).choice(x, 200).mean()",
    "mistakes": 'def total(x, seed):\n    """You forgot to divide."""\n    return x.sum()',
    "probe": """def judge(case, answer, rng):
    x = numbers(rng)
    if answer > x.max():
        return "You forgot to divide."
    return abs(answer - x.mean()) < 0.5


def probe(f, rng):
    return {"one": f(numbers(rng), 1)}""",
}


def released(folder, say=lambda line: None, **changed):
    path = solution_notebooks.write(folder / "a1.ipynb", **{**PARTS, **changed})
    return release(path, folder / "out", say)


def test_the_table_says_in_how_many_draws_solution_and_mistakes_pass(tmp_path):
    lines: list[str] = []
    released(tmp_path, lines.append)
    assert lines[0] == "estimate, case 'one': the solution passes in 20 of 20 draws, total in 0 of 5"
    assert re.match(r"estimate: the solution took \d+\.\d s at most, and has 20 s", lines[1])


BOUND = "abs(answer - x.mean()) < 0.5"
SOLUTION = "def estimate(x, seed):\n    return "


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"probe": PARTS["probe"].replace("0.5", "0.06")},
            r"a solution that passes in \d+ of \d+ draws, wanted .* 19 of",
        ),
        ({"probe": PARTS["probe"].replace("0.5", "-1")}, "a solution that is judged wrong in 5 draws"),
        ({"probe": PARTS["probe"].replace(BOUND, "answer > -5")}, "got 0 everywhere passing in 5 of 5 draws"),
        ({"probe": PARTS["probe"].replace(BOUND, "not answer > x.max()")}, "everywhere passing in"),
        ({"probe": PARTS["probe"].replace(BOUND, "abs(answer - x.mean()) < 9")}, "passing in . of 5 draws"),
        ({"tools": PARTS["tools"].replace("rng.rand() * 9", "4.4")}, "the answer to another draw passing in"),
        ({"probe": PARTS["probe"].replace(BOUND, "f'{answer}'")}, "wanted True, False or a text that stands in it"),
        ({"probe": PARTS["probe"].replace(BOUND, "answer.nothing")}, "judge: got AttributeError"),
        ({"solution": f"{SOLUTION}None"}, r"None was the answer\), wanted plain numbers"),
        ({"solution": f"{SOLUTION}x.nothing"}, "a solution that came to 'raised AttributeError'"),
        ({"stub": f"{SOLUTION}x.mean()"}, "the stub passing in 5 of 5"),
        (
            {"mistakes": PARTS["mistakes"].replace("sum", "mean")},
            "mistake total: got a pass in 5 of 5 draws, wanted a case",
        ),
        ({"hidden": "def judge(case, answer, rng):\n    return True"}, "one in the cell hidden or tools"),
        (
            {"hidden": "def hidden(f, rng):\n    return {'two': f(-numbers(rng), 1)}"},
            r"case 'two': got a solution that pas",
        ),
    ],
)
def test_what_would_be_unfair_is_refused(tmp_path, changed, said):
    with pytest.raises(ValueError, match=said) as refused:
        released(tmp_path, **changed)
    assert "\n" not in str(refused.value)


def test_a_solution_may_draw_numbers_of_its_own(tmp_path):
    released(tmp_path, solution=f"{SOLUTION}np.random.default_rng().choice(x, 200).mean()")


def test_the_author_states_draws_and_times(tmp_path):
    lines: list[str] = []
    path = solution_notebooks.write(tmp_path / "a1.ipynb", **PARTS)
    path.write_text(path.read_text().replace('"points:100"', '"points:100", "seeds:3", "seconds:7", "check-seconds:5"'))
    release(path, tmp_path / "out", lines.append)
    assert "passes in 3 of 3 draws, total in 0 of 3" in lines[0]
    assert lines[1].endswith("and has 7 s")
