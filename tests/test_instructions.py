"""The instructor's pages, followed line by line: each command is run where it stands, or listed with a reason why not.

The class is a small one on A1, handed in through Canvas; one variant of the exam is drawn instead of eight.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from course_kit.cli import main
from course_kit.grading.authoring.assignment import cells_of, read
from course_kit.grading.reviewing.server import Server

ROOT = Path(__file__).parents[1]
A1 = ROOT / "solutions/a1_metrics.ipynb"
# Words that begin a command in a doc → what it leaves, as patterns. The longest that fits counts.
LEAVES = {
    "course grade a1": (
        *("grades/gradebook.csv", "grades/feedback/*.html", "grades/report.html", "grades/in_class.html"),
        *("grades/adjust.csv", "grades/results/*.json", "grades/run.json", "grades/private/secret"),
    ),
    "course gradebook grades": ("grades/gradebook.csv", "grades/feedback/*.html", "grades/report.html"),
    "course gradebook grades --format canvas": ("grades/canvas.csv",),
    "course gradebook grades --format moodle": ("grades/moodle.csv",),
    "course gradebook grades --format gradescope": ("grades/gradescope/*.json",),
    "course review grades --by": (),
    "course drop grades": ("grades/gradebook.csv", "grades/rules.json"),
    "course feedback grades --moodle": ("grades/feedback_moodle.zip",),
    "course feedback grades --canvas": ("grades/feedback_canvas.zip",),
    "course feedback grades --gradescope": ("grades/gradescope/*.json",),
    "course feedback grades --email": ("grades/feedback.mbox",),
    "course check --limits": (),
    "course release a7": ("assignments/a7_mine.ipynb",),
    "course check assignments/a7_mine.ipynb": (),
    "course release a1 --to handout": (
        *("handout/README.md", "handout/*.whl", "handout/requirements.lock", "handout/assignments/a1_metrics.ipynb"),
        *("handout/notebooks/*.ipynb", "handout/docs/glossary.md"),
    ),
    "course release a1 --to template": ("template/assignments/a1_metrics.ipynb", "template/*.whl"),
    "python3 -c": ("a1.secret",),
    "course autograder a1 --gradescope": ("a1.zip",),
    "course autograder a1 --github template": ("template/.github/workflows/*.yml",),
    "course autograder a1 --github . --exam": (".github/workflows/*.yml",),
    "course convert hw3.ipynb": ("solutions/a7_mine.ipynb",),
    "course convert solutions/a1_metrics.ipynb": ("source/a1/a1_metrics.ipynb",),
}
OTHERS = "a program that is not the course's"
NOT_RUN = {
    "make grade-demo": "grades thirty submissions; what it does is done here with three",
    "course review grades --port": "the same as --by, on a port that may be taken here",
    "course grade a1 submissions/ --out grades --dask": "needs a cluster; tests/cli/test_grade.py starts a small one",
    "course check FILE.ipynb": "a student's; instructors check assignments/a7_mine.ipynb above",
    "course lessons --to OLD": "a student's; tests/lessons/test_copies.py",
    "course release --to DIR": "all assignments; tests/cli/test_release.py",
    "course data": "writes into /srv and needs the network; tests/cli/test_data.py",
    "pip install": OTHERS,
    "dask": OTHERS,
    "podman": OTHERS,
}

DOCUMENTS = ["instructor", "platforms"]
NBGRADER = [
    {
        "cell_type": "code",
        "metadata": {"nbgrader": {"grade_id": name, "grade": grade, "solution": not grade, "points": 3}},
        "source": source,
    }
    for name, grade, source in (
        ("double", False, "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"),
        ("double_tests", True, "assert double(2) == 4"),
    )
]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="submissions are confined on Linux alone")


class Step(NamedTuple):
    """A command, and the heading that it stands under."""

    section: str
    command: str


def steps(name: str) -> list[Step]:
    """All commands of a document in their order: lines of its shell blocks, and the course's inside of a text."""
    text = (ROOT / f"docs/{name}.md").read_text()
    found, section = [], ""
    for heading, block, inline in re.findall(r"^#+ ([^\n]+)$|^ *```bash\n(.*?)```|`([^`\n]+)`", text, re.M | re.S):
        section = heading or section
        lines = [re.sub(r" +#.*", "", line).strip() for line in block.splitlines()]
        lines += [inline] if re.match(r"(course|make) [\w-]+ \S|COURSE_DATA=\S+ course", inline) else []
        lines = [re.sub(r"^(COURSE_DATA=\S+ )?(\.venv/bin/)?(?=course )", "", line) for line in lines if line]
        found += [Step(section, line) for line in lines]
    return found


def fitting(command: str) -> str:
    """The longest of the listed beginnings that a command has; "" if none."""
    return max((known for known in (*LEAVES, *NOT_RUN) if command.startswith(known)), key=len, default="")


def handed_in(answers: dict[str, str]) -> str:
    """A student's A1 with these functions written: name → code."""
    stubs = {exercise.stub: name for name, exercise in read(A1).exercises.items()}
    cells = cells_of(ROOT / "assignments/a1_metrics.ipynb")
    for cell in cells:
        cell["source"] = answers.get(stubs.get(cell["source"], ""), cell["source"])
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course's folder, in which the files lie that an instructor has by the time the documents name them."""
    for name in ("course_lib", "course_kit", "notebooks", "docs", "README.md", "LICENSE", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("assignments", "solutions"):
        (tmp_path / name).mkdir()
    for path in (A1, ROOT / "assignments/a1_metrics.ipynb", ROOT / "requirements.lock"):
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    for name, text in class_files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as submissions:
        for path in sorted((tmp_path / "submissions").iterdir()):
            submissions.write(path, path.name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("course_kit.grading.marking.bundle.VARIANTS", 1)
    for cores in ("course_kit.cli.grade._cores", "os.cpu_count"):  # each process would import torch first
        monkeypatch.setattr(cores, lambda: 1)
    monkeypatch.setattr(Server, "serve_forever", _interrupted)
    return tmp_path


def _interrupted(server: Server) -> None:
    raise KeyboardInterrupt


def class_files() -> dict[str, str]:
    """What three of four students handed in through Canvas, and who they are for each system."""
    right = {name: exercise.solution for name, exercise in read(A1).exercises.items()}
    mistaken = right | {"audit_f1": "def audit_f1(*table):\n    return 0.5"}
    files = {"doejane_101_9001": right, "roerichard_102_9002": mistaken, "leeann_103_9003": {}}
    people = [("doe1", "Doe", "Jane"), ("roe2", "Roe", "Richard"), ("lee3", "Lee", "Ann"), ("kim4", "Kim", "Bo")]
    canvas = [f'"{last}, {first}",{n},,{student},Monday,' for n, (student, last, first) in enumerate(people, 101)]
    moodle = [
        f"Participant {n},{first} {last},{student},{student}@x.edu,Submitted,,100.00,-,"
        for n, (student, last, first) in enumerate(people, 7001)
    ]
    mine = [f"{student},{first} {last},{student}@x.edu,{n}" for n, (student, last, first) in enumerate(people, 101)]
    return {f"submissions/{name}_a1_metrics.ipynb": handed_in(answers) for name, answers in files.items()} | {
        "class.csv": "\n".join(["student,name,email,canvas", *mine]),
        "canvas_export.csv": "\n".join(
            ["Student,ID,SIS User ID,SIS Login ID,Section,A1 · Metrics (55)", "    Points Possible,,,,,100", *canvas]
        ),
        "worksheet.csv": "\n".join(
            [
                "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (grade),"
                "Feedback comments",
                *moodle,
            ]
        ),
        "hw3.ipynb": json.dumps({"cells": NBGRADER, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
    }


def follow(document: str, before: dict[str, Callable[[], object]]) -> None:
    """Run the commands of a document and look for what they leave.

    Args:
        document: Its name.
        before: Heading → what a person does under it before the first command.
    """
    section = ""
    for step in steps(document):
        if step.section != section:
            section = step.section
            before.get(section, list)()
        if (known := fitting(step.command)) in NOT_RUN:
            continue
        for path in (path for pattern in LEAVES[known] for path in Path().glob(pattern)):
            path.unlink()
        is_ours = step.command.startswith("course ")
        ended = main(shlex.split(step.command)[1:]) if is_ours else subprocess.call(step.command, shell=True)
        assert ended in (0, 1), step
        assert [pattern for pattern in LEAVES[known] if not list(Path().glob(pattern))] == [], step


def column(name: str, file: str = "grades/gradebook.csv", key: str = "student") -> dict[str, str]:
    """A column of a table, by student."""
    with open(file, encoding="utf-8-sig") as table:
        return {row[key]: row[name] for row in csv.DictReader(table)}


def table_under(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of the instructor's page."""
    section = (ROOT / "docs/instructor.md").read_text().partition(f"# {heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", section, re.M)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "---" not in line]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_command_is_run_or_listed(document):
    unknown = [step for step in steps(document) if not fitting(step.command)]
    assert unknown == [], "add to LEAVES what it leaves, or to NOT_RUN why it cannot be run here"


def test_nothing_is_listed_that_no_document_says():
    used = {fitting(step.command) for document in DOCUMENTS for step in steps(document)}
    assert {*LEAVES, *NOT_RUN} - used == set()


@pytest.mark.slow
def test_the_instructors_page_leads_from_submissions_to_grades(course):
    totals = {}

    def graded() -> None:
        totals.update(column("total"))
        described = {name for row in table_under("Grading a class")[1:] for name in re.findall(r"`([^`]+)`", row[0])}
        there = {path.name + "/" * path.is_dir() for path in Path("grades").iterdir()}
        assert there <= described | {"canvas.csv"}
        assert described - there == {"written.csv", "items.csv"}

    def write_into_adjust() -> None:
        lines = [",".join(f'"{cell}"' for cell in row) for row in table_under("Changing a score by hand")[1:]]
        with open("grades/adjust.csv", "a") as file:
            file.write("\n".join(lines))

    def copy_template() -> None:
        shutil.copy(ROOT / "solutions/template.ipynb", "solutions/a7_mine.ipynb")

    follow(
        "instructor",
        {
            "When it was handed in": graded,
            "Changing a score by hand": write_into_adjust,
            "Writing an assignment": copy_template,
        },
    )
    assert totals == {"doe1": "100", "roe2": "80", "lee3": "0", "kim4": "0"}
    assert "by hand" in column("flags")["doe1"]
    assert column("total")["lee3"] == "excused"
    for name in ("moodle", "canvas"):
        assert len(zipfile.ZipFile(f"grades/feedback_{name}.zip").namelist()) == 3


@pytest.mark.slow
def test_each_platform_is_reached_from_the_platforms_page(course):
    follow("platforms", {})
    assert column("A1 · Metrics (55)", "grades/canvas.csv", "SIS Login ID")["doe1"] == "100"
    assert {"setup.sh", "run_autograder"} <= set(zipfile.ZipFile("a1.zip").namelist())
