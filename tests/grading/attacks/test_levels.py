"""The same holds under bubblewrap and for a grader that is not root; with nothing to confine, that is said."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psutil
import pytest
from hostile import ALL_RIGHT, ALL_WRONG, MARKS, RIGHT, WRONG, HastyGrader, notebook, outcomes

import course_lib
from course_kit.grading.containment.levels import BUBBLEWRAP
from course_kit.grading.containment.warm import NONE
from course_kit.grading.marking.grader import NoSandbox
from course_kit.grading.marking.result import Result

ROOT = Path(course_lib.__file__).parents[1]
NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
NO_MORE_NAMESPACES = ("unshare", "-r", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh")
CONTAINERS = {  # of root's: its own alone, as others', with neither
    "root without its rights": NO_RIGHTS,
    "root for itself, and no namespaces within": NO_MORE_NAMESPACES,
    "root for itself without rights, and no namespaces within": (*NO_MORE_NAMESPACES, *NO_RIGHTS),
}
OTHER = 1001  # somebody who is not root
LOOK = """
import os, socket
status = dict(line.split(":") for line in open("/proc/self/status").read().splitlines())
assert os.getuid() == 65534 and int(status["CapBnd"], 16) == 0, status
assert status["NoNewPrivs"].strip() == "1"
for path in ({solutions!r}, "/etc/shadow", "/var/log", "/usr/src"):
    assert not os.path.exists(path), path
assert "mark-of-the-" + "token" not in open("/proc/1/environ", errors="replace").read() + str(os.environ)
assert {{name for _, name in socket.if_nameindex()}} <= {{"lo"}}
for path in (os.__file__, os.environ.get("PYTHONPATH", "/") + "/x", "/x", "/dev/x", "/etc/passwd"):
    assert not os.access(path if os.path.exists(path) else os.path.dirname(path), os.W_OK), path
"""
BEST = "import pathlib, tempfile; from course_kit.grading.containment.levels import best_level"
TAKE = """
import ctypes, mmap, os
if (pid := os.fork()) == 0:
    os._exit(ctypes.CDLL(None).unshare(0x10000000) == 0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
for folder in (".", "/tmp", "/dev/shm"):
    there = os.statvfs(folder)
    assert there.f_blocks * there.f_frsize <= 256 << 20, folder
try:
    mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
except OSError:
    pass
else:
    raise AssertionError("no end of memory")
"""
FORK = """
import os, time
for _ in range(400):
    if os.fork() == 0:
        time.sleep(1000)
"""

LEAVE = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["sleep", "{}"])
    os._exit(0)
"""


@cache
def can_run(*before: str) -> bool:
    """Whether Python starts that way."""
    command = [*before, sys.executable, "-c", "import numpy"]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, cwd="/").returncode == 0
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have lost its rights")
@pytest.mark.parametrize("container", CONTAINERS)
def test_where_nothing_can_be_run_nobody_is_graded_instead_of_getting_zeros(container, bundle):
    """As in many a container."""
    before = CONTAINERS[container]
    if not can_run(*before):
        pytest.skip("this system has no setpriv, or no unshare")
    look = f"{BEST}; print(best_level(pathlib.Path(tempfile.mkdtemp())))"
    found = subprocess.run([*before, sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == NONE
    grader = HastyGrader(bundle, NONE, before=before)
    with pytest.raises(NoSandbox, match=r"gave no kernel|Operation not permitted|Invalid argument"):
        grader.grade("ann", notebook(RIGHT))
    grader.close()


@pytest.fixture(params=[None, OTHER])
def user(request) -> int | None:
    """Who grades: whoever runs the tests, and somebody who is not root."""
    if request.param is None:
        return None
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    if not can_run("setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"):
        pytest.skip(f"others than root cannot read {sys.prefix}")
    return request.param


@pytest.fixture
def grade(bundle, user) -> Iterator[Callable]:
    """Grade under a level, as the user."""
    graders: dict[str, HastyGrader] = {}

    def grade(level: str, *sources: str) -> Result:
        if level not in graders:
            graders[level] = HastyGrader(bundle, level, user, COURSE_TOKEN=MARKS["token"])
        return graders[level].grade("mallory", notebook(*sources))

    yield grade
    for grader in graders.values():
        grader.close()


def attack(grade: Callable, level: str) -> None:
    result = grade(level, WRONG, LOOK.format(solutions=str(ROOT / "solutions")), TAKE)
    assert result.errors == {}
    assert (outcomes(result), result.sandbox) == (ALL_WRONG, level)
    assert "right" not in outcomes(grade(level, WRONG, FORK))
    assert outcomes(grade(level, RIGHT)) == ALL_RIGHT


@pytest.mark.slow
def test_namespaces_hold_for_everybody(confined, grade):
    attack(grade, confined)


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_bubblewrap_holds_for_everybody(grade):
    attack(grade, BUBBLEWRAP)


@pytest.mark.slow
@pytest.mark.parametrize("user", [OTHER], indirect=True)
def test_without_confinement_it_is_said_and_nothing_stays_behind(grade):
    mark = f"1000.{os.getpid()}"
    for source in (FORK, LEAVE.format(mark)):
        result = grade(NONE, WRONG, source)
        assert "right" not in outcomes(result)
        assert result.sandbox == "none"
    assert outcomes(grade(NONE, RIGHT)) == ALL_RIGHT
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or ())] == []
