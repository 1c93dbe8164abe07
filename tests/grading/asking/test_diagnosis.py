"""Four cases A to D, answered 1 to 4 by the solution; what a mistake or a student answers is told as a short word."""

from __future__ import annotations

import pytest

from course_kit.grading.asking.diagnosis import diagnose, suspect

MISTAKES = {
    "doubles": "2468",
    "nan for nobody": "12nn",
    "off the end": "1i34",
    "off an empty list": "123i",
    "drops the sign": "9234",
}


def named(given: str, by=diagnose) -> dict[str, str]:
    """Name the mistakes; a digit tells, a letter (i for an IndexError, n for nan) does not."""
    cases = {name: dict(zip("ABCD", answers, strict=True)) for name, answers in MISTAKES.items()}
    telling = [case for case, answer in zip("ABCD", given, strict=True) if answer.isdigit()]
    return by(dict(zip("ABCD", given, strict=True)), dict(zip("ABCD", "1234", strict=True)), cases, telling)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_on_its_own_is_named_wherever_it_is_wrong(mistake):
    found = named(MISTAKES[mistake])
    assert found == {case: mistake for case, a, b in zip("ABCD", MISTAKES[mistake], "1234", strict=True) if a != b}


@pytest.mark.parametrize("given", ["iiii", "nnnn", "5i34", "ii34", "1ii4", "77nn", "12n4"])
def test_an_error_or_nan_that_others_give_too_is_no_evidence(given):
    assert named(given) == {}


def test_a_right_answer_shared_with_a_mistake_is_no_evidence():
    assert named("1i35") == {}


def test_a_value_is_evidence_even_if_other_cases_went_wrong_in_another_way():
    assert named("24i7") == {"A": "doubles", "B": "doubles"}


def test_two_mistakes_at_once_are_both_named_if_they_explain_everything():
    assert named("1i3i") == {"B": "off the end", "D": "off an empty list"}
    assert named("92nn") == {"A": "drops the sign", "C": "nan for nobody", "D": "nan for nobody"}
    assert named("9i3i") == {"A": "drops the sign", "B": "off the end", "D": "off an empty list"}


def test_what_is_right_has_no_mistake():
    assert named("1234") == {}


def test_of_two_that_fit_the_one_that_agrees_more_often_is_named():
    mistakes = {"a": {"A": "7", "B": "5"}, "b": {"A": "7", "B": "6"}}
    assert diagnose({"A": "7", "B": "6"}, {"A": "1", "B": "2"}, mistakes, "AB") == {"A": "b", "B": "b"}
    assert diagnose({"A": "7", "B": "8"}, {"A": "1", "B": "2"}, mistakes, "AB") == {"A": "a"}


@pytest.mark.parametrize("given", ["2777", "7477", "77n8"])
def test_one_agreement_among_many_wrong_answers_is_a_guess(given):
    assert named(given) == {}
    assert set(named(given, by=suspect).values()) <= {"doubles"}
    assert len(named(given, by=suspect)) == 1


def test_half_of_the_wrong_answers_are_enough_and_guesses_are_never_sure():
    assert named("2477") == {"A": "doubles", "B": "doubles"}
    assert named("2477", by=suspect) == {}
    assert named("1i3i", by=suspect) == {}


def test_the_worked_example_of_the_docstring():
    right = dict(zip("ABCD", "1234", strict=True))
    mistakes = {"doubles": "2468", "off the end": "1i34", "drops the sign": "92n4"}
    cases = {name: dict(zip("ABCD", answers, strict=True)) for name, answers in mistakes.items()}
    found = diagnose(dict(zip("ABCD", "24n4", strict=True)), right, cases, "ABD")
    assert found == {"A": "doubles", "B": "doubles"}
