"""Gradescope's autograder: what its zip holds, what results.json says, and its scripts run as Gradescope runs them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from graded_class import A1, IN_TIME, result, run
from hostile import MARKS, PARTS, RIGHT, WRONG, notebook
from refusing import refused
from solution_notebooks import write

from course_kit.cli import main
from course_kit.grading.containment.levels import NONE, best_level
from course_kit.grading.handed_in.collect import Submission
from course_kit.grading.marking.bundle import Bundle
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.platforms.autograder import Autograder, refuse_unsafe, stored
from course_kit.grading.platforms.gradescope import ANSWERS, results, student_in
from course_kit.grading.reports.gradebook import gradebook
from course_kit.grading.reports.gradescope import gradescope

ROOT = Path(__file__).parents[3]
ANN = {"email": "Ann@x.edu", "id": 1, "name": "Ann"}
BOB = {"email": "bob@x.edu", "id": 2, "name": "Bob"}
MINE = Submission("ann@x.edu", "a1.ipynb", b"{}", answers={"top_k": ("x",)}, flags=("2 notebooks",))
KNOWN = {name: frozenset({"first case"}) for name in A1.exercises}
HIDDEN = "def hidden(f, rng):\n    return {'a case without a name': f(rng.randn(7))}"
# Raises where a submission can see what it must not. The pattern does not match itself.
LOOK = """import ctypes, os, pathlib, re
mark = re.compile(rb"mark-of-the-[s](?:ecret|olution)/[0-9a-f]{{32}}")

def read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError:
        return b""

assert os.getuid() != 0
for path in ({folder!r}, {folder!r} + "/source", {folder!r} + "/results", {folder!r} + "/source/answers.pickle"):
    assert not os.access(path, os.R_OK) and not os.access(path, os.W_OK) and not os.access(path, os.X_OK), path
for fd in os.listdir("/proc/self/fd"):
    try:
        assert not os.readlink("/proc/self/fd/" + fd).startswith({folder!r}), fd
    except FileNotFoundError:
        pass
for process in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        assert not mark.search(read(f"/proc/{{process}}/{{name}}")), (process, name)
for top in (".", *pathlib.Path("/tmp").glob("course-grader-*")):
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            assert not (os.path.isfile(path) and mark.search(read(path))), path
for line in open("/proc/self/maps"):
    start, end = (int(place, 16) for place in line.split()[0].split("-"))
    if " rw" in line and end - start < 1 << 28:
        assert not mark.search(ctypes.string_at(start, end - start)), line
"""


def autograder(shown: str = "after_due_date") -> Autograder:
    return Autograder(Bundle(A1, b"", (), ""), KNOWN, {}, shown)


def test_one_test_for_each_function_with_its_points_and_the_mistakes_hint():
    graded = result(A1, top_k=CaseResult("wrong", "worst_first"), errors={2: "ValueError: x = f(y)"})
    told = results(autograder(), MINE, graded)
    first, *functions = told["tests"]
    assert {test["visibility"] for test in told["tests"]} == {"after_due_date"}
    assert [(test["score"], test["max_score"]) for test in functions] == [
        (one.points, one.of) for one in graded.exercises
    ]
    (wrong,) = [test for test in functions if test["status"] == "failed"]
    assert "top_k" in wrong["name"]
    assert A1.exercises["top_k"].hints["worst_first"] in wrong["output"]
    assert first["status"] == "failed"
    assert "Code cell 2 stopped with ValueError, in the line: x = f(y)" in first["output"]
    assert "leaderboard" not in told


def test_a_class_graded_at_home_gets_the_same_tests_and_all_cases_by_name():
    graded = result(A1, top_k=CaseResult("wrong", "worst_first"))
    (row,) = gradebook(run(A1, {"ann": IN_TIME}), A1, {"ann": graded}, {})
    home = json.loads(gradescope(row, A1, graded))["tests"]
    _, *there = results(autograder(), MINE, graded)["tests"]
    assert [test | {"output": "", "visibility": ""} for test in there] == [
        test | {"output": "", "visibility": ""} for test in home
    ]
    assert 'It shows in "second case".' in home[0]["output"]
    assert 'Right: "first case".' in home[0]["output"]


def test_a_case_that_only_grading_asks_is_counted_and_never_named():
    for second in (CaseResult("wrong"), CaseResult("right")):
        told = json.dumps(results(autograder(), MINE, result(A1, top_k=second)))
        assert "second case" not in told
        assert "first case" in told
        assert "1 case that only grading asks" in told


def test_before_the_due_date_a_student_sees_what_reading_the_file_tells_and_nothing_of_the_run():
    texts = {
        results(autograder(), MINE, graded)["output"]
        for graded in (result(A1), result(A1, top_k=CaseResult("wrong"), errors={1: "KeyError"}, flags=("no time",)))
    }
    (text,) = texts
    assert f"You wrote 1 of {len(A1.exercises)} functions" in text
    assert "2 notebooks" in text
    assert "after the due date" in text


def test_the_student_is_who_handed_in_also_in_a_group():
    assert student_in({"users": [ANN]}) == "ann@x.edu"
    assert student_in({"users": [BOB, ANN]}) == student_in({"users": [ANN, BOB]}) == "ann@x.edu+bob@x.edu"
    assert student_in({"users": [{"id": 7}]}) == "7"
    for nobody in ({}, {"users": []}, {"users": [{"name": "Ann"}]}):
        with refused("names nobody"):
            student_in(nobody)


def test_answers_that_others_can_read_are_refused_and_so_is_a_grader_that_is_not_another_user(tmp_path, monkeypatch):
    (tmp_path / ANSWERS).write_bytes(b"")
    (tmp_path / ANSWERS).chmod(0o640)
    with refused("others can read the answers"):
        stored(tmp_path / ANSWERS)
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    with refused("run the autograder as root"):
        refuse_unsafe(NONE, tmp_path / ANSWERS)


@pytest.fixture(scope="module")
def container(tmp_path_factory) -> Iterator[Path]:
    """Folders as in Gradescope's container: the zip unpacked without a care for modes, and set up by its setup.sh.

    Only the packages that the wheel needs are borrowed from the environment that runs the tests.
    """
    if sys.platform != "linux":
        pytest.skip("Gradescope's containers run Linux")
    if os.geteuid() != 0 and best_level(tmp_path_factory.mktemp("empty")) == NONE:
        pytest.skip("only root can run submissions here")
    where = Path(tempfile.gettempdir())
    if where.stat().st_dev != _packages().stat().st_dev:  # no links lead from one to the other
        where = ROOT / "build"
        where.mkdir(exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="course-gradescope-", dir=where))
    base.chmod(0o755)  # pytest's own folders are closed to other users
    try:
        _package(base)
        with zipfile.ZipFile(base / "a9.zip") as archive:
            assert archive.getinfo("run_autograder").external_attr >> 16 & stat.S_IXUSR
            archive.extractall(base / "autograder/source")  # everything readable for everybody
        (base / "autograder/submission").mkdir()
        shutil.copy(base / "autograder/source/run_autograder", base / "autograder")
        _set_up(base)
        yield base
    finally:
        shutil.rmtree(base)


def _package(base: Path) -> None:
    course = base / "course-folder"
    (course / "solutions").mkdir(parents=True)
    write(course / "solutions/a9_small.ipynb", hidden=HIDDEN, **PARTS)
    (course / "secret").write_text(MARKS["secret"])
    for name in ("pyproject.toml", "README.md", "LICENSE", "course_lib", "course_kit"):
        (course / name).symlink_to(ROOT / name)
    installed = {one.metadata["Name"]: one.version for one in distributions() if one.metadata["Name"] != "course-lib"}
    (course / "requirements.lock").write_text("\n".join(f"{name}=={version}" for name, version in installed.items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course)
        assert main(["autograder", "a9", "--gradescope", str(base / "a9.zip"), "--secret", "secret"]) == 0
    assert stat.S_IMODE((base / "a9.zip").stat().st_mode) == 0o600


def _set_up(base: Path) -> None:
    (base / "bin").mkdir()
    (base / "bin/python3").write_text(f'#!/bin/sh\nexec {_python()} "$@"\n')
    (base / "bin/python3").chmod(0o755)
    subprocess.run([base / "bin/python3", "-m", "venv", "--without-pip", base / "course"], check=True)
    (site,) = base.glob("course/lib/python*/site-packages")
    _lend_packages(site)
    alone = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    script(base, "autograder/source/setup.sh", **alone)
    assert (site / "course_kit/grading/platforms/gradescope.py").exists()
    assert stat.S_IMODE((base / "autograder/source" / ANSWERS).stat().st_mode) == 0o600


def _lend_packages(site: Path) -> None:
    """Have the packages of the environment that runs the tests in another, as links to the same files."""
    needless = shutil.ignore_patterns("*course_lib*", "tests", "include", "*.pyi", "*.h", "*.js", "*.map")
    shutil.copytree(_packages(), site, copy_function=os.link, ignore=needless, dirs_exist_ok=True)


def _packages() -> Path:
    """The folder with the packages that the tests themselves use."""
    return Path(importlib.util.find_spec("torch").origin).parents[1]


def _python() -> str:
    """A Python that every user reaches and that can use the borrowed packages; else the one that runs the tests."""
    own, system = Path(sys.base_prefix, "bin/python3"), "/usr/bin/python{}.{}".format(*sys.version_info)
    has_venv = [system, "-c", "import ensurepip"]
    if _in_reach(own) or not os.path.exists(system) or subprocess.run(has_venv, capture_output=True).returncode:
        return str(own)
    return system


def _in_reach(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def script(base: Path, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run one of the scripts, told where it is, as Gradescope does: in its folder, by root."""
    where = {"AUTOGRADER": str(base / "autograder"), "COURSE": str(base / "course")}
    environment |= {"PATH": f"{base}/bin:/usr/bin:/bin", **where}
    command = ["bash", str(base / name), *arguments]
    return subprocess.run(
        command, env=environment, cwd=base / "autograder", check=True, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def graded(container) -> Callable[..., list[dict]]:
    """Hand a notebook in to the container: the tests of results.json."""

    def grade(*sources: str, options: tuple[str, ...] = ()) -> list[dict]:
        folder = container / "autograder"
        (folder / "submission/a9 (1).ipynb").write_bytes(notebook(*sources))
        (folder / "submission_metadata.json").write_text(json.dumps({"users": [ANN, BOB]}))
        script(container, "autograder/run_autograder", *options)
        return json.loads((folder / "results/results.json").read_text())["tests"]

    return grade


@pytest.mark.slow
def test_right_answers_earn_all_in_the_real_scripts(graded):
    first, *functions = graded(RIGHT)
    assert (first["status"], [test["score"] for test in functions]) == ("passed", [100, 50])
    assert "a case without a name" not in json.dumps(functions)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run submissions as another user")
def test_without_namespaces_another_user_sees_no_answer_in_any_file_descriptor_or_process(container, graded):
    if not _in_reach(Path(os.path.realpath(container / "course/bin/python3"))):
        pytest.skip("only root reaches this Python, and with it grading refuses to run submissions")
    half = f"{WRONG}\n\n{RIGHT.partition('def centred')[0]}"
    first, *functions = graded(half, LOOK.format(folder=str(container / "autograder")), options=("--level", NONE))
    assert "stopped" not in first["output"], first["output"]
    assert [test["score"] for test in functions] == [100, 0]
