"""What a submission can reach or change: nothing beyond its own processes and its own scratch.

A probe raises if it gets through; so the errors of a submission's own cells say which probes did.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest
from hostile import ALL_WRONG, WRONG, Stock, outcomes

from course_kit.grading.containment.users import FREE

PROBES = {
    "loopback": """
        import socket
        assert socket.socket().connect_ex(("127.0.0.1", {port})) != 0""",
    "abstract socket": """
        import socket
        assert socket.socket(socket.AF_UNIX).connect_ex(chr(0) + {abstract!r}) != 0""",
    "network interfaces": """
        import socket
        assert {{name for _, name in socket.if_nameindex()}} <= {{"lo"}}""",
    "files of the course, of packages, of Python, of the system": """
        import os, numpy, course_lib.losses
        for path in (course_lib.losses.__file__, numpy.__file__, os.__file__, "/etc/passwd", "/bin/sh"):
            try:
                open(path, "r+b")
            except OSError:
                continue
            raise AssertionError(path)""",
    "new files where others would find them": """
        import os, site, sys, numpy, course_lib
        for module in (course_lib, numpy, os):
            assert not os.access(os.path.dirname(module.__file__), os.W_OK), module
        for path in ("/", "/etc", "/usr/lib", "/usr/local/bin", "/dev", sys.prefix, *site.getsitepackages()):
            assert not os.access(path, os.W_OK), path""",
    "nested namespaces": """
        import ctypes, os
        for flag in (0x10000000, 0x20000, 0x40000000):
            pid = os.fork()  # a process with threads may make no user namespace anyway
            if pid == 0:
                os._exit(ctypes.CDLL(None).unshare(flag) == 0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, flag""",
    "rights": """
        import os
        status = dict(line.split(":") for line in open("/proc/self/status").read().splitlines())
        assert os.getuid() == os.geteuid() == 65534
        assert status["NoNewPrivs"].strip() == "1"
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[name], 16) == 0, name""",
    "setuid programs": """
        for line in open("/proc/self/mountinfo"):
            assert "nosuid" in line.split(" - ")[0], line""",
    "other users": """
        import os
        for change in (os.setuid, os.setgid):
            try:
                change(0)
            except OSError:
                continue
            raise AssertionError(change)""",
    "wider limits": """
        import resource
        for what in (resource.RLIMIT_NPROC, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
            soft, hard = resource.getrlimit(what)
            assert hard != resource.RLIM_INFINITY, what
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)""",
    "kernel settings": """
        for path in ("/proc/sys/kernel/hostname", "/proc/sys/user/max_user_namespaces", "/proc/sysrq-trigger"):
            try:
                open(path, "r+")
            except OSError:
                continue
            raise AssertionError(path)""",
}
UNTRIED_OUTSIDE = {  # what would do harm there
    "mount": """
        import ctypes
        libc = ctypes.CDLL(None)
        assert libc.mount(b"tmpfs", b"/home/student", b"tmpfs", 0, None) != 0
        assert libc.mount(None, b"/", None, 0x20 | 0x1000, None) != 0
        assert libc.umount2(b"/usr", 2) != 0
        assert libc.pivot_root(b".", b".") != 0""",
    "chroot and devices": """
        import os, stat
        for escape in (lambda: os.chroot("."), lambda: os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))):
            try:
                escape()
            except OSError:
                continue
            raise AssertionError(escape)""",
    "metadata service and name service": """
        import errno, socket
        assert socket.socket().connect_ex(("169.254.169.254", 80)) == errno.ENETUNREACH
        assert socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(("192.0.2.1", 53)) == errno.ENETUNREACH
        try:
            socket.getaddrinfo("example.org", 80)
        except socket.gaierror:
            pass
        else:
            raise AssertionError("a name was found")""",
    "processes": """
        import ctypes, os
        assert os.getppid() == 0
        for pid in {*range(2, 2000)} - {*map(int, os.listdir("/proc/self/task"))}:
            assert ctypes.CDLL(None).ptrace(16, pid, 0, 0) != 0, pid
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                continue
            raise AssertionError(pid)""",
}
OUTSIDE = """
import os
for name, source in PROBES.items():
    if os.fork() == 0:  # each in a process of its own: one that gets through may change what the next can do
        try:
            exec(source, {})
        except AssertionError:
            os._exit(0)
        print("stopped:", name, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture
def probes() -> Iterator[dict[str, str]]:
    """The probes, and somebody who listens outside."""
    abstract = f"course-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as other:
        other.bind("\0" + abstract)
        other.listen()
        told = {"port": server.getsockname()[1], "abstract": abstract}
        yield {name: textwrap.dedent(source).format(**told) for name, source in PROBES.items()}


def test_inside_no_probe_gets_through(attacked, probes):
    untried = map(textwrap.dedent, UNTRIED_OUTSIDE.values())
    result = attacked(*probes.values(), *untried, WRONG)
    assert result.errors == {}
    assert outcomes(result) == ALL_WRONG


@pytest.mark.skipif(os.geteuid() != 0, reason="for others than root the system stops some")
def test_outside_every_probe_gets_through(probes):
    """Or the test above could not fail."""
    source = f"PROBES = {probes!r}\n{OUTSIDE}"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can turn into somebody else")
def test_a_submission_runs_as_a_user_who_is_nobody_elses_on_this_machine(graded):
    look = f"""import os
inside, outside, count = map(int, open("/proc/self/uid_map").read().split())
assert (inside, count) == (65534, 1) and outside in {FREE}
assert os.getgroups() == []"""
    assert graded(look).errors == {}


LEAVE_BEHIND = """
import os
from pathlib import Path
for folder in ("~/.ipython/profile_default/startup", "~/.local/lib/python3/site-packages", "/tmp", "/dev/shm"):
    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    for name in ("00.py", "sitecustomize.py", "usercustomize.py", "matplotlibrc"):
        (place / name).write_text("import builtins; builtins.left_behind = True")
os.environ["PYTHONSTARTUP"] = "/tmp/00.py"
"""
LOOK_FOR_IT = """
import os
from pathlib import Path
names = ("00.py", "sitecustomize.py", "usercustomize.py", "matplotlibrc")
files = [path for top in (Path.home(), "/tmp", "/dev/shm") for path in Path(top).rglob("*") if path.name in names]
found = [str(path) for path in files if "left_behind" in path.read_text()]  # Python itself may lie below /tmp
assert (found, os.environ.get("PYTHONSTARTUP")) == ([], None)
"""
START_UP = """
from pathlib import Path
from IPython.paths import get_ipython_dir
place = Path(get_ipython_dir(), "profile_default/startup/00.py")
place.write_text("import builtins; builtins.left_behind = True")
"""


def test_what_one_submission_writes_the_next_does_not_find(graded):
    assert graded(LEAVE_BEHIND).errors == {}
    assert graded(LOOK_FOR_IT, "left_behind").errors == {2: "NameError: left_behind"}


@pytest.mark.slow
def test_stock_nbval_loses_to_a_startup_file(stock_nbval):
    """The next submission runs what this one left in the grader's own profile."""
    stock_nbval(START_UP)
    assert stock_nbval("assert left_behind", WRONG) == Stock(["FAILED"] * 3, 1)


def test_signals_reach_nobody_else(attacked):
    everybody = (
        "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.killpg(0, signal.SIGKILL)\nos.kill(0, signal.SIGKILL)"
    )
    assert "right" not in outcomes(attacked(WRONG, everybody))
