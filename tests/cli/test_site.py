"""`course site` in a course folder of its own."""

from __future__ import annotations

import nbformat
import pytest

from course_kit.cli import main


@pytest.fixture
def course(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)

    def add(name, *texts):
        slide = {"slideshow": {"slide_type": "slide"}}
        cells = [nbformat.v4.new_markdown_cell(text, metadata=slide) for text in texts]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")

    return add


def test_it_ends_with_the_file_to_open(course, tmp_path, capsys):
    course("00_a", "# A\n\n[on](01_b.ipynb)")
    course("01_b", "# B")
    assert main(["site"]) == 0
    assert capsys.readouterr().out.split()[-1] == str(tmp_path / "site" / "index.html")
    pages = ["00_a.html", "01_b.html", "index.html", "search.html"]
    assert sorted(file.name for file in (tmp_path / "site").iterdir()) == pages


def test_slides_come_beside_the_pages_and_nothing_is_removed(course, tmp_path):
    course("00_a", "# A")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    assert main(["site", "--slides", "--out", "there"]) == 0
    names = ["00_a.html", "00_a.slides.html", "index.html", "mine.txt", "search.html"]
    assert sorted(file.name for file in (tmp_path / "there").iterdir()) == names


@pytest.mark.slow
@pytest.mark.needs("chromium")
def test_lessons_and_slides_are_printed_beside_their_pages(course, tmp_path):
    course("00_a", "# A")
    assert main(["site", "--pdf"]) == 0
    printed = sorted(tmp_path.glob("site/*.pdf"))
    assert [file.name for file in printed] == ["00_a.pdf", "00_a.slides.pdf"]
    assert all(file.read_bytes().startswith(b"%PDF") for file in printed)


PRINTER = """#!/bin/sh
for word; do case $word in --print-to-pdf=*) file=${word#*=};; esac; done
echo asked >> asked.txt
printf '%%PDF-1.4' > "$file"
for sheet in $(seq $(SHEETS)); do printf '<</Type /Page\n' >> "$file"; done
"""


def printer(tmp_path, monkeypatch, sheets):
    """A stand-in for Chromium that prints as many sheets as a shell expression says."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "chromium").write_text(PRINTER.replace("SHEETS", sheets))
    (tmp_path / "bin" / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")


def test_slides_that_came_out_empty_are_printed_again(course, tmp_path, monkeypatch):
    course("00_a", "# A", "## B", "## C")
    printer(tmp_path, monkeypatch, "wc -l < asked.txt")
    assert main(["site", "--pdf"]) == 0
    assert (tmp_path / "asked.txt").read_text().split() == ["asked"] * 3  # the lesson; two of three slides; all three


def test_slides_that_stay_empty_are_refused_and_not_left_behind(course, tmp_path, monkeypatch, capsys):
    course("00_a", "# A", "## B")
    printer(tmp_path, monkeypatch, "echo 1")
    assert main(["site", "--pdf"]) == 2
    assert "did not print 00_a.slides.html" in capsys.readouterr().err
    assert not (tmp_path / "site" / "00_a.slides.pdf").exists()


def test_without_a_browser_nothing_is_printed_and_one_line_says_so(course, monkeypatch, capsys):
    course("00_a", "# A")
    monkeypatch.setenv("PATH", "")
    assert main(["site", "--pdf"]) == 2
    assert "install chromium" in capsys.readouterr().err


def test_a_mistake_is_one_line_and_2(course, tmp_path, capsys):
    assert main(["site"]) == 2
    course("00_a", "no title")
    assert main(["site"]) == 2
    (tmp_path / "notebooks" / "00_a.ipynb").write_text("{}")
    assert main(["site"]) == 2
    assert main(["site", "--out", "notebooks/00_a.ipynb"]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("course: ")]
    assert len(errors) == 4
    assert not (tmp_path / "site").exists()
