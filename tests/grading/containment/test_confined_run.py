"""The process that listens to a kernel; with a kernel in it, it is tested in attacks/."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

import psutil
import pytest

from course_kit.grading.containment.confined_run import MEMORY, _lines

NO_KERNEL = """
import pathlib, sys
from course_kit.grading.containment.confined_run import run_confined
from course_kit.grading.containment.sandbox import Job
from course_kit.grading.running.splice import Cell
folder = pathlib.Path(sys.argv[1])
for name in ("private", "inputs"):
    (folder / name).mkdir()
job = Job(folder, {"address": str(folder / "nobody"), "home": str(folder), "seen_from": str(folder)})
try:
    print(list(run_confined([Cell("1")], job, 60)))
except OSError as error:
    print(error)
"""

TALKS = """
import os, pathlib, pytest, resource

def talk(*words, **plugins):
    os.write(1, os.read(0, 9))
    os.write(2, b"what a submission made nbval say")
    pathlib.Path("limit").write_text(str(resource.getrlimit(resource.RLIMIT_DATA)))

pytest.main = talk
"""

HANGS = """
import os, pathlib, pytest, time

def hang(*words, **plugins):
    pathlib.Path("hangs").symlink_to(str(os.getpid()))
    time.sleep(600)

pytest.main = hang
"""


def test_lines_come_whole_and_as_soon_as_they_are():
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as pipe:
        lines = _lines(pipe, time.monotonic() + 60)
        os.write(writing, b"one\ntw")
        assert next(lines) == b"one"
        os.write(writing, b"o\nthree\nfou")
        assert [next(lines), next(lines)] == [b"two", b"three"]
        os.close(writing)
        assert list(lines) == []


def test_lines_end_with_the_time():
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as pipe:
        start = time.monotonic()
        os.write(writing, b"one\n")
        assert list(_lines(pipe, start + 0.3)) == [b"one"]
        assert 0.3 <= time.monotonic() - start < 50
    os.close(writing)


def test_what_listens_has_a_limit_reads_nothing_of_the_graders_and_says_nothing_on_a_terminal(tmp_path):
    """A reply of a megabyte may take twenty once it is read."""
    command = [sys.executable, "-c", f"{TALKS}{NO_KERNEL}\nprint(sys.stdin.read())", str(tmp_path)]
    done = subprocess.run(command, input="kept", capture_output=True, text=True)
    assert done.stdout.startswith("the sandbox gave no kernel")
    assert (done.stdout.splitlines()[1:], done.stderr) == (["kept"], "")
    assert (tmp_path / "private/limit").read_text() == str((MEMORY, MEMORY))


def test_what_listens_ends_with_the_grader_whatever_it_does(tmp_path):
    grader = subprocess.Popen([sys.executable, "-c", HANGS + NO_KERNEL, str(tmp_path)])
    said = tmp_path / "private/hangs"
    while not said.is_symlink():
        assert grader.poll() is None
        time.sleep(0.02)
    listens = psutil.Process(int(said.readlink().name))
    grader.kill()
    grader.wait()
    try:
        listens.wait(20)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            listens.kill()


@pytest.mark.slow
def test_without_a_kernel_nobody_is_graded(tmp_path):
    done = subprocess.run([sys.executable, "-c", NO_KERNEL, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.startswith("the sandbox gave no kernel")
