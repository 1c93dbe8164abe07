from __future__ import annotations

import pytest
import solution_notebooks

from course_kit.grading.authoring.assignment import read


def test_a_notebook_is_read_without_running_it(tmp_path):
    assignment = read(solution_notebooks.write(tmp_path / "a1_sound.ipynb", setup="raise SystemExit"))
    exercise = assignment.exercises["spread"]
    assert assignment.name == "a1_sound"
    assert assignment.setup == "raise SystemExit"
    assert (exercise.points, exercise.seconds, exercise.parameters) == (100, 20.0, ("x",))
    assert exercise.hints == {"smallest": "You forgot the largest."}


def test_every_tag_of_the_page_is_read(tmp_path):
    extra = {
        "written:words points:15": "",
        "instructor": "x",
        "hidden": "def hidden(f, rng): ...",
        "setup withhold:a.b": "",
    }
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb", **extra))
    assert assignment.written == {"words": 15}
    assert assignment.withheld == ["a.b"]
    assert assignment.exercises["spread"].hidden == "def hidden(f, rng): ..."


def test_what_an_exercise_is_about_and_where_to_read_on(tmp_path):
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb"))
    exercise = assignment.exercises["spread"]
    assert assignment.title == "A9 · A lesson"
    assert exercise.title == "The spread"
    assert exercise.about == "The spread. How far apart are x_1 and x[2], in units of 1.5 m?"
    assert exercise.read == ["00_start_here", "04_ngcf"]


def test_a_name_with_an_underscore_is_no_mistake(tmp_path):
    source = f"def _helper(x):\n    return x\n\n\n{solution_notebooks.SOUND['mistakes']}"
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb", mistakes=source))
    assert list(assignment.exercises["spread"].hints) == ["smallest"]


@pytest.mark.parametrize("part", ["solution", "mistakes", "probe"])
def test_a_missing_part_is_named(tmp_path, part):
    with pytest.raises(ValueError, match=rf"^a1.ipynb, spread: got no cell tagged '{part}'"):
        read(solution_notebooks.write(tmp_path / "a1.ipynb", **{part: None}))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stub": "x = 1"}, "tag 'stub': got a cell that defines"),
        ({"solution again": "pass"}, None),
        ({"solution ": "def spread(x): ..."}, "tag 'solution': got a second one"),
        ({"written points:3": ""}, "one of the form written:"),
    ],
)
def test_a_tag_out_of_place_is_named(tmp_path, changed, said):
    path = solution_notebooks.write(tmp_path / "a1.ipynb", **changed)
    with pytest.raises(ValueError, match=said or "second"):
        read(path)


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', '{"cells": [{}]}'])
def test_what_is_no_notebook_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "a1.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="is not a notebook"):
        read(path)
