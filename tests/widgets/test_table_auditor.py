from __future__ import annotations

import numpy as np
import pytest

from course_kit.widgets import TableAuditor


def test_no_users_reach_an_f1_above_the_bound(js):
    rng = np.random.default_rng(0)
    for _ in range(200):
        precision, recall = rng.random((2, int(rng.integers(1, 8)))) ** 3
        f1 = 2 * precision * recall / (precision + recall)
        bound = js("audit", precision.mean(), recall.mean(), f1.mean(), 12)["bound"]
        assert f1.mean() <= bound + 1e-12
        assert bound <= max(precision.mean(), recall.mean())


def test_the_slides_row_is_impossible_and_a_decimal_slip_would_explain_it(show):
    shown = show(TableAuditor())
    assert shown.numbers()["largest possible F1"] == "0.00175"
    assert shown.say() == "Impossible: an F1 above both precision and recall."
    shown.press("… if a decimal slipped")
    assert shown.say().startswith("Possible")
    shown.press("the slide's GNN")
    assert shown.numbers()["positives of a user who is hit"] == "2.3"


def test_a_half_typed_number_is_not_taken(show):
    shown = show(TableAuditor())
    field = shown.place.get_by_label("precision")
    field.fill("2")
    assert shown.state("precision") == 0.00329
    assert shown.place.get_by_text("not taken: 0 to 1").first.is_visible()
    field.fill("0.5")
    assert shown.state("precision") == 0.5
    assert not shown.place.get_by_text("not taken").first.is_visible()
    shown.place.get_by_label("K").fill("6")
    assert shown.numbers()["positives of a user who is hit"] == f"{6 * 0.5 / 0.00119:.1f}"


def test_shares_are_between_0_and_1():
    with pytest.raises(ValueError, match=r"^recall: got 1.2"):
        TableAuditor(recall=1.2)
    with pytest.raises(ValueError, match=r"^f1: got nan"):
        TableAuditor(f1=float("nan"))
