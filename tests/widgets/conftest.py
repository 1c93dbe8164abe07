"""One browser for all tests of widgets, and pages in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from course_kit.widgets.base import ASKED, Widget, bundle
from course_kit.widgets.static import page as static_page
from widgets.browser import Watched, launch

RUN = """async ([module, name, args]) => {
    globalThis.modules ??= {};
    modules[module] ??= await import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
    return modules[module][name](...args);
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that uses the browser needs it."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.needs("chromium"))


@pytest.fixture(autouse=True)
def _a_fresh_kernel() -> None:
    """No test finds the answers of another."""
    ASKED.clear()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def bench(browser: Browser) -> Page:
    """An empty page, to call functions of modules in."""
    return Watched(browser).page


@pytest.fixture
def js(bench: Page, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call an exported function of the widget that the file of the test is named after: js("losses", scores, edges)."""
    module = bundle(request.path.stem.removeprefix("test_"))
    return lambda name, *args: bench.evaluate(RUN, [module, name, args])


class Shown:
    """A widget in a static page."""

    def __init__(self, page: Page, widget: Widget, name: str) -> None:
        self.page, self.widget = page, widget
        self.place: Locator = page.locator(f'[data-widget="{name}"]')
        self.place.locator(".kit").wait_for()

    def numbers(self) -> dict[str, str]:
        """What the page shows as numbers."""
        pairs = "all => all.map(entry => [...entry.children].map(part => part.textContent))"
        return {name: text.replace("−", "-") for name, text in self.place.locator("dl div").evaluate_all(pairs)}

    def say(self) -> str:
        """The sentence under the drawing."""
        return self.place.locator(".kit-say").inner_text().replace("−", "-")

    def set(self, control: str, value: object) -> None:
        """Move the control of this name."""
        element = self.place.get_by_label(control, exact=True)
        if element.get_attribute("type") == "range":
            element.evaluate("(e, value) => { e.value = value; e.dispatchEvent(new Event('input')) }", value)
        elif element.get_attribute("type") == "checkbox":
            element.set_checked(bool(value))
        else:
            element.select_option(label=str(value))

    def press(self, name: str) -> None:
        """Press a button."""
        self.place.get_by_role("button", name=name, exact=True).press("Enter")

    def state(self, trait: str) -> Any:
        """A trait of the page's model."""
        return json.loads(self.place.evaluate("(e, trait) => JSON.stringify(e.model.get(trait))", trait))


@pytest.fixture(scope="package")
def _stage(browser: Browser) -> Watched:
    return Watched(browser)


@pytest.fixture
def show(_stage: Watched, tmp_path: Path) -> Iterator[Callable[[Widget], Shown]]:
    """Open a static page with a widget in it: show(LossToy())."""

    def open_page(widget: Widget) -> Shown:
        file = tmp_path / "a page.html"
        file.write_text(static_page({"one": widget}), encoding="utf-8")
        _stage.page.goto(file.as_uri())
        return Shown(_stage.page, widget, "one")

    yield open_page
    _stage.check()
