"""A student's page: it says the mistake and the next step, shows nothing of the grading, and is inert."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from graded_class import A1, A4, IN_TIME, result, run

from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.feedback import duration, feedback
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.rubric import Grade

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}'
DUE = {"due": "2026-11-30T18:00Z", "late": "10%/day"}


def page(assignment, graded, time=IN_TIME, rubric=None, student="ada", **fields) -> str:
    class_run = run(assignment, {student: time}, **fields)
    (row,) = gradebook(class_run, assignment, {student: graded}, rubric or {})
    return feedback(assignment, row, graded)


TAGS = {"html", "head", "meta", "title", "style", "body", "main", "footer", "section", "div", "span"}
TAGS |= {"h1", "h2", "p", "ol", "ul", "li", "code", "em", "strong"}
ATTRIBUTES = {"class", "id", "lang", "charset", "name", "content", "http-equiv", "aria-label", "aria-labelledby"}


class Inert(HTMLParser):
    """Fails on anything in a page that could run or fetch."""

    def handle_starttag(self, tag, attributes):
        assert tag in TAGS
        assert {name for name, _ in attributes} <= ATTRIBUTES


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)).split())


def test_it_says_which_mistake_what_is_fine_and_what_to_do_next():
    text = plain(page(A1, result(A1, top_k=CaseResult("wrong", "worst_first"))))
    assert "90 of 100 points" in text
    assert "Your lists begin with the worst item. Which way does your sort go?" in text
    assert "Correct top_k (The list): 1 of 2 cases is not right yet" in text
    assert "This much is right already: first case" in text
    assert "You are done" in plain(page(A1, result(A1)))


def test_what_students_wrote_cannot_run_and_nothing_is_fetched():
    graded = result(A4, errors={3: EVIL}, flags=(EVIL,), written={"three_sentences": EVIL}, sandbox="none")
    text = page(A4, graded, rubric={(EVIL, "three_sentences"): Grade(3, EVIL)}, student=EVIL)
    Inert().feed(text)
    assert "{{ 7 * 7 }}" in text
    assert "default-src 'none'" in text
    assert "url(" not in text


def test_no_code_of_solutions_mistakes_or_probes_is_on_it():
    graded = result(A1, **{name: CaseResult("wrong", next(iter(one.hints))) for name, one in A1.exercises.items()})
    text = html.unescape(page(A1, graded))
    for exercise in A1.exercises.values():
        code = "\n".join([exercise.solution, exercise.probe, exercise.hidden, exercise.mistakes])
        lines = {line.strip() for line in code.splitlines() if len(line.strip()) > 15 and '"""' not in line}
        assert [line for line in lines if line in text and line not in " ".join(exercise.hints.values())] == []


def test_outcomes_and_forms_are_told_but_no_word_of_a_submissions_own():
    graded = result(
        A1,
        top_k=CaseResult("raised IndexError"),
        denominators=CaseResult("wrong", form="None came back, wanted a dict"),
    )
    text = plain(page(A1, graded))
    assert "Your function stopped with IndexError." in text
    assert "None came back, wanted a dict" in text


def test_lateness_a_missing_sandbox_errors_and_flags_are_told():
    graded = result(A1, errors={4: "NameError: y = x + 1"}, flags=("2 cells were copied",), sandbox="none")
    text = plain(page(A1, graded, time="2026-12-01T19:00:00+00:00", **DUE))
    assert "You earned 100; your notebook came 1 day and 1 hour late, so 80 % of that count." in text
    assert "Graded without a sandbox" in text
    assert "Code cell 4 stopped with NameError at the line y = x + 1. A name was not defined." in text
    assert "2 cells were copied" in text
    assert "nothing is taken off" in plain(page(A1, graded, time="2026-12-01T19:00:00+00:00", due=DUE["due"]))


def test_a_written_part_waits_for_a_person_and_then_shows_points_and_comment():
    waiting = plain(page(A4, result(A4, written={"three_sentences": "Mine."})))
    assert "Three sentences: nobody has given points for your text yet" in waiting
    assert "85 of 100 points so far: this total is provisional" in waiting
    said = plain(
        page(
            A4,
            result(A4, written={"three_sentences": "Mine."}),
            rubric={("ada", "three_sentences"): Grade(None, "Which?")},
        )
    )
    assert "Which?" in said
    assert "Three sentences: nobody has given points for your text yet" in said
    read = plain(
        page(
            A4,
            result(A4, written={"three_sentences": "Mine."}),
            rubric={("ada", "three_sentences"): Grade(11.5, "Good.")},
        )
    )
    assert "11.5 of 15 points Good." in read
    assert "96.5 of 100 points" in read


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (30, "1 minute"),
        (60 * 90, "1 hour and 30 minutes"),
        (86400 * 2, "2 days"),
        (86400 + 3600 * 5 + 60, "1 day and 5 hours"),
    ],
)
def test_a_length_of_time_in_words(late, words):
    assert duration(timedelta(seconds=late)) == words
