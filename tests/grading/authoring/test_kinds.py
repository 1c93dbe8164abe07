"""Each kind of exercise that the template shows is released, and its solution and its mistakes are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import solution_notebooks

from course_kit.grading.asking.check import report
from course_kit.grading.asking.question import Key, Question, unpack
from course_kit.grading.authoring.assignment import read
from course_kit.grading.authoring.release import release
from course_kit.grading.authoring.versions import versions
from course_kit.grading.running.notebook_check import PACKED

TEMPLATE = Path(__file__).parents[3] / "solutions/template.ipynb"
ASSIGNMENT = read(TEMPLATE)


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> dict[str, tuple[Question, Key]]:
    cells = json.loads(release(TEMPLATE, tmp_path_factory.mktemp("out")).read_text())["cells"]
    return unpack(PACKED.search("".join("".join(cell["source"]) for cell in cells))[1])


@pytest.mark.parametrize("name", ASSIGNMENT.exercises)
def test_each_kind_is_released_and_asked(asked, name):
    (question, key), exercise = asked[name], ASSIGNMENT.exercises[name]
    written = versions(ASSIGNMENT, exercise)
    assert all(report(question, key, question.answers(written.solution)).passed.values())
    assert not any(report(question, key, question.answers(written.stub)).passed.values())
    for mistake, function in written.mistakes.items():
        said = " ".join(str(report(question, key, question.answers(function))).split())
        assert "✗" in said
        if mistake != "largest":  # of which the judge says nothing
            assert f": {exercise.hints[mistake]}" in said


FIVE = "def probe(f, rng):\n    return {'five': f(rng.randn(5))}"
REFUSED = {
    "a word out of two": (
        "def label(x):\n    return 'positive' if x.sum() > 0 else 'negative'",
        FIVE,
        "case 'five': got the same answer for two seeds",
    ),
    "a driver that changes the inputs": (
        "def centre(x):\n    x -= x.mean()",
        f"def ask(f, x):\n    f(x)\n    return x\n\n\n{FIVE}",
        "a solution that changed its inputs",
    ),
    "a driver with a fault": (
        "def total(x):\n    return x.sum()",
        f"def ask(f, x):\n    return f(x).nothing\n\n\n{FIVE}",
        "a solution that raised AttributeError",
    ),
    "a driver that uses the probe": (
        "def total(x):\n    return x.sum()",
        f"def ask(f, x):\n    return f(x) if probe else 0\n\n\n{FIVE}",
        "a driver that uses probe",
    ),
    "another method": (
        "class Mean:\n    def value(self, x, y):\n        return x.mean()",
        f"def ask(f, x):\n    return f().value(x)\n\n\n{FIVE}",
        r"Mean, Mean\.value: got the parameters self, x, y, wanted self, x, as in the stub",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_unfair_is_refused(what, tmp_path):
    solution, probe, said = REFUSED[what]
    head = solution.partition("\n")[0]
    body = "\n    def value(self, x):\n        raise NotImplementedError" if head.startswith("class") else " ..."
    path = solution_notebooks.write(tmp_path / "a1.ipynb", stub=head + body, solution=solution, probe=probe)
    with pytest.raises(ValueError, match=said):
        release(path, tmp_path / "out")


def test_a_driver_that_uses_what_is_withheld_is_refused(tmp_path):
    probe = f"from course_lib.metrics import top_k\n\n\ndef ask(f, x):\n    return top_k(f(x))\n\n\n{FIVE}"
    path = solution_notebooks.write(tmp_path / "a1.ipynb", probe=probe)
    path.write_text(path.read_text().replace('["setup"]', '["setup", "withhold:course_lib.metrics"]'))
    with pytest.raises(ValueError, match=r"a driver that uses course_lib\.metrics"):
        release(path, tmp_path / "out")
