from __future__ import annotations

import pytest
import torch

from course_kit.widgets import ImportancePooling, MessagePassing, RandomWalk, SimilarityReader
from course_lib.graph import InteractionGraph


@pytest.mark.parametrize("widget", [ImportancePooling, MessagePassing, RandomWalk, SimilarityReader])
def test_an_empty_or_large_graph_is_refused_before_anything_is_drawn(widget):
    nothing = torch.empty(0, dtype=torch.long)
    with pytest.raises(ValueError, match=r"^graph: got "):
        widget(InteractionGraph(2, 2, nothing, nothing))
    with pytest.raises(ValueError, match=r"^graph: got "):
        widget(InteractionGraph(13, 2, torch.tensor([0]), torch.tensor([0])))
    with pytest.raises(ValueError, match=r"^user_names: got 1 names"):
        widget(InteractionGraph(2, 2, torch.tensor([0]), torch.tensor([0])), ["Ada"])


def test_names_in_a_page_are_text_and_no_markup(show):
    graph = InteractionGraph(1, 1, torch.tensor([0]), torch.tensor([0]))
    shown = show(MessagePassing(graph, ["<b>Ada</b>"], ["</script><script>document.title = 1</script>"]))
    assert shown.place.locator("svg b, svg script").count() == 0
    assert "<b>Ada</b>" in shown.place.locator("svg[role=img]").first.inner_html().replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    assert shown.page.title() == "Widgets"
