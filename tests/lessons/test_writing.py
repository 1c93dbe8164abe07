"""What students write in the lessons: answers are accepted, each known mistake is named, and nothing else is."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from course_kit.lessons.tasks import TASKS
from course_kit.lessons.writing import check_code, same

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
EACH_TASK = pytest.mark.parametrize("name", TASKS)
MISTAKES = [(name, hint) for name, task in TASKS.items() for hint in task.mistakes]
ANSWER = re.compile(r"<details><summary>Answer</summary>\n\n```python\n(.*?)```\n\n</details>", re.DOTALL)


def cells(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_in_each_lesson_two_functions_are_written_and_the_folded_answers_are_right(path):
    asked = 0
    for text, code in zip(cells(path), cells(path)[1:], strict=False):
        if not (name := re.search(r'check_code\("(.+)", (\w+)\)', code)):
            continue
        assert name[1].startswith(path.name[:2])
        scope = {"torch": torch, "np": np, "math": math}
        exec(ANSWER.search(text)[1], scope)
        assert repr(check_code(name[1], scope[name[2]])) == "✓ right"
        exec(re.sub(r"^(from|import|check_code).*$", "", code, flags=re.MULTILINE), scope)
        assert repr(check_code(name[1], scope[name[2]])).startswith("… write your lines")
        asked += 1
    assert asked >= 2


def test_every_task_is_asked_once():
    code = "\n".join(source for path in NOTEBOOKS for source in cells(path))
    assert sorted(re.findall(r'check_code\("(.+)", \w+\)', code)) == sorted(TASKS)


@pytest.mark.parametrize(("name", "hint"), MISTAKES)
def test_each_mistake_is_named(name, hint):
    verdict = check_code(name, TASKS[name].mistakes[hint])
    assert not verdict.right
    assert verdict.message == f"✗ {hint}"


@EACH_TASK
def test_what_is_no_known_mistake_gets_no_hint_but_a_look_at_a_case(name):
    assert "None came back" in repr(check_code(name, lambda *inputs: None))
    assert "wanted is" in repr(check_code(name, lambda *inputs: -12345.6))


@EACH_TASK
def test_inputs_that_a_function_changes_do_not_change_what_is_wanted(name):
    def spoils(*inputs):
        answer = TASKS[name].answer(*inputs)
        for each in inputs:
            if isinstance(each, torch.Tensor):
                each.zero_()
        return answer

    assert check_code(name, spoils).right


def test_an_error_is_told_in_one_line():
    assert repr(check_code("04 catches up", lambda n, layers: n / 0)) == (
        "✗ your function stopped with ZeroDivisionError: division by zero"
    )


def test_a_mistake_in_one_case_of_three_gets_no_hint():
    right = TASKS["04 catches up"].answer
    seen = []

    def odd(n, layers):
        seen.append(n)
        return right(n, 1) if len(seen) == 1 else -1

    assert "wanted is" in repr(check_code("04 catches up", odd))


def test_a_wrong_case_shows_each_input_under_its_name_and_a_table_row_by_row():
    told = repr(check_code("04 max", lambda h, neighbors: h + 7)).splitlines()
    (h, neighbors), *_ = TASKS["04 max"].cases()
    rows = [line for line in told if line.startswith(("  h = [[", "       ["))]
    assert len(rows) == len(h)
    assert f"  neighbors = {neighbors}" in told


def test_unknown_names_and_values_that_are_no_functions_are_refused():
    with pytest.raises(ValueError, match="name"):
        check_code("04 nothing", len)
    with pytest.raises(ValueError, match="without calling it"):
        check_code("04 max", 3)


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (torch.tensor(1.0), 1, True),
        ((torch.tensor([1, 2]), 0.5), [np.array([1.0, 2.0]), torch.tensor(0.5)], True),
        (["a"], ["a"], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        (torch.zeros(2), torch.zeros(2, 1), False),
        (None, 1, False),
        (math.nan, math.nan, True),
    ],
)
def test_answers_are_compared_by_value(first, second, equal):
    assert same(first, second) is equal
