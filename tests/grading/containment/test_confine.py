"""Each in a process of its own: there is no way back. What confinement is for is tested in attacks/."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from course_kit.grading.containment.confine import NOBODY, Limits, libc
from course_kit.grading.containment.levels import best_level
from course_kit.grading.containment.warm import NAMESPACES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone confines")
ENTER = """
import os, pathlib
from course_kit.grading.containment import confine
if os.geteuid() == 0:
    os.setgroups([4])  # which root's shell may be in
confine.separate()
if os.fork() == 0:
    confine.enter(pathlib.Path({root!r}), [{shown!r}], [{hidden!r}], confine.Limits(processes=5))
    exec({then!r})
    os._exit(0)
os.wait()
"""
SHARED = """
from course_kit.grading.containment.confine import NEW_MOUNT, REC, libc
libc.unshare(NEW_MOUNT)
libc.mount(None, "/", None, REC | 1 << 20, None)
"""
FORKS = """
count = 0
try:
    while os.fork():
        count += 1
    __import__("time").sleep(60)
except OSError:
    print(count, flush=True)
"""


def printed(source: str) -> str:
    """What a fresh Python prints that runs this."""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def inside(tmp_path):
    """What code prints in a root of one folder, with a folder in it that looks empty."""
    (tmp_path / "empty").mkdir()
    if best_level(tmp_path / "empty") != NAMESPACES:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("this system allows no namespaces")
    (tmp_path / "shown/hidden").mkdir(parents=True)
    for name in ("shown/here", "shown/hidden/there"):
        (tmp_path / name).touch()
    told = {"root": str(tmp_path / "empty"), "shown": str(tmp_path / "shown"), "hidden": str(tmp_path / "shown/hidden")}
    return lambda then, before="": printed(before + ENTER.format(then=then, **told))


def test_what_is_listed_can_be_read_and_no_more(inside, tmp_path):
    assert inside(f"print(sorted(os.listdir({str(tmp_path / 'shown')!r})), flush=True)") == "['here', 'hidden']\n"
    assert inside(f"print(os.listdir({str(tmp_path / 'shown/hidden')!r}), flush=True)") == "[]\n"
    there = [str(tmp_path / "empty"), "/usr/src", "/etc/shadow", "/usr/bin"]
    assert inside(f"print(*map(os.path.exists, {there}), flush=True)") == "False False False True\n"


def test_it_is_alone_and_nobody(inside):
    assert inside("print(os.getpid(), os.getuid(), os.getcwd(), flush=True)") == f"1 {NOBODY} /home/student\n"


def test_it_has_no_device_that_gives_memory_and_ends_with_who_started_it(inside):
    """What is mapped from /dev/zero, no limit counts."""
    devices = ["full", "null", "ptmx", "pts", "random", "shm", "urandom"]
    assert inside("print(sorted(os.listdir('/dev')), flush=True)") == f"{devices}\n"
    asks = "import ctypes; got = ctypes.c_int(); confine.libc.prctl(2, ctypes.byref(got)); print(got.value, flush=True)"
    assert inside(asks) == f"{int(signal.SIGKILL)}\n"


def test_it_shares_no_namespace(inside):
    look = "print(*[os.readlink(f'/proc/self/ns/{name}') for name in os.listdir('/proc/self/ns')], flush=True)"
    names = ("ipc", "mnt", "net", "pid", "user", "uts")
    assert not {os.readlink(f"/proc/self/ns/{name}") for name in names} & set(inside(look).split())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can share mounts")
def test_it_mounts_for_itself_alone_also_where_mounts_are_shared_as_under_systemd(inside):
    assert inside("print('in', flush=True)", before=SHARED) == "in\n"


def test_all_but_its_scratch_is_read_only_and_no_file_brings_rights_or_devices(inside):
    """Whoever owns the files: where others than root grade, a submission runs as the owner of Python's packages."""
    lines = inside("print(open('/proc/self/mountinfo').read(), flush=True)").strip().splitlines()
    mounts = {line.split()[4]: set(line.split()[5].split(",")) for line in lines}
    assert {place for place, flags in mounts.items() if "nosuid" not in flags} == set()
    assert {place for place, flags in mounts.items() if "nodev" not in flags and not place.startswith("/dev/")} == set()
    writable = {place for place, flags in mounts.items() if "rw" in flags and not place.startswith("/dev/")}
    assert writable == {"/tmp", "/home/student", "/proc"}


def test_it_has_no_right_and_no_group_and_makes_no_namespace(inside):
    said = inside("print(open('/proc/self/status').read(), flush=True)").split("\n")
    status = dict(line.split(":", 1) for line in said if line)
    assert {status[f"Cap{which}"].strip("\t0") for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {""}
    assert status["Groups"].split() == [] or os.geteuid() != 0
    tries = "import ctypes; print(ctypes.CDLL(None).unshare(confine.NEW_USER), flush=True)"
    assert inside(tries) == "-1\n"


def test_it_has_limits_of_its_own(inside):
    names = "(r.RLIMIT_CPU, r.RLIMIT_CORE, r.RLIMIT_DATA, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE)"
    look = f"import resource as r; print([r.getrlimit(one)[1] for one in {names}], flush=True)"
    limits = Limits()
    assert inside(look) == f"{[limits.cpu, 0, limits.memory, limits.scratch // 4, 256]}\n"


def test_its_scratch_has_an_end_in_bytes_and_in_files(inside):
    look = "there = [os.statvfs(one) for one in ('.', '/tmp', '/dev/shm')]"
    look += "; print([(one.f_blocks * one.f_frsize, one.f_files) for one in there], flush=True)"
    assert inside(look) == f"{[(Limits().scratch, Limits().files)] * 3}\n"


def test_it_counts_its_own_processes_alone(inside):
    assert inside(FORKS) == "4\n"


def test_a_call_that_fails_says_which():
    with pytest.raises(FileNotFoundError, match=r"chdir: No such file"):
        libc.chdir("/no/such/folder")


def test_a_limit_never_asks_for_more_than_the_system_allows():
    told = printed(
        "import resource\nfrom course_kit.grading.containment.confine import cap\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (50, 60))\ncap(resource.RLIMIT_NOFILE, 256)\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    assert told == "(60, 60)\n"


@pytest.mark.parametrize(("system", "ends"), [("darwin", "goes on"), ("linux", "stops")])
def test_a_limit_that_the_system_refuses_stops_linux_only(system, ends):
    told = printed(
        "import resource, sys\nfrom course_kit.grading.containment import confine\n"
        "def refuse(*_):\n    raise ValueError('current limit exceeds maximum limit')\n"
        f"sys.platform, resource.setrlimit = {system!r}, refuse\n"
        "try:\n    confine.limit(confine.Limits())\n    print('goes on')\nexcept ValueError:\n    print('stops')"
    )
    assert told == f"{ends}\n"
