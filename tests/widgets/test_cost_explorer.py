from __future__ import annotations

import math

import pytest

from course_kit.widgets import CostExplorer, cost_explorer


def tree(neighbors: int, layers: int) -> int:
    """Vectors of all layers that one item's vector needs, counted one by one."""
    return 0 if layers == 0 else 1 + sum(tree(neighbors, layers - 1) for _ in range(1 + neighbors))


def test_plain_scoring_is_a_multiplication_and_an_addition_for_each_number_of_each_pair(js):
    U, I, D = 3, 4, 5
    counted = sum(2 for _ in range(U) for _ in range(I) for _ in range(D))
    assert js("operations", U, I, D, 2)["score all pairs"] == counted


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_an_item_needs_the_vectors_of_its_tree_and_layer_by_layer_one_a_layer(js, layers):
    got = js("operations", 1, 100, 8, layers)
    vector = 2 * (8 * 8 + 8 * 16)  # Q on what comes in, W on own and pooled side by side
    assert got["a tree per item"] == 100 * tree(50, layers) * vector
    assert got["layer by layer"] == 100 * layers * vector
    embedded = {name: got[f"{name} negatives"] / (3 * tree(50, layers) * vector) for name in ("own", "shared")}
    assert embedded["own"] == 2 + 500
    assert embedded["shared"] * 2048 == pytest.approx(2 * 2048 + 500)


def test_a_search_looks_into_eight_cells_of_root_items_and_hands_on_a_thousand(js):
    got = js("operations", 7, 10_000, 16, 2)
    assert got["two stages"] == 7 * 2 * 16 * (100 + 8 * 100 + 1000)


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        ("duration", 0.0004, "0.4 ms"),
        ("duration", 59.4, "59 s"),
        ("duration", 5400, "1.5 h"),
        ("duration", 31_557_600 * 2.5e6, "2.5 million years"),
        ("money", 0.99, "under $1"),
        ("money", 12_500, "$13 thousand"),
        ("size", 999, "999 B"),
        ("size", 2.4e18, "2.4 EB"),
        ("short", 9.96, "10.0"),
    ],
)
def test_numbers_are_said_in_units_one_can_picture(js, function, value, text):
    assert js(function, value) == text
    assert getattr(cost_explorer, function)(value) == text


def test_pinterest_on_one_core_cannot_be_scored_and_can_be_embedded(show):
    shown = show(CostExplorer())
    times = CostExplorer().times()
    assert times["score all pairs"] == 2 * 1e9 * 2e9 * 256 / 1e11
    assert times["layer by layer"] == 2e9 * 2 * 6 * 256**2 / 1e11
    labels = shown.place.locator("svg text").all_text_contents()
    assert f"{times['score all pairs'] / 31_557_600:.0f} years" in labels
    assert f"{times['layer by layer'] / 3600:.1f} h" in labels
    plain = sum(times[name] for name in ("score all pairs", "own negatives", "a tree per item"))
    numbers = shown.numbers()
    assert numbers["plainly"].startswith(f"{plain / 31_557_600:.0f} years")
    assert numbers["all scores"] == "8.0 EB"
    assert "shared negatives 224 times" in shown.say()
    shown.set("L", 3)
    assert shown.numbers()["plainly"] != numbers["plainly"]


@pytest.mark.parametrize(("factor", "text"), [(224, "224 times less"), (0.1, "10 times more"), (1, "as much")])
def test_what_costs_more_is_not_said_to_cost_less(js, factor, text):
    assert js("compared", factor) == text


def test_sliders_of_powers_go_one_two_five_ten(js):
    steps = [js("step", place) for place in range(6)]
    assert steps == [1, 2, 5, 10, 20, 50]
    assert math.log10(js("step", 33)) == 11
