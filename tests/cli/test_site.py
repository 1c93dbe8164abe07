"""`course site` in a course folder of its own."""

from __future__ import annotations

import nbformat
import pytest

from course_kit.cli import main


@pytest.fixture
def course(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)

    def add(name, first):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(first)])
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
