"""What is known of a run before any code runs, and that it can be stored."""

from __future__ import annotations

import json

import pytest
import solution_notebooks
from refusing import refused

from course_kit.grading.handed_in.run import ClassOptions, HandedIn, Run, prepare, stems

CODE = "def spread(values):\n    " + "\n    ".join(f"a{n} = values[{n}] + {n}" for n in range(12)) + "\n    return a3"


def notebook(*sources: str) -> str:
    cells = [{"cell_type": "code", "id": f"n{n}", "metadata": {}, "source": one} for n, one in enumerate(sources)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def files(tmp_path):
    solution = solution_notebooks.write(
        tmp_path / "a9_x.ipynb", **{"setup withhold:course_lib.metrics": "import numpy"}
    )
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ada.ipynb").write_text(notebook(CODE))
    (folder / "ben.ipynb").write_text(notebook("import course_lib.metrics", CODE.replace("a3", "b3")))
    (folder / "stranger.ipynb").write_text(notebook(CODE))
    (tmp_path / "roster.csv").write_text("student\nada\nben\ncleo\n")
    return solution, folder, tmp_path / "roster.csv"


def test_everybody_in_the_roster_is_there_and_what_can_be_seen_is_said(files):
    solution, folder, roster = files
    run, submissions = prepare(solution, folder, ClassOptions(roster, "2026-11-30T18:00Z", "10%/day"))
    assert run.submissions == str(folder.resolve())
    assert [one.student for one in submissions] == ["ada", "ben"]
    assert list(run.handed_in) == ["ada", "ben", "cleo"]
    assert run.handed_in["cleo"] == HandedIn("", "", ())
    assert run.handed_in["ben"].flags == ("names course_lib.metrics, which is withheld",)
    assert (run.handed_in["ada"].time, run.handed_in["ada"].source) == ("", "")
    assert run.strangers == ("'stranger.ipynb': nobody in the roster",)
    assert run.similar == (("spread", ("ada", "ben")),)
    assert (run.due, run.late, run.extensions) == ("2026-11-30T18:00:00+00:00", "10%/day", "")


def test_a_stored_run_is_the_same(files):
    solution, folder, _ = files
    run, _ = prepare(solution, folder)
    assert Run.from_json(run.to_json()) == run
    for text in ("{}", "[]", "null", '{"handed_in": {"a": 1}}', "x"):
        with pytest.raises(ValueError):
            Run.from_json(text)


def test_usage_mistakes_are_one_line(files, tmp_path):
    solution, folder, roster = files
    (tmp_path / "empty").mkdir()
    extensions = tmp_path / "extensions.csv"
    extensions.write_text("student,due\nadda,2026-12-01\n")
    for arguments, said in [
        ((solution, tmp_path / "nowhere"), "there is no such folder or zip"),
        ((solution, tmp_path / "empty"), "holds no submission"),
        ((solution, folder, ClassOptions(roster, "2026-11-30T18:00Z", "zero", extensions)), "extensions: got adda"),
        ((solution, folder, ClassOptions(late="zero")), "no due time"),
        ((solution, folder, ClassOptions(due="2026-11-30T18:00")), "names no time zone"),
    ]:
        with refused(said):
            prepare(*arguments)


def test_a_run_is_read_again(files):
    solution, folder, _ = files
    run, _ = prepare(solution, folder)
    assert Run.from_json(run.to_json()) == run


def test_file_names_are_safe_and_never_the_same():
    students = ["ada", "Ada", "../ada", "a/d:a", "Zoë Ü", "李", "王", "CON.", "x" * 300, "=cmd", "", "ada_2"]
    names = stems(students)
    assert names == stems(reversed(students))
    assert len({name.lower() for name in names.values()}) == len(students)
    assert all(
        name.isascii() and 0 < len(name) < 90 and not set(name) & set('/\\:*?"<>| \n=') for name in names.values()
    )
    assert all(not name.startswith(".") for name in names.values())
    assert names["Zoë Ü"] == "Zoe_U"
