"""What is done is kept beside a student's own copies and nowhere else; the way shows it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from course_kit.lessons.copies import RECORD
from course_kit.lessons.practice import CHECKS, check_answer
from course_kit.lessons.progress import FILE, note, way
from course_kit.lessons.questions import QUESTIONS
from course_kit.widgets import Predict, Quiz

QUESTION = "Is the <b>first</b> item popular?"
CHECK = "00 edges per user"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder with a lesson, a spoiled lesson and an assignment; the kernel works in it."""
    for name, title, *code in [
        ("notebooks/00_start.ipynb", "00 · <Start> & go"),
        ("notebooks/01_graph.ipynb", "01 · Graph", f"p = Predict({QUESTION!r})", "a b", f"check_answer({CHECK!r}, 1)"),
        ("notebooks/01_graph.new-edition.ipynb", "01 · Graph, again"),
        ("assignments/a1_metrics.ipynb", "A1 · Metrics"),
    ]:
        cells = [nbformat.v4.new_markdown_cell(f"# {title}"), *map(nbformat.v4.new_code_cell, code)]
        (tmp_path / name).parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / name)
    (tmp_path / "notebooks/02_spoiled.ipynb").write_text("not a notebook")
    (tmp_path / RECORD).write_text("{}")
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def done(folder: Path) -> dict[str, list[str]]:
    return json.loads((folder / FILE).read_text())


def test_checks_predictions_and_quizzes_are_noted_when_done_and_not_before(own):
    check_answer(CHECK, 0.0)
    guess, quiz = Predict(QUESTION, options=["yes", "no"]), Quiz("00")
    guess.guess = "yes"
    quiz.answers = [0] * (len(QUESTIONS["00"]) - 1) + [-1]
    assert not (own / FILE).exists()
    for _ in range(2):
        check_answer(CHECK, CHECKS[CHECK].answer)
    guess.locked = True
    quiz.answers = [0] * len(QUESTIONS["00"])
    assert done(own) == {"checks": [CHECK], "predictions": [QUESTION], "quiz": ["00"]}


def test_outside_of_a_students_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_answer(CHECK, CHECKS[CHECK].answer)
    assert list(tmp_path.iterdir()) == []
    assert way().stops == ()


def test_the_way_leads_to_every_lesson_and_assignment_and_marks_what_is_done(own):
    note("predictions", QUESTION)
    stops = way().stops
    assert [stop.title for stop in stops] == ["00 · <Start> & go", "01 · Graph", "02_spoiled", "A1 · Metrics"]
    assert stops[1].tasks == {"predictions": [True], "checks": [False]}
    assert all((own / "notebooks" / stop.link).exists() for stop in stops)
    html = way()._repr_html_()
    assert "<Start>" not in html
    assert 'href="../assignments/a1_metrics.ipynb"' in html
    assert (html.count("●"), html.count("○")) == (2, 2)  # one of each in the legend


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"checks": 3}', '{"others": ["x"]}'])
def test_a_damaged_file_is_begun_anew(own, text):
    (own / FILE).write_text(text)
    assert len(way().stops) == 4
    check_answer(CHECK, CHECKS[CHECK].answer)
    assert done(own)["checks"] == [CHECK]


def test_a_folder_that_cannot_be_written_stops_no_lesson(own):
    (own / f"{FILE}.part").mkdir()
    assert check_answer(CHECK, CHECKS[CHECK].answer).right


def test_an_assignments_checks_count_as_they_were_saved(own):
    def cell(name, text):
        output = nbformat.v4.new_output("execute_result", {"text/plain": text})
        return nbformat.v4.new_code_cell(f"def {name}(x): ...\n\n\ncheck({name})", outputs=[output] if text else [])

    texts = {"recall": "✓ one\nrecall: 2 of 2 cases. Grading asks more.", "ndcg": "ndcg: 1 of 12 cases.", "audit": ""}
    cells = [nbformat.v4.new_markdown_cell("# A1 · Metrics"), *(cell(*pair) for pair in texts.items())]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), own / "assignments/a1_metrics.ipynb")
    assert way().stops[-1].tasks == {"checks": [True, False, False]}
