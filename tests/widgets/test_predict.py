from __future__ import annotations

import pytest

from course_kit.widgets import Predict


def test_the_truth_shows_once_a_guess_is_locked_and_the_guess_stays(show):
    widget = Predict("Does it fall?", ["rises", "stays", "falls"]).reveal("falls")
    shown = show(widget)
    assert shown.numbers() == {"you": "not locked yet"}
    shown.set("your guess", "stays")
    shown.press("lock it in")
    assert shown.numbers() == {"you": "stays", "it is": "falls"}
    assert shown.say() == "Not what you expected. Why?"
    assert shown.place.get_by_label("your guess").is_disabled()
    shown.press("lock it in")
    assert shown.state("locked") is True


def test_without_a_guess_there_is_nothing_to_lock_and_without_a_truth_it_waits(show):
    shown = show(Predict("Can it be 0?", ["yes", "no"]))
    shown.press("lock it in")
    assert shown.numbers() == {"you": "not locked yet"}
    shown.set("your guess", "yes")
    shown.press("lock it in")
    assert shown.numbers() == {"you": "yes"}
    assert "later cell" in shown.say()


def test_a_number_is_shown_beside_the_truth_with_its_distance(show):
    shown = show(Predict("Which share?", low=0, high=1).reveal(0.178))
    shown.set("your guess", 0.3)
    shown.press("lock it in")
    assert shown.numbers() == {"you": "0.3", "it is": "0.178"}
    assert shown.say() == "You were off by 0.122."
    assert shown.place.get_by_role("img").count() == 1


def test_the_widget_knows_what_the_page_does():
    widget = Predict(options=["a", "b"])
    widget.guess, widget.locked = "a", True
    assert widget.numbers() == {"you": "a"}
    assert widget.reveal("b").numbers() == {"you": "a", "it is": "b"}


def test_impossible_questions_and_truths_are_refused():
    with pytest.raises(ValueError, match=r"^options: got "):
        Predict(options=["only one"])
    with pytest.raises(ValueError, match=r"^low, high, step: got "):
        Predict(low=1, high=0)
    with pytest.raises(ValueError, match=r"^truth: got 'maybe'"):
        Predict(options=["a", "b"]).reveal("maybe")
    with pytest.raises(ValueError, match=r"^truth: got nan"):
        Predict().reveal(float("nan"))
