"""A control group for each submission, where Linux lets the grader make one: the system counts, and misses nothing.

Elsewhere `warm` counts four times per second what the processes of a submission hold.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

OWN = Path("/proc/self/cgroup")
MOUNTED = Path("/sys/fs/cgroup")  # version 2 alone; beside version 1 it has neither memory nor processes to give
NEEDED = {"memory", "pids"}
PREFIX = "course-"


@dataclass(frozen=True)
class Group:
    """The control group of one submission.

    Args:
        folder: Where the system shows it.
    """

    folder: Path

    def take(self, pid: int) -> None:
        """Put a process into the group; whatever it starts from now on is in it too.

        Raises:
            OSError: If the system does not let this user do that.
        """
        (self.folder / "cgroup.procs").write_text(str(pid))

    def end(self) -> None:
        """Kill what is in the group, and remove the group."""
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def new_group(memory: int, processes: int, mounted: Path = MOUNTED) -> Group | None:
    """A group beside that of this process, or further up, whichever this user may make; None if there is no such.

    Args:
        memory: Bytes that all of the group together may hold, tmpfs and socket buffers included.
        processes: Processes and threads at a time.
        mounted: Where the system shows control groups.
    """
    above = _parent(mounted)
    if above is None:
        return None
    _sweep(above)
    group = Group(above / f"{PREFIX}{os.getpid()}")
    try:
        group.folder.mkdir()
        (group.folder / "memory.max").write_text(str(memory))
        (group.folder / "pids.max").write_text(str(processes))
    except OSError:
        group.end()
        return None
    for name, value in (("memory.swap.max", 0), ("memory.oom.group", 1)):
        with contextlib.suppress(OSError):  # not every system has them
            (group.folder / name).write_text(str(value))
    return group


def can_be_made(mounted: Path = MOUNTED) -> bool:
    """Whether this user may make a group here and put processes into it."""
    group = new_group(1 << 30, 9, mounted)
    if group is None:
        return False
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(OSError):
            group.take(os.getpid())
            code = 0
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    group.end()
    return status == 0


def _parent(mounted: Path) -> Path | None:
    """The nearest group from that of this process upwards that hands memory and processes on to groups below it."""
    with contextlib.suppress(OSError):
        lines = OWN.read_text().splitlines()
        own = next((line[3:] for line in lines if line.startswith("0::")), None)
        place = mounted / own.lstrip("/") if own is not None else mounted
        for group in (place, *place.parents):
            if not group.is_relative_to(mounted):
                return None
            with contextlib.suppress(OSError):
                if set((group / "cgroup.subtree_control").read_text().split()) >= NEEDED and os.access(group, os.W_OK):
                    return group
    return None


def _sweep(above: Path) -> None:
    """Remove the groups of graders that were killed."""
    for folder in above.glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(PREFIX)).exists():
            Group(folder).end()
