"""What every widget keeps to, all of them in one page opened from disk."""

from __future__ import annotations

import base64
import io
import random
import re
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser

from course_kit import widgets
from course_kit.widgets.static import page as static_page
from widgets.browser import Watched
from widgets.conftest import Shown

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # of what passes one example per rule is told: the rest is long
}
# Move controls at random; after each move, tell the state and what is shown.
SHAKE = """(place, [chances, traits]) => chances.map(([which, chance]) => {
    const controls = [...place.querySelectorAll(".kit-controls :is(input, select, button):not(:disabled)")];
    const control = controls[Math.floor(which * controls.length)];
    if (["range", "number"].includes(control.type)) {
        const steps = Math.round((control.max - control.min) / control.step);
        control.value = Number(control.min) + Math.round(chance * steps) * control.step;
        control.dispatchEvent(new Event("input"));
    } else if (control.tagName === "SELECT") {
        control.selectedIndex = Math.floor(chance * control.options.length);
        control.dispatchEvent(new Event("change"));
    } else control.click();
    const entries = [...place.querySelectorAll("dl div")];
    return {
        state: Object.fromEntries(traits.map(trait => [trait, structuredClone(place.model.get(trait))])),
        numbers: Object.fromEntries(entries.map(entry => [...entry.children].map(part => part.textContent))),
        say: place.querySelector(".kit-say").textContent,
        status: place.querySelector("[role=status]").textContent,
    };
})"""


class Gallery:
    """All widgets as they are without arguments, in one page."""

    def __init__(self, browser: Browser, address: str, scheme: str, motion: str) -> None:
        self.watched = Watched(browser, scheme, motion)
        self.watched.page.goto(address)
        for name in widgets.__all__:
            Shown(self.watched.page, None, name)

    def __getitem__(self, name: str) -> Shown:
        return Shown(self.watched.page, None, name)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("gallery") / "every widget.html"
    file.write_text(static_page({name: getattr(widgets, name)() for name in widgets.__all__}), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def light(browser: Browser, address: str) -> Iterator[Gallery]:
    gallery = Gallery(browser, address, "light", "no-preference")
    yield gallery
    gallery.watched.check()


@pytest.fixture(scope="module")
def dark(browser: Browser, address: str) -> Iterator[Gallery]:
    gallery = Gallery(browser, address, "dark", "reduce")
    yield gallery
    gallery.watched.check()


every = pytest.mark.parametrize("name", widgets.__all__)


def alike(shown: dict[str, str], wanted: dict[str, str]) -> bool:
    """The same words, and the same numbers up to one unit of the last digit shown."""
    if list(shown) != list(wanted):
        return False
    number = r"-?\d+(?:\.\d+)?"
    for got, want in zip(shown.values(), wanted.values(), strict=True):
        got = got.replace("−", "-")
        if re.sub(number, "#", got) != re.sub(number, "#", want):
            return False
        for a, b in zip(re.findall(number, got), re.findall(number, want), strict=True):
            digits = len(b.partition(".")[2])
            if abs(float(a) - float(b)) > (1.001 * 10**-digits if digits else 0):
                return False
    return True


def test_a_difference_would_be_seen():
    assert alike({"a": "−1.00 of 3"}, {"a": "-1.01 of 3"})
    assert not alike({"a": "1.00 of 3"}, {"a": "1.02 of 3"})
    assert not alike({"a": "3 of 3"}, {"a": "2 of 3"})
    assert not alike({"a": "1", "b": "2"}, {"b": "2", "a": "1"})


@every
def test_the_page_shows_the_numbers_of_the_library_whatever_is_moved(name, light):
    shown = light[name]
    python = getattr(widgets, name)()
    start, at_start = dict(python._start), python.numbers()
    assert alike(shown.numbers(), at_start)
    draw = random.Random(0)
    chances = [(draw.random(), draw.random()) for _ in range(40)]
    for seen in shown.place.evaluate(SHAKE, [chances, list(start)]):
        for trait, value in seen["state"].items():
            setattr(python, trait, value)
        assert alike(seen["numbers"], python.numbers()), (seen, python.numbers())
        assert seen["say"]
    reset = shown.place.get_by_role("button", name="reset")
    if reset.get_attribute("aria-disabled") == "true":  # a first answer stays
        assert name == "Quiz"
        shown.place.evaluate("e => e.model.set('answers', e.model.get('_start').answers)")  # for the next test
        return
    shown.press("reset")
    assert {trait: shown.state(trait) for trait in start} == start
    assert alike(shown.numbers(), at_start)


@every
def test_the_sentence_is_spoken_once_the_hand_rests(name, light):
    shown = light[name]
    status, say = (f"place.querySelector('{part}').textContent" for part in ("[role=status]", ".kit-say"))
    place = shown.place.element_handle()
    shown.page.wait_for_function(f"place => !{status} || {status} === {say}", arg=place)
    before = shown.say()
    draw = random.Random(1)
    while shown.say() == before:
        (seen,) = shown.place.evaluate(SHAKE, [[(draw.random(), draw.random())], []])
    assert seen["status"] != seen["say"]
    shown.page.wait_for_function(f"place => {status} === {say}", arg=place)
    shown.press("reset")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme, request):
    page = request.getfixturevalue(scheme).watched.page
    found = Axe().run(page, options=RULES).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    assert len(found["passes"]) > 10


def test_every_control_has_a_name_and_is_marked_for_the_lab(light):
    controls = light.watched.page.locator(".kit :is(input, select, button, a, [tabindex])")
    named = "e => [e.dataset.lmSuppressShortcuts, e.ariaLabel || e.labels?.[0]?.textContent || e.textContent]"
    for marked, name in controls.evaluate_all(f"all => all.map({named})"):
        assert marked == "true"
        assert name.strip()


@every
def test_the_projector_has_large_letters_on_one_screen(name, light):
    shown = light[name]
    kit, page = shown.place.locator(".kit"), shown.page
    shown.press("projector")
    assert kit.evaluate("e => getComputedStyle(e).fontSize") == "24px"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    letters = "all => Math.min(99, ...all.map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"
    assert kit.locator("svg text").evaluate_all(letters) >= 18
    assert kit.evaluate("e => e.offsetHeight") <= 900
    shown.press("projector")
    assert kit.evaluate("e => getComputedStyle(e).fontSize") == "14px"


def test_a_phone_is_wide_enough(light):
    page = light.watched.page
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1024, "height": 768})


def test_reduced_motion_has_no_transitions(light, dark):
    seconds = "all => all.map(e => getComputedStyle(e).transitionDuration)"
    assert set(light.watched.page.locator(".kit button").evaluate_all(seconds)) == {"0.25s"}
    assert set(dark.watched.page.locator(".kit, .kit *").evaluate_all(seconds)) == {"0s"}


@every
def test_without_a_front_end_there_are_a_line_of_numbers_and_a_picture(name):
    widget = getattr(widgets, name)()
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["text/plain"] == repr(widget)
    assert "0x" not in repr(widget)
    assert all(text in repr(widget) for text in widget.numbers().values())
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
        dark = (np.asarray(picture.convert("L")) < 128).sum()
    assert dark > 100
    assert len(bundle["image/png"]) < 40_000  # it is stored in the notebook
    assert plt.get_fignums() == []  # else a notebook shows it a second time
    assert not re.search(r"^\s*import ", widget._esm, flags=re.MULTILINE)  # the module stands alone


def test_the_picture_is_of_the_widget_as_it_stands():
    widget = widgets.LossToy()
    start = widget.picture()
    widget.shift = 2.0
    assert widget.picture() != start
    widget.shift = 0.0
    assert widget.picture() == start
