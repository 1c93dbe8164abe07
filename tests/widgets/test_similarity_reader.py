from __future__ import annotations

import pytest
from small_graphs import dense_adjacency, random_graph

from course_kit.widgets import SimilarityReader


def test_the_coefficient_is_an_entry_of_the_square(js):
    widget = SimilarityReader(random_graph(2))
    graph = {trait: getattr(widget, trait) for trait in ("users", "items", "edges")}
    square = (dense_adjacency(widget.graph) @ dense_adjacency(widget.graph)).tolist()
    for first in range(9):
        for second in range(9):
            assert js("coefficient", graph, first, second)["value"] == pytest.approx(square[first][second], abs=1e-6)


def test_a_rare_shared_item_counts_more_and_an_active_user_less(show):
    shown = show(SimilarityReader())
    start = float(shown.numbers()["coefficient"])
    shown.set("item", "v5 Bread at Midnight")
    shown.press("join or cut")  # Ben gets an item that Ada has not
    assert float(shown.numbers()["coefficient"]) < start
    assert shown.numbers()["shared items"] == "2"
    shown.press("join or cut")
    assert float(shown.numbers()["coefficient"]) == start


def test_an_edge_is_joined_in_order_and_cut_again(js):
    assert js("joinOrCut", [[0, 0], [1, 1]], 0, 1) == [[0, 0], [0, 1], [1, 1]]
    assert js("joinOrCut", [[0, 0], [0, 1], [1, 1]], 0, 1) == [[0, 0], [1, 1]]


def test_a_click_on_an_item_gives_it_to_the_second_user_and_the_next_takes_it_away(show):
    shown = show(SimilarityReader())
    start = shown.numbers()
    item = shown.place.locator("svg polygon[data-set]").nth(5)
    item.click()  # Ben gets v5, as in the test above
    assert float(shown.numbers()["coefficient"]) < float(start["coefficient"])
    item.click()
    assert shown.numbers() == start
