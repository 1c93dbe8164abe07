"""Every widget in JupyterLab: it shows, the keyboard reaches it, Python hears of it, both themes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator

from course_kit import widgets
from widgets.browser import Lab, Watched, lab_server
from widgets.test_every_widget import RULES

CELLS = [f"w_{name} = widgets.{name}(); w_{name}" for name in widgets.__all__]
ASK = "print(w_LossToy.shift)"


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    watched = Watched(browser)
    with lab_server(tmp_path_factory.mktemp("lab"), ["from course_kit import widgets", *CELLS, ASK]) as address:
        opened = Lab(watched.page, address, "test.ipynb")
        opened.command("notebook:run-all-cells")
        watched.page.wait_for_function(
            f"() => document.querySelectorAll('.kit').length === {len(CELLS)}", timeout=300_000
        )
        yield opened
        watched.check()
        watched.page.close()


def kit(lab: Lab, name: str) -> Locator:
    return lab.cell(f"widgets.{name}()").locator(".kit")


@pytest.mark.parametrize("name", widgets.__all__)
def test_arrows_move_the_slider_and_letters_insert_no_cell(lab, name):
    sources = lab.sources()
    for control in kit(lab, name).locator(":is(input, select, button)").all():
        if control.is_disabled():
            continue
        control.focus()
        for key in ("a", "ArrowDown", "b", "j"):
            control.press(key)
        assert control.evaluate("e => e === document.activeElement")
    for slider in kit(lab, name).get_by_role("slider").all():
        if slider.is_disabled():
            continue
        slider.press("Home")
        low = slider.input_value()
        slider.press("ArrowRight")
        assert float(slider.input_value()) > float(low)
    assert lab.sources() == sources
    kit(lab, name).get_by_role("button", name="reset").press("Enter")


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
