"""Feedback finds its student by the names that each LMS reads, and nothing in it is active."""

from __future__ import annotations

import email.policy
import io
import mailbox
import zipfile
from dataclasses import replace

import pytest
from graded_class import A1, IN_TIME, MOODLE, result, run

from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reports.adjust import Adjustment
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.handing_back import Page, as_html, brief, canvas_zip, mbox, moodle_zip
from course_kit.grading.reports.lms import export

HALF = result(A1, top_k=CaseResult("wrong", "worst_first"), flags=("<i>their words</i>",))
LINES = {"doe1": (Adjustment("doe1", "top_k", 12, comment="a < b & <b>so</b>", by="Kim"),)}
STUDENTS = ("doe1", "roe2", "zoe3")
ROWS = gradebook(run(A1, dict.fromkeys(STUDENTS, IN_TIME)), A1, dict.fromkeys(STUDENTS, HALF), {}, LINES)
FILES = {
    "doe1": "all/doejane_101_9001_a1_metrics.ipynb",
    "roe2": "roerichard_LATE_102_9002_my 1 file.ipynb",
    "zoe3": "zoe3.ipynb",
}
PAGES = [Page(row, f"<p>{row.student}</p>", FILES[row.student], brief(A1, row, HALF)) for row in ROWS]


def roster(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    return read_roster(tmp_path / "roster.csv")


def unzipped(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as parcel:
        return {name: parcel.read(name).decode() for name in parcel.namelist()}


def moodle_reads(name: str) -> tuple[str, str, str, str]:
    """Participant, plugin and file, as Moodle's importer takes a path apart."""
    folder, _, rest = name.partition("/")
    _, number, kind, plugin, more = folder.split("_", 4)
    return number, kind, plugin, f"{more}/{rest}"


def test_moodle_reads_participant_plugin_and_file_out_of_each_path(tmp_path):
    parcel = moodle_zip(PAGES, roster(tmp_path, MOODLE.replace("Jane Doe", "Jane_../Doe")))
    files = {moodle_reads(name): text for name, text in unzipped(parcel.content).items()}
    assert files == {
        ("7001", "assignfeedback", "file", "/feedback.html"): "<p>doe1</p>",
        ("7002", "assignfeedback", "file", "/feedback.html"): "<p>roe2</p>",
    }
    assert (parcel.count, list(parcel.left)) == (2, ["zoe3"])


def test_moodles_own_file_names_tell_the_number_where_no_list_does():
    page = Page(ROWS[0], "x", "Jane Doe_7001_assignsubmission_file/a1.ipynb", "")
    assert [moodle_reads(name)[0] for name in unzipped(moodle_zip([page], None).content)] == ["7001"]


def test_canvas_finds_student_and_attachment_by_the_first_two_numbers():
    parcel = canvas_zip(PAGES)
    found = {
        tuple([part for part in name.split("_") if part.isdigit()][:2]): text
        for name, text in unzipped(parcel.content).items()
    }
    assert found == {("101", "9001"): "<p>doe1</p>", ("102", "9002"): "<p>roe2</p>"}
    assert list(parcel.left) == ["zoe3"]


def test_of_a_group_canvas_gets_one_page_and_who_shares_it_is_said():
    together = [replace(page, handed_in=FILES["doe1"]) for page in PAGES]
    parcel = canvas_zip(together)
    assert list(unzipped(parcel.content).values()) == ["<p>doe1</p>"]
    assert list(parcel.left) == ["roe2", "zoe3"]
    assert "--email" in parcel.left["roe2"]


OURS = """student,name,email
doe1,Jäne <script>,jane@x.edu
roe2,"Roe
Bcc: all@x.edu","roe@x.edu"
zoe3,Zoe,not an address
"""


def test_each_message_goes_to_its_student_alone_with_the_page_attached(tmp_path):
    parcel = mbox(PAGES, roster(tmp_path, OURS), "A1 · Metrics", "staff@x.edu")
    (tmp_path / "box").write_bytes(parcel.content)
    box = mailbox.mbox(tmp_path / "box", lambda file: email.message_from_binary_file(file, policy=email.policy.default))
    assert [(m["To"].addresses[0].addr_spec, m["From"], m["Bcc"]) for m in box] == [
        ("jane@x.edu", "staff@x.edu", None),
        ("roe@x.edu", "staff@x.edu", None),
    ]
    first = next(iter(box))
    assert first["To"].addresses[0].display_name == "Jäne <script>"
    assert first["Subject"] == "A1 · Metrics: your feedback"
    assert "92 of 100 points" in first.get_body().get_content()
    (attached,) = first.iter_attachments()
    assert (attached.get_filename(), attached.get_content().strip()) == ("feedback.html", "<p>doe1</p>")
    assert parcel.left == {"zoe3": "'not an address' is no e-mail address"}
    assert mbox(PAGES, roster(tmp_path, OURS), "A1 · Metrics", "staff@x.edu") == parcel
    with pytest.raises(ValueError, match="'staff' is no e-mail address"):
        mbox(PAGES, None, "A1", "staff")


def test_in_brief_it_says_the_total_what_a_person_said_and_what_to_do_next():
    text = brief(A1, ROWS[0], HALF)
    assert text.splitlines()[:2] == [
        "A1 · Metrics: 92 of 100 points.",
        "By hand, top_k: 10 → 12 (Kim): a < b & <b>so</b>",
    ]
    assert "Correct `top_k`" in text
    assert "their words" not in text


@pytest.mark.parametrize(
    "header",
    [
        "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (grade),"
        "Feedback comments",
        "ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse,Status,Bewertung,Bestwertung,Zuletzt geändert (Bewertung),"
        "Feedback als Kommentar",
        "Identifiant,Nom complet,Numéro d’identification,Adresse de courriel,Statut,Note,Note maximale,"
        "Dernière modification (note),Feedback par commentaires",
        "Identificador,Nombre completo,Número de ID,Dirección de correo,Estado,Calificación,Calificación máxima,"
        "Última modificación (calificación),Comentarios de retroalimentación",
        "Identificador,Nome completo,Número de identificação,Endereço de email,Status,Nota,Nota máxima,"
        "Última modificação (nota),Comentários de feedback",
        "标识符,全名,ID号,电子邮件地址,状态,成绩,最高分,最后修改(成绩),反馈意见",
    ],
    ids=["en", "de", "fr", "es", "pt", "zh"],
)
def test_moodles_worksheet_gets_points_and_comments_in_every_language(tmp_path, header):
    """The last column is called as Moodle's language packs call the plugin of these comments."""
    sheet = f"{header}\n" + "\n".join(f"{line}," for line in MOODLE.splitlines()[1:]) + "\n"
    done = export("moodle", ROWS, A1, dict.fromkeys(STUDENTS, HALF), roster(tmp_path, sheet))
    (tmp_path / "moodle.csv").write_text(done.files["moodle.csv"], "utf-8")
    row = next(row for row in read_table(tmp_path / "moodle.csv") if "doe1" in row.values())
    assert row[header.split(",")[5]] == "92"
    assert row[header.split(",")[-1]].startswith("A1 · Metrics: 92 of 100 points.")


def test_moodles_worksheet_gets_comments_that_are_escaped_and_keeps_a_persons(tmp_path):
    """Moodle takes a comment of its worksheet for HTML."""
    sheet = MOODLE.replace("(grade)", "(grade),Feedback comments").replace(",-\n", ",-,\n")
    sheet = sheet.replace("No submission,,100.00,-,", "No submission,,100.00,-,Come and see me.")
    done = export("moodle", ROWS, A1, dict.fromkeys(STUDENTS, HALF), roster(tmp_path, sheet))
    (tmp_path / "moodle.csv").write_text(done.files["moodle.csv"], "utf-8")
    first, second = (row["Feedback comments"] for row in read_table(tmp_path / "moodle.csv"))
    assert first.startswith(
        "A1 · Metrics: 92 of 100 points.<br>By hand, top_k: 10 → 12 (Kim): a &lt; b &amp; &lt;b&gt;"
    )
    assert second == "Come and see me."
    again = export("moodle", ROWS[1:], A1, {"roe2": HALF}, roster(tmp_path, done.files["moodle.csv"]))
    assert "Come and see me." in again.files["moodle.csv"]
    assert as_html("<a>\nb") == "&lt;a&gt;<br>b"
