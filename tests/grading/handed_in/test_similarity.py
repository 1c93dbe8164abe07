"""Copies are found however they were dressed; answers that were written apart are not."""

from __future__ import annotations

import ast
import itertools
import time
from pathlib import Path

import pytest
import solution_notebooks

from course_kit.grading.authoring.assignment import read
from course_kit.grading.handed_in import similarity
from course_kit.grading.handed_in.similarity import answers_in, groups, similar_answers, tokens
from course_kit.grading.handed_in.syntax import functions

ROOT = Path(__file__).parents[3]
ORIGINAL = '''
def spread(x):
    """Largest minus smallest."""
    total = 0.0
    largest = x[0]
    smallest = x[0]
    for value in x[1:]:
        if value > largest:
            largest = value
        if value < smallest:
            smallest = value
    for value in x:
        total = total + abs(value) * 0
    scale = 2.0
    return largest - smallest + total / scale
'''
RENAMED = """
def spread(numbers: "array") -> float:
    # all my own work
    summe: float = 0.0
    hi = numbers[0]
    lo = numbers[0]
    for v in numbers[1:]:
        if v > hi:
            hi = v
        if v < lo:
            lo = v
    for v in numbers:
        summe = summe + abs(v) * 0
    "another remark"
    scala = 2.0
    return hi - lo + summe / scala
"""
REORDERED = """
def spread(x):
    scale = 2.0
    largest = x[0]
    smallest = x[0]
    total = 0.0
    for value in x[1:]:
        if value < smallest:
            smallest = value
        if value > largest:
            largest = value
    for value in x:
        total = total + abs(value) * 0
    return largest - smallest + total / scale
"""
OTHER = """
def spread(x):
    order = sorted(float(value) for value in x)
    first, *middle, last = order
    checked = [one for one in middle if first <= one <= last]
    assert len(checked) == len(middle)
    return last - first if len(order) > 1 else 0.0
"""


def answered(sources, assignment):
    return {student: answers_in(functions(cells), assignment)[0] for student, cells in sources.items()}


def answer(source: str) -> tuple[str, ...]:
    return tokens(functions([source])["spread"])


def test_names_remarks_and_types_do_not_matter_but_code_does():
    assert answer(ORIGINAL) == answer(RENAMED)
    assert answer(ORIGINAL) != answer(ORIGINAL.replace("value > largest", "value >= largest"))
    assert answer(ORIGINAL) != answer(ORIGINAL.replace("abs", "float"))
    assert answer("def spread(x):\n    shape = x.shape\n    return shape") == answer(
        "def spread(y):\n    s = y.shape\n    return s"
    )


def test_copies_renamed_copies_and_reordered_ones_make_a_group(tmp_path):
    assignment = read(solution_notebooks.write(tmp_path / "a9.ipynb"))
    stub = assignment.exercises["spread"].stub
    sources = {"ada": [ORIGINAL], "ben": [RENAMED], "cleo": [REORDERED], "dan": [OTHER], "eve": [stub], "fay": [stub]}
    sources |= {"gus": ["def spread(x:"], "hal": [], "ida": ["def spread(x):\n    return x.max() - x.min()"] * 2}
    assert similar_answers(assignment, answered(sources, assignment)) == (("spread", ("ada", "ben", "cleo")),)


def test_a_helper_under_another_name_is_the_same_helper(tmp_path):
    assignment = read(solution_notebooks.write(tmp_path / "a9.ipynb"))
    helped = ORIGINAL.replace("abs(", "mine(")
    sources = {"ada": ["def mine(x): pass", helped], "ben": ["def thine(x): pass", helped.replace("mine", "thine")]}
    assert similar_answers(assignment, answered(sources, assignment)) == (("spread", ("ada", "ben")),)


def test_who_agrees_in_everything_is_found_though_each_answer_is_the_usual_one():
    assignment = read(ROOT / "solutions/a1_metrics.ipynb")
    usual = [exercise.solution for exercise in assignment.exercises.values()]
    other = [code.replace("return", "surplus = 1\n    return", 1) for code in usual]
    sources = {f"s{n}": [(other if n == m else usual)[m] for m in range(5)] for n in range(5)}
    sources |= {"x": [other[0], other[1], *usual[2:]], "y": [other[0], other[1], *usual[2:]]}
    found = similar_answers(assignment, answered(sources, assignment))
    assert [name for name, students in found if students == ("x", "y")] == list(assignment.exercises)


def test_what_most_write_is_no_group_and_hides_none():
    crowd = {f"s{n:02}": answer(ORIGINAL) for n in range(4)}
    pair = {"x": answer(OTHER), "y": answer(OTHER)}
    assert groups(crowd | pair) == [("x", "y")]
    chain = [answer(ORIGINAL.replace("scale = 2.0", f"scale = 2.0 + {n}.0")) for n in range(4)]
    assert groups({f"s{n:02}": one for n, one in enumerate([*chain, chain[0]])}) == [("s00", f"s{len(chain):02}")]


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("a[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_right_answers_that_were_written_apart_are_no_group(path):
    assignment = read(path)
    source = (ROOT / f"tests/grading/right_answers/{path.stem}.py").read_text("utf-8")
    right = next(n.value for n in ast.parse(source).body if isinstance(n, ast.Assign) and n.targets[0].id == "RIGHT")
    defined = functions([source])
    for name, styles in zip(map(ast.literal_eval, right.keys), right.values, strict=True):
        answers = {style.id: tokens(defined[style.id]) for style in styles.elts if isinstance(style, ast.Name)}
        answers["solution"] = tokens(functions([assignment.exercises[name].solution])[name])
        assert groups(answers) == [], name


def test_source_made_to_break_it_does_not(tmp_path):
    assignment = read(solution_notebooks.write(tmp_path / "a9.ipynb"))
    hostile = ["def spread(x):\n    return " + deep for deep in ("-" * 90, "1+" * 40_000, "0x" + "f" * 50_000 + " +")]
    sources = {f"s{n}": [one + "1" + " + x" * 60] for n, one in enumerate(hostile)}
    assert similar_answers(assignment, answered(sources, assignment)) == ()


@pytest.mark.slow
def test_a_class_of_six_hundred_is_no_work():
    path = ROOT / "solutions/a5_negatives.ipynb"
    assignment = read(path)
    solutions = [exercise.solution for exercise in assignment.exercises.values()]
    sources = {
        f"s{n:03}": [s.replace("return", f"x{n % 300} = {n}\n    return", 1) for s in solutions] for n in range(600)
    }
    started = time.process_time()
    similar_answers(assignment, answered(sources, assignment))
    assert time.process_time() - started < 20


def test_shared_shingles_are_counted_right():
    texts = [ORIGINAL, REORDERED, OTHER]
    rows = similarity._bits([answer(text) for text in texts])
    for (a, x), (b, y) in itertools.combinations(zip(texts, rows, strict=True), 2):
        plain = [
            [" ".join("v" if w[:1] == "v" and w[1:].isdigit() else w for w in t.split(" ")) for t in answer(s)]
            for s in (a, b)
        ]
        one, two = ({tuple(p[n : n + 3]) for n in range(len(p) - 2)} for p in plain)
        assert ((x & y).bit_count(), (x | y).bit_count()) == (len(one & two), len(one | two))


def test_of_a_long_constant_as_much_is_kept_as_tells_it_from_another():
    found = [
        tokens(functions([f"def f():\n    return {value}"])["f"]) for value in (f"'{'a' * 9_000}'", f"'{'a' * 9_001}'")
    ]
    assert found[0] != found[1]
    assert max(len(token) for answer in found for token in answer) < 100
