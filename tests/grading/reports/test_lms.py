"""Files that an LMS takes, made from the files that it gives."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pytest
from graded_class import A1, CANVAS, IN_TIME, MOODLE, result, run

from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.lms import Filling, export

OURS = "student,name,canvas,email\ndoe1,Jane Doe,101,jane@x.edu\nroe2,=Roe,102,\n"
RESULTS = {"doe1": result(A1, top_k=CaseResult("wrong", "worst_first")), "zoe3": result(A1)}
ROWS = gradebook(run(A1, {"doe1": IN_TIME, "roe2": None, "zoe3": IN_TIME}), A1, RESULTS, {})


def exported(tmp_path, kind, roster=None, **filling):
    if roster:
        (tmp_path / "roster.csv").write_text(roster, "utf-8")
        roster = read_roster(tmp_path / "roster.csv")
    done = export(kind, ROWS, A1, RESULTS, roster, Filling(**filling))
    return done.files, done.unknown, done.notes


def lines(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas_gets_the_columns_it_wants_and_the_number_it_gave_the_assignment(tmp_path):
    files, unknown, _ = exported(tmp_path, "canvas", CANVAS)
    assert unknown == ["zoe3"]
    assert lines(files["canvas.csv"]) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A1 · Metrics (55)"],
        ["    Points Possible", "", "", "", "", "100"],
        ["Doe, Jane", "101", "S1", "doe1", "Monday", "90"],
        ["Roe, Richard", "102", "S2", "roe2", "Monday", "7"],
    ]


EXCUSED = """Student,ID,SIS Login ID,Section,A1 Metrics (4711),A10 (5)
    Points Possible,,,,10.00,1
"N, Jane",101,doe1,1,,
"O, Bob",102,roe2,1,EX,
"Z, Zoe",103,zoe3,1,N/A,
"""


def test_who_is_excused_stays_so_and_another_maximum_is_said(tmp_path):
    files, _, notes = exported(tmp_path, "canvas", EXCUSED)
    assert [row[4] for row in lines(files["canvas.csv"])] == ["A1 Metrics (4711)", "10.00", "90", "EX", "N/A"]
    assert "Canvas gives at most 10 points in 'A1 Metrics (4711)', the assignment has 100; --scale" in notes[0]
    assert any("2 excused" in note for note in notes)
    files, _, notes = exported(tmp_path, "canvas", EXCUSED, scale=True, zeros=True)
    assert [row[4] for row in lines(files["canvas.csv"])][2:] == ["9", "EX", "N/A"]
    files, *_ = exported(tmp_path, "canvas", CANVAS, zeros=True)
    assert lines(files["canvas.csv"])[-1][-1] == "0"


@pytest.mark.parametrize("column", ["", "A2"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path, column):
    text = EXCUSED.replace("A1 Metrics (4711)", "Week 1 (4711)")
    with pytest.raises(ValueError, match=r"column: got .*, wanted one of Week 1 \(4711\), A10 \(5\)"):
        exported(tmp_path, "canvas", text, column=column)
    files, *_ = exported(tmp_path, "canvas", text, column="Week 1")
    assert lines(files["canvas.csv"])[0][-1] == "Week 1 (4711)"


WHO = "Jane Doe,doe1"
SHEETS = {  # language → header, the participant, the time of handing in
    "English": (
        "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (submission)",
        *("Participant 7001", "Monday, 30 November 2026, 5:05 PM"),
    ),
    "German": (
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Zuletzt geändert (Abgabe)",
        *("Teilnehmer/in7001", "Montag, 30. November 2026, 17:05"),
    ),
    "French": (
        "Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,Dernière modification (travail remis)",
        *("Participant7001", "lundi 30 novembre 2026, 17:05"),
    ),
    "Spanish": (
        "Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima,"
        "Última modificación (entrega)",
        *("Participante7001", "lunes, 30 de noviembre de 2026, 17:05"),
    ),
    "Portuguese": (
        "Identificador,Nome completo,Endereço de email,Status,Nota,Nota máxima,Última modificação (envio)",
        *("Participante7001", "segunda, 30 nov 2026, 17:05"),
    ),
    "Chinese": ("编号,全名,电子邮件地址,状态,成绩,最高分,最后修改(提交)", "参与者7001", "2026年11月30日 星期一 17:05"),
}


@pytest.mark.parametrize("language", SHEETS)
def test_moodles_worksheet_is_known_in_every_language(tmp_path, language):
    header, participant, time = SHEETS[language]
    sheet = f'{header}\n{participant},{WHO},-,,100,"{time}"\n'
    (tmp_path / "sheet.csv").write_text(sheet, "utf-8")
    (student,) = read_roster(tmp_path / "sheet.csv").students.values()
    assert (student.id, student.moodle, student.name) == ("doe1", "7001", "Jane Doe")
    assert student.submitted == datetime(2026, 11, 30, 17, 5)
    files, *_ = exported(tmp_path, "moodle", sheet)
    assert lines(files["moodle.csv"]) == [header.split(","), [participant, *WHO.split(","), "-", "90", "100", time]]


def test_canvas_from_a_list_of_ours(tmp_path):
    files, _, _ = exported(tmp_path, "canvas", OURS)
    header, _, doe, roe = lines(files["canvas.csv"])
    assert header[-1] == "A1 · Metrics"
    assert doe == ["Jane Doe", "101", "", "doe1", "", "90"]
    assert roe[0] == "'=Roe"


def test_moodles_worksheet_is_filled_in_and_else_the_same(tmp_path):
    files, unknown, _ = exported(tmp_path, "moodle", MOODLE)
    before, after = lines(MOODLE), lines(files["moodle.csv"])
    assert unknown == ["zoe3"]
    assert [row[5] for row in after] == ["Grade", "90", ""]
    assert [[*row[:5], *row[6:]] for row in after] == [[*row[:5], *row[6:]] for row in before]
    files, _, _ = exported(tmp_path, "moodle", OURS)
    assert lines(files["moodle.csv"])[1] == ["doe1", "Jane Doe", "jane@x.edu", "90"]


def test_a_worksheet_with_other_points_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at most 10 points in 'Grade', the assignment has 100"):
        exported(tmp_path, "moodle", MOODLE.replace("100.00", "10"))
    with pytest.raises(ValueError, match=r"no points but a scale \('Passed'\)"):
        exported(tmp_path, "moodle", MOODLE.replace("100.00", "Passed"))


@pytest.mark.parametrize("most", ["1,000.00", "1.000,00", "1000", "1,000"])
def test_a_maximum_is_read_however_it_is_written(tmp_path, most):
    *_, notes = exported(tmp_path, "canvas", EXCUSED.replace("10.00", f'"{most}"'))
    assert any("at most 1000 points" in note for note in notes)


def test_gradescope_gets_a_file_each_with_points_and_hints_by_function(tmp_path):
    files, unknown, _ = exported(tmp_path, "gradescope")
    assert (sorted(files), unknown) == (["gradescope/doe1.json", "gradescope/zoe3.json"], [])
    plain = json.loads(files["gradescope/doe1.json"])
    assert plain["score"] == sum(test["score"] for test in plain["tests"]) == 90
    assert [test["max_score"] for test in plain["tests"]] == [20, 25, 20, 15, 20]
    assert A1.exercises["top_k"].hints["worst_first"] in plain["tests"][0]["output"]


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
def test_without_a_class_list_it_says_what_to_download(tmp_path, kind):
    with pytest.raises(ValueError, match=f"download it and name it: --lms FILE --format {kind}"):
        exported(tmp_path, kind)
