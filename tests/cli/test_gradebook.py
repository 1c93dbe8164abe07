"""`course gradebook`: new rules on old results, files for an LMS, mistakes in one line."""

from __future__ import annotations

import pytest
from graded_class import A1, result, run

from course_kit.cli import main
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.marking.result import CaseResult

LATE = "2026-12-01T19:00:00+00:00"


@pytest.fixture
def graded(tmp_path):
    folder = tmp_path / "out"
    (folder / "results").mkdir(parents=True)
    (folder / "run.json").write_text(run(A1, {"ada": LATE, "ben": None}).to_json(), "utf-8")
    half = result(A1, top_k=CaseResult("wrong", "worst_first"))
    (folder / "results/ada.json").write_text(half.to_json(), "utf-8")
    return folder


def total(folder) -> str:
    return read_table(folder / "gradebook.csv")[0]["total"]


def test_a_new_rule_applies_is_remembered_and_needs_no_grading(graded, capsys):
    assert main(["gradebook", str(graded)]) == 0
    assert total(graded) == "90"
    assert main(["gradebook", str(graded), "--due", "2026-11-30T18:00Z", "--late", "10%/day"]) == 0
    assert total(graded) == "72"
    assert main(["gradebook", str(graded)]) == 0
    assert total(graded) == "72"
    assert "80 % of that count" in (graded / "feedback/ada.html").read_text("utf-8")
    (graded.parent / "more.csv").write_text("student,due\nada,2026-12-02T18:00Z\n")
    assert main(["gradebook", str(graded), "--extensions", str(graded.parent / "more.csv")]) == 0
    assert total(graded) == "90"
    assert "gradebook.csv" in capsys.readouterr().out


def test_an_lms_gets_its_file_and_who_is_not_in_it_is_a_finding(graded, capsys):
    (graded.parent / "c.csv").write_text("Student,ID,SIS User ID,SIS Login ID,Section\nAda,1,,ada,\n")
    assert main(["gradebook", str(graded), "--format", "canvas", "--lms", str(graded.parent / "c.csv")]) == 1
    assert "does not know 1 of the class: ben" in capsys.readouterr().err
    assert '"Ada","1","","ada","",90' in (graded / "canvas.csv").read_text("utf-8")
    assert main(["gradebook", str(graded), "--format", "gradescope"]) == 0
    assert (graded / "gradescope/ada.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "moodle"], "no class list"),
        (["--late", "10%/day"], "no due time"),
        (["--due", "soon"], "due: got 'soon'"),
        (["--rubric", "nowhere.csv"], "nowhere.csv"),
        (["--format", "excel"], "invalid choice"),
        (["--curve", "steep"], "curve: got 'steep'"),
        (["--weights", "topk=3"], "weights: got 'topk'"),
        (["--bonus", "topk"], "bonus: got 'topk'"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(graded, capsys, words, said):
    before = (graded / "run.json").read_bytes()
    assert main(["gradebook", str(graded), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert (graded / "run.json").read_bytes() == before


def test_a_folder_that_was_not_graded_is_refused(tmp_path, capsys):
    assert main(["gradebook", str(tmp_path)]) == 2
    assert "holds no run.json" in capsys.readouterr().err


def test_rules_are_remembered_by_every_later_run(graded):
    assert main(["gradebook", str(graded), "--curve", "+5", "--bonus", "audit_f1"]) == 0
    assert total(graded) == "107.5"  # half of top_k is a loss of 12.5 in 100; 20 on top; no curve above the maximum
    assert main(["gradebook", str(graded), "--bonus", ""]) == 0
    assert total(graded) == "95"
    assert "5 more by a curve" in (graded / "feedback/ada.html").read_text("utf-8")
    assert "Curve: +5" in (graded / "report.html").read_text("utf-8")


def test_what_is_dropped_stays_so_until_it_is_undone(graded, capsys):
    assert main(["drop", str(graded), "top_k: second case"]) == 0
    assert total(graded) == "100"
    assert "does not count: top_k: second case" in capsys.readouterr().out
    assert main(["drop", str(graded), "--undo", "top_k: second case"]) == 0
    assert main(["gradebook", str(graded)]) == 0
    assert total(graded) == "90"
    assert main(["drop", str(graded), "recall_at_k", "ndcg_at_k"]) == 0
    assert "does not count" in (graded / "feedback/ada.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["topk"], "drop: got 'topk'"),
        (["top_k: third case"], "one of 'top_k: first case', 'top_k: second case'"),
        (["top_k: first case", "top_k: second case"], "drop top_k itself"),
        (["--undo", "top_k"], "nothing is dropped"),
    ],
)
def test_a_drop_that_cannot_be_is_one_line(graded, capsys, words, said):
    assert main(["drop", str(graded), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (graded / "rules.json").exists()


@pytest.mark.parametrize(
    ("words", "file", "code"),
    [
        (["--moodle"], "feedback_moodle.zip", 0),
        (["--email", "box"], "box", 1),
        (["--email", "--sender", "staff@x.edu"], "feedback.mbox", 0),
        (["--gradescope"], "gradescope/ada.json", 0),
    ],
)
def test_feedback_goes_out_and_whose_is_left_is_a_finding(graded, capsys, monkeypatch, words, file, code):
    monkeypatch.chdir(graded)
    (graded / "list.csv").write_text("student,name,email,moodle\nada,Ada,ada@x.edu,7001\nben,,,\n")
    if code:
        (graded / "results/ben.json").write_bytes((graded / "results/ada.json").read_bytes())
    assert main(["feedback", ".", *words, "--lms", "list.csv"]) == code
    assert (graded / file).stat().st_size > 100
    said = capsys.readouterr()
    assert said.out.startswith("✓")
    assert ("not in it: ben" in said.err) is bool(code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required"),
        (["--email", "--sender", "staff"], "no e-mail address"),
        (["--moodle", "--lms", "no.csv"], "no.csv"),
        (["--canvas"], "no feedback was written: handed in by another way"),
    ],
)
def test_a_mistake_in_handing_back_is_one_line(graded, capsys, words, said):
    assert main(["feedback", str(graded), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
