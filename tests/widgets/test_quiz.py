from __future__ import annotations

import pytest

from course_kit.lessons.questions import QUESTIONS, Question
from course_kit.widgets import Quiz

TWO = (Question("One and one?", ("1", "2"), 1, "Count."), Question("And one?", ("3", "4"), 0, "Count on."))


def test_the_first_answer_counts_and_both_it_and_the_right_one_are_marked(show):
    shown = show(Quiz(TWO))
    shown.press("1")
    assert shown.place.get_by_text("Not this one. Count.").first.is_visible()
    shown.press("2 · ✓ right")
    shown.press("reset")
    assert shown.state("answers") == [0, -1]
    shown.press("3")
    assert shown.place.get_by_text("Right. Count on.").first.is_visible()
    marks = shown.place.locator("fieldset button").all_inner_texts()
    assert marks == ["1 · ✗ your answer", "2 · ✓ right", "3 · ✓ right · your answer", "4"]
    assert shown.numbers() == {"answered": "2 of 2", "right": "1"}
    assert shown.say() == "1 of 2 right."


def test_a_cell_that_runs_again_keeps_the_answers():
    first = Quiz(TWO)
    first.answers = [0, -1]
    assert Quiz(TWO).answers == [0, -1]
    assert Quiz(TWO[:1]).answers == [-1]


def test_an_answer_that_comes_after_the_cell_ran_again_counts_there():
    first, again = Quiz(TWO), Quiz(TWO)
    first.answers = [0, -1]
    assert again.answers == [0, -1]


def test_no_arrow_answers(show):
    shown = show(Quiz(TWO))
    shown.place.get_by_role("button", name="1", exact=True).press("ArrowDown")
    assert shown.state("answers") == [-1, -1]


@pytest.mark.parametrize("lesson", QUESTIONS)
def test_every_question_has_different_options_and_a_reason(lesson):
    assert len(QUESTIONS[lesson]) == 5
    for question in QUESTIONS[lesson]:
        assert len(set(question.options)) == len(question.options) >= 2
        assert question.why.endswith(".")
    assert len({question.right for question in QUESTIONS[lesson]}) > 1


def test_bad_quizzes_are_refused():
    with pytest.raises(ValueError, match=r"^lesson: got '77'"):
        Quiz("77")
    with pytest.raises(ValueError, match=r"^lesson: got no question"):
        Quiz([])
    with pytest.raises(ValueError, match=r"right = 2"):
        Quiz([Question("?", ("a", "b"), 2, "")])
