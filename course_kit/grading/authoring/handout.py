"""The folder that students get: assignments, lessons, the library as a wheel, and a README that needs nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course_kit.storing import replace

DOCUMENTS = ("glossary.md", "lecture_map.md", "claims.md")  # what `Source: lecture row 33` refers to
PACKAGES = ("course_lib", "course_kit")
README = """# GNNs for Recommender Systems: assignments

Lecture: Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu.

You need Python 3.10 or newer. In this folder, once (a few minutes, most of it PyTorch):

    python3 -m venv .venv
    .venv/bin/pip install -c requirements.lock {wheel}

Then, each time:

    .venv/bin/jupyter lab

(On Windows: `py -m venv .venv`, then `.venv\\Scripts\\pip` and `.venv\\Scripts\\jupyter`.) Open one of these:

{list}

Write each function where it says so and run the check below it. Before you hand in a notebook, run all of it:

    .venv/bin/course check assignments/{first}

Hand in the notebook alone, under its own name. Grading asks the same kinds of cases with other inputs.
The lessons are in `notebooks/`, beside the assignments; `.venv/bin/course data` fetches their data.
Words and letters are explained in `docs/glossary.md`; `docs/lecture_map.md` says which slide is where.
"""


def hand_out(source: Path, folder: Path) -> list[Path]:
    """Put everything beside the released assignments that a student needs.

    Args:
        source: The course's folder, with pyproject.toml and requirements.lock.
        folder: The student folder; its assignments/ are there already.

    Returns:
        The files and folders written.

    Raises:
        ValueError: If the wheel cannot be built.
    """
    assignments = sorted((folder / "assignments").glob("*.ipynb"))
    wheel = _wheel(source, folder)
    pins = Path(shutil.copy(source / "requirements.lock", folder))
    unwanted = shutil.ignore_patterns(".*", "*.toml", "*.part")
    lessons = shutil.copytree(source / "notebooks", folder / "notebooks", ignore=unwanted, dirs_exist_ok=True)
    (folder / "docs").mkdir(exist_ok=True)
    for name in DOCUMENTS:
        shutil.copy(source / "docs" / name, folder / "docs")
    readme = folder / "README.md"
    links = "\n".join(f"- [{path.stem}](assignments/{path.name})" for path in assignments)
    replace(readme, README.format(wheel=wheel.name, list=links, first=assignments[0].name))
    return [readme, wheel, pins, Path(lessons), folder / "docs"]


def _wheel(source: Path, folder: Path) -> Path:
    """Build the library's wheel from a copy of its source, so that nothing left over from an earlier build gets in."""
    with tempfile.TemporaryDirectory() as scratch:
        clean = Path(scratch, "source")
        clean.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(source / name, clean)
        for name in PACKAGES:
            shutil.copytree(source / name, clean / name, ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", scratch]
        done = subprocess.run([*command, str(clean)], capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"the wheel cannot be built: {done.stderr.strip().splitlines()[-1:]}")
        (wheel,) = Path(scratch).glob("*.whl")
        return Path(shutil.move(wheel, folder / wheel.name))
