"""What a reviewer gives: one line of a table, all others as other programs have left them."""

from __future__ import annotations

import pytest
from graded_class import A4
from refusing import refused

from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reports.adjust import COLUMNS, read_adjustments
from course_kit.grading.reports.rubric import version_of
from course_kit.grading.reviewing import rows
from course_kit.grading.reviewing.items import FILE, add_item, read_items
from course_kit.grading.reviewing.rows import ChangedMeanwhile
from course_kit.grading.reviewing.scores import Place, Tables, give

NOTHING = {"points": "", "change": "", "comment": ""}
LAYER, TOTAL = Place("ada", "ngcf_layer"), Place("ada", "total")
WORDS = Place("ada", "three_sentences", "My words.")


def adjusted(folder, text: str) -> None:
    (folder / "adjust.csv").write_text(text, "utf-8")


def lines(folder) -> list[dict[str, str]]:
    return read_table(folder / "adjust.csv")


def test_a_change_is_a_line_that_the_gradebook_reads(tmp_path):
    give(tmp_path, A4, LAYER, NOTHING, {"points": "", "change": "-2.5", "comment": "=Slow\n-loop"}, "Kim")
    (line,) = read_adjustments(tmp_path / "adjust.csv", A4)["ada"]
    assert (line.part, line.points, line.change, line.comment, line.by) == (
        "ngcf_layer",
        None,
        -2.5,
        "=Slow\n-loop",
        "Kim",
    )
    assert '"ngcf_layer","",-2.5,' in (tmp_path / "adjust.csv").read_text("utf-8")


def test_other_lines_and_columns_stay_and_one_that_says_nothing_goes(tmp_path):
    adjusted(tmp_path, "student;function;points;note\nben;ngcf_layer;3;late\nada;;5;x\nada;ngcf_layer;4;y\n")
    give(tmp_path, A4, LAYER, {**NOTHING, "points": "4"}, NOTHING, "")
    assert [(line["student"], line["function"], line["points"], line["note"]) for line in lines(tmp_path)] == [
        ("ben", "ngcf_layer", "3", "late"),
        ("ada", "", "5", "x"),
    ]
    give(tmp_path, A4, TOTAL, {**NOTHING, "points": "5"}, {**NOTHING, "points": "excused"}, "")
    assert read_adjustments(tmp_path / "adjust.csv", A4)["ada"][0].is_excused


def test_what_another_program_wrote_meanwhile_is_kept_or_told(tmp_path):
    adjusted(tmp_path, "student,function,points\nben,ngcf_layer,3\n")
    give(tmp_path, A4, LAYER, NOTHING, {**NOTHING, "points": "7"}, "Kim")
    assert [line["points"] for line in lines(tmp_path)] == ["3", "7"]
    with refused(r"says now: points '7', .*load the page again", ChangedMeanwhile):
        give(tmp_path, A4, LAYER, NOTHING, {**NOTHING, "points": "9"}, "Lee")
    assert [line["points"] for line in lines(tmp_path)] == ["3", "7"]


def test_a_write_between_reading_and_renaming_is_not_lost(tmp_path, monkeypatch):
    adjusted(tmp_path, "student,function,points\n")
    waiting = ["student,function,points\nben,ngcf_layer,3\n"]

    def to_csv(*table):
        if waiting:
            adjusted(tmp_path, waiting.pop())
        return real(*table)

    real = rows.to_csv
    monkeypatch.setattr(rows, "to_csv", to_csv)
    give(tmp_path, A4, LAYER, NOTHING, {**NOTHING, "points": "7"}, "")
    assert [line["student"] for line in lines(tmp_path)] == ["ben", "ada"]


@pytest.mark.parametrize(
    ("place", "after", "said"),
    [
        (LAYER, {"points": "26"}, "at most 25"),
        (LAYER, {"points": "nan"}, "'nan' in the column points"),
        (LAYER, {"points": "excused"}, "excused from a part"),
        (LAYER, {"change": "much"}, "'much' in the column change"),
        (WORDS, {"points": "16"}, "a number from 0 to 15"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path, place, after, said):
    with refused(said):
        give(tmp_path, A4, place, dict.fromkeys(place.columns, ""), after, "")
    assert list(tmp_path.iterdir()) == []


def test_two_lines_for_a_part_are_left_to_a_person(tmp_path):
    adjusted(tmp_path, "student,function,change\nada,ngcf_layer,1\nada,ngcf_layer,2\n")
    assert "2 lines" in Tables(tmp_path).given(LAYER)[1]
    with refused("2 lines for this; change them there"):
        give(tmp_path, A4, LAYER, NOTHING, {**NOTHING, "change": "3"}, "")


def test_points_for_words_name_the_words(tmp_path):
    give(tmp_path, A4, WORDS, {"points": "", "comment": ""}, {"points": "9", "comment": "Good."}, "Kim")
    (line,) = read_table(tmp_path / "written.csv")
    assert (line["points"], line["comment"], line["version"]) == ("9", "Good.", version_of("My words."))
    assert not Tables(tmp_path).is_stale(WORDS)
    give(tmp_path, A4, WORDS, {"points": "9", "comment": "Good."}, {"points": "", "comment": "Why?"}, "Kim")
    assert Tables(tmp_path).given(WORDS)[0] == {"points": "", "comment": "Why?"}
    assert Tables(tmp_path).is_stale(Place("ada", "three_sentences", "Others."))


def test_items_are_kept_in_order_and_refused_where_they_cannot_be(tmp_path):
    for points, text in (("5", "A claim."), ("-2", "No  error.")):
        add_item(tmp_path, {"part": "three_sentences", "points": points, "text": text}, A4)
    found = read_items(tmp_path, A4)["three_sentences"]
    assert [(item.points, item.text) for item in found] == [(5, "A claim."), (-2, "No error.")]
    for row, said in (
        ({"part": "three_sentences", "points": "1", "text": "A claim."}, "again"),
        ({"part": "no", "points": "1", "text": "x"}, "the part 'no'"),
        ({"part": "", "points": "inf", "text": "x"}, "a number"),
        ({"part": "", "points": "1", "text": " "}, "without text"),
    ):
        with refused(said):
            add_item(tmp_path, row, A4)
    assert len(read_table(tmp_path / FILE)) == 2


def test_the_columns_are_those_of_the_form(tmp_path):
    give(tmp_path, A4, LAYER, NOTHING, {**NOTHING, "points": "1"}, "Kim")
    assert tuple(lines(tmp_path)[0]) == COLUMNS
