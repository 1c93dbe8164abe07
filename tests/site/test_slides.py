"""Slides in a browser, opened from disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from widgets.browser import Watched

from course_kit.site.lesson import Cell
from course_kit.site.slides import columns_of

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Watched:
    return Watched(browser, motion="reduce")


def show(watched: Watched, site: list[Path], name: str, place: str = "") -> Page:
    (file,) = [file for file in site if file.name == f"{name}.slides.html"]
    watched.page.goto("about:blank")
    watched.page.goto(file.as_uri() + place)
    watched.page.wait_for_function("() => Reveal.isReady()")
    return watched.page


def place(page: Page) -> list[int]:
    """Column, row, and the last fragment shown."""
    return page.evaluate("() => { const {h, v, f} = Reveal.getIndices(); return [h, v, f ?? -1]; }")


def test_tags_make_columns_and_rows():
    kinds = ["slide", "", "fragment", "skip", "subslide", "notes", "slide", "-"]
    cells = [Cell(str(number), kind.strip("-"), False) for number, kind in enumerate(kinds)]
    columns = [["".join(cell.html for cell in row) for row in column] for column in columns_of(cells)]
    assert columns == [["012", "45"], ["67"]]
    assert columns_of(cells[4:5]) == [[[cells[4]]]]


LARGE = """() => Reveal.getSlides().flatMap(slide => {
    const {h, v} = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    const inside = slide.getBoundingClientRect().bottom <= innerHeight;
    const fits = slide.scrollHeight <= slide.clientHeight + 2 && slide.scrollWidth <= slide.clientWidth + 2;
    return inside && fits ? [] : [`#/${h}/${v}: ${slide.scrollWidth} x ${slide.scrollHeight}`];
})"""
DRAWN = "() => [...document.querySelectorAll('[data-widget]')].every(e => e.children.length)"


def test_every_lecture_runs_through_to_its_end_and_every_slide_fits_on_the_screen(site, watched):
    large = {}
    for file in site:
        if ".slides." in file.name:
            page = show(watched, site, file.name.removesuffix(".slides.html"))
            total = page.evaluate("() => Reveal.getTotalSlides()")
            steps = page.evaluate(
                "() => { let steps = 0; while (!Reveal.isLastSlide()) { Reveal.next(); steps++; } return steps; }"
            )
            assert steps >= total - 1 > 0 or file.name.startswith("99")
            assert "$$" not in page.locator(".slides").inner_text()
            assert "Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu" in page.locator("footer").inner_text()
            page.wait_for_function(DRAWN)
            large[file.name] = page.evaluate(LARGE)
    assert {name: slides for name, slides in large.items() if slides} == {}
    watched.check()


def test_keys_turn_the_pages_and_the_address_holds_the_place(site, watched):
    page = show(watched, site, "99_widgets")
    page.keyboard.press("Space")
    assert place(page) == [1, 0, -1]
    page.keyboard.press("ArrowRight")
    assert place(page) == [1, 0, 0]
    page.keyboard.press("ArrowDown")
    assert place(page) == [1, 1, -1]
    page.wait_for_url("**/*#/1/1")
    page.keyboard.press("End")
    assert place(page)[0] == page.evaluate("() => Reveal.getHorizontalSlides().length") - 1
    page.keyboard.press("Home")
    assert place(page) == [0, 0, -1]
    assert place(show(watched, site, "99_widgets", "#/1/1"))[:2] == [1, 1]
    watched.check()


def test_arrows_in_a_widget_are_the_widgets_until_esc(site, watched):
    page = show(watched, site, "99_widgets", "#/1/0/0")
    slider = page.get_by_role("slider", name="add to u1's row")
    slider.press("Home")
    slider.press("ArrowRight")
    slider.press("ArrowUp")
    assert float(slider.input_value()) > float(slider.get_attribute("min"))
    button = page.locator(".kit").first.get_by_role("button", name="reset")
    button.press("ArrowRight")
    button.press("Space")
    assert slider.input_value() == "0"
    assert place(page) == [1, 0, 0]
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert place(page) != [1, 0, 0]
    assert not page.evaluate("() => Reveal.isOverview()")
    watched.check()


def test_space_unfolds_what_it_is_on(site, watched):
    page = show(watched, site, "99_widgets", "#/1")
    page.locator("summary").press("Space")
    assert page.locator("details").first.get_attribute("open") is not None
    assert place(page) == [1, 0, -1]
    watched.check()


def test_n_opens_the_notes_in_their_own_window(site, watched):
    page = show(watched, site, "99_widgets", "#/1")
    assert not page.get_by_text("Ask the room first.").is_visible()
    with page.expect_popup() as popup:
        page.keyboard.press("n")
    notes = popup.value
    notes.get_by_text("Ask the room first.").wait_for()
    for shown in notes.frames[1:]:  # this slide and the next one
        shown.wait_for_function("() => window.Reveal?.isReady()")
    page.keyboard.press("ArrowDown")  # the fragment
    page.keyboard.press("ArrowDown")  # the slide below, which has no notes
    notes.get_by_text("Ask the room first.").wait_for(state="hidden")
    notes.close()
    watched.check()


def test_what_is_taller_shrinks_and_the_rest_is_reached(site, watched):
    page = show(watched, site, "99_widgets", "#/1")
    slide = "Reveal.getCurrentSlide()"
    page.evaluate(f"() => {slide}.append(Object.assign(document.createElement('div'), {{style: 'height: 60em'}}))")
    page.evaluate("() => { Reveal.slide(0); Reveal.slide(1, 0); }")
    assert 0.6 < float(page.evaluate(f"() => {slide}.style.zoom")) < 0.7
    assert page.evaluate(f"() => {slide}.scrollHeight > {slide}.clientHeight")
    assert page.evaluate(f"() => getComputedStyle({slide}).overflowY") == "auto"
    watched.check()


def test_a_link_leads_to_the_slide_of_a_widget(site, watched):
    page = show(watched, site, "01_recommender_graph", "#/RecallExplorer")
    assert page.locator("section.present section.present .kit").get_attribute("aria-label") == "A list and its recall"
    watched.check()
