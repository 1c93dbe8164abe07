"""What is written is the same for the same input, and no work of graders is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from graded_class import A1, A4, IN_TIME, result, run

from course_kit.grading.handed_in.table import read_table
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.outputs import write_outputs

RUN = run(A4, {"zoë/../x": IN_TIME, "ada": IN_TIME, "ben": None}, due="2026-11-30T18:00Z")
RESULTS = {student: result(A4, written={"three_sentences": f"by {student}"}) for student in ("ada", "zoë/../x")}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_stands_where_it_should_and_nowhere_else(tmp_path):
    written = write_outputs(tmp_path / "out", RUN, A4, RESULTS)
    names = {
        "gradebook.csv",
        "report.html",
        "written.csv",
        "adjust.csv",
        "in_class.html",
        "feedback/ada.html",
        "feedback/zoe_.._x.html",
    }
    assert contents(tmp_path).keys() == {f"out/{name}" for name in names}
    assert set(written.files) == {tmp_path / "out" / name for name in names}
    write_outputs(tmp_path / "other", run(A1, {"ada": IN_TIME}), A1, {"ada": result(A1)})
    assert not (tmp_path / "other/written.csv").exists()


def test_the_same_input_in_any_order_gives_the_same_bytes(tmp_path):
    stored = {student: Result.from_json(one.to_json()) for student, one in reversed(RESULTS.items())}
    turned = replace(RUN, handed_in=dict(reversed(RUN.handed_in.items())))
    write_outputs(tmp_path / "one", RUN, A4, RESULTS)
    write_outputs(tmp_path / "two", turned, A4, stored)
    write_outputs(tmp_path / "two", turned, A4, stored)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_points_that_graders_filled_in_stay_and_count(tmp_path):
    write_outputs(tmp_path, RUN, A4, RESULTS)
    form = tmp_path / "written.csv"
    form.write_text(form.read_text("utf-8-sig").replace('15,"",""', '15,9.5,"well put"', 1), "utf-8")
    for _ in range(2):
        write_outputs(tmp_path, RUN, A4, RESULTS)
        totals = {row["student"]: row["total"] for row in read_table(tmp_path / "gradebook.csv")}
        assert totals == {"ada": "94.5", "ben": "0", "zoë/../x": "85"}
    assert "well put" in (tmp_path / "feedback/ada.html").read_text("utf-8")
    (tmp_path / "mine.csv").write_text("student,part,points\nada,three_sentences,3\n")
    write_outputs(tmp_path, RUN, A4, RESULTS, tmp_path / "mine.csv")
    assert [row["points"] for row in read_table(form)] == ["3", ""]


def test_a_form_that_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "written.csv").write_text("student,part,points\nada,three_sentences,99\n")
    with pytest.raises(ValueError, match="'99' points"):
        write_outputs(tmp_path, RUN, A4, RESULTS)
    assert contents(tmp_path).keys() == {"written.csv"}
