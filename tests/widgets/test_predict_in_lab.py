"""A prediction in JupyterLab, from the first look to the truth, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator

from widgets.browser import Lab, Watched, lab_server

ASK = 'from course_kit.widgets import Predict\nguess = Predict("Which share?")\nguess'
NEXT = 'print("the next cell")'
TELL = "guess.reveal(0.25)"
CELLS = [ASK, NEXT, TELL]


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    watched = Watched(browser)
    with lab_server(tmp_path_factory.mktemp("lab"), CELLS) as address:
        opened = Lab(watched.page, address, "test.ipynb")
        opened.command("notebook:run-all-cells")
        watched.page.wait_for_selector(".kit", timeout=300_000)
        yield opened
        watched.check()
        watched.page.close()


def slider(lab: Lab) -> Locator:
    return lab.page.get_by_role("slider")


def active(lab: Lab) -> int:
    return lab.page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCellIndex")


def test_run_all_shows_the_widget_once_and_does_not_tell(lab):
    lab.page.get_by_text("No guess was locked. Lock one").first.wait_for()
    assert lab.page.locator(".kit").count() == 1
    assert "0.25" not in lab.page.locator(".jp-Notebook").inner_text().replace(TELL, "")


def test_escape_leaves_the_widget_and_the_notebook_has_the_keys_again(lab):
    slider(lab).focus()
    slider(lab).press("ArrowRight")
    slider(lab).press("Escape")
    assert lab.page.evaluate("() => document.activeElement.closest('.kit')") is None
    assert active(lab) == 0
    lab.page.keyboard.press("ArrowDown")
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget.content.activeCellIndex === 1")


def test_a_locked_guess_stays_when_shift_enter_runs_its_cell_again_from_inside(lab):
    slider(lab).focus()
    slider(lab).press("ArrowRight")
    guess = slider(lab).input_value()
    slider(lab).press("l")
    lab.page.get_by_text(f"You were off by {float(guess) - 0.25:g}.").first.wait_for()
    lab.page.keyboard.press("Shift+Enter")  # wherever the focus went when the slider was locked under it
    lab.page.wait_for_function("() => jupyterapp.shell.currentWidget.content.activeCellIndex === 1")
    lab.page.get_by_text(f"You were off by {float(guess) - 0.25:g}.").first.wait_for()
    assert lab.page.locator(".kit").count() == 1
    assert slider(lab).is_disabled()


def test_control_s_saves_from_inside(lab):
    lab.page.get_by_role("button", name="projector").focus()
    assert lab.page.evaluate("() => jupyterapp.shell.currentWidget.context.model.dirty")
    lab.page.keyboard.press("Control+s")
    lab.page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
