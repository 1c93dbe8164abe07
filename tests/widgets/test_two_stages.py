from __future__ import annotations

import pytest
import torch

from course_kit.widgets import TwoStages
from course_lib.metrics import recall_at_k, top_k


def test_the_browser_computes_what_the_library_does(js):
    widget = TwoStages()
    state = {trait: getattr(widget, trait) for trait in ("retriever", "ranker", "positives", "k")}
    (retriever, ranker), positives = widget.tables
    for count, got in enumerate(js("recalls", state), start=1):
        missed = torch.ones_like(positives).scatter(1, top_k(retriever, count), False)
        assert got["candidates"] == pytest.approx(recall_at_k(retriever, positives, count).item())
        assert got["final"] == pytest.approx(recall_at_k(ranker, positives, 5, exclude=missed).item())
        assert got["final"] <= got["candidates"]


def test_a_missed_candidate_is_never_repaired(show):
    shown = show(TwoStages())
    shown.set("candidates C", 3)
    numbers = shown.numbers()
    assert numbers["final list"] == numbers["candidates"] < numbers["ranker over all items"]
    shown.set("candidates C", 40)
    assert shown.numbers()["final list"] == numbers["ranker over all items"]


def test_candidates_limit_the_list_only_if_they_hold_less_than_the_ranker_finds(show):
    shown = show(TwoStages())
    seen = set()
    for count in range(6, 40):
        shown.set("candidates C", count)
        numbers = {name: float(text) for name, text in shown.numbers().items()}
        limited = "no ranker can pass that" in shown.say()
        assert (
            limited == (numbers["candidates"] < numbers["ranker over all items"])
            or numbers["final list"] >= numbers["ranker over all items"]
        )
        seen.add(limited)
    assert seen == {True, False}


def test_bad_tables_are_refused():
    scores, positives = torch.zeros(2, 6), torch.ones(2, 6, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"^retriever: got shape \(2, 5\)"):
        TwoStages(scores[:, :5], scores, positives)
    with pytest.raises(ValueError, match=r"^ranker: got nan"):
        TwoStages(scores, scores / 0, positives)
    with pytest.raises(ValueError, match=r"^positives: got "):
        TwoStages(scores, scores, ~positives)
    with pytest.raises(ValueError, match=r"^k: got 7"):
        TwoStages(scores, scores, positives, k=7)
