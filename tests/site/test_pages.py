"""The site in a browser, opened from disk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from widgets.browser import Watched
from widgets.test_every_widget import RULES

from course_kit.cli.site import DOCUMENTS
from course_kit.site.pages import POLICY

pytestmark = pytest.mark.needs("chromium")
NOTICE = "Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu"
SEEN = """() => ({
    h1: document.querySelectorAll("h1").length,
    lang: document.documentElement.lang,
    text: document.body.innerText,
    prose: [...document.querySelectorAll("main :is(p, li, td, blockquote, h2, summary)")].map(e => {
        const copy = e.cloneNode(true);
        copy.querySelectorAll("code").forEach(code => code.remove());
        return copy.textContent;
    }).join("\\n"),
    formulas: document.querySelectorAll("math").length,
    images: [...document.images].map(image => [image.src.slice(0, 11), image.naturalWidth > 0]),
    ids: [...document.querySelectorAll("[id]")].map(e => e.id),
    links: [...document.querySelectorAll("a")].map(a => a.getAttribute("href")),
    wide: document.documentElement.scrollWidth > innerWidth,
})"""


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Watched:
    return Watched(browser)


def look(page: Page, file: Path) -> dict:
    page.goto(file.as_uri())
    return page.evaluate(SEEN)


def named(site: list[Path], name: str) -> Path:
    (file,) = [file for file in site if file.name == name]
    return file


def test_every_page_is_whole(site, watched):
    every = {file.name: look(watched.page, file) for file in site}
    watched.check()
    ids = {name: page["ids"] for name, page in every.items()}
    seen = {name: page for name, page in every.items() if ".slides." not in name}
    for name, page in seen.items():
        assert page["h1"] == 1, name
        assert page["lang"] == "en"
        assert NOTICE in page["text"]
        assert len(page["ids"]) == len(set(page["ids"])), name
        assert {"data:image/", True} >= {part for image in page["images"] for part in image}, name
        assert not page["wide"], name
        assert "$$" not in page["text"]
        assert re.sub(r"\$[56]", "", page["prose"]).count("$") == 0, name
        for link in page["links"]:
            target, _, place = link.partition("#")
            if target != "http://cs224w.stanford.edu" and not target.startswith("https://"):
                assert (target or name) in ids, (name, link)
                assert not place or place.lstrip("/") in ids[target or name], (name, link)
    assert sum(page["formulas"] for page in seen.values()) > 50
    assert sum(len(page["images"]) for page in seen.values()) > 20


def test_the_index_shows_the_way_and_every_notebook(site, watched):
    seen = look(watched.page, site[0])
    documents = [f"{path.stem}.html" for path in DOCUMENTS]
    assert [link for link in seen["links"] if link in documents] == documents
    pages = [file.name for file in site[1:] if file.name not in documents]
    assert [link for link in seen["links"] if link.partition("#")[0] in pages] == [
        name for page in pages if ".slides." not in page for name in (page, page.replace(".html", ".slides.html"))
    ]
    assert "About 1 minute." in seen["text"]
    assert watched.page.get_by_role("img", name="The way through the course").is_visible()
    watched.check()


def test_one_walks_through_the_course_by_the_keyboard(site, watched):
    page = watched.page
    page.goto(site[0].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/00_start_here.html")
    page.locator("header [rel=next]").press("Enter")
    page.wait_for_url("**/01_recommender_graph.html")
    page.locator("footer [rel=prev]").press("Enter")
    page.wait_for_url("**/00_start_here.html")
    watched.check()


def test_our_widgets_live_and_others_are_text(site, watched):
    page = watched.page
    seen = look(page, named(site, "99_widgets.html"))
    page.locator(".kit").nth(1).wait_for()
    slider = page.get_by_role("slider", name="add to u1's row")
    before = page.locator(".kit").first.locator("dd").all_inner_texts()
    slider.press("End")
    assert slider.input_value() == "8"
    assert page.locator(".kit").first.locator("dd").all_inner_texts() != before
    assert page.locator(".kit").count() == 2
    assert "IntSlider(value=3)" in seen["text"]
    watched.check()


def test_outputs_bring_nothing_to_life(site, watched):
    seen = look(watched.page, named(site, "99_widgets.html"))
    assert watched.page.title() == "99 · Widgets"
    assert "<b>not bold</b>" in seen["text"]
    assert seen["images"] == []
    watched.check()


def test_the_browser_itself_would_stop_a_request(site, watched, tmp_path):
    text = site[0].read_text("utf-8")
    assert POLICY in text
    (tmp_path / "x.html").write_text(text.replace("</main>", '<img src="http://example.org/x.png"></main>'))
    watched.page.goto((tmp_path / "x.html").as_uri())
    assert watched.left == []
    assert "Content Security Policy" in watched.errors[0]
    (tmp_path / "x.html").write_text('<img src="http://example.org/x.png">')
    watched.page.goto((tmp_path / "x.html").as_uri())
    assert watched.left == ["http://example.org/x.png"]
    watched.left.clear()
    watched.errors.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site, browser, scheme):
    watched = Watched(browser, scheme)
    for name in ("index.html", "06_fair_comparison.html", "99_widgets.html"):
        watched.page.goto(named(site, name).as_uri())
        found = Axe().run(watched.page, options=RULES).response
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
        assert len(found["passes"]) > 10
    paper = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 24)"}[scheme]
    watched.check()
    watched.page.close()


def test_a_phone_is_wide_enough_and_what_scrolls_is_reached_by_the_keyboard(site, watched):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    for file in site:
        if ".slides." not in file.name:
            assert not look(page, file)["wide"], file.name
    look(page, named(site, "02_binary_or_bpr.html"))
    unreached = "all => all.filter(e => (e.scrollWidth > e.clientWidth) !== (e.tabIndex === 0)).length"
    assert page.locator("pre, .table, .formula").evaluate_all(unreached) == 0
    page.set_viewport_size({"width": 1024, "height": 768})
    watched.check()


def test_print_is_black_on_white_and_without_the_way_around(site, watched):
    page = watched.page
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(named(site, "99_widgets.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").evaluate_all("all => all.filter(e => e.checkVisibility()).length") == 0
    page.emulate_media(media="screen", color_scheme="light")
    watched.check()
