"""The desk in a real browser: by the keyboard alone, for everybody, and with nothing of a student's alive."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from graded_class import A4
from playwright.sync_api import Page, sync_playwright
from widgets.browser import Watched, launch
from widgets.test_every_widget import RULES

from course_kit.grading.handed_in.files import opened
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reports.adjust import read_adjustments
from course_kit.grading.reviewing.desk import Desk
from course_kit.grading.reviewing.server import Server

from .conftest import STUDENTS, make_class

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    out = make_class(tmp_path_factory.mktemp("in a browser"))
    with opened(out.parent / "class") as files, Server(Desk(out, files, by="Kim")) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def watched(server) -> Iterator[Watched]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        watched = Watched(browser)
        watched.page.goto(server.door.address)
        yield watched
        watched.check()
        browser.close()


def show(watched: Watched, server: Server, rest: str) -> Page:
    watched.page.goto(f"{server.door.origin}/{server.door.room}/{rest}")
    return watched.page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def read(server: Server, file: str) -> dict[str, dict[str, str]]:
    return {line["student"]: line for line in read_table(server.desk.directory / file)}


def test_written_answers_are_graded_by_the_keyboard_alone(watched, server):
    page = show(watched, server, "s/1?in=w0")
    figure = page.locator("#part-three_sentences img")
    assert figure.evaluate("image => image.naturalWidth") == 2
    press(page, "1", "2", "2", "c")
    page.keyboard.insert_text(" Good.")
    press(page, "Escape", "n")
    page.wait_for_url("**/s/2?in=w0")
    press(page, "2", "1", "n")
    page.wait_for_url("**/s/3?in=w0")
    press(page, "p")
    page.wait_for_url("**/s/2?in=w0")
    assert page.locator('.items [aria-pressed="true"]').count() == 2
    press(page, "1", "s")
    page.get_by_text("Saved.").wait_for()
    assert page.locator("#part-three_sentences .score").inner_text() == "4 of 15"
    found = read(server, "written.csv")
    assert (found["ada"]["points"], found["ada"]["comment"]) == ("5", "Numbers, with errors. Good.")
    assert (found["ben"]["points"], found["ben"]["comment"]) == ("4", "A claim.")
    press(page, "u")
    page.wait_for_url("**/s/3?in=w0")
    watched.check()


def test_one_goes_from_a_mistake_to_the_next_of_its_kind(watched, server):
    page = show(watched, server, "s/2?in=all")
    press(page, "m")
    page.wait_for_url("**/s/4?in=m*")
    assert "current" in page.locator("#part-ngcf_layer").get_attribute("class")
    assert page.locator("#part-ngcf_layer details").first.get_attribute("open") is not None
    press(page, "1", "j", "k", "s")
    page.get_by_text("Saved.").wait_for()
    assert page.locator("#part-ngcf_layer .score").inner_text() == "9.5 of 25"
    (line,) = read_adjustments(server.desk.directory / "adjust.csv", A4)["dan"]
    assert (line.part, line.change, line.comment, line.by) == ("ngcf_layer", -3, "Slow.", "Kim")
    press(page, "1", "s")
    page.locator("#part-ngcf_layer .score", has_text="12.5 of 25").wait_for()
    assert "dan" not in read(server, "adjust.csv")
    press(page, "l")
    page.get_by_role("heading", name="By mistake").wait_for()
    watched.check()


def test_what_cannot_be_saved_stays_on_the_page_and_says_why(watched, server):
    page = show(watched, server, "s/1?in=all")
    page.locator("#part-ngcf_layer .give [name=points]").fill("99")
    press(page, "Escape", "n")
    said = page.locator("#said.bad")
    said.wait_for()
    assert "at most 25" in said.inner_text()
    assert page.url.endswith("/s/1?in=all")
    page.locator("#part-ngcf_layer .give [name=points]").fill("20")
    press(page, "Control+Enter")
    page.get_by_text("Saved.").wait_for()
    (server.desk.directory / "adjust.csv").write_text("student,function,points\nada,ngcf_layer,7\n")
    page.locator("#part-ngcf_layer .give [name=points]").fill("21")
    press(page, "Control+Enter")
    page.locator("#said.bad", has_text="says now: points '7'").wait_for()
    page.locator("#part-ngcf_layer .give [name=points]").fill("20")
    watched.errors = [error for error in watched.errors if "status of 40" not in error]
    watched.check()


def test_excused_a_new_item_and_the_keys(watched, server):
    page = show(watched, server, "s/3?in=all")
    press(page, "x", "s")
    page.locator("#total", has_text="excused").wait_for()
    press(page, "?")
    assert page.get_by_role("heading", name="Keys").is_visible()
    press(page, "n", "Escape")
    assert page.url.endswith("/s/3?in=all")
    part = page.locator("#part-select_and_report")
    part.locator(".new summary").click()
    part.get_by_label("Points", exact=True).fill("2")
    part.get_by_label("Text").fill("Clear <names>.")
    press(page, "Enter")
    page.locator("#part-select_and_report.current .items button").wait_for()  # the new page's script has run
    press(page, "1", "s")
    page.locator("#said", has_text="Saved.").wait_for()
    (server.desk.directory / "adjust.csv").unlink()
    watched.check()


def test_nothing_of_a_students_comes_to_life(watched, server):
    number = STUDENTS.index("evil") + 1
    for rest in ("", f"s/{number}", f"notebook/{number}"):
        page = show(watched, server, rest)
        assert page.title() != "taken"
        assert "<script>document.title" in page.content().replace("&lt;", "<").replace("&gt;", ">")
        assert page.locator("main img, main script").count() == 0
    watched.check()


@pytest.mark.parametrize(
    ("scheme", "pages"), [("light", ["", "s/2?in=w0", "notebook/2"]), ("dark", ["s/2?in=w0"])], ids=["light", "dark"]
)
def test_axe_finds_nothing(watched, server, scheme, pages):
    watched.page.emulate_media(color_scheme=scheme)
    for rest in pages:
        page = show(watched, server, rest)
        found = Axe().run(page, options=RULES).response
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
        assert len(found["passes"]) > 10
    watched.check()


def test_a_phone_is_wide_enough(watched, server):
    watched.page.set_viewport_size({"width": 390, "height": 844})
    for rest in ("", "s/2", "notebook/2"):
        assert show(watched, server, rest).evaluate("document.documentElement.scrollWidth") <= 390
    watched.page.set_viewport_size({"width": 1024, "height": 768})
    watched.check()


def test_pages_lie_under_a_name_that_nobody_can_guess(watched, server):
    assert re.fullmatch(r"[\w-]{32}", server.door.room)
    assert server.door.token == ""
