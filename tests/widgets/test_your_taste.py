from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from refusing import refused_argument

from course_kit.widgets import YourTaste
from course_kit.widgets.your_taste import fitted
from course_lib.comparison import split_of
from course_lib.datasets import Dataset, load
from course_lib.metrics import top_k
from course_lib.models import Model, Popularity
from course_lib.newcomer import influence


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return fitted("campus")


@pytest.fixture(scope="module")
def taste(models: dict[str, Model]) -> YourTaste:
    return YourTaste(load("campus"), models, most=200)


def tastes(count: int) -> list[list[int]]:
    draw = random.Random(0)
    return [draw.sample(range(200), draw.choice([1, 2, 5, 12])) for _ in range(count)]


LISTS = """(place, every) => every.map(liked => {
    place.model.set("liked", liked);
    const columns = [...place.querySelectorAll("section")];
    const shown = section => [...section.querySelectorAll("button:not([hidden])")].map(button => button.title);
    return Object.fromEntries(columns.map(section => [section.ariaLabel, shown(section)]));
})"""


def test_the_lists_of_the_page_are_those_of_the_library(show, taste):
    shown, every = show(taste), [[], *tastes(30)]
    for liked, lists in zip(every, shown.place.evaluate(LISTS, every), strict=True):
        for name, titles in lists.items():
            assert titles == [taste.titles[item] for item in taste.recommended(name, liked)], (name, liked)
        assert list(lists) == ["Popularity", "ItemKNN", "EASE", "MF", "LightGCN"]


def test_rounding_hardly_changes_a_list(taste, models):
    train = split_of("campus", 0).train
    popular = train.item_degree.argsort(descending=True, stable=True)
    short = {"ItemKNN": "ItemKNN", "EASE": "EASE", "MatrixFactorization": "MF", "LightGCN": "LightGCN"}
    tables = {name: influence(models[name])[popular][:, popular] for name in short}
    same = []
    for liked in tastes(100):
        row = torch.zeros(1, 200)
        row[0, liked] = 1
        for name, table in tables.items():
            exact = top_k(row @ table, 5, exclude=row.bool())[0].tolist()
            same.append(len(set(exact) & set(taste.recommended(short[name], liked))) / 5)
    assert np.mean(same) > 0.95


def plain(array: list[int] | dict[str, int]) -> list[int]:
    """A typed array of JavaScript as a list: an older Playwright makes a dict of it."""
    return list(array.values()) if isinstance(array, dict) else array


def test_the_reasons_sum_to_the_score_and_the_people_are_counted(js, models):
    few, campus, train = (
        YourTaste(load("campus"), models, most=20, liked=[]),
        load("campus"),
        split_of("campus", 0).train,
    )
    unpacked = js("unpacked", {"tables": few.tables, "shared": few.shared})
    shared = plain(unpacked["shared"])
    item, liked = 3, [17, 6, 0, 15]
    for name in ("ItemKNN", "EASE", "MF", "LightGCN"):
        table = plain(unpacked["weights"][name])
        parts = {w: table[w * 20 + item] for w in liked}
        told = js("reasons", table, liked, item, 20)
        assert sum(parts.values()) == few.scores(name, liked)[item] > 0
        assert dict(told) == {w: pytest.approx(100 * part / sum(parts.values())) for w, part in parts.items()}
        assert [abs(percent) for _, percent in told] == sorted((abs(percent) for _, percent in told), reverse=True)
    have = train.rows(torch.arange(train.num_users))
    first, second = ([t.startswith(few.titles[n]) for t in campus.titles].index(True) for n in (17, item))
    assert shared[17 * 20 + item] == (have[:, first] & have[:, second]).sum() > 0


def test_titles_are_found_by_their_words(js):
    titles = ["The Café at Night", "Night and Day", "A Day Off", "Cafe Noir", "Late Night"]
    assert js("find", titles, [], "night") == [1, 0, 4]  # what begins with it comes first, then more users
    assert js("find", titles, [], "  CAFÉ ") == js("find", titles, [], "cafe") == [3, 0]
    assert js("find", titles, [1], "da ni") == js("find", titles, [], " ") == []
    assert js("find", titles, [], "ight a") == [0, 1, 4]
    assert len(js("find", ["x"] * 50, [], "x")) == 6


def test_by_keyboard_alone(show, taste):
    shown = show(taste)
    page, field = shown.page, shown.place.get_by_role("combobox", name="I like")
    start = shown.state("liked")
    field.focus()
    page.keyboard.type("robot su")
    options = shown.place.get_by_role("option")
    second = options.nth(1).inner_text()
    page.keyboard.press("ArrowUp")  # from the first to the last
    assert options.last.get_attribute("aria-selected") == "true"
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert [taste.titles[item] for item in shown.state("liked")] == [*(taste.titles[i] for i in start), second]
    assert shown.state("before") == start
    assert field.input_value() == ""
    assert options.count() == 0
    assert shown.numbers() != taste.numbers()
    page.keyboard.type("robot")
    assert second not in options.all_inner_texts()  # it is liked already
    page.keyboard.press("Escape")
    assert field.evaluate("e => e !== document.activeElement")
    assert not shown.place.get_by_role("listbox").is_visible()

    likes = shown.place.get_by_role("group", name="you like").get_by_role("button")
    likes.first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Delete"):
        page.keyboard.press(key)
    assert shown.state("liked") == [start[0], *start[2:], taste.titles.index(second)]
    assert page.evaluate("document.activeElement.textContent") == f"{taste.titles[start[2]]} ×"
    shown.press("undo")
    assert shown.state("liked")[:3] == start
    for _ in range(4):
        likes.first.press("Enter")
    assert shown.state("liked") == []
    assert field.evaluate("e => e === document.activeElement")  # nothing is left to be dropped
    assert shown.say() == "Nothing is liked yet, so only popularity has a list."
    assert shown.place.get_by_role("button", name="add the chosen one").get_attribute("aria-disabled") == "true"


def test_a_list_tells_why_and_what_is_new(show, taste):
    shown = show(taste)
    lists = {name: shown.place.get_by_role("region", name=name).get_by_role("button") for name, _ in taste.tables}
    lists["EASE"].nth(1).press("Enter")
    item = taste.recommended("EASE", taste.liked)[1]
    assert shown.say().startswith(f"EASE recommends “{taste.titles[item]}” above all because of “")
    assert shown.place.locator(".kit-why li").count() == len(taste.liked)
    lists["Popularity"].first.press("Enter")
    assert f"{taste.degree[shown.state('item')]} people had" in shown.say()
    shown.press("add the chosen one")
    liked = [*taste.liked, shown.state("item")]
    for name, buttons in lists.items():
        old, now = taste.recommended(name, taste.liked), taste.recommended(name, liked)
        texts = buttons.all_inner_texts()
        assert [text.startswith("▲") for text in texts] == [item not in old for item in now]
        for item, text in zip(now, texts, strict=True):
            count = sum(item in taste.recommended(other, liked) for other in lists)
            assert text.removeprefix("▲ ") == taste.titles[item] + (f" ×{count}" if count > 1 else "")


def test_what_cannot_be_shown_is_refused(models):
    with refused_argument("liked"):
        YourTaste(load("campus"), models, liked=["Star Chess"])
    with refused_argument("dataset"):
        YourTaste(Dataset("nameless", load("campus").graph), models)


def test_another_data_set_begins_with_nothing(monkeypatch, models):
    campus = load("campus")
    monkeypatch.setattr("course_kit.widgets.your_taste.split_of", lambda *_: split_of("campus", 0))
    other = YourTaste(Dataset("other", campus.graph, campus.titles), {"Popularity": models["Popularity"]}, most=30)
    assert other.liked == []
    assert len(other.titles) == 30
    assert other.recommended("Popularity", []) == [0, 1, 2, 3, 4]
    assert isinstance(models["Popularity"], Popularity)
