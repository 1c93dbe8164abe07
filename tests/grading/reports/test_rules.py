"""How points become totals: dropped parts and cases, weights, extra credit, curves; all by hand."""

from __future__ import annotations

import json

import pytest
from graded_class import A1, A4, IN_TIME, result, run

from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.gradebook import gradebook, to_text
from course_kit.grading.reports.gradescope import gradescope
from course_kit.grading.reports.rubric import Grade
from course_kit.grading.reports.rules import NO_RULES, Rules, parse_curve, parse_weights, read_rules, store_rules

WRONG = CaseResult("wrong")
RESULTS = {"ada": result(A1), "ben": result(A1, top_k=WRONG), "cleo": result(A1, recall_at_k=WRONG)}
CLASS = run(A1, {**dict.fromkeys(RESULTS, IN_TIME), "dan": None})
LATE = {"due": "2026-11-29T18:00Z", "late": "10%/day"}


def totals(rules: Rules, **fields) -> dict[str, float | None]:
    class_run = run(A1, {**dict.fromkeys(RESULTS, IN_TIME), "dan": None}, **fields)
    return {row.student: row.total for row in gradebook(class_run, A1, RESULTS, {}, rules=rules)}


def test_without_rules_everything_is_as_earned():
    assert totals(NO_RULES) == {"ada": 100, "ben": 90, "cleo": 87.5, "dan": 0}


def test_what_is_dropped_counts_for_nobody_and_the_rest_is_scaled_up():
    """80 points are left; cleo has 67.5 of them."""
    assert totals(Rules(drop=("top_k",))) == {"ada": 100, "ben": 100, "cleo": 84.4, "dan": 0}


def test_a_dropped_case_leaves_the_points_to_the_others():
    rules = Rules(drop=("top_k: second case",))
    rows = gradebook(CLASS, A1, rules.without_cases(RESULTS), {}, rules=rules)
    assert [row.total for row in rows] == [100, 100, 87.5, 0]
    with pytest.raises(ValueError, match="all cases of top_k"):
        Rules(drop=("top_k: first case", "top_k: second case")).without_cases(RESULTS)


def test_weights_count_beside_each_other():
    """top_k counts 100 beside 80: ben loses half of 100 / 180, cleo half of 25 / 180."""
    assert totals(Rules(weights={"top_k": 100})) == {"ada": 100, "ben": 72.2, "cleo": 93.1, "dan": 0}


def test_extra_credit_comes_on_top():
    """80 points are scaled to 100, and top_k's 20 come on top."""
    assert totals(Rules(bonus=("top_k",))) == {"ada": 120, "ben": 110, "cleo": 104.4, "dan": 0}


@pytest.mark.parametrize(
    ("curve", "ada", "ben", "cleo"),
    [
        ("none", 100, 90, 87.5),
        ("+5", 100, 95, 92.5),
        ("*1.1", 100, 99, 96.3),
        ("sqrt", 100, 94.9, 93.5),
        ("mean 95", 100, 92.5, 90),
        ("mean 50", 100, 90, 87.5),
        ("best 100", 100, 90, 87.5),
    ],
)
def test_a_curve_lifts_nobody_above_the_maximum_and_lowers_nobody(curve, ada, ben, cleo):
    assert totals(Rules(curve=curve)) == {"ada": ada, "ben": ben, "cleo": cleo, "dan": 0}


def test_a_curve_comes_before_lateness_and_is_told():
    assert totals(Rules(curve="+5"), **LATE) == {"ada": 90, "ben": 85.5, "cleo": 83.3, "dan": 0}
    late_run = run(A1, dict.fromkeys(RESULTS, IN_TIME), **LATE)
    rows = gradebook(late_run, A1, RESULTS, {}, rules=Rules(curve="+5"))
    assert [row.curve for row in rows] == [0, 5, 5]
    header, _, ben, _ = to_text(rows, A1, late_run).splitlines()
    assert '"earned","curve","handed_in","time_from","hours_late","factor","flags"' in header
    assert ben.startswith('"ben",85.5,10,')
    assert "5 points more by a curve" in json.loads(gradescope(rows[1], A1, RESULTS["ben"]))["output"]


def test_a_written_part_that_does_not_count_is_not_waited_for():
    class_run, graded = run(A4, {"ada": IN_TIME}), {"ada": result(A4)}
    (row,) = gradebook(class_run, A4, graded, {}, rules=Rules(drop=("three_sentences",)))
    assert (row.total, row.waiting, row.states, row.written) == (100, [], (), {})
    grades, extra = {("ada", "three_sentences"): Grade(6)}, Rules(bonus=("three_sentences",))
    (row,) = gradebook(class_run, A4, graded, grades, rules=extra)
    assert row.total == 106


def test_rules_are_stored_and_read_again(tmp_path):
    assert read_rules(tmp_path) == NO_RULES
    rules = Rules(("top_k: first case",), {"audit_f1": 3.5}, ("recall_at_k",), "mean 75")
    store_rules(tmp_path, rules, A1)
    assert read_rules(tmp_path) == rules
    (tmp_path / "rules.json").write_text("[]")
    with pytest.raises(ValueError, match=r"rules\.json"):
        read_rules(tmp_path)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Rules(drop=("topk",)), "drop: got 'topk'"),
        (Rules(weights={"f": 1.0}), "weights: got 'f'"),
        (Rules(drop=tuple(A1.exercises)), "nothing counts"),
        (Rules(curve="steep"), "curve: got 'steep'"),
    ],
)
def test_rules_that_do_not_fit_are_not_stored(rules, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        store_rules(tmp_path, rules, A1)
    assert not list(tmp_path.iterdir())


def test_weights_and_curves_are_read():
    assert parse_weights(" top_k=30, audit_f1 = 2.5,") == {"top_k": 30, "audit_f1": 2.5}
    assert parse_curve("none") == ("none", "", 0)
    assert parse_curve("+5") == ("", "+", 5)
    assert parse_curve("mean 75.5") == ("", "mean", 75.5)
    for wrong in ("top_k", "top_k=-1", "=3"):
        with pytest.raises(ValueError, match="a function and a number"):
            parse_weights(wrong)
