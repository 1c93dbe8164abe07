"""JupyterLab: a figure in both themes; every widget; a prediction from the first look to the truth by keyboard alone.

One server serves a notebook for each, because its start takes longer than most of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from course_kit import widgets
from widgets.browser import Lab, Watched, lab_server
from widgets.test_every_widget import RULES

LONG = {"TrainingPlayer": "recipe=Recipe(epochs=5000)"}  # not over before a slow machine presses pause
CELLS = [f"w_{name} = widgets.{name}({LONG.get(name, '')}); w_{name}" for name in widgets.__all__]
IMPORTS = "from course_kit import widgets\nfrom course_lib.training import Recipe"
ASK = "print(w_LossToy.shift)"


GUESS = 'from course_kit.widgets import Predict\nguess = Predict("Which share?")\nguess'
TELL = "guess.reveal(0.25)"
BUSY = 'import os, time\nwhile not os.path.exists("go"):\n    time.sleep(0.05)'
NOTEBOOKS = {
    "figure": ["import matplotlib.pyplot as plt", "plt.plot([0, 1]);"],
    "widgets": [IMPORTS, *CELLS, ASK],
    "predict": [GUESS, 'print("the next cell")', TELL],
    "busy": [GUESS, BUSY, TELL],
}
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells') }"  # gives no promise: nobody waits
GO = "() => jupyterapp.serviceManager.contents.save('go', {type: 'file', format: 'text', content: ''})"
IS_NEXT = "() => jupyterapp.shell.currentWidget.content.activeCellIndex === 1"
FIRST_COUNT = "() => jupyterapp.shell.currentWidget.content.model.cells.get(0).executionCount"
FILTER = "image => getComputedStyle(image).filter"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lab_server(tmp_path_factory.mktemp("lab"), **NOTEBOOKS) as address:
        yield address


@contextmanager
def opened(browser: Browser, address: str, name: str) -> Iterator[Lab]:
    """A notebook in a page of its own, all of it run."""
    watched = Watched(browser)
    lab = Lab(watched.page, address, f"{name}.ipynb")
    lab.command("notebook:run-all-cells")
    yield lab
    watched.check()
    watched.page.close()


def test_a_figure_follows_the_theme_where_no_widget_has_brought_its_style_sheet(browser, address):
    with opened(browser, address, "figure") as lab:
        figure = lab.page.locator(".jp-RenderedImage img")
        figure.wait_for()
        assert figure.evaluate(FILTER) == "none"
        lab.theme("Dark")
        assert figure.evaluate(FILTER).startswith("invert(0.93)")
        lab.theme("Light")


@pytest.fixture(scope="module")
def lab(browser: Browser, address: str) -> Iterator[Lab]:
    """Open at all widgets."""
    with opened(browser, address, "widgets") as lab:
        expect(lab.page.locator(".kit")).to_have_count(len(CELLS), timeout=300_000)
        yield lab


def kit(lab: Lab, name: str) -> Locator:
    return lab.cell(f"widgets.{name}(").locator(".kit")


@pytest.mark.parametrize("name", widgets.__all__)
def test_arrows_move_the_slider_and_letters_insert_no_cell(lab, name):
    sources, shown = lab.sources(), kit(lab, name)
    for control in shown.locator(":is(input, select, button)").element_handles():
        if control.is_disabled():
            continue
        control.focus()
        for key in ("a", "ArrowDown", "b", "j"):
            lab.page.keyboard.press(key)
        assert control.evaluate("e => e === document.activeElement")
    for slider in shown.get_by_role("slider").element_handles():
        if slider.is_disabled():
            continue
        slider.press("Home")
        low = slider.input_value()
        slider.press("ArrowRight")
        assert float(slider.input_value()) > float(low)
    assert lab.sources() == sources
    shown.get_by_role("button", name="reset").press("Enter")


def test_python_hears_of_it(lab):
    slider = kit(lab, "LossToy").get_by_role("slider", name="add to u1's row")
    slider.press("End")
    assert slider.input_value() == "8"
    for _ in range(10):  # JavaScript's news reaches the kernel in its own time
        lab.page.evaluate(
            """source => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.sharedModel.source === source);
            }""",
            ASK,
        )
        lab.command("notebook:run-cell")
        if lab.texts(ASK).strip() == "8.0":
            return
    raise AssertionError(lab.texts(ASK))


def test_the_labs_own_styles_do_not_push_a_number_into_its_name(lab):
    gaps = """all => all.map(entry => {
        const [name, number] = entry.children;
        return number.offsetLeft - name.offsetLeft - name.scrollWidth;
    })"""
    assert min(lab.page.locator(".kit dl div").evaluate_all(gaps)) >= 0
    floats = "all => all.map(e => getComputedStyle(e).float)"
    assert set(lab.page.locator(".kit dt").evaluate_all(floats)) == {"none"}


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_in_either_theme(lab, theme):
    lab.theme(theme)
    paper = {"Dark": "rgb(33, 33, 33)", "Light": "rgb(255, 255, 255)"}[theme]
    assert lab.page.locator(".kit").first.evaluate("e => getComputedStyle(e).backgroundColor") == paper
    found = Axe().run(lab.page, context={"include": [[".kit"]]}, options=RULES).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []


def test_training_goes_on_in_the_kernel_until_paused(lab):
    player = kit(lab, "TrainingPlayer")
    start = int(player.locator("dd").first.inner_text().split()[0])
    player.get_by_role("button", name="train on").press("Enter")
    lab.page.wait_for_function(
        "([e, start]) => parseInt(e.querySelector('dd').textContent) > start + 3", arg=[player.element_handle(), start]
    )
    player.get_by_role("button", name="pause").press("Enter")
    slider = player.get_by_role("slider")
    slider.press("Home")
    assert player.locator("dd").first.inner_text().startswith("0 of")
    slider.press("End")
    assert int(player.locator("dd").first.inner_text().split()[0]) > start + 3
    player.get_by_role("button", name="reset").press("Enter")


@pytest.fixture(scope="module")
def predict(browser: Browser, address: str) -> Iterator[Lab]:
    """Open at a prediction."""
    with opened(browser, address, "predict") as lab:
        lab.page.wait_for_selector(".kit", timeout=300_000)
        yield lab


def slider(predict: Lab) -> Locator:
    return predict.page.get_by_role("slider")


def active(predict: Lab) -> int:
    return predict.page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCellIndex")


def test_run_all_shows_the_widget_once_and_does_not_tell(predict):
    predict.page.get_by_text("No guess was locked. Lock one").first.wait_for()
    assert predict.page.locator(".kit").count() == 1
    assert "0.25" not in predict.page.locator(".jp-Notebook").inner_text().replace(TELL, "")


def test_escape_leaves_the_widget_and_the_notebook_has_the_keys_again(predict):
    slider(predict).focus()
    slider(predict).press("ArrowRight")
    slider(predict).press("Escape")
    assert predict.page.evaluate("() => document.activeElement.closest('.kit')") is None
    assert active(predict) == 0
    predict.page.keyboard.press("ArrowDown")
    predict.page.wait_for_function(IS_NEXT)


def test_a_locked_guess_stays_when_shift_enter_runs_its_cell_again_from_inside(predict):
    slider(predict).focus()
    slider(predict).press("ArrowRight")
    guess = slider(predict).input_value()
    slider(predict).press("l")
    predict.page.get_by_text(f"You were off by {float(guess) - 0.25:g}.").first.wait_for()
    predict.page.keyboard.press("Shift+Enter")  # wherever the focus went when the slider was locked under it
    predict.page.wait_for_function(IS_NEXT)
    predict.page.get_by_text(f"You were off by {float(guess) - 0.25:g}.").first.wait_for()
    assert predict.page.locator(".kit").count() == 1
    assert slider(predict).is_disabled()


def test_a_guess_locked_while_the_kernel_is_busy_stays_when_its_cell_runs_again(browser, address):
    watched = Watched(browser)
    lab = Lab(watched.page, address, "busy.ipynb")
    watched.page.evaluate(RUN_ALL)
    slider(lab).press("ArrowRight")
    slider(lab).press("l")
    watched.page.keyboard.press("Shift+Enter")
    watched.page.wait_for_function(IS_NEXT)
    watched.page.evaluate(GO)
    watched.page.get_by_text("You were off by").first.wait_for()
    assert slider(lab).is_disabled()
    assert watched.page.evaluate(FIRST_COUNT) == 4  # what stands there is the new widget
    watched.check()
    watched.page.close()


def test_control_s_saves_from_inside(predict):
    predict.page.get_by_role("button", name="projector").focus()
    assert predict.page.evaluate("() => jupyterapp.shell.currentWidget.context.model.dirty")
    predict.page.keyboard.press("Control+s")
    predict.page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
