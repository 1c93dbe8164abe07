from __future__ import annotations

import pytest

from course_kit.widgets import Predict
from course_kit.widgets.base import bundle


def asked(question: str, *options: str, truth: str | float | None = None, **numbers: float) -> Predict:
    widget = Predict(question, options, **numbers)
    if truth is not None:
        widget.reveal(truth)
    return widget


def test_the_truth_shows_once_a_guess_is_locked_and_the_guess_stays(show):
    shown = show(asked("Does it fall?", "rises", "stays", "falls", truth="falls"))
    assert shown.numbers() == {"you": "not locked yet"}
    assert shown.say().startswith("No guess is locked")
    shown.press("stays")
    shown.press("lock it in")
    assert shown.numbers() == {"you": "stays", "it is": "falls"}
    assert shown.say() == "Not what you expected. Why?"
    for name in ("rises", "lock it in", "reset"):
        assert shown.place.get_by_role("button", name=name).get_attribute("aria-disabled") == "true"
        shown.press(name)
    assert (shown.state("guess"), shown.state("locked")) == ("stays", True)


def test_without_a_guess_there_is_nothing_to_lock_and_without_a_truth_it_waits(show):
    shown = show(asked("Can it be 0?", "yes", "no"))
    shown.press("lock it in")
    assert shown.numbers() == {"you": "not locked yet"}
    shown.press("yes")
    shown.press("lock it in")
    assert shown.numbers() == {"you": "yes"}
    assert "when you have run the cells below" in shown.say()
    shown.press("reset")  # no truth yet: one may think again
    assert (shown.state("guess"), shown.state("locked")) == (None, False)


def test_a_number_is_shown_beside_the_truth_with_its_distance(show):
    shown = show(asked("Which share?", truth=0.178))
    shown.set("your guess", 0.3)
    assert shown.place.locator(".kit-value").inner_text() == "0.3, or 30 %"
    shown.press("lock it in")
    assert shown.numbers() == {"you": "0.3", "it is": "0.178"}
    assert shown.say() == "You were off by 0.122."
    assert shown.place.get_by_role("img").count() == 1


def test_a_number_that_was_guessed_right_is_not_off_by_nothing(show):
    widget = asked("How many?", low=0, high=4, step=1)
    widget.guess, widget.locked = 3, True
    assert repr(widget.reveal(3)) == "Your guess “3” was right."
    assert show(widget).say() == "You saw it coming."


def test_a_slider_that_nobody_moved_is_no_guess(show):
    shown = show(asked("How many?", low=0, high=4, step=1))
    assert shown.place.locator(".kit-value").inner_text() == "not chosen yet"
    shown.press("lock it in")
    assert shown.state("locked") is False
    shown.place.get_by_label("your guess", exact=True).press("ArrowRight")
    assert shown.place.locator(".kit-value").inner_text() == "3"
    shown.place.get_by_label("your guess", exact=True).press("l")  # one key, wherever the focus is
    assert shown.numbers() == {"you": "3"}


def test_the_widget_knows_what_the_page_does():
    widget = Predict(options=["a", "b"])
    widget.guess, widget.locked = "a", True
    assert widget.numbers() == {"you": "a"}
    assert repr(widget.reveal("b")) == "You: a. It is: b."
    assert widget.numbers() == {"you": "a", "it is": "b"}


def test_a_cell_that_runs_again_keeps_the_guess_and_the_truth():
    first = Predict("Which share?")
    first.guess, first.locked = 0.25, True
    assert repr(first.reveal(0.5)) == "You: 0.25. It is: 0.5. You were off by 0.25."
    again, other = Predict("Which share?"), Predict("Which other share?")
    assert again.numbers() == first.numbers()
    assert (other.guess, other.locked, other.truth) == (None, False, None)


def test_a_lock_that_comes_after_the_cell_ran_again_counts_there():
    first = Predict("Which share?")
    first.guess = 0.25
    again = Predict("Which share?")
    first.locked = True
    assert again.numbers() == {"you": "0.25"}
    again.locked = False  # thought again; the one that no page shows any more has no say
    assert first.locked


def test_who_locked_nothing_is_not_told():
    line = repr(Predict("Which share?").reveal(0.125))
    assert "No guess was locked" in line
    assert "0.125" not in line


def test_impossible_questions_and_truths_are_refused():
    with pytest.raises(ValueError, match=r"^options: got "):
        Predict(options=["only one"])
    with pytest.raises(ValueError, match=r"^low, high, step: got "):
        Predict(low=1, high=0)
    with pytest.raises(ValueError, match=r"^truth: got 'maybe'"):
        Predict(options=["a", "b"]).reveal("maybe")
    with pytest.raises(ValueError, match=r"^truth: got nan"):
        Predict().reveal(float("nan"))


LATE = """async (module) => {
    const {default: widget} = await import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
    const state = {question: "Why?", options: ["this", "that"], guess: "this", locked: true, truth: "that", _start: {}};
    const model = {get: (trait) => state[trait], on() {}, off() {}};
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const el = document.createElement("div");
    const close = widget.render({model, el});
    await pause(300); // made, but not yet in the page, as JupyterLab does with a cell that is out of sight
    const notebook = Object.assign(document.createElement("div"), {className: "jp-Notebook"});
    notebook.innerHTML = '<details class="told" title="Why?">Because.</details>';
    notebook.prepend(el);
    document.body.append(notebook);
    const text = notebook.querySelector("details");
    for (let i = 0; i < 100 && !text.open; i++) await pause(50);
    close();
    notebook.remove();
    return text.open;
}"""


def test_folded_text_opens_though_the_widget_comes_into_the_page_late(bench):
    assert bench.evaluate(LATE, bundle("predict"))
