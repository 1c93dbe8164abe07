"""What the folder for students holds beside lessons and assignments: the library as a wheel, pins, and a README."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course_kit.storing import replace

PACKAGES = ("course_lib", "course_kit")
# What pip would call, in a third of pip's time.
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
README = """# GNNs for Recommender Systems: lessons and assignments

Lecture: Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu.

You need Python 3.10 or newer. In this folder, once (a few minutes, most of it PyTorch):

    python3 -m venv .venv
    .venv/bin/pip install -c requirements.lock {wheel}

Then, each time:

    .venv/bin/jupyter lab

(On Windows: `py -m venv .venv`, then `.venv\\Scripts\\pip` and `.venv\\Scripts\\jupyter`.) Begin with the lesson
[00_start_here](notebooks/00_start_here.ipynb), which shows the way through the others. The assignments:

{list}

Write each function where it says so and run the check below it. Before you hand in a notebook, run all of it:

    .venv/bin/course check assignments/{first}

Hand in the notebook alone, under its own name. Grading asks the same kinds of cases with other inputs.
`.venv/bin/course data` fetches the data of the lessons. If you are given a newer folder, open a terminal in it and run
`OLD/.venv/bin/course lessons --to OLD`, where OLD is the folder that you work in: a file that you have changed
stays as it is, and its new edition is put beside it.
Words and letters are explained in `docs/glossary.md`; `docs/lecture_map.md` says which slide is where.
"""


def hand_out(source: Path, folder: Path) -> list[Path]:
    """Put beside the released assignments what a student needs to run them.

    Args:
        source: The course's folder, with pyproject.toml and requirements.lock.
        folder: The student folder; its assignments/ are there already.

    Returns:
        The files written.

    Raises:
        ValueError: If the wheel cannot be built.
    """
    assignments = sorted((folder / "assignments").glob("*.ipynb"))
    wheel = build_wheel(source, folder)
    pins = Path(shutil.copy(source / "requirements.lock", folder))
    readme = folder / "README.md"
    links = "\n".join(f"- [{path.stem}](assignments/{path.name})" for path in assignments)
    replace(readme, README.format(wheel=wheel.name, list=links, first=assignments[0].name))
    return [readme, wheel, pins]


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the course's wheel from a copy of its source, so that nothing left over from an earlier build gets in.

    Args:
        source: The course's folder.
        folder: Where the wheel goes.

    Raises:
        ValueError: If it cannot be built.
    """
    with tempfile.TemporaryDirectory() as scratch:
        clean = Path(scratch, "source")
        clean.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(source / name, clean)
        for name in PACKAGES:
            shutil.copytree(source / name, clean / name, ignore=shutil.ignore_patterns("__pycache__"))
        done = subprocess.run([sys.executable, "-c", BUILD, scratch], cwd=clean, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"the wheel cannot be built: {done.stderr.strip().splitlines()[-1:]}")
        (wheel,) = Path(scratch).glob("*.whl")
        return Path(shutil.move(wheel, folder / wheel.name))
