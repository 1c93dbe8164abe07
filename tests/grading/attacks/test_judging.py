"""What judges an answer never comes near a submission; what is told in the place of an answer is a wrong one."""

from __future__ import annotations

import hashlib
import json

import pytest
from hostile import HastyGrader, notebook, outcomes
from solution_notebooks import write

from course_kit.grading.asking.plain import MOST_TOLD
from course_kit.grading.marking.bundle import Bundle, draw_bundle
from course_kit.grading.marking.result import CaseResult

from .test_reading import SCAN

MARK = f"mark-of-the-judge/{hashlib.sha256(b'judge').hexdigest()}"
TOOLS = "import numpy as np\n\n\ndef world(rng):\n    return rng.randn(9), rng.randn(5)"
SOLUTION = "class Guess:\n    def __init__(self, x):\n        self.x = x\n\n    def give(self):\n        return self.x"
PARTS = {
    "tools": TOOLS,
    "stub": "class Guess:\n    def give(self):\n        raise NotImplementedError",
    "solution": SOLUTION,
    "mistakes": 'class halved(Guess):\n    """You halve them."""\n\n    def give(self):\n        return self.x / 2',
    "probe": f'''def ask(f, x):
    return f(x).give()


def judge(case, answer, rng):
    x, hidden = world(rng)
    if answer.shape != x.shape:
        return "{MARK}"
    return abs(answer - x).max() < 0.01 and bool(np.isfinite(hidden).all())


def probe(f, rng):
    return {{"one": f(world(rng)[0])}}''',
}
RIGHT = f"import numpy as np\n\n{SOLUTION}"
TELL = """
import course_kit.grading.asking.answering
from course_kit.grading.asking.telling import tell

def answer(names, name, file, digits, seconds):
    tell({}, {!r})

course_kit.grading.asking.answering.answer = answer
"""
FORGED = {
    "a verdict": "'judged right'",
    "nan": repr(json.dumps({"shape": [9], "numbers": [float("nan")] * 9})),
    "too much": f"'[' * 100_000 + '1, ' * {MOST_TOLD}",
}


@pytest.fixture(scope="module")
def judged_bundle(tmp_path_factory) -> Bundle:
    folder = tmp_path_factory.mktemp("judged")
    return draw_bundle(write(folder / "small.ipynb", **PARTS), b"secret", folder, progress=False)


@pytest.fixture(scope="module")
def grade(judged_bundle, confined):
    """Grade these code cells, by a grader that lives on."""
    grader = HastyGrader(judged_bundle, confined)
    yield lambda *sources: grader.grade("mallory", notebook(*sources))
    assert outcomes(grader.grade("ann", notebook(RIGHT))) == ["right"]
    grader.close()


def test_a_right_answer_passes_and_the_judge_is_not_in_the_memory_of_what_gave_it(grade):
    look = f"assert not found_in_memory({MARK[:17]!r}, {len(MARK)}, {hashlib.sha256(MARK.encode()).hexdigest()!r})"
    assert outcomes(grade(f"{SCAN}\n{SOLUTION.replace('return', f'{look}; return')}")) == ["right"]


@pytest.mark.parametrize("what", FORGED)
def test_what_is_told_in_an_answers_place_is_a_wrong_answer(what, grade):
    assert outcomes(grade(RIGHT, TELL.format(FORGED[what], "a number"))) == ["wrong"]


def test_nothing_of_an_answer_reaches_a_page(grade):
    said = "return {f'LEAK{self.x[0]}': self.x[:1], 'LEAK': [0.4711]}"
    result = grade(RIGHT.replace("return self.x", said))
    assert result.exercises[0].cases["one"].outcome == "wrong"
    assert not any(word in result.to_json() for word in ("LEAK", "4711"))
    hinted = grade(RIGHT.replace("return self.x", "return self.x[:4]")).exercises[0].cases["one"]
    assert hinted == CaseResult("wrong", form="another shape or other names than wanted", hint=MARK)
