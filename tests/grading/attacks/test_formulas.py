"""No cell of any table opens as a formula, whatever a program takes for the separator."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess

import pytest

from course_kit.grading.handed_in.table import read_table, to_csv

BEGINS = tuple("=+-@＝＋－＠")
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\xad\u200b\ufeff]")  # which LibreOffice leaves out, or part of it
TEXTS = [
    "=1+1",
    " =1+1",
    '"=1+1"',
    "A;=cmd|'/C calc'!A0;b",
    "A; =cmd()",
    'A;"=cmd()"',
    "a\tb\t@SUM(A1)",
    "two\n=lines",
    "two\r\n\t+lines",
    "a|=1",
    "a,=1,b",
    'a","=1',
    'a";"=1";"',
    'a"\n"=1"\n"',
    "'=quoted",
    "＝1;＋2",
    "; ;\n;-1",
    "\0=1+1",
    "\x01=1+1;\ufeff=1",
    "\u200b=1+1,\x1f=1|\xad=1",
]


def parts(text: str, separator: str, quotes: int) -> list[str]:
    """Cells as a program sees them that takes this separator, with quotation marks or blind to them."""
    rows = csv.reader(io.StringIO(text), delimiter=separator, quoting=quotes)
    return [UNSEEN.sub("", cell) for row in rows for cell in row]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ":"])
@pytest.mark.parametrize("quotes", [csv.QUOTE_MINIMAL, csv.QUOTE_NONE])
def test_no_cell_begins_as_a_formula(separator, quotes):
    table = to_csv(["student", "text", "n"], [["ann", text, 1.5] for text in TEXTS])
    cells = parts(table, separator, quotes)
    assert [cell for cell in cells if cell.lstrip(' "').startswith(BEGINS)] == []


@pytest.mark.parametrize("text", TEXTS)
def test_graders_read_the_text_as_it_was(text, tmp_path):
    (tmp_path / "t.csv").write_text(to_csv(["text", "x"], [[text, 1]]), "utf-8", newline="")
    (row,) = read_table(tmp_path / "t.csv")
    assert row["text"] == text.replace("\0", "").strip().replace("\r\n", "\n")


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not here, and too large to install for this"
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_libreoffice_opens_no_cell_as_a_formula(separator, tmp_path):
    table = to_csv(["student", "text", "n"], [["ann", text, 1.5] for text in TEXTS])
    (tmp_path / "ours.csv").write_text(table, "utf-8", newline="")
    (tmp_path / "plain.csv").write_text(f"a{separator}=1+1\n", "utf-8")  # or nothing would tell that it can
    profile, how = f"-env:UserInstallation=file://{tmp_path}/profile", f"--infilter=CSV:{ord(separator)},34,76,1"
    command = ["soffice", profile, "--headless", how, "--convert-to", "fods", "ours.csv", "plain.csv"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=600)
    found = {
        name: re.findall('table:formula="[^"]*"', (tmp_path / name).read_text()) for name in ("ours.fods", "plain.fods")
    }
    assert found == {"ours.fods": [], "plain.fods": ['table:formula="of:=1+1"']}
