"""A student's own copies: what is taken out, and that nothing of the student's is ever lost."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from course_kit.cli import main
from course_kit.lessons.copies import make_copies, news, student_notebook

ROOT = Path(__file__).parents[2]
LESSON, ASSIGNMENT = "notebooks/01_graph.ipynb", "assignments/a1_metrics.ipynb"


def write(path: Path, *cells: nbformat.NotebookNode) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)


def lesson(text: str) -> list[nbformat.NotebookNode]:
    return [nbformat.v4.new_markdown_cell(text, id="text"), nbformat.v4.new_code_cell("1 + 1", id="code")]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    source = tmp_path / "course"
    write(source / LESSON, *lesson("the first edition"))
    write(source / ASSIGNMENT, nbformat.v4.new_markdown_cell("run `.venv/bin/course check assignments/a1.ipynb`"))
    (source / "notebooks/results").mkdir()
    (source / "notebooks/results/table.csv").write_text("a,b\n")
    return source


def test_what_gives_answers_away_and_what_slides_need_is_gone():
    output = nbformat.v4.new_output("stream", text="0.4")
    cells = [
        nbformat.v4.new_markdown_cell("for all", metadata={"slideshow": {"slide_type": "slide"}}),
        nbformat.v4.new_markdown_cell("the answer is 0.4", metadata={"tags": ["presenter"]}),
        nbformat.v4.new_code_cell(
            "print(x[i](y))", outputs=[output], execution_count=3, metadata={"jupyter": {"outputs_hidden": True}}
        ),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {"state": {}}})
    copy = nbformat.reads(student_notebook(nbformat.writes(notebook)), as_version=4)
    nbformat.validate(copy)
    assert [cell.source for cell in copy.cells] == ["for all", "print(x[i](y))"]
    assert "0.4" not in nbformat.writes(copy)
    assert copy.cells[1].execution_count is None
    assert not re.search("slideshow|outputs_hidden|widgets", nbformat.writes(copy))


def test_the_place_of_a_widget_says_what_it_is_and_nothing_of_what_it_showed(tmp_path):
    view = "application/vnd.jupyter.widget-view+json"
    shown = [
        {view: {"model_id": "1"}, "image/png": "cGlj", "text/plain": "Predict: you 0.4, locked"},
        {view: {"model_id": "2"}, "text/plain": "HBox(children=(1, 2))"},  # a bar of progress, not the course's
        {"text/plain": "Dataset: 0.4"},
    ]
    outputs = [nbformat.v4.new_output("display_data", data) for data in shown]
    cell = nbformat.v4.new_code_cell("guess", outputs=outputs, execution_count=1)
    copy = nbformat.reads(student_notebook(nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))), as_version=4)
    nbformat.validate(copy)
    (line,) = copy.cells[0].outputs
    assert line.text == "Predict: run this cell, and the widget appears here.\n"
    assert NotebookNotary(data_dir=str(tmp_path)).check_cells(copy)  # or JupyterLab shows no widget the next day


def test_text_that_tells_an_outcome_is_folded_until_something_new_begins():
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    cells = [
        text("Which is it?"),
        code('guess = Predict("More than 4 & less?", low=0)\nguess'),
        text("We measure it."),
        code("guess.reveal(measured)"),
        text("It is five, because $a < b$."),
        code("more = measured + 1"),
        text("And six is more."),
        text("**Check 1 (ungraded).** What about seven?"),
        text("Seven is new."),
    ]
    notebook = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    copy = nbformat.reads(student_notebook(notebook), as_version=4)
    nbformat.validate(copy)
    sources = [cell.source for cell in copy.cells]
    folded = [source for source in sources if "<details" in source]
    assert [sources.index(source) for source in folded] == [4, 6]
    assert all('title="More than 4 &amp; less?"' in source for source in folded)
    assert "\n\nIt is five, because $a < b$.\n\n" in folded[0]
    assert [source for source in sources if source not in folded] == [
        cell.source for cell in cells if cell.source in sources
    ]


def test_text_is_folded_under_its_own_question_even_if_the_cell_gives_the_question_a_name():
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    cells = [
        code('guess = Predict("Is it four?", low=0)\nguess.reveal(four)'),
        text("**Predict, then reveal.** Now the other one."),
        code('question = "Is it five?"\nguess = Predict(question, [str(n) for n in range(6)])'),
        code("guess.reveal(five)"),
        text("It is."),
    ]
    copy = nbformat.reads(student_notebook(nbformat.writes(nbformat.v4.new_notebook(cells=cells))), as_version=4)
    assert 'title="Is it five?"' in copy.cells[-1].source


@pytest.mark.parametrize("lesson", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_folded_text_of_a_lesson_waits_for_the_prediction_before_it(lesson):
    shown = nbformat.read(lesson, as_version=4)
    states = shown.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    questions = {state["state"]["question"] for state in states if "question" in state["state"]}
    copy = nbformat.reads(student_notebook(nbformat.writes(shown)), as_version=4)
    waits_for = ""
    for cell in copy.cells:
        asked = [question for question in questions if cell.cell_type == "code" and f'"{question}"' in cell.source]
        waits_for = asked[0] if asked else waits_for
        if title := re.match('<details class="told" title="([^"]*)">', cell.source):
            assert html.unescape(title[1]) == waits_for


def test_an_update_renews_what_is_untouched_and_leaves_what_is_not(course):
    own = course / "my"
    assert make_copies(course, own) == []
    touched, untouched = own / LESSON, own / ASSIGNMENT
    touched.write_text(touched.read_text().replace("1 + 1", "my own work"))
    mine = touched.read_bytes()

    assert make_copies(course, own) == []  # nothing is new, so nothing is put beside it
    write(course / LESSON, *lesson("the second edition"))
    write(course / ASSIGNMENT, *lesson("another task"))
    (beside,) = make_copies(course, own)
    assert touched.read_bytes() == mine
    assert beside == own / "notebooks/01_graph.new-edition.ipynb"
    assert "the second edition" in beside.read_text()
    assert "another task" in untouched.read_text()
    assert beside.name in news(own)
    assert make_copies(course, own) == []

    beside.write_text(beside.read_text().replace("1 + 1", "work goes on here"))
    write(course / LESSON, *lesson("the third edition"))
    (third,) = make_copies(course, own)
    assert "work goes on here" in beside.read_text()
    assert touched.read_bytes() == mine
    write(course / LESSON, *lesson("the fourth edition"))
    assert make_copies(course, own) == [third]  # nobody has worked in the third
    assert "the fourth edition" in third.read_text()

    for path in (beside, third):
        path.unlink()
    assert "up to date" in news(own)
    touched.unlink()
    assert make_copies(course, own) == []
    assert "the fourth edition" in touched.read_text()


@pytest.mark.parametrize("record", [None, "{", "{}"])
def test_where_the_record_is_lost_every_file_counts_as_the_students(course, record):
    own = course / "my"
    make_copies(course, own)
    (own / ".editions.json").unlink()
    if record is not None:
        (own / ".editions.json").write_text(record)
    before = (own / LESSON).read_bytes()
    write(course / LESSON, *lesson("the second edition"))
    assert [path.name for path in make_copies(course, own)] == ["01_graph.new-edition.ipynb"]
    assert (own / LESSON).read_bytes() == before


def test_the_command_makes_them_anywhere_and_says_one_line(course, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(course)
    assert main(["lessons"]) == main(["lessons", "--to", str(tmp_path / "far")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert "course check my/assignments/a1.ipynb" in (course / "my" / ASSIGNMENT).read_text()
    assert "course check assignments/a1.ipynb" in (tmp_path / "far" / ASSIGNMENT).read_text()
    assert (tmp_path / "far/notebooks/results/table.csv").read_text() == "a,b\n"
    monkeypatch.chdir(tmp_path)
    assert main(["lessons"]) == 2
    assert "notebooks/" in capsys.readouterr().err


def test_the_first_lesson_says_where_it_lies(course, monkeypatch):
    make_copies(course, course / "my")
    monkeypatch.chdir(course / "notebooks")
    assert "make lab" in news()
    monkeypatch.chdir(course / "my/notebooks")
    assert "up to date" in news()


def test_every_link_and_every_stored_table_of_the_real_lessons_is_there(tmp_path):
    make_copies(ROOT, tmp_path)
    copies = sorted(tmp_path.glob("*/*.ipynb"))
    assert len(copies) == len([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("assignments/*.ipynb")])
    for path in [*copies, *tmp_path.glob("docs/*.md")]:
        text = path.read_text()
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            lines = [output["text"] for cell in cells for output in cell.get("outputs", [])]
            assert all(line.endswith(": run this cell, and the widget appears here.\n") for line in lines)
            for name in re.findall(r"[\"']results/([\w.]+)", "".join("".join(cell["source"]) for cell in cells)):
                assert (path.parent / "results" / name).exists(), (path.name, name)
            text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        targets = re.findall(r"\]\((?!http)([^)#\s]+)\)", text)
        assert [target for target in targets if not (path.parent / target).exists()] == [], path.name
