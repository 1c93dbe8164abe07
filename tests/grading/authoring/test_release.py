from __future__ import annotations

import json
from dataclasses import replace

import pytest
import solution_notebooks

from course_kit.grading.authoring.assignment import read
from course_kit.grading.authoring.fairness import refuse_unstable
from course_kit.grading.authoring.reference import settle
from course_kit.grading.authoring.release import release
from course_kit.grading.authoring.versions import versions

TWICE = solution_notebooks.SOUND["mistakes"]


def test_the_student_gets_text_setup_stub_and_checks_and_nothing_else(tmp_path):
    path = solution_notebooks.write(tmp_path / "a1.ipynb", instructor="a note", **{"written:words points:0": "why?"})
    cells = json.loads(release(path, tmp_path / "out").read_text())["cells"]
    assert [cell["id"] for cell in cells] == ["title", "about", "c0", "checks", "c2", "check-spread", "c7"]
    assert "".join(cells[5]["source"]) == "check(spread)"
    assert cells[3]["metadata"] == {"jupyter": {"source_hidden": True}}
    assert all(
        cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code"
    )


def test_releasing_twice_gives_the_same_bytes(tmp_path):
    path = solution_notebooks.write(tmp_path / "a1.ipynb")
    assert release(path, tmp_path / "one").read_bytes() == release(path, tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"probe": "def probe(f, rng):\n    return {'a': f(rng.randn(5)) > 0}"}, r"spread, probe: got TypeError"),
        (
            {"probe": "def probe(f, rng):\n    return {'a': f(np.arange(4.0))}"},
            r"case 'a': got answers that can be guessed",
        ),
        (
            {"probe": "def probe(f, rng):\n    return {'a': f(np.arange(9) ** 0.5 / 7)}"},
            r"case 'a': got the same answer for two",
        ),
        ({"stub": "def spread(x):\n    return x.max() - x.min()"}, r"case 'five': got a stub that passes"),
        (
            {"mistakes": 'def same(x):\n    """Hint."""\n    return x.max() - x.min()'},
            r"spread: got mistake same answering as the sol",
        ),
        (
            {"mistakes": f"{TWICE}\n{TWICE.replace('smallest', 'least').replace('You', 'Have you')}"},
            r"got mistake least answering as mistake smallest",
        ),
        ({"mistakes": "def smallest(x):\n    return x.min()"}, r"spread, mistake smallest: got the docstring ''"),
        (
            {"mistakes": 'def mute(x):\n    """Hint."""\n    raise KeyError'},
            r"spread, mistake mute: got no value in any case",
        ),
        ({"written:words points:5": ""}, r"a1: got 105 points, wanted 100"),
        (
            {"solution": "def spread(x, y):\n    return x.max() - x.min()"},
            r"spread, spread: got the parameters x, y, wanted x, as in the stub",
        ),
        ({"solution": "def width(x):\n    return x.max()"}, r"tag 'solution': got no function of that name"),
        ({"probe": "def probe(f, rng)\n    return 1"}, r"spread, probe: got SyntaxError"),
        ({"hidden": "def hidden(f, rng)\n    return 1"}, r"spread, probe: got SyntaxError"),
        (
            {"hidden": "def hidden(f, rng):\n    return {'h': f(np.arange(9) ** 0.5 / 7)}"},
            r"case 'h': got the same answer",
        ),
        ({"hidden": "def hidden(f, rng):\n    return {'h': f(rng.rand())}"}, r"case 'h': got a solution that raised"),
        ({"solution": "def spread(x):\n    return x.no"}, r"a solution that raised AttributeError"),
    ],
)
def test_what_would_not_grade_fairly_is_refused_and_nothing_is_written(tmp_path, changed, said):
    path = solution_notebooks.write(tmp_path / "a1.ipynb", **changed)
    with pytest.raises(ValueError, match=said) as refused:
        release(path, tmp_path / "out")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_lesson_to_read_must_exist_where_lessons_are(tmp_path):
    (tmp_path / "solutions").mkdir()
    path = solution_notebooks.write(tmp_path / "solutions" / "a1.ipynb")
    release(path, tmp_path / "out")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").touch()
    with pytest.raises(ValueError, match=r"^spread, tag read:04_ngcf: got no notebooks/04_ngcf.ipynb"):
        release(path, tmp_path / "out")
    (tmp_path / "notebooks" / "04_ngcf.ipynb").touch()
    release(path, tmp_path / "out")


def test_a_random_solution_that_slips_through_the_draws_is_caught_by_the_second_run(tmp_path):
    assignment = read(solution_notebooks.write(tmp_path / "a1.ipynb"))
    exercise = assignment.exercises["spread"]
    written = versions(assignment, exercise)
    settled = settle(exercise, assignment.probe_source(exercise), "public", 2.0, written)
    refuse_unstable(settled.question, settled.right, written)
    other = replace(written, solution=lambda x: x.max() - x.min() + 1)
    with pytest.raises(ValueError, match="two answers in two runs"):
        refuse_unstable(settled.question, settled.right, other)


def test_a_picture_in_a_text_stays_with_it(tmp_path):
    path = solution_notebooks.write(tmp_path / "a1.ipynb")
    notebook = json.loads(path.read_text())
    pictures = {"p.png": {"image/png": "iVBORw0KGgo="}}
    notebook["cells"][1]["attachments"] = pictures
    path.write_text(json.dumps(notebook))
    cells = json.loads(release(path, tmp_path / "out").read_text())["cells"]
    assert [cell.get("attachments") for cell in cells[:3]] == [None, pictures, None]


def test_cells_without_ids_and_copied_cells_get_ids_of_their_own(tmp_path):
    path = solution_notebooks.write(tmp_path / "a1.ipynb")
    notebook = json.loads(path.read_text())
    del notebook["cells"][0]["id"]
    notebook["cells"].append({**notebook["cells"][1], "source": "The end."})
    path.write_text(json.dumps(notebook))
    ids = [cell["id"] for cell in json.loads(release(path, tmp_path / "out").read_text())["cells"]]
    assert ids == ["cell-0", "about", "c0", "checks", "c2", "check-spread", "cell-8"]
    assert release(path, tmp_path / "again").read_bytes() == (tmp_path / "out" / "a1.ipynb").read_bytes()
