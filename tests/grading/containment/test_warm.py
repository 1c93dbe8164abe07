"""Who stands between a kernel and its owner, with a kernel that only pretends; the real one is in attacks/."""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest
from processes import living, soon

from course_kit.grading.containment import warm
from course_kit.grading.containment.confine import Limits
from course_kit.grading.containment.system_calls import MACHINES
from course_kit.grading.containment.warm import KILL, _take_too_much

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone watches")
SERVE = """
import pathlib, signal, sys, time
from course_kit.grading.containment import cgroup, warm
group = pathlib.Path(sys.argv[1]).with_name("group")
warm.new_group = lambda *limits: cgroup.Group(group) if group.exists() else None
warm._warm_up = lambda modules: None
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a shell of a person's
warm.Warm._become_kernel = lambda self, request: exec(sys.argv[2]) or time.sleep(600)
warm.Warm(sys.argv[1], "none", "", [], []).serve()
"""
UNCONFINED = """
import json, os, pathlib, resource, sys, types
from course_kit.grading.containment import warm

def run_kernel(connection, ready):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    limits = [resource.getrlimit(one)[1] for one in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_CPU)]
    told = {"leads": os.getsid(0) == os.getpid(), "user": os.getuid(), "filter": int(status["Seccomp"])}
    print(json.dumps({**told, "limits": limits}), flush=True)
    os._exit(0)

sys.modules["course_kit.grading.containment.kernel"] = types.SimpleNamespace(run_kernel=run_kernel)
if os.fork() == 0:
    warm.Warm("", "none", "", [], [], user=60999)._become_kernel({"home": "/", "readable": [], "connection": {}})
os.wait()
"""
LISTENS = "import os\nos.write(warm.READY, b'!')\nos.close(warm.READY)"
FORKS = f"""
import threading

def fork():
    import os, time
    os.fork() or time.sleep(600)

thread = threading.Thread(target=fork)
thread.start()
time.sleep(0.2)
{LISTENS}"""


@pytest.fixture
def ask(tmp_path) -> Iterator[Callable]:
    """Ask a warm process for a kernel that does this; gives the connection and the process."""
    served = []

    def ask(kernel: str) -> tuple[socket.socket, psutil.Process]:
        address = str(tmp_path / "warm")
        served.append(subprocess.Popen([sys.executable, "-c", SERVE, address, kernel], stderr=subprocess.DEVNULL))
        connection = socket.socket(socket.AF_UNIX)
        assert soon(lambda: connection.connect_ex(address) == 0)
        connection.sendall(b"{}\n")
        return connection, psutil.Process(served[0].pid)

    yield ask
    for process in served:
        process.kill()
        process.wait()


def below(process: psutil.Process) -> list[psutil.Process]:
    """Who stands before a kernel, the kernel, and what it started."""
    return living(process.children(recursive=True))


def test_a_kernel_is_told_of_once_it_listens_and_killed_when_asked_to(ask):
    connection, process = ask(LISTENS)
    pid = json.loads(connection.makefile().readline())["pid"]
    all_ = below(process)
    assert pid in [p.pid for p in all_]
    connection.sendall(KILL)
    assert connection.recv(1) == b""
    assert soon(lambda: not living(all_))


@pytest.mark.parametrize("kernel", [LISTENS, FORKS, "0"])
def test_when_its_owner_goes_nothing_stays(kernel, ask):
    """Even before it listens, or before the owner has read that it does."""
    connection, process = ask(kernel)
    assert soon(lambda: len(below(process)) >= (3 if kernel == FORKS else 2))
    all_ = below(process)
    connection.close()
    assert soon(lambda: not living(all_))


def test_where_nothing_confines_a_kernel_has_limits_a_filter_and_no_group_of_the_graders():
    """Who signals its whole group must not reach the grader: where that is not root's, both are the same user."""
    done = subprocess.run([sys.executable, "-c", UNCONFINED], capture_output=True, text=True)
    limits, told = Limits(), json.loads(done.stdout)
    assert told.pop("limits") == [limits.memory, limits.processes, limits.cpu]
    assert told == {"leads": True, "user": os.getuid() or 60999, "filter": 2 if platform.machine() in MACHINES else 0}


def test_files_beside_a_notebook_are_copied_to_be_written_over_and_the_kernels_own_are_kept(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "there.csv").write_text("mine")
    for name in ("data/t.csv", "helper.py", "k-1", "connection.json", "there.csv"):
        path = tmp_path / "beside" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o444)
    monkeypatch.chdir(home)
    warm._copy_beside(tmp_path / "beside")
    found = {path.relative_to(home).as_posix(): path.read_text() for path in home.rglob("*") if path.is_file()}
    assert found == {"data/t.csv": "data/t.csv", "helper.py": "helper.py", "there.csv": "mine"}
    assert all(path.stat().st_mode & 0o200 for path in home.rglob("*"))


def test_ctrl_c_is_the_graders_to_answer(ask, tmp_path):
    connection, process = ask(LISTENS)
    assert connection.recv(1) == b"{"
    process.send_signal(signal.SIGINT)
    connection.close()
    with socket.socket(socket.AF_UNIX) as second:
        second.connect(str(tmp_path / "warm"))
        second.sendall(b"{}\n")
        assert second.recv(1) == b"{"


def test_who_forked_in_a_thread_is_found_and_memory_counted(monkeypatch, ask):
    connection, process = ask(FORKS)
    assert soon(lambda: len(below(process)) == 3)
    between = process.children()[0].pid
    assert not _take_too_much(between)
    monkeypatch.setattr(warm, "TOTAL_PROCESSES", 2)
    assert _take_too_much(between)
    monkeypatch.setattr(warm, "TOTAL_PROCESSES", 3)
    monkeypatch.setattr(warm, "TOTAL_MEMORY", 1 << 20)
    assert _take_too_much(between)
    connection.close()


def test_page_tables_and_what_sockets_may_hold_count_as_memory(monkeypatch):
    monkeypatch.setattr(warm, "_children", lambda pid: [])
    held = {"VmPTE": 0}
    monkeypatch.setattr(warm, "_held", lambda processes, file, *kinds: sum(held.get(kind, 0) for kind in kinds))
    monkeypatch.setattr(warm, "_sockets", lambda processes: set())
    assert not _take_too_much(1)
    held["VmPTE"] = warm.TOTAL_MEMORY + 1
    assert _take_too_much(1)
    held["VmPTE"] = 0
    monkeypatch.setattr(warm, "_sockets", lambda processes: set(range(warm.TOTAL_MEMORY // warm.SOCKET_BUFFER + 1)))
    assert _take_too_much(1)


def test_a_kernel_is_in_a_control_group_that_ends_with_it(ask, tmp_path):
    (tmp_path / "group").mkdir()
    connection, _ = ask(LISTENS)
    pid = json.loads(connection.makefile().readline())["pid"]
    assert (tmp_path / "group/cgroup.procs").read_text() == str(pid)
    connection.sendall(KILL)
    assert connection.recv(1) == b""
    assert (tmp_path / "group/cgroup.kill").read_text() == "1"


def test_the_next_kernel_waits_until_nothing_is_left_of_the_last(ask, tmp_path):
    first, process = ask(FORKS)
    assert soon(lambda: len(below(process)) == 3)
    with socket.socket(socket.AF_UNIX) as second:
        second.connect(str(tmp_path / "warm"))
        second.sendall(b"{}\n")
        second.settimeout(0.5)
        with pytest.raises(TimeoutError):
            second.recv(1)
        first.close()
        second.settimeout(20)
        assert second.recv(1) == b"{"
        all_ = below(process)
    assert soon(lambda: not living(all_))
