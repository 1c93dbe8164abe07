"""Made-up submissions are what they are said to be: right, mistaken, broken, and the same for a seed."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import pytest

from course_kit.grading.asking.check import report
from course_kit.grading.asking.judging import has_judge
from course_kit.grading.asking.question import unpack
from course_kit.grading.authoring.assignment import cells_of, read
from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.handed_in.submission import parse
from course_kit.grading.running.notebook_check import PACKED

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("submissions", ROOT / "tools/submissions.py")
submissions = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(submissions)
A1 = ROOT / "solutions/a1_metrics.ipynb"


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("a[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_right_cells_are_right_and_mistaken_ones_make_the_mistake(path):
    assignment = read(path)
    released = "\n".join(cell["source"] for cell in cells_of(ROOT / "assignments" / path.name))
    questions = unpack(PACKED.search(released)[1])
    names: dict = {}
    exec(assignment.setup, names)
    for name, (right, wrong) in submissions.answers(assignment).items():
        exercise = assignment.exercises[name]
        question, key = questions[name]
        for cell, hint in [*((cell, "") for cell in right), *zip(wrong, exercise.hints.values(), strict=True)]:
            own = dict(names)
            exec(cell, own)
            found = report(question, key, question.answers(own[name]))
            assert all(found.passed.values()) != bool(hint), cell
            if not has_judge(exercise.probe):  # a judge says how an answer is wrong, seldom why
                assert hint in " ".join(found.text.split()), cell
            assert not hint or hint not in cell
        exec(exercise.solution, names)


def test_a_seed_gives_the_same_class_again_in_part_broken_and_hostile(tmp_path):
    for name in ("one", "two"):
        submissions.write(read(A1), tmp_path / name, 60, 0.2, 0.2, seed=1)
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert len(read_roster(tmp_path / "one.csv").students) == 60
    assert 50 < len(files) <= 60
    parsed = [parse(content, read(A1)) for content in files.values()]
    assert 5 < sum(bool(one.flags) for one in parsed) < 25
    assert (
        5
        < sum(any(trap in code for code in one.sources for trap in submissions.HOSTILE.values()) for one in parsed)
        < 25
    )


def test_every_way_to_break_a_notebook_breaks_it():
    content = (ROOT / "assignments/a1_metrics.ipynb").read_bytes()
    for break_it in submissions.BROKEN:
        parsed = parse(break_it(content, random.Random(0)), read(A1))
        assert parsed.flags or not parsed.sources


def test_a_disguised_copy_runs_as_the_original():
    cells = [{"cell_type": "code", "source": "def f(x):\n    total = x + 1\n    return total"}]
    (copied,) = submissions.disguised(cells)
    assert "my_total" in copied["source"]
    assert json.dumps(cells).count("my_") == 0
    original, other = {}, {}
    exec(cells[0]["source"], original)
    exec(copied["source"], other)
    assert original["f"](2) == other["f"](2) == 3
