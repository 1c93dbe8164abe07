from __future__ import annotations

import pytest

from course_kit.widgets import FairComparison
from course_kit.widgets.fair_comparison import PUBLISHED, Entry


def test_an_old_method_takes_the_first_place_once_it_is_asked(show):
    shown = show(FairComparison())
    assert shown.numbers() == {"first": "LightGCN (2020), 0.0411", "place of LightGCN (2020)": "1 of 3"}
    shown.set("an old method, tuned", True)
    assert shown.numbers() == {"first": "ItemKNN (2001), 0.0736", "place of LightGCN (2020)": "2 of 4"}
    shown.set("data set", "Gowalla")
    assert shown.numbers()["first"] == "LightGCN (2020), 0.1830"
    shown.set("LightGCN's own table", False)
    assert shown.numbers()["place of LightGCN (2020)"] == "not on the board"
    shown.set("an old method, tuned", False)
    assert shown.numbers()["first"] == "nobody"


def test_every_published_number_has_its_source():
    assert all(entry.source for entry in PUBLISHED)


def test_equal_values_keep_their_order(js):
    rows = [["a", "g", {"d": 1}, ""], ["b", "g", {"d": 2}, ""], ["c", "g", {"d": 1}, ""], ["d", "h", {"d": 9}, ""]]
    assert [row[0] for row in js("board", rows, "d", {"g": True, "h": False})] == ["b", "a", "c"]


def test_bad_boards_are_refused():
    with pytest.raises(ValueError, match=r"^entries: got none"):
        FairComparison([])
    with pytest.raises(ValueError, match=r"^entries: got b "):
        FairComparison([Entry("a", "g", {"d": 1.0}, ""), Entry("b", "g", {"d": float("nan")}, "")], focus="a")
    with pytest.raises(ValueError, match=r"^focus: got 'c'"):
        FairComparison([Entry("a", "g", {"d": 1.0}, "")], focus="c")
