"""Feedback and report in a real browser: readable for everyone, on a phone, and with no way out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from graded_class import A4, IN_TIME, result, run
from playwright.sync_api import Browser, sync_playwright
from widgets.browser import Watched, launch

from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.outputs import write_outputs

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]
EVIL = "<script>document.title = 'taken'</script><img src='http://example.org/x.png' onerror='document.title = 1'>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graded")
    wrong = CaseResult("wrong", next(iter(A4.exercises["ngcf_layer"].hints)))
    graded = result(
        A4, ngcf_layer=wrong, errors={2: EVIL}, flags=(EVIL,), written={"three_sentences": EVIL}, sandbox="none"
    )
    write_outputs(folder, run(A4, {"ada": IN_TIME, "ben": IN_TIME}), A4, dict.fromkeys(("ada", "ben"), graded))
    return [folder / "feedback/ada.html", folder / "report.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_leaves_the_page(pages, browser, scheme):
    watched = Watched(browser, scheme)
    for path in pages:
        watched.page.goto(path.as_uri())
        assert watched.page.title().startswith(A4.title)
        violations = Axe().run(watched.page).response["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations] == []
    watched.check()
    watched.page.close()


def test_on_a_phone_only_tables_and_pictures_scroll_sideways(pages, browser):
    watched = Watched(browser)
    watched.page.set_viewport_size({"width": 360, "height": 700})
    for path in pages:
        watched.page.goto(path.as_uri())
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= 360
    watched.page.close()
