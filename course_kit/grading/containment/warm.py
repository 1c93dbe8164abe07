"""The warm process: imports once what submissions import, then forks a confined kernel for each that asks.

It runs apart from the grader, from a copy of the course without the withheld modules, and never sees an answer.
Between a kernel and who asked for it stands one small process, which passes signals on and keeps an eye on memory.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from course_kit.grading.containment.cgroup import new_group
from course_kit.grading.containment.confine import (
    HOME,
    MIB,
    NOBODY,
    Limits,
    become,
    die_with_parent,
    enter,
    limit,
    separate,
    take_orphans,
)
from course_kit.grading.containment.system_calls import forbid

ALWAYS = (
    *("numpy", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "course_kit.grading.containment.kernel"),
    *("course_kit.grading.asking.check", "course_kit.grading.asking.answering"),
)
WITH_TORCH = ("torch", "torch_geometric.nn", "torch_geometric.data", "scipy.sparse", "scipy.stats", "networkx")
NAMESPACES, NONE = "namespaces", "none"
BESIDE = "beside"  # folder among a submission's inputs with the files that lie beside its notebook
OWN_FILES = {"connection.json", "warm", *(f"k-{port}" for port in range(1, 6))}  # what a kernel lays down itself
INTERRUPT, KILL = b"i", b"k"
LOOK = 0.25  # seconds between two looks at the memory of a submission
READY = 3  # file descriptor on which a kernel says that it listens
TOTAL_MEMORY, TOTAL_PROCESSES = 3072 * MIB, 128  # of a submission; the second where the system does not count them
SOCKET_BUFFER = 2 * 212_992  # bytes, Linux's own bound
ENVIRONMENT = {
    **{"HOME": HOME, "USER": "student", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": HOME},
    **{"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    "PIP_NO_INDEX": "1",  # or a cell that installs packages waits ten seconds for each, as there is no network
    "TORCHDYNAMO_DISABLE": "1",  # or the first call of what torch.compile decorates takes longer than a case may
}


@dataclass(frozen=True)
class Warm:
    """The warm process.

    A connection to its socket sends one line of JSON, {"connection": what a kernel's connection file holds, "home":
    where it works if it gets no root of its own, "readable": more folders}, and gets one back, {"pid": …} as this
    process counts, once the kernel listens. Then each byte is a signal; closing the connection kills the kernel.

    Args:
        address: Path of the socket.
        level: "namespaces", or "none" where something else confines this process, or nothing does.
        root: An empty folder.
        readable: Folders that a kernel may read.
        hidden: Folders among them that look empty.
        user: Whom a kernel runs as, if this process is root's.
        preload: Modules that a kernel finds imported, beside those that each has.
    """

    address: str
    level: str
    root: str
    readable: list[str]
    hidden: list[str]
    user: int = NOBODY
    preload: Sequence[str] = ()

    def serve(self) -> NoReturn:
        """Warm up, then fork a kernel for one connection after the other."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the grader's Ctrl-C is the grader's
        die_with_parent()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(self.address)
            _warm_up([*ALWAYS, *self.preload])
            listening.listen(8)
            while True:
                connection, _ = listening.accept()
                pid = os.fork()
                if pid == 0:
                    listening.close()
                    self._stand_between(connection)
                connection.close()
                os.waitpid(pid, 0)  # one kernel at a time, and nothing is left of it when the next one starts

    def _stand_between(self, connection: socket.socket) -> NoReturn:
        """Fork the kernel; pass signals on to it until it ends, or its owner goes, or it takes too much memory."""
        request = json.loads(connection.makefile().readline())
        group = new_group(TOTAL_MEMORY, TOTAL_PROCESSES)
        if self.level == NAMESPACES:
            separate()
        else:
            take_orphans()
        woken = _woken_when_a_child_ends()
        pid, is_ready = self._fork_kernel(request)
        if group is not None:
            with contextlib.suppress(OSError):  # it is counted four times per second then
                group.take(pid)
        first, _, _ = select.select([is_ready, connection], [], [])  # it listens, or has ended, or its owner has gone
        if is_ready in first:
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps({"pid": pid}).encode() + b"\n")
        _watch(pid, connection, woken)
        _end_what_is_left()
        if group is not None:
            group.end()
        os._exit(0)

    def _fork_kernel(self, request: dict[str, Any]) -> tuple[int, int]:
        """The kernel's process, and a pipe from which something can be read, or its end, once the kernel listens."""
        is_ready, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(ready, READY)
            os.closerange(READY + 1, 256)
            self._become_kernel(request)
        os.close(ready)
        return pid, is_ready

    def _become_kernel(self, request: dict[str, Any]) -> NoReturn:
        os.setsid()
        environment = ENVIRONMENT
        if self.level == NAMESPACES:
            enter(Path(self.root), [*self.readable, *request["readable"]], self.hidden, Limits(), self.user)
        else:
            os.chdir(request["home"])
            limit(Limits())
            environment = {**ENVIRONMENT, "HOME": request["home"], "TMPDIR": request["home"]}
            if os.geteuid() == 0:
                become(self.user)
            if sys.platform == "linux":
                forbid()
        for folder in request["readable"]:
            _copy_beside(Path(folder, BESIDE))
        os.environ.update(environment)
        from course_kit.grading.containment.kernel import run_kernel

        run_kernel(request["connection"], READY)


def _woken_when_a_child_ends() -> int:
    """A pipe from which something can be read when a child of this process has ended."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken


def _watch(pid: int, connection: socket.socket, woken: int) -> None:
    """Pass signals on to a kernel until it ends or is killed."""
    while not os.waitpid(pid, os.WNOHANG)[0]:
        seen, _, _ = select.select([connection, woken], [], [], LOOK)
        if woken in seen:
            os.read(woken, 64)
        byte = b""
        if connection in seen:
            with contextlib.suppress(ConnectionError):  # its owner went without having read what we said
                byte = connection.recv(1)
        if byte == INTERRUPT:
            os.kill(pid, signal.SIGINT)
        elif connection in seen or _take_too_much(pid):
            _kill(pid)
            return


def _end_what_is_left() -> None:
    """Kill every child, those too that a kernel left behind, and wait until there is none."""
    with contextlib.suppress(ChildProcessError):  # which says that there is none
        while True:
            for orphan in _children(os.getpid()):
                _kill(orphan)
            os.waitpid(-1, 0)


def _copy_beside(folder: Path) -> None:
    """Copy the files that lie beside the notebook to the folder that the kernel works in: it may write over them."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name in OWN_FILES or os.path.lexists(path.name):
            continue
        with contextlib.suppress(OSError):  # a kernel without a file is better than none
            if path.is_dir():
                shutil.copytree(path, path.name, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(path, path.name)


def _warm_up(modules: Sequence[str]) -> None:
    import importlib

    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND=ENVIRONMENT["MPLBACKEND"])
    sys.modules["debugpy"] = None  # no kernel needs it, and each would import it anew
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _take_too_much(pid: int) -> bool:
    """Whether a process and all below it are too many, or hold too much memory."""
    found = [pid]
    for process in found:
        found += _children(process)
    if len(found) > TOTAL_PROCESSES:
        return True
    spare = TOTAL_MEMORY - len(_sockets(found)) * SOCKET_BUFFER
    return (
        _held(found, "status", "RssAnon", "RssShmem", "VmPTE") > spare  # fast, but forks share most of it
        and _held(found, "smaps_rollup", "Pss_Anon", "Pss_Shmem") + _held(found, "status", "VmPTE") > spare
    )


def _sockets(processes: Sequence[int]) -> set[str]:
    """The sockets that processes have open; each may hold as much unread data as the system allows."""
    found = set()
    for process in processes:
        for path in _listed(f"/proc/{process}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(path))
    return {target for target in found if target.startswith("socket:")}


def _held(processes: Sequence[int], file: str, *kinds: str) -> int:
    """Bytes that processes hold, by some lines of what the system says of each."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):  # it has just ended
            lines = map(str.split, Path(f"/proc/{process}/{file}").read_text().splitlines())
            total += sum(int(line[1]) << 10 for line in lines if line[0].rstrip(":") in kinds)
    return total


def _children(pid: int) -> list[int]:
    """The children of all threads of a process."""
    found = []
    for thread in _listed(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            found += map(int, (thread / "children").read_text().split())
    return found


def _listed(folder: str) -> list[Path]:
    """What a folder of a process holds: nothing once it has ended, even while the folder is read."""
    with contextlib.suppress(OSError):
        return [Path(folder, name) for name in os.listdir(folder)]
    return []


def _kill(pid: int) -> None:
    """Kill the first process of the namespaces, or the whole group; either way nothing of a submission is left."""
    for kill, target in ((os.killpg, pid), (os.kill, pid)):
        with contextlib.suppress(ProcessLookupError):
            kill(target, signal.SIGKILL)


def main() -> None:
    """Serve what the command line says, as JSON."""
    Warm(**json.loads(sys.argv[1])).serve()
