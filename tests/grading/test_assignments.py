"""What holds for every assignment in solutions/, whoever wrote it."""

from __future__ import annotations

import ast
import functools
import json
import re
import runpy
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from course_kit.grading.asking.check import Check, report
from course_kit.grading.asking.judging import JUDGED_RIGHT, has_judge
from course_kit.grading.asking.question import Key, Question, pack, unpack
from course_kit.grading.authoring.assignment import Assignment, cells_of, read
from course_kit.grading.authoring.reference import settle
from course_kit.grading.authoring.rounding import ONE_RUN
from course_kit.grading.authoring.versions import Versions, versions
from course_kit.grading.running.notebook_check import PACKED, check_notebook

ROOT = Path(__file__).parents[2]
SOLUTIONS = sorted((ROOT / "solutions").glob("a[0-9]*.ipynb"))
EXERCISES = [(path, name) for path in SOLUTIONS for name in read(path).exercises]
COMPARED = [(path, name) for path, name in EXERCISES if not has_judge(read(path).exercises[name].probe)]
NOTICE = "Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu"

each_assignment = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
each_exercise = pytest.mark.parametrize(("path", "name"), EXERCISES, ids=[name for _, name in EXERCISES])
each_compared = pytest.mark.parametrize(("path", "name"), COMPARED, ids=[name for _, name in COMPARED])


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@functools.cache
def source_of(path: Path) -> Assignment:
    return read(path)


@functools.cache
def asked(path: Path, name: str) -> tuple[Question, Key]:
    """What students get: a test below says that release would settle it alike today."""
    return unpack(packed(ROOT / "assignments" / path.name))[name]


@functools.cache
def versions_of(path: Path, name: str) -> Versions:
    return versions(source_of(path), source_of(path).exercises[name])


def code_of(path: Path) -> list[str]:
    return [cell["source"] for cell in cells_of(path) if cell["cell_type"] == "code"]


def packed(path: Path) -> str:
    return PACKED.search("\n".join(code_of(path)))[1]


@each_exercise
def test_the_solution_is_right_and_the_stub_is_not(path, name):
    question, key = asked(path, name)
    written = versions_of(path, name)
    assert all(report(question, key, question.answers(written.solution)).passed.values())
    assert not any(report(question, key, question.answers(written.stub)).passed.values())


@each_compared
def test_every_known_mistake_is_caught_and_named(path, name):
    question, key = asked(path, name)
    exercise = source_of(path).exercises[name]
    mistakes = versions_of(path, name).mistakes
    assert len(mistakes) >= 2
    for mistake, function in mistakes.items():
        found = report(question, key, question.answers(function))
        assert not all(found.passed.values()), mistake
        assert f": {exercise.hints[mistake]} " in " ".join(found.text.split()), mistake


@each_exercise
def test_right_answers_in_other_styles_are_accepted_for_any_seed(path, name):
    solution = versions_of(path, name).solution
    styles = runpy.run_path(str(Path(__file__).parent / f"right_answers/{path.stem}.py"))["RIGHT"][name]
    public, key = asked(path, name)
    for style in styles:
        assert all(report(public, key, public.answers(style)).passed.values()), style.__name__
    for seed in ("one", "two"):
        exercise = source_of(path).exercises[name]
        settled = settle(exercise, public.source, seed, exercise.seconds, Versions(solution, solution, {}))
        question, right = settled.question, {case: outcome.text for case, outcome in settled.right.items()}
        if has_judge(question.source):
            right = dict.fromkeys(right, JUDGED_RIGHT)
        for style in styles:
            given = {case: outcome.text for case, outcome in question.answers(style).items()}
            assert given == right, (style.__name__, seed)


@pytest.mark.slow
@each_compared
def test_mistakes_are_told_apart_with_hidden_inputs_too(path, name):
    exercise, assignment = source_of(path).exercises[name], source_of(path)
    source = assignment.probe_source(exercise, hidden=True)
    settled = settle(exercise, source, "hidden", exercise.seconds, versions_of(path, name), ONE_RUN)
    everyone = [settled.right, *settled.wrong.values()]
    assert len({tuple(outcome.text for outcome in answers.values()) for answers in everyone}) == len(everyone)


@each_compared
def test_the_check_cell_answers_at_once(path, name):
    question, key = asked(path, name)
    solution = versions_of(path, name).solution
    solution.__name__ = name
    check, seconds = Check(pack([(question, key)])), []
    for _ in range(3):
        started = time.process_time()
        check(solution)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 1  # a third of it on a processor that does nothing else


@each_assignment
def test_nothing_of_solutions_and_mistakes_leaks(path):
    plain = json.dumps([vars(q) | vars(k) for q, k in unpack(packed(ROOT / "assignments" / path.name)).values()])
    handed_out = "\n".join(cell["source"] for cell in cells_of(ROOT / "assignments" / path.name)) + plain
    for exercise in source_of(path).exercises.values():
        public = f"{exercise.stub}{exercise.probe}{source_of(path).tools}"
        code = f"{exercise.solution}\n{exercise.mistakes}\n{exercise.hidden}"
        for hint in exercise.hints.values():
            code = code.replace(hint, "")
        lines = {line.strip() for line in code.splitlines() if len(line.strip()) > 15}
        lines = {line for line in lines if line not in public and line.strip('"') not in plain}
        assert [line for line in lines if line in handed_out or json.dumps(line)[1:-1] in plain] == []
        assert not any(re.search(rf"\b{mistake}\b", handed_out) for mistake in exercise.hints)


@each_assignment
def test_it_reads_as_a_lesson(path):
    text = [cell["source"] for cell in cells_of(path) if cell["cell_type"] == "markdown"]
    assert NOTICE in text[0]
    assert re.search("minutes|hours", text[0])
    boxes = [int(points) for points in re.findall(r"^> ★.*\*\*(\d+) points\*\*", "\n".join(text), flags=re.MULTILINE)]
    written = list(source_of(path).written.values())
    assert boxes == [exercise.points for exercise in source_of(path).exercises.values()] + written
    assert "\n".join(text).count("<details>") == "\n".join(text).count("</details>") >= len(source_of(path).exercises)
    assert "$$" in "\n".join(text)


@each_exercise
def test_it_says_what_it_is_about_and_where_to_read_on(path, name):
    exercise = source_of(path).exercises[name]
    assert re.fullmatch(rf"{re.escape(exercise.title)}\. [A-Z\"].{{20,}}[.?!]", exercise.about)
    assert not re.search(r"[*`$<>\\]", exercise.about)
    assert exercise.read
    assert all((ROOT / f"notebooks/{lesson}.ipynb").exists() for lesson in exercise.read)


@each_assignment
def test_no_library_of_ours_in_a_solution(path):
    assert not any("course_lib" in exercise.solution for exercise in source_of(path).exercises.values())


def test_the_runs_that_a4_asks_about_are_the_stored_ones():
    runs = pd.read_csv(ROOT / "notebooks/results/comparison.csv").query("dataset == 'movielens-100k'").groupby("model")
    (source,) = (code for code in code_of(ROOT / "assignments/a4_ngcf.ipynb") if code.startswith("recall = {"))
    for model, recall in ast.literal_eval(source[len("recall = ") : source.index("}") + 1]).items():
        assert recall == runs.get_group(model).sort_values("seed")["recall@20"].round(3).tolist()


@pytest.mark.slow
@each_assignment
def test_filled_in_with_the_solution_the_student_notebook_runs_and_is_all_right(path):
    by_stub = {exercise.stub: exercise.solution for exercise in source_of(path).exercises.values()}
    student = ROOT / "assignments" / path.name
    result = check_notebook([by_stub.get(code, code) for code in code_of(student)], path.stem, progress=False)
    assert result["errors"] == []
    assert result["points"] == result["of"] == sum(e.points for e in source_of(path).exercises.values())
