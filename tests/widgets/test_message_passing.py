from __future__ import annotations

import networkx as nx
from small_graphs import random_graph

from course_kit.widgets import MessagePassing


def test_a_field_is_what_breadth_first_search_reaches(js):
    widget = MessagePassing(random_graph(1))
    graph = {trait: getattr(widget, trait) for trait in ("users", "items", "edges")}
    for node in range(20):
        hops = nx.single_source_shortest_path_length(widget.graph.to_networkx(), node)
        far = [hops.get(n, 99) for n in range(20)]
        alone = far[node] == 0 and len(hops) == 1
        own, plain = (js("fields", graph, node, 5, keep) for keep in (True, False))
        for k in range(6):
            assert own[k] == [d <= k for d in far]
            assert plain[k] == [d <= k and (k - d) % 2 == 0 and not (alone and k) for d in far]


def test_the_field_alternates_until_nodes_keep_their_own_vector(show):
    shown = show(MessagePassing())
    shown.set("each node keeps its own vector", True)
    assert shown.say().startswith("1 layer: Ada sees all nodes within 1 hop, ")
    shown.set("each node keeps its own vector", False)
    shown.set("layers", 2)
    assert shown.numbers() == {"users seen": "3 of 4", "items seen": "0 of 6"}
    shown.set("layers", 3)
    assert shown.numbers() == {"users seen": "0 of 4", "items seen": "5 of 6"}
    shown.set("each node keeps its own vector", True)
    assert shown.numbers() == {"users seen": "3 of 4", "items seen": "5 of 6"}


def test_a_click_on_a_node_chooses_it(show):
    shown = show(MessagePassing())
    shown.place.locator("svg circle").nth(3).click()
    assert shown.state("node") == 3
    assert shown.place.get_by_label("node", exact=True).input_value() == "Dan"
