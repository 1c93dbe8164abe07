"""Shut this process in, on Linux: own namespaces, a root of listed folders that can only be read, no rights, limits.

Nothing here is imported from the course, and nothing heavy: a warm process forks, and its child calls `enter`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.containment.system_calls import forbid

NOBODY = 65534
HOME = "/home/student"
NEW_USER, NEW_MOUNT, NEW_REST = 0x10000000, 0x20000, 0x20000000 | 0x8000000 | 0x4000000 | 0x40000000  # pid ipc uts net
BIND, REC, PRIVATE, REMOUNT, RDONLY, NOSUID, NODEV, NOEXEC = 0x1000, 0x4000, 0x40000, 0x20, 1, 2, 4, 8
DETACH = 2
MOUNT_SETATTR, HERE, RECURSIVE = 442, -100, 0x8000  # a system call of every architecture's; its flags
DUMPABLE, BOUNDING_DROP, NO_NEW_RIGHTS, DIE_WITH_PARENT, TAKE_ORPHANS = 4, 24, 38, 1, 36
MIB = 1 << 20
DEVICES = ("null", "full", "random", "urandom")  # not "zero": what is mapped from it, no limit counts
SYSTEM = (  # not all of /usr: people work in /usr/src
    *(f"{top}/{name}" for top in ("/usr", "/usr/local") for name in ("bin", "sbin", "libexec", "include", "share")),
    *(f"{top}/{name}" for top in ("/usr/local", "/usr", "") for name in ("lib", "lib32", "lib64", "libx32")),
    *("/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts"),
)
TERMINALS = "newinstance,ptmxmode=666,mode=600,max=16"


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Args:
        memory: Bytes of data a process may have.
        cpu: Seconds of processor time a process may use.
        processes: Processes and threads at a time.
        scratch: Bytes that the files in its home may take; a single file a quarter of that.
        files: Files and folders in its home.
    """

    memory: int = 3072 * MIB
    cpu: int = 300
    processes: int = 64
    scratch: int = 256 * MIB
    files: int = 20_000


class _Libc:
    """The C library's functions; a call that fails raises OSError with the function's name."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)

    def __getattr__(self, name: str):
        function = getattr(self._library, name)

        def call(*args: object) -> int:
            result = function(*[arg.encode() if isinstance(arg, str) else arg for arg in args])
            if result == -1:
                number = ctypes.get_errno()
                raise OSError(number, f"{name}: {os.strerror(number)}")
            return result

        return call


libc = _Libc()


def die_with_parent() -> None:
    """Have this process killed when the one that started it ends; where the system cannot do that, do nothing."""
    if sys.platform == "linux":
        libc.prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def take_orphans() -> None:
    """Become the parent of whatever descendant loses its own; where the system cannot do that, do nothing."""
    if sys.platform == "linux":
        libc.prctl(TAKE_ORPHANS, 1, 0, 0, 0)


def separate() -> None:
    """Leave the host's namespaces. The next child is the first process of the new ones, and everything ends with it.

    The host's folders stay in view until `enter`.

    Raises:
        OSError: If the system does not let this user do that.
    """
    if os.geteuid() == 0:
        libc.unshare(NEW_REST)
    else:
        user, group = os.geteuid(), os.getegid()
        libc.unshare(NEW_USER | NEW_REST)
        _map_ids(user, group)


def _map_ids(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")


def enter(root: Path, readable: Sequence[str], hidden: Sequence[str], limits: Limits, user: int = NOBODY) -> None:
    """Give up everything but what is listed; to be called by the first process after `separate`.

    Args:
        root: An empty folder to build the new root on.
        readable: Folders that can be read, beside the system's programs and libraries, each under its own path.
        hidden: Folders inside readable ones that look empty.
        limits: What may be used.
        user: Whom root turns into; this process sees itself as nobody either way.

    Raises:
        OSError: If the system refuses a step; the process must end then.
    """
    libc.unshare(NEW_MOUNT)  # only now: who watches over this process needs to see the host's /proc
    _build_root(root, readable, hidden, limits)
    os.chdir(root)
    libc.pivot_root(".", ".")
    libc.umount2(".", DETACH)
    os.chdir(HOME)
    _become_nobody(user)
    limit(limits)  # now: before, all who are that user on this machine would share the number of processes
    forbid()


def limit(limits: Limits) -> None:
    """Set the limits of this process and its children."""
    values = {
        resource.RLIMIT_AS: _mapped() + 2 * limits.memory,  # bounds what the system itself needs to map it, too
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_FSIZE: limits.scratch // 4,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    for what, value in values.items():
        cap(what, value)


def cap(what: int, value: int) -> None:
    """Set one limit of this process and its children, never above what the system allows it already.

    macOS refuses some limits altogether, and confines nothing anyway; elsewhere a refusal is an error.
    """
    _, most = resource.getrlimit(what)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    with contextlib.suppress(*(() if sys.platform == "linux" else (OSError, ValueError))):
        resource.setrlimit(what, (value, value))


def _mapped() -> int:
    """Bytes of address space that this process has by now; most of it are libraries that all kernels share."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 1 << 20
    return pages * resource.getpagesize()


def _build_root(root: Path, readable: Sequence[str], hidden: Sequence[str], limits: Limits) -> None:
    libc.mount(None, "/", None, REC | PRIVATE, None)
    libc.mount("tmpfs", str(root), "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    scratch = f"size={limits.scratch},nr_inodes={limits.files},mode=1777"
    for path in ("/tmp", HOME, "/dev/shm"):
        libc.mount("tmpfs", str(_place(root, path)), "tmpfs", NOSUID | NODEV, scratch)
    for path in [*SYSTEM, *readable]:
        _show(root, path)
    for path in hidden:
        libc.mount("tmpfs", f"{root}{path}", "tmpfs", NOSUID | NODEV | RDONLY, "size=4k,mode=755")
    for device in DEVICES:
        _bind(f"/dev/{device}", _place(root, f"/dev/{device}", is_file=True), NOSUID)
    libc.mount("devpts", str(_place(root, "/dev/pts")), "devpts", NOSUID, TERMINALS)
    os.symlink("pts/ptmx", root / "dev/ptmx")  # IPython runs a line that starts with "!" in a terminal
    _place(root, "/etc/passwd", is_file=True).write_text(f"student:x:{NOBODY}:{NOBODY}::{HOME}:/bin/sh\n")
    libc.mount("proc", str(_place(root, "/proc")), "proc", NOSUID | NODEV | NOEXEC, None)
    libc.mount(None, str(root), None, REMOUNT | RDONLY | NOSUID | NODEV, "size=1m,mode=755")


def _show(root: Path, path: str) -> None:
    """Let a folder or file be read; a link of the host's stays a link."""
    if os.path.islink(path):
        _place(root, str(Path(path).parent))
        os.symlink(os.readlink(path), f"{root}{path}")
    elif os.path.exists(path):
        _bind(path, _place(root, path, is_file=not os.path.isdir(path)), NOSUID | NODEV, RDONLY)


def _place(root: Path, path: str, is_file: bool = False) -> Path:
    target = Path(f"{root}{path}")
    (target.parent if is_file else target).mkdir(parents=True, exist_ok=True)
    if is_file:
        target.touch()
    return target


def _bind(source: str, target: Path, *flags: int) -> None:
    """Show a folder with all that is mounted in it; the flags hold for these too."""
    libc.mount(source, str(target), None, BIND | REC, None)
    attributes = (ctypes.c_uint64 * 4)(sum(flags), 0, 0, 0)
    libc.syscall(MOUNT_SETATTR, HERE, str(target), RECURSIVE, ctypes.byref(attributes), ctypes.sizeof(attributes))


def become(user: int) -> None:
    """Root turns into another user, for good: called by root, these set the real, effective and saved ids at once."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def _become_nobody(user: int) -> None:
    """Lose every right, for good: no capability, no way to gain one, no namespaces inside this one."""
    if os.geteuid() == 0:
        become(user)
        libc.prctl(DUMPABLE, 1, 0, 0, 0)  # or /proc/self would still be root's
        libc.unshare(NEW_USER)
        _map_ids(user, user)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        libc.prctl(BOUNDING_DROP, capability, 0, 0, 0)
    libc.prctl(NO_NEW_RIGHTS, 1, 0, 0, 0)
    version, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capset(ctypes.byref(version), ctypes.byref(nothing))
    die_with_parent()
