"""Tables survive the way through a spreadsheet, and nothing in them runs there."""

from __future__ import annotations

import csv

import pytest
from refusing import refused

from course_kit.grading.handed_in.table import read_table, to_csv

NASTY = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "-",
    "@SUM(A1)",
    "＝1",
    'say "hi"',
    "a,b;c",
    "two\nlines",
    "'quoted'",
    "plain",
    "Ü “…”",
]


def test_no_cell_of_text_begins_as_a_formula(tmp_path):
    written = tmp_path / "t.csv"
    written.write_text(to_csv(["student", "n"], [[text, -1.5] for text in [*NASTY, "\tx", "\rx", "\nx"]]), "utf-8")
    with written.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    assert not any(text.startswith(tuple("=+-@\t\r\n＝")) for text, _ in rows if text != "-")
    assert {number for _, number in rows} == {"-1.5"}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_was_written_is_read_again(tmp_path, mark):
    written = tmp_path / "t.csv"
    written.write_text(mark + to_csv(["student", "points"], [[text, n] for n, text in enumerate(NASTY)]), "utf-8")
    assert read_table(written, "student") == [{"student": text, "points": str(n)} for n, text in enumerate(NASTY)]


def test_semicolons_blank_rows_and_short_rows_are_read(tmp_path):
    written = tmp_path / "t.csv"
    written.write_text(" student ;points\nada;7,5\n;\nben\n", "utf-8")
    assert read_table(written, "points") == [{"student": "ada", "points": "7,5"}, {"student": "ben", "points": ""}]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a,b\n1,2\n", "a column 'student'"), (b"", r"\(none\)"), ("student\nÜ".encode("latin-1"), "not UTF-8")],
)
def test_something_else_is_refused_in_one_line(tmp_path, content, said):
    written = tmp_path / "t.csv"
    written.write_bytes(content)
    with refused(said):
        read_table(written, "student")
