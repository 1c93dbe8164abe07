from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import solution_notebooks

from course_kit.cli import main
from course_kit.grading.authoring.assignment import read

ROOT = Path(__file__).parents[2]


def assert_no_secret_in(folder: Path, wheel: Path) -> None:
    """No hint, no mistake and no case for grading of the real assignments, in the wheel or beside it."""
    inside = zipfile.ZipFile(wheel)
    texts = [inside.read(name).decode() for name in inside.namelist() if not name.endswith(".woff2")]
    texts += [file.read_text() for file in folder.rglob("*") if file.is_file() and file != wheel]
    for exercise in (e for path in (ROOT / "solutions").glob("*.ipynb") for e in read(path).exercises.values()):
        for secret in {*exercise.hints.values(), *(f"def {name}(" for name in exercise.hints), exercise.hidden} - {""}:
            spread_out = re.compile(r"\s+".join(map(re.escape, secret.split())))
            assert not [text[:80] for text in texts if spread_out.search(text)], secret


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course's folder with one small assignment."""
    (tmp_path / "solutions").mkdir()
    solution_notebooks.write(tmp_path / "solutions/a1_sound.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_or_the_named_are_written_to_assignments(course, capsys):
    assert main(["release"]) == main(["release", "a1"]) == main(["release", "a1_sound"]) == 0
    assert capsys.readouterr().out == "✓ assignments/a1_sound.ipynb\n" * 3
    assert [file.name for file in (course / "assignments").iterdir()] == ["a1_sound.ipynb"]


def test_what_is_not_there_or_not_fair_is_one_line_and_2(course, capsys):
    assert main(["release", "a7"]) == 2
    solution_notebooks.write(course / "solutions/a1_sound.ipynb", mistakes="def f(x):\n    return 1")
    assert main(["release"]) == 2
    solution_notebooks.write(course / "solutions/a1_sound.ipynb", solution="def spread(x) return")
    assert main(["release"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["course"] * 3
    assert "a1_sound" in lines[0]
    for path in ("solutions/a1_sound.ipynb", str(course / "solutions/a1_sound.ipynb"), "a1_sound.ipynb"):
        assert main(["release", path]) == 2
        assert capsys.readouterr().err.startswith(f"course: {path}: got a path, wanted the name of an assignment: a1_s")
    assert "a hint of its own" in lines[1]


@pytest.mark.slow
def test_the_student_folder_holds_what_a_student_needs_and_nothing_of_the_solutions(course, capsys):
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.lock"):
        shutil.copy(ROOT / name, course)
    for name in ("course_lib", "course_kit", "notebooks", "docs"):
        (course / name).symlink_to(ROOT / name)
    assert main(["release", "--to", "handout", "--json"]) == 0
    written = {Path(name).name for name in json.loads(capsys.readouterr().out)}
    visible = {file.name for file in (course / "handout").iterdir() if not file.name.startswith(".")}
    assert written == visible - {"assignments"} | {"a1_sound.ipynb"}
    (wheel,) = (course / "handout").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "course_kit/grading/asking/check.py" in names
    assert not [name for name in names if "solution" in name or name.endswith(".ipynb")]
    text = "\n".join(file.read_text() for file in (course / "handout/assignments").iterdir())
    assert "x.max()" not in text
    assert "def smallest" not in text
    assert (course / "handout/docs/glossary.md").exists()
    lesson = (course / "handout/notebooks/01_recommender_graph.ipynb").read_text()
    assert '"outputs": []' in lesson
    assert "presenter" not in lesson
    for file in ("default_setting_overrides.d/course_lab.json", "labextensions/course-dark-figures/static/style.js"):
        assert [name for name in names if name.endswith(file)]
    assert_no_secret_in(course / "handout", wheel)
    follow_the_readme(course / "handout")


def follow_the_readme(folder: Path) -> None:
    """Its commands as they stand there; only the packages that the wheel needs are borrowed from this environment."""
    lines = (folder / "README.md").read_text().splitlines()
    make, install, _, check = commands = [line.split() for line in lines if line.startswith("    ")]
    assert [command[0] for command in commands] == [
        "python3",
        *(f".venv/bin/{n}" for n in ("pip", "jupyter", "course")),
    ]
    subprocess.run([sys.executable, *make[1:]], cwd=folder, check=True)
    (site,) = folder.glob(".venv/lib/python*/site-packages")
    (site / "borrowed.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    for old in site.glob("setuptools*"):  # venv's own, older than the borrowed one that it would hide
        shutil.rmtree(old)
    alone = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    subprocess.run(install, cwd=folder, check=True, env=os.environ | alone, stdout=subprocess.DEVNULL)
    assert (site / "course_kit/cli/check.py").exists()
    done = subprocess.run(check, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "… spread is not written yet" in done.stdout
    assert "0 / 100" in done.stdout
