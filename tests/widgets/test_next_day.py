"""The next day: a notebook is opened again and its widgets stand there as they were left, before anything is run."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from course_kit.lessons.copies import RECORD, make_copies
from widgets.browser import Lab, Watched, lab_server, until

ROOT = Path(__file__).parents[2]
QUESTION = "What share of all edges belongs to the ten most popular films?"
CELLS = [
    "from course_kit.widgets import LossToy, Predict",
    f'Predict("{QUESTION}")',
    "LossToy()",
]
pytestmark = pytest.mark.slow


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """JupyterLab in a folder of a student's own copies."""
    with lab_server(tmp_path, test=CELLS) as url:
        make_copies(ROOT, tmp_path / "work")
        yield url


def states(file: Path) -> tuple[set[str], set[str]]:
    """Ids of the widgets that a notebook's outputs show, and of those whose state it holds."""
    notebook = json.loads(file.read_text("utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    views = [output.get("data", {}).get("application/vnd.jupyter.widget-view+json") for output in outputs]
    stored = notebook["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    return {view["model_id"] for view in views if view}, set(stored.get("state", {}))


def open_again(page: Page, address: str) -> Lab:
    """Open the notebook and wait for its two widgets; a second time if they do not come, as a student would.

    JupyterLab shows stored widgets once the new kernel has said which it has. If that answer is lost, as it may be on a
    busy machine while a kernel starts, "Loading widget..." stands there until the page is loaded again.
    """
    kits = page.locator(".kit")
    lab = Lab(page, address, "test.ipynb")
    try:
        expect(kits).to_have_count(2, timeout=120_000)
    except AssertionError:
        lab = Lab(page, address, "test.ipynb")
        expect(kits).to_have_count(2, timeout=120_000)
    return lab


def test_widgets_and_progress_are_there_before_anything_is_run(browser: Browser, address: str, tmp_path: Path) -> None:
    watched = Watched(browser)
    page = watched.page
    lab = Lab(page, address, "test.ipynb")
    lab.command("notebook:run-all-cells")
    expect(page.locator(".kit")).to_have_count(2, timeout=300_000)
    predict, toy = page.locator(".kit").all()
    notebook = tmp_path / "work/test.ipynb"
    predict.get_by_role("slider").press("ArrowRight")
    guess = predict.get_by_role("slider").input_value()
    predict.get_by_role("button", name=re.compile("lock")).press("Enter")
    toy.get_by_role("slider", name="add to u1's row").press("End")
    record = tmp_path / "work/progress.json"
    until(lambda: record.exists() and QUESTION in record.read_text(), page.wait_for_timeout)  # the kernel heard of it
    lab.command("docmanager:save")
    lab.command("kernelmenu:shutdown")
    kernels = f"{address}/api/kernels"
    # A page that meets a dying kernel shows nothing.
    until(lambda: json.load(urllib.request.urlopen(kernels)) == [], page.wait_for_timeout)
    page.goto("about:blank")

    shown, stored = states(notebook)
    assert len(shown) == 2
    assert shown <= stored
    lab = open_again(page, address)
    predict, toy = page.locator(".kit").all()
    assert QUESTION in predict.inner_text()
    assert predict.get_by_role("slider").input_value() == guess
    assert predict.get_by_role("slider").is_disabled()
    assert toy.get_by_role("slider", name="add to u1's row").input_value() == "8"

    lab.command("notebook:run-cell-and-select-next")  # the first cell, which imports: a kernel that knows no widget
    lab.command("notebook:run-cell-and-select-next")  # the question: a new widget in the place of the stored one
    until(lambda: lab.command("docmanager:save") or states(notebook)[0] != shown, page.wait_for_timeout)
    now, stored = states(notebook)
    assert len(now & shown) == 1  # of the two only the first was run
    assert now <= stored  # the day after tomorrow both are there

    lab.open("notebooks/00_start_here.ipynb")
    lab.command("notebook:run-all-cells")
    link = page.locator(".jp-OutputArea a", has_text="01 · A recommender is a graph").first
    link.wait_for(timeout=300_000)
    page.locator(".jp-OutputArea tr", has_text="00 · Start here").first.locator("text=●").wait_for()
    assert (tmp_path / "work" / RECORD).exists()
    assert page.locator("details.told").first.get_attribute("open") is None  # nothing is locked in this kernel
    predict = page.locator(".kit", has_text=QUESTION)
    predict.get_by_role("slider").press("ArrowRight")
    predict.get_by_role("slider").press("l")
    page.locator("details.told[open]", has_text="popularity skew").wait_for()
    link.click()
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget?.context?.path === 'notebooks/01_recommender_graph.ipynb'"
    )
    watched.page.close()
