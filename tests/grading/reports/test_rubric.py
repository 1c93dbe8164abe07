"""Written parts: the form goes to graders and comes back, and no row of it is taken for another."""

from __future__ import annotations

import pytest
from graded_class import A4, result
from refusing import refused

from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reports.rubric import Grade, counting, form, read_rubric

WORDS = {"ada": "=1+1\n\n**Bold**, “quoted”", "ben": "- one\n- two", "cleo": ""}


def filled(tmp_path, text):
    path = tmp_path / "written.csv"
    path.write_text(text, "utf-8")
    return path


def test_the_form_holds_everybodys_words_and_comes_back_filled_in(tmp_path):
    results = {student: result(A4, written={"three_sentences": words}) for student, words in WORDS.items()}
    path = filled(tmp_path, form(A4, results, {}))
    rows = read_table(path)
    assert {row["student"]: row["text"] for row in rows} == WORDS
    assert {row["of"] for row in rows} == {"15"}
    assert read_rubric(path, A4) == {}
    grades = {
        ("ada", "three_sentences"): Grade(7.5, "=fine"),
        ("ben", "three_sentences"): Grade(None, "Ask Kim"),
        ("cleo", "three_sentences"): Grade(0),
    }
    assert read_rubric(filled(tmp_path, form(A4, results, grades)), A4) == grades


def test_points_belong_to_the_words_that_were_read(tmp_path):
    """Who hands in anew is read anew; who leaves the class and returns with the same words keeps the points."""
    old = {student: result(A4, written={"three_sentences": words}) for student, words in WORDS.items()}
    given = {("ada", "three_sentences"): Grade(7.5), ("ben", "three_sentences"): Grade(5, "good")}
    path = filled(tmp_path, form(A4, old, given))
    assert counting(read_rubric(path, A4), old) == (given, [])
    anew = {**old, "ben": result(A4, written={"three_sentences": "Other words."})}
    assert counting({("ben", "three_sentences"): Grade(None, "why?", version="v0")}, anew)[1] == [
        "ben, three_sentences: another text than the one that got a comment; read it again"
    ]
    del anew["ada"]
    kept, lines = counting(read_rubric(path, A4), anew)
    assert kept == {("ada", "three_sentences"): Grade(7.5)}
    assert lines == ["ben, three_sentences: another text than the one that got 5 points; read it again"]
    again = filled(tmp_path, form(A4, anew, kept))
    assert counting(read_rubric(again, A4), old) == (kept, [])


def test_excels_semicolons_and_commas_are_read(tmp_path):
    path = filled(tmp_path, "\ufeffstudent;part;of;points;comment;text\nada;three_sentences;15;12,5;gut;x\n")
    assert read_rubric(path, A4) == {("ada", "three_sentences"): Grade(12.5, "gut")}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ada,essay,5", "got the part 'essay', wanted one of three_sentences"),
        ("ada,three_sentences,16", "got '16' points, wanted a number from 0 to 15"),
        ("ada,three_sentences,-1", "got '-1' points"),
        ("ada,three_sentences,nan", "got 'nan' points"),
        ("ada,three_sentences,good", "got 'good' points"),
        ("ada,three_sentences,5\nada,three_sentences,6", "got a second row"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_in_one_line(tmp_path, row, said):
    with refused(said):
        read_rubric(filled(tmp_path, f"student,part,points\n{row}\n"), A4)
