"""`course run` on notebooks of its own, through the real nbval and a real kernel."""

from __future__ import annotations

import json

import nbformat
import pytest

from course_kit.cli import main


def write(path, *sources, tags=(), stored=None):
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook.cells = [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    for count, cell in enumerate(notebook.cells, start=1):
        cell.execution_count = count
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)] if stored else []
    nbformat.write(notebook, path)
    return path


def test_a_good_notebook_passes_and_is_left_as_it_is(tmp_path, capsys):
    path = write(tmp_path / "good.ipynb", "print(1 + 1)", tags=["nbval-check-output"], stored="2\n")
    before = path.read_bytes()
    assert main(["run", str(path)]) == 0
    assert path.read_bytes() == before
    assert capsys.readouterr().out.startswith(f"✓ {path}")


@pytest.mark.parametrize(
    ("source", "tags", "stored", "said"),
    [
        ("1 / 0", (), None, "ZeroDivisionError"),
        ("print(3)", ("nbval-check-output",), "2\n", "3"),
    ],
    ids=["an error", "another checked output"],
)
def test_a_finding_is_named_and_ends_with_1(tmp_path, capsys, source, tags, stored, said):
    path = write(tmp_path / "bad.ipynb", source, tags=tags, stored=stored)
    assert main(["run", "--json", str(path)]) == 1
    (result,) = json.loads(capsys.readouterr().out)
    assert said in result["failures"][0]


def test_an_unchecked_output_may_change(tmp_path):
    assert main(["run", str(write(tmp_path / "lax.ipynb", "print(3)", stored="2\n"))]) == 0


def test_write_stores_outputs_and_keeps_only_the_last_state_of_a_bar(tmp_path):
    bar = r"import sys; sys.stderr.write('\r 10%\r100%\n'); print('done')"
    path = write(tmp_path / "lesson.ipynb", bar)
    assert main(["run", "--write", str(path)]) == 0
    (cell,) = nbformat.read(path, 4).cells
    assert {out.name: out.text for out in cell.outputs} == {"stderr": "100%\n", "stdout": "done\n"}
    assert cell.execution_count == 1
    assert "execution" not in cell.metadata
    assert [file.name for file in tmp_path.iterdir()] == ["lesson.ipynb"]


def test_write_leaves_out_a_bar_that_is_a_widget_because_its_text_stands_at_0(tmp_path):
    box = "from ipywidgets import HBox, Label\nHBox([Label('seen')])"
    path = write(tmp_path / "lesson.ipynb", f"from tqdm.notebook import tqdm\nfor _ in tqdm(range(3)): pass\n{box}")
    assert main(["run", "--write", str(path)]) == 0
    notebook = nbformat.read(path, 4)
    assert [output.output_type for output in notebook.cells[0].outputs] == ["execute_result"]
    (stored,) = notebook.metadata.widgets.values()
    names = sorted(model["model_name"] for model in stored["state"].values() if "Layout" not in model["model_name"])
    assert names == ["HBoxModel", "LabelModel", "LabelStyleModel"]


def test_write_keeps_the_stored_notebook_if_a_cell_fails(tmp_path, capsys):
    path = write(tmp_path / "lesson.ipynb", "print('before')", "1 / 0")
    before = path.read_bytes()
    assert main(["run", "--write", str(path)]) == 1
    assert path.read_bytes() == before
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_an_error_that_is_shown_on_purpose_is_stored(tmp_path):
    path = write(tmp_path / "lesson.ipynb", "1 / 0", tags=["raises-exception"])
    assert main(["run", "--write", str(path)]) == 0
    assert nbformat.read(path, 4).cells[0].outputs[0].ename == "ZeroDivisionError"


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"cells": 3}'])
def test_what_is_no_notebook_is_one_line_and_2(tmp_path, capsys, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    assert main(["run", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"course: {path} is not a notebook")
    assert error.count("\n") == 1


def test_a_missing_notebook_and_an_empty_folder_are_one_line_and_2(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "nowhere.ipynb"]) == 2
    assert main(["run"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
