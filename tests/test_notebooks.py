"""What every lesson keeps to; that the lessons run and print what they claim is nbval's part."""

from __future__ import annotations

import ast
import builtins
import json
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTICE = "Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu"
SLIDES = {"slide", "subslide", "fragment", "skip", "notes"}
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[dict]:
    found = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def paragraphs(text: str) -> list[str]:
    """What a student reads at first sight: no tables, no formulas, nothing that is folded away."""
    visible = re.sub(r"<details>.*?</details>|\$\$.*?\$\$|^\|.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.split(r"\n\s*\n", visible)


def test_the_first_cell_names_the_lecture(path):
    first = cells(path, "markdown")[0]
    assert NOTICE in first["source"]
    assert json.loads(path.read_text())["cells"][0]["id"] == first["id"]


def test_every_cell_has_an_id_of_its_own(path):
    ids = [cell["id"] for cell in json.loads(path.read_text())["cells"]]
    assert len(ids) == len(set(ids))


def test_every_code_cell_is_stored_executed_and_in_order(path):
    counts = [cell["execution_count"] for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_no_cell_failed(path):
    assert not [out for cell in cells(path, "code") for out in cell["outputs"] if out["output_type"] == "error"]


def test_some_numbers_are_checked_and_each_of_them_prints(path):
    checked = [cell for cell in cells(path, "code") if "nbval-check-output" in tags(cell)]
    assert len(checked) >= 2
    assert all(out["output_type"] == "stream" for cell in checked for out in cell["outputs"])
    assert all(cell["outputs"] for cell in checked)


def test_cells_are_small(path):
    lines = [len(cell["source"].splitlines()) for cell in cells(path, "code")]
    assert median(lines) <= 6
    assert max(lines) <= 15


def test_paragraphs_are_short(path):
    texts = [part for cell in cells(path, "markdown") for part in paragraphs(cell["source"])]
    assert [text for text in texts if len(text.split()) > 90] == []


def test_every_cell_has_its_place_on_the_slides(path):
    every = cells(path, "code") + cells(path, "markdown")
    assert {cell["metadata"]["slideshow"]["slide_type"] for cell in every} <= SLIDES
    notes = [cell for cell in every if "presenter" in tags(cell)]
    assert notes
    assert all(cell["metadata"]["slideshow"]["slide_type"] == "notes" for cell in notes)


def test_the_lesson_has_goals_predictions_checks_summary_and_quiz(path):
    text = "\n".join(cell["source"] for cell in cells(path, "markdown"))
    code = "\n".join(cell["source"] for cell in cells(path, "code"))
    for part in ("**Goals.**", "minutes.**", "Predict, then reveal", "## Summary", "### Five questions"):
        assert part in text
    assert code.count("= Predict(") == code.count(".reveal(") >= 1
    assert code.count(f'Quiz("{path.name[:2]}")') == 1
    assert 1 <= code.count("check_answer(") <= 4
    assert text.count("<details>") == text.count("</details>") >= code.count("check_answer(")


def test_the_truth_of_a_prediction_is_computed(path):
    trees = [ast.parse(cell["source"]) for cell in cells(path, "code")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    typed = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    reveals = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "reveal"]
    for reveal in reveals:
        names = {node.id for node in ast.walk(reveal.args[0]) if isinstance(node, ast.Name)}
        known = {*vars(builtins), reveal.func.value.id} | typed
        assert names - known, f"the truth is typed by hand: {ast.unparse(reveal)}"


def test_no_two_predictions_of_a_lesson_ask_the_same(path):
    asked = re.findall(r'= Predict\(\s*(".*?")', "\n".join(cell["source"] for cell in cells(path, "code")))
    assert len(set(asked)) == len(asked) > 0


def test_nothing_is_installed_fetched_or_patched_in_a_cell(path):
    code = "\n".join(cell["source"] for cell in cells(path, "code") if "colab" not in tags(cell))
    text = "\n".join(cell["source"] for cell in cells(path, "markdown"))
    assert not re.search(r"^\s*[!%]|pip install|sys\.path|os\.chdir|torch\.manual_seed", code, flags=re.MULTILINE)
    assert not re.search(r"!\[[^\]]*\]\(http|<img", text)


def test_links_to_other_lessons_lead_somewhere(path):
    text = "\n".join(cell["source"] for cell in cells(path, "markdown"))
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    assert all((path.parent / target).exists() for target in targets)


def test_no_trace_of_the_machine_it_ran_on(path):
    assert not re.search(r"/root/|/home/|/tmp/|/Users/|[A-Z]:\\\\", path.read_text())
