"""What Windows lacks is taken away here: the students' commands work without it, and grading says so in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import solution_notebooks

from course_kit.grading.authoring.release import release

# Other packages choose by sys.platform, so they are imported before anything is taken away.
AS_ON_WINDOWS = """\
import asyncio.unix_events, concurrent.futures.process, os, pathlib, platformdirs, signal
import subprocess, sys, tempfile, tqdm.auto
sys.modules.update(dict.fromkeys(["fcntl", "grp", "pty", "pwd", "resource", "termios"]))
for module, names in {
    os: ["fork", "geteuid", "getuid", "killpg", "mkfifo", "sched_getaffinity", "setsid"],
    signal: ["SIGALRM", "SIGCHLD", "SIGHUP", "setitimer"],
}.items():
    for name in names:
        delattr(module, name)
from course_kit.cli import main
sys.exit(main(sys.argv[1:]))
"""


def on_windows(folder: Path, *arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess:
    """Run `course` without what Windows lacks, its output in an encoding."""
    return subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        encoding=encoding,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A course of one notebook, which prints what cp1252 cannot spell."""
    (tmp_path / "notebooks").mkdir()
    cells = [
        nbformat.v4.new_markdown_cell("# A lesson\n\nAll is well: ✓"),
        nbformat.v4.new_code_cell("print('σ → ✓')\nassert False, 'σ → ✗'"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks/00_a_lesson.ipynb")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "✓"), ("cp1252", "+")])
def test_pages_are_built_whatever_the_output_can_spell(folder: Path, encoding: str, sign: str) -> None:
    done = on_windows(folder, "site", encoding=encoding)
    assert (done.returncode, done.stdout.partition(" ")[0]) == (0, sign), done.stderr
    assert "All is well: ✓" in (folder / "site/00_a_lesson.html").read_text("utf-8")


@pytest.mark.slow
def test_a_failing_cell_is_reported_in_plain_signs(folder: Path) -> None:
    done = on_windows(folder, "run", encoding="cp1252")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(f"x {Path('notebooks/00_a_lesson.ipynb')} ")
    assert ": ? -> x" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("code", "marks"), [("return max(x) - min(x)", "++"), ("return x.min()", "xx")])
def test_an_assignment_is_checked(tmp_path: Path, code: str, marks: str) -> None:
    path = release(solution_notebooks.write(tmp_path / "a1.ipynb"), tmp_path / "out")
    notebook = json.loads(path.read_text("utf-8"))
    (stub,) = (cell for cell in notebook["cells"] if cell["id"] == "c2")
    stub["source"] = f"def spread(x):\n    print('σ → ✓')\n    {code}"
    path.write_text(json.dumps(notebook), "utf-8")
    done = on_windows(tmp_path, "check", str(path), encoding="cp1252")
    assert done.returncode == (marks == "xx"), done.stderr
    assert f"\nspread                   {marks} " in f"\n{done.stdout}"


@pytest.mark.parametrize("arguments", [["grade", "a1", ".", "--out", "grades"], ["gradebook", "."]])
def test_grading_names_the_way_out(tmp_path: Path, arguments: list[str]) -> None:
    done = on_windows(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr == "course: grading needs Linux or macOS: on Windows, run it in WSL\n"
