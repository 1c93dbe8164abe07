"""`course grade`: a class graded from the command line, killed and taken up again, in parallel and on a cluster."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interruptible import begin
from solution_notebooks import SOUND, write

from course_kit.cli import main
from course_kit.cli.desk import owned, secret_in
from course_kit.cli.grade import _last_line
from course_kit.grading.handed_in.run import Run
from course_kit.grading.marking.grader import NoSandbox

RIGHT = "import numpy as np\ndef spread(x):\n    return x.max() - x.min()"
CLASS = {
    "ann": [RIGHT],
    "bob": ["def spread(x):\n    return x.min()"],
    "cid": ["def spread(x):\n    return 1.0"],
    "dan": ["import os; os._exit(0)", RIGHT],
    "eva": ["raise ValueError('<b>no</b>')", RIGHT],
    "fay": ["def spread(x):\n    raise NotImplementedError"],
}
POINTS = {"ann": 100, "bob": 0, "cid": 0, "dan": 100, "eva": 100, "fay": 0, "gus": 0}
SECRET = "0123456789abcdef"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="submissions are confined on Linux alone")


def notebook(*cells: str) -> str:
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**code, "id": f"c{number}", "source": cell} for number, cell in enumerate(cells)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def laid_out(folder: Path) -> Path:
    """A course's folder with a solution notebook, a secret, and what a class handed in."""
    (folder / "solutions").mkdir()
    write(folder / "solutions/a9_small.ipynb")
    (folder / "secret").write_text(SECRET)
    (folder / "class").mkdir()
    for student, cells in CLASS.items():
        (folder / f"class/{student}.ipynb").write_text(notebook(*cells))
    (folder / "class/gus.ipynb").write_text('{"cells": [')
    return folder


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course's folder to work in."""
    monkeypatch.chdir(tmp_path)
    return laid_out(tmp_path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """What was written of the class by two graders at a time; no test changes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(laid_out(tmp_path_factory.mktemp("graded")))
        assert grade("out", "--workers", "2") == 1
        return Path("out").resolve()


def grade(out: str, *options: str) -> int:
    return main(["grade", "a9", "class", "--out", out, "--secret", "secret", *options])


def points(folder: Path) -> dict[str, float]:
    with (folder / "gradebook.csv").open(encoding="utf-8-sig") as file:
        return {row["student"]: float(row["total"]) for row in csv.DictReader(file)}


def everything(folder: Path) -> dict[str, bytes]:
    """All that is handed out, by name."""
    files = [folder / "gradebook.csv", folder / "report.html", *folder.glob("feedback/*"), *folder.glob("results/*")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.slow
def test_a_class_is_graded_once_serial_is_as_parallel_and_new_points_run_nobodys_code(
    course, graded, capsys, monkeypatch
):
    assert grade("one", "--workers", "1") == 1  # two of them have flags
    assert points(course / "one") == POINTS
    assert "7 graded, 2 with flags; open one/report.html" in capsys.readouterr().out
    stored = {file: file.stat().st_mtime_ns for file in (course / "one/results").iterdir()}
    assert grade("one", "--workers", "1") == 1  # two of them have flags
    assert {file: file.stat().st_mtime_ns for file in (course / "one/results").iterdir()} == stored
    assert everything(graded) == everything(course / "one")
    assert '"(): ' not in "".join(path.read_text() for path in (course / "one/results").iterdir())
    monkeypatch.setattr("course_kit.grading.marking.batch.grade_with", None)
    monkeypatch.setattr("course_kit.grading.marking.bundle.ProcessPoolExecutor", None)
    edited = write(course / "solutions/a9_small.ipynb", mistakes=SOUND["mistakes"].replace("forgot", "left out"))
    edited.write_text(edited.read_text().replace("points:100", "points:60"))
    capsys.readouterr()
    assert grade("one") == 1
    assert points(course / "one") == {student: 0.6 * of for student, of in POINTS.items()}
    assert "You left out the largest" in (course / "one/feedback/bob.html").read_text()
    said = capsys.readouterr().err
    for line in (
        "changed in the assignment: spread: 60 points, 100 before",
        "changed in the assignment: spread: the hint for smallest is another",
        "7 submissions are marked again from their stored answers; none of their code ran",
        "points changed for 3 students: ann spread 100 → 60, dan spread 100 → 60, eva spread 100 → 60; "
        "one/changes.csv lists all",
    ):
        assert f"course: {line}\n" in said
    grade("one")
    assert "changed" not in capsys.readouterr().err


@pytest.mark.slow
def test_nobody_else_can_read_what_was_graded_and_no_secret_is_in_what_is_handed_out(graded):
    assert graded.stat().st_mode & 0o077 == 0
    assert not any(SECRET.encode() in content for content in everything(graded).values())
    pages = [content for name, content in everything(graded).items() if name.endswith(".html")]
    assert len(pages) == 8
    assert not any(b"<b>no</b>" in page for page in pages)
    assert any(b"&lt;b&gt;no&lt;/b&gt;" in page for page in pages)


@pytest.mark.slow
def test_killed_at_random_moments_and_run_again_it_gives_the_same(course, graded):
    command = [sys.executable, "-c", "import sys; from course_kit.cli import main; sys.exit(main())"]
    command += ["grade", "a9", "class", "--out", "killed", "--secret", "secret", "--workers", "2"]
    quiet, chance = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}, random.Random(0)
    for stored, longest in ((0, 2), (0, 2), (1, 0.3), (4, 0.1)):  # while it starts and draws, then while it grades
        with subprocess.Popen(command, **quiet) as grading:
            while len(list((course / "killed/results").glob("*.json"))) < stored:
                assert grading.poll() is None
                time.sleep(0.01)
            time.sleep(chance.uniform(0, longest))
            assert grading.poll() is None
            grading.kill()
    assert subprocess.run(command, **quiet).returncode == 1
    assert everything(course / "killed") == everything(graded)
    assert [file for file in (course / "killed").rglob("*.part") if file.stat().st_size == 0] == []


def test_without_a_sandbox_it_refuses_where_that_is_asked(course, capsys, monkeypatch):
    monkeypatch.setattr("course_kit.grading.containment.levels.best_level", lambda folder: "none")
    assert grade("out", "--require-sandbox") == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("course: --require-sandbox")


def test_where_nothing_can_be_run_the_exit_code_is_three_and_no_gradebook_is_written(course, capsys, monkeypatch):
    def nothing(*_: object) -> None:
        raise NoSandbox("level 'none': setgroups: Operation not permitted")

    monkeypatch.setattr("course_kit.cli.grade._grade", nothing)
    assert grade("out") == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("course: nobody was graded, because no submission can be run here: level 'none': setgroups")
    assert not (course / "out/gradebook.csv").exists()


@pytest.mark.slow
def test_without_a_sandbox_it_is_loud(course, capsys, monkeypatch):
    monkeypatch.setattr("course_kit.grading.containment.levels.best_level", lambda folder: "none")
    for student in CLASS:
        if student != "ann":
            (course / f"class/{student}.ipynb").unlink()
    code = grade("out", "--workers", "1")
    if "only root gets into" in (said := capsys.readouterr().err):
        pytest.skip(said.splitlines()[-1])
    assert code == 1
    assert "NOT SANDBOXED" in said
    assert json.loads((course / "out/results/ann.json").read_text())["sandbox"] == "none"
    assert "sandbox" in (course / "out/report.html").read_text().lower()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["a8", "class", "--out", "out"], "a8"),
        (["a9", "nowhere", "--out", "out"], "nowhere"),
        (["a9", "class", "--out", "secret"], "--out"),
        (["a9", "class", "--out", "out", "--workers", "-1"], "--workers"),
        (["a9", "class", "--out", "out", "--secret", "short"], "--secret"),
        (["a9", "class", "--out", "out", "--roster", "none.csv"], "none.csv"),
        (["a9", "class", "--out", "out", "--due", "tomorrow"], "tomorrow"),
        (["a9", "class", "--out", "out", "--due", "2026-12-01", "--late", "harsh"], "harsh"),
        (["a9", "class"], "--out"),
        (["a9", "class", "--out", "class/grades"], "lies in the submissions"),
        (["a9", "class", "--out", "."], "holds the solutions"),
        (["a9", "class", "--out", "other"], "--out other belongs to a8_old"),
        (["a9", "class", "--out", "out", "--due", "2026-12-01T18:00"], "names no time zone"),
        (["a9", "class", "--out", "out", "--names", "moodel"], "names: got 'moodel'"),
        (["a9", "class", "--out", "out", "--names", "(?P<who>.*)"], "the group 'who'"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(course, capsys, words, named):
    (course / "short").write_text("x")
    (course / "other").mkdir()
    (course / "other/run.json").write_text(Run("/c/solutions/a8_old.ipynb", "", "", "none", "", {}).to_json())
    before = {str(path) for path in course.rglob("*")}
    assert main(["grade", *words]) == 2
    said = capsys.readouterr().err
    assert named in said
    assert len(said.splitlines()) == 1
    made = {str(path.relative_to(course)) for path in course.rglob("*") if str(path) not in before}
    assert made <= {"out", "out/private", "out/private/lock", "out/results"}


@pytest.mark.parametrize(
    ("nobodys", "said"),
    [(0, "2 graded, 1 with flags; open r"), (1, ", 1 file belongs to nobody;"), (2, ", 2 files belong to nobody;")],
)
def test_the_last_line_counts_flags_and_files_of_nobody(nobodys, said):
    assert said in _last_line(2, 1, nobodys, Path("r"))


def test_one_grader_works_in_a_folder_at_a_time(course, capsys):
    with owned(course / "out"):
        assert grade("out") == 2
    assert f"process {os.getpid()} is grading into this folder" in capsys.readouterr().err


def test_a_secret_that_is_lost_is_said_loudly(tmp_path):
    with owned(tmp_path / "out") as (private, results):
        first, warning = secret_in(None, private)
        assert (warning, secret_in(None, private)) == ("", (first, ""))
        (private / "secret").unlink()
        assert secret_in(None, private)[1] == ""  # nothing was graded yet
        (results / "ann.json").write_text("{}")
        (private / "secret").unlink()
        second, warning = secret_in(None, private)
    assert second != first
    assert "NEW SECRET" in warning


def test_a_named_secret_that_is_not_there_is_never_made_in_silence(tmp_path):
    with pytest.raises(ValueError, match=r"--secret \S+s: there is no such file; to make a new secret, run python3"):
        secret_in(tmp_path / "s", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_answers_within_a_second_and_says_what_goes_on(course):
    (course / "class/ann.ipynb").write_text(notebook("import time; time.sleep(50)"))
    command = [sys.executable, "-c", "import sys; from course_kit.cli import main; sys.exit(main())"]
    command += ["grade", "a9", "class", "--out", "out", "--secret", "secret", "--workers", "2"]
    with begin(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as grading:
        while len(list((course / "out").glob("results/*.json"))) < 2:
            time.sleep(0.1)
        start = time.monotonic()
        grading.send_signal(signal.SIGINT)
        said = grading.communicate()[1]
        assert time.monotonic() - start < 30  # a second on a machine that does nothing else; its cell sleeps for 50
    assert "results are kept, the same command goes on from there" in said
    assert grading.returncode == 130


@pytest.mark.slow
def test_on_a_cluster_a_lost_worker_loses_nothing(course, graded):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as cluster:
        victims = iter(list(cluster.workers.values()))
        results = course / "there/results"

        def kill_one() -> None:
            while len(list(results.glob("*.json"))) < 2:
                time.sleep(0.05)
            os.kill(next(victims).process.process.pid, signal.SIGKILL)

        import threading

        killer = threading.Thread(target=kill_one, daemon=True)
        killer.start()
        assert grade("there", "--dask", cluster.scheduler_address) == 1
        killer.join(1)
        assert not killer.is_alive()
    assert everything(course / "there") == everything(graded)


def test_a_cluster_that_does_not_answer_is_one_line(course, capsys, monkeypatch):
    monkeypatch.setattr("course_kit.grading.marking.remote.PATIENCE", 1)
    assert grade("out", "--dask", "tcp://127.0.0.1:9") == 2
    said = capsys.readouterr().err
    assert "--dask tcp://127.0.0.1:9" in said.splitlines()[-1]
    assert "Traceback" not in said
