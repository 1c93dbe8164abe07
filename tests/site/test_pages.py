"""The site in a browser, opened from disk."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from widgets.browser import Watched, until
from widgets.test_every_widget import RULES

from course_kit.cli.site import DOCUMENTS
from course_kit.lessons.checks import CHECKS
from course_kit.lessons.practice import TRIES, check_answer
from course_kit.site.pages import POLICY
from course_lib.campus import without_place
from course_lib.datasets import load

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
})"""
WIDE = "() => document.documentElement.scrollWidth > innerWidth"
SCREEN, PHONE = {"width": 1024, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Watched:
    return Watched(browser)


def go(page: Page, file: Path) -> None:
    """Open a page and wait until all of it has its place."""
    page.goto(file.as_uri())
    page.wait_for_selector(":root:not(.opening)")


def look(page: Page, file: Path) -> dict:
    go(page, file)
    return page.evaluate(SEEN)


def named(site: list[Path], name: str) -> Path:
    (file,) = [file for file in site if file.name == name]
    return file


def test_every_page_is_whole_and_narrow_enough_for_a_phone(site, watched):
    every = {}
    for file in site:
        every[file.name] = look(watched.page, file)
        if ".slides." not in file.name:
            assert not watched.page.evaluate(WIDE), file.name
            watched.page.set_viewport_size(PHONE)
            assert not watched.page.evaluate(WIDE), file.name
            watched.page.set_viewport_size(SCREEN)
    watched.check()
    ids = {name: page["ids"] for name, page in every.items()}
    seen = {name: page for name, page in every.items() if ".slides." not in name}
    for name, page in seen.items():
        assert page["h1"] == 1, name
        assert page["lang"] == "en"
        assert NOTICE in page["text"]
        assert len(page["ids"]) == len(set(page["ids"])), name
        assert {"data:image/", True} >= {part for image in page["images"] for part in image}, name
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
    pages = [file.name for file in site[1:] if file.name not in (*documents, "search.html")]
    ways = [link for link in seen["links"] if link.partition("#")[0] in pages]
    way = ["02_binary_or_bpr.html", "06_fair_comparison.html#YourTaste"]  # the lessons of its widgets
    for page in pages:
        slides = page.replace(".html", ".slides.html")
        way += [page, slides] if slides in pages else [page] if ".slides." not in page else []
    assert ways[: len(way)] == way
    assert "About 1 minute." in seen["text"]
    assert "5 predictions, 3 checks, 2 functions to write, 1 quiz" in seen["text"]
    assert "06_fair_comparison.html" in ways[len(way) :]  # a paper is used there
    assert re.search(r"RecBole, LightGCN\s+1\.2\.1", seen["text"])
    assert watched.page.get_by_role("img", name="The way through the course").is_visible()
    watched.check()


def test_an_assignment_can_be_read_and_tells_no_answer(site, watched):
    seen = look(watched.page, named(site, "a1_metrics.html"))
    assert "100 points, about 110 minutes." in seen["text"]
    assert "20 minutes · 20 points" in seen["text"]
    assert "raise NotImplementedError" in seen["text"]
    assert "Check(" not in seen["text"]  # the digests, which are folded away in the lab, too
    watched.check()


def test_pages_stay_light(site):
    weights = {file.name: file.stat().st_size / 1000 for file in site if ".slides." not in file.name}
    assert weights["index.html"] <= 150
    assert {name for name, weight in weights.items() if weight > 700} == set()


def test_nothing_heavy_stands_before_the_first_heading(site):
    """So that the first paint waits for the style sheet alone, whatever the page weighs below."""
    for file in site:
        if ".slides." not in file.name:
            before = file.read_text("utf-8").partition("<h1")[0]
            assert len("".join(re.findall(r"<script.*?</script>", before, re.DOTALL))) <= 200, file.name
            assert len(before.encode()) <= 80_000, file.name  # of which the font of formulas is 48


MOVED = """() => new Promise(done => {
    let moved = 0;
    new PerformanceObserver(all => { for (const e of all.getEntries()) moved += e.value; })
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(moved), 300);
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_while_a_page_opens(site, watched, width):
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("index.html", "claims.html", "02_binary_or_bpr.html"):
        go(page, named(site, name))
        page.evaluate("document.fonts.ready.then(() => true)")
        assert page.evaluate(MOVED) < 0.01, name


@contextmanager
def served_in_halves(file: Path) -> Iterator[tuple[str, threading.Event]]:
    """The address of a page whose first half comes at once, and what to set for the other one to come."""
    rest = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            page = file.read_bytes()
            self.wfile.write(page[: len(page) // 2])
            self.wfile.flush()
            rest.wait()
            self.wfile.write(page[len(page) // 2 :])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{file.name}", rest
        finally:
            rest.set()
            server.shutdown()


@pytest.mark.parametrize("name", ["claims.html", "lecture_map.html"])
def test_no_column_moves_when_more_of_a_table_comes_in(site, watched, name):
    """A slow connection, or a slow processor, shows what has come; the widths of a table's columns are all rows'."""
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 800})
    with served_in_halves(named(site, name)) as (address, rest):
        page.goto(address, wait_until="commit")
        until(lambda: page.evaluate("performance.getEntriesByName('first-contentful-paint').length"))
        rest.set()
        page.wait_for_selector(":root:not(.opening)")
        assert page.locator("table.rows").first.is_visible()
        assert page.evaluate(MOVED) < 0.01
    page.set_viewport_size(SCREEN)
    watched.check()


def test_what_is_below_the_screen_gets_its_place_after_the_first_paint(site, watched):
    page, late = watched.page, "main > :nth-child(n + 14)"
    go(page, named(site, "06_fair_comparison.html"))
    skipped = "all => all.filter(e => getComputedStyle(e).contentVisibility !== 'visible').length"
    assert page.locator(late).count() > 50
    assert page.locator(late).evaluate_all(skipped) == 0
    page.evaluate("document.documentElement.className = 'opening'")
    assert page.locator(late).evaluate_all(skipped) == page.locator(late).count()
    watched.check()


def test_a_link_to_a_section_opens_the_page_there(site, watched):
    page = watched.page
    page.goto("about:blank")  # from elsewhere: the page is new
    page.goto(named(site, "06_fair_comparison.html").as_uri() + "#summary")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.wait_for_function("Math.abs(document.getElementById('summary').getBoundingClientRect().top) < 40")
    watched.check()


def test_the_front_page_asks_for_your_own_taste(site, watched):
    page = watched.page
    go(page, site[0])
    taste = page.locator("#taste .kit")
    taste.wait_for()
    before = taste.locator("section button").all_inner_texts()
    taste.get_by_role("combobox").press_sequentially("chess")
    page.keyboard.press("Enter")
    assert taste.locator(".kit-likes button").last.inner_text().endswith("chess puzzle hour ×")
    assert taste.locator("section button").all_inner_texts() != before
    assert page.locator(".kit").count() == 2
    watched.check()


def test_what_the_taste_brings_along_is_light_and_of_campus(site):
    file = site[0].with_name("your_taste.js")
    assert file.stat().st_size <= 400_000
    (state,) = re.findall(r'"titles": \[("[^]]*")\]', file.read_text("utf-8"))
    titles = set(json.loads(f"[{state}]"))
    assert len(titles) == 150
    assert titles < {without_place(title) for title in load("campus").titles}  # MovieLens must not be passed on


def test_without_its_file_the_front_page_stands(site, watched, tmp_path):
    (tmp_path / "index.html").write_bytes(site[0].read_bytes())
    go(watched.page, tmp_path / "index.html")
    watched.page.locator(".kit").wait_for()
    assert "the file your_taste.js did not load" in watched.page.locator("#taste").inner_text()
    assert ["ERR_FILE_NOT_FOUND" in error for error in watched.errors] == [True]
    watched.errors.clear()
    watched.check()


def test_the_search_leads_to_the_section(site, watched):
    page = watched.page
    go(page, named(site, "02_binary_or_bpr.html"))
    page.get_by_role("searchbox").fill("hubness ZZZ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    assert page.get_by_role("status").inner_text() == "No section has all of these words. Try fewer, or shorter ones."
    page.get_by_role("searchbox").fill("soft-plus sigmoid")
    page.get_by_role("link", name="3 · The sigmoid, and how computers lose it").click()
    page.wait_for_url("**/02_binary_or_bpr.html#3-the-sigmoid-and-how-computers-lose-it")
    assert page.locator('.side [aria-current="true"]').text_content() == "3 · The sigmoid, and how computers lose it"
    watched.check()


def test_the_search_finds_what_waits_for_a_guess_and_does_not_tell_it(site, watched):
    page = watched.page
    page.goto(f"{named(site, 'search.html').as_uri()}?q=over-smoothing does not produce noise")
    found = page.locator("#results li").filter(
        has_text="05 · LightGCN is diffusion › 5 · What do 128 layers recommend?"
    )
    found.wait_for()
    assert "noise" not in found.inner_text()
    assert re.fullmatch(r"(… )?\S.* …", found.locator("p").inner_text())
    watched.check()


def test_code_is_folded_on_all_pages_until_it_is_wanted(site, watched):
    page = watched.page
    go(page, named(site, "02_binary_or_bpr.html"))
    page.get_by_role("button", name="Hide code").click()
    go(page, named(site, "99_widgets.html"))
    assert page.locator("pre.highlight").evaluate_all("all => all.filter(e => e.checkVisibility()).length") == 0
    page.get_by_role("button", name="Show code").click()
    assert page.locator("pre.highlight").first.is_visible()
    watched.check()


def test_an_outcome_waits_for_the_guess_which_is_there_after_a_reload(site, watched):
    page = watched.page
    go(page, named(site, "05_lightgcn.html"))
    kit = page.locator(".kit").filter(has_text="Which stack equals")
    kit.wait_for()
    model = page.locator("[data-widget]").filter(has=kit).get_attribute("data-widget")
    outcomes = page.locator(f'[data-awaits="{model}"]')
    assert outcomes.evaluate_all("all => all.map(e => e.open)").count(False) == outcomes.count() > 0
    kit.get_by_role("button", name="without ReLU only").click()
    kit.get_by_role("button", name="lock it in").click()
    assert outcomes.evaluate_all("all => all.map(e => e.open)").count(True) == outcomes.count()
    boxes = [outcomes.first.bounding_box(), page.locator("main > pre").first.bounding_box()]
    assert boxes[0]["width"] == boxes[1]["width"]  # as wide as code, and as outputs that wait for no guess
    page.reload()
    page.get_by_text("You saw it coming.").first.wait_for()
    assert outcomes.first.get_attribute("open") is not None
    go(page, site[0])
    told = [text for text in page.locator(".done").all_inner_texts() if text]
    assert re.fullmatch(r"1 of \d+ answered on these pages", *told)
    page.evaluate("localStorage.clear()")
    watched.check()


def test_the_text_after_a_reveal_waits_for_the_guess_too(site, watched):
    page = watched.page
    go(page, named(site, "04_ngcf.html"))
    told = page.get_by_text("The model cannot say", exact=False)
    assert told.count() == 1 and not told.is_visible()
    assert page.get_by_text("What share of the scores is exactly 0?").first.is_visible()
    assert page.get_by_role("heading", name="Summary").is_visible()
    checks = page.locator("form[data-check]")
    assert checks.count() > 0 and all(check.is_visible() for check in checks.all())
    watched.check()


def test_what_asks_the_reader_to_do_something_never_waits_for_a_guess(site):
    for file in site:
        if ".slides." not in file.name:
            for outcome in re.findall(r'<details class="outcome".*?</details>', file.read_text("utf-8"), re.DOTALL):
                assert not re.search(r"<p><strong>(Your turn|Predict|Check|Sketch)", outcome), file.name


def test_claims_are_filtered_by_their_verdict(site, watched):
    page = watched.page
    go(page, named(site, "claims.html"))
    counts = re.search(
        r"Of (\d+) claims, (\d+) hold, (\d+) hold under a condition, (\d+) do not", page.inner_text("main")
    )
    words = ["all", "holds", "holds under a condition", "does not hold here"]
    buttons = page.get_by_role("group", name="Show claims by verdict").get_by_role("button")
    assert buttons.all_inner_texts() == [f"{word} ({n})" for word, n in zip(words, counts.groups(), strict=True)]
    buttons.nth(3).click()
    shown = page.locator("main table").first.locator("tbody tr:visible td:nth-child(3)").all_inner_texts()
    assert len(shown) == int(counts[4])
    assert all(text.startswith("does not hold") for text in shown)
    page.set_viewport_size(PHONE)
    row = page.locator("main table").first.locator("tbody tr:visible").first
    assert row.locator("td").evaluate_all("all => new Set(all.map(e => e.getBoundingClientRect().left)).size") == 1
    measured = row.locator("td").nth(3)
    assert measured.evaluate("e => getComputedStyle(e, '::before').content").replace('" "', "") == '"measured: "'
    page.set_viewport_size(SCREEN)
    row.get_by_role("link").click()
    page.wait_for_url("**/*.html#*")
    assert page.locator(":target").evaluate("e => e.tagName") == "H2"
    watched.check()


ANSWERS = """answers => {
    const forms = [...document.querySelectorAll("form[data-check]")];
    return answers.map(([name, text]) => {
        const form = forms.find(form => form.dataset.check === name);
        form.elements[0].value = text;
        form.requestSubmit();
        return form.querySelector("output").textContent;
    });
}"""


def test_a_number_field_answers_as_the_notebook_does(site, watched):
    page = watched.page
    go(page, named(site, "09_text_or_behaviour.html"))
    names = [name for name in CHECKS if name.startswith("09")]
    numbers = [*(wrong for name in names for wrong in (CHECKS[name].answer, *CHECKS[name].hints)), 78, 0.8, 12, -1e-9]
    texts = [*map(str, numbers), "78 %", "39/50", "1,000", "-.5", "0.7800001", "0.77", "show"]
    asked = [(name, text) for name in names for text in [*texts, *texts[:5]]]
    TRIES.clear()
    assert page.evaluate(ANSWERS, asked) == [str(check_answer(*one)) for one in asked]
    TRIES.clear()
    assert page.evaluate(ANSWERS, [("09 f1", "much")])[0].startswith("✗ this wants a number")
    page.evaluate("localStorage.clear()")
    watched.check()


def test_one_walks_through_the_course_by_the_keyboard(site, watched):
    page = watched.page
    go(page, site[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    page.get_by_role("link", name="00 · Start here", exact=True).press("Enter")
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
    go(watched.page, tmp_path / "x.html")
    assert watched.left == []
    assert "Content Security Policy" in watched.errors[0]
    (tmp_path / "x.html").write_text('<img src="http://example.org/x.png">')
    go(watched.page, tmp_path / "x.html")
    assert watched.left == ["http://example.org/x.png"]
    watched.left.clear()
    watched.errors.clear()


# Axe asks for the contrast of each word of code, and there are thousands; one of each kind stays a word.
FIRST_WORDS = """() => {
    const kinds = new Set();
    for (const word of document.querySelectorAll("pre span")) {
        const kind = `${word.className} in ${word.closest("pre").className}`;
        if (kinds.has(kind)) word.replaceWith(word.textContent);
        kinds.add(kind);
    }
}"""
PAPERS = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 24)"}


def test_axe_finds_nothing_in_either_scheme(site, watched):
    page = watched.page
    for name in ("index.html", "a1_metrics.html", "99_widgets.html", "06_fair_comparison.html"):
        go(page, named(site, name))
        page.evaluate(FIRST_WORDS)
        for scheme, paper in PAPERS.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour is on its way to another
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == paper
            found = Axe().run(page, options=RULES).response
            assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
            assert len(found["passes"]) > 10
            over = page.locator("main img").evaluate_all("all => all.map(e => getComputedStyle(e).filter)")
            assert all((one == "none") == (scheme == "light") for one in over)  # a figure is stored on white
    assert over
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    watched.check()


def test_on_a_phone_what_scrolls_is_reached_by_the_keyboard(site, watched):
    page = watched.page
    page.set_viewport_size(PHONE)
    unreached = "all => all.filter(e => (e.scrollWidth > e.clientWidth) !== (e.tabIndex === 0)).length"
    for name in ("02_binary_or_bpr.html", "lecture_map.html"):
        go(page, named(site, name))
        page.evaluate("() => document.fonts.ready.then(() => true)")
        assert page.locator("pre, .table, main > table, .formula").evaluate_all(unreached) == 0
    page.set_viewport_size(SCREEN)
    watched.check()


def test_print_is_black_on_white_and_without_the_way_around(site, watched):
    page = watched.page
    page.emulate_media(media="print", color_scheme="dark")
    go(page, named(site, "99_widgets.html"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("nav").evaluate_all("all => all.filter(e => e.checkVisibility()).length") == 0
    page.emulate_media(media="screen", color_scheme="light")
    watched.check()
