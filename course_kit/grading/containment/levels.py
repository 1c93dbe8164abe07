"""The ways to confine submissions, each with what sets it apart from the others, and which of them a machine allows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from course_kit.grading.containment.cgroup import can_be_made
from course_kit.grading.containment.confine import HOME, NOBODY, SYSTEM, Limits
from course_kit.grading.containment.warm import NAMESPACES, NONE

BUBBLEWRAP = "bubblewrap"
PATIENCE = 120  # seconds for a trial, which takes one unless the machine is busy with other things
TRY = (
    "import os, sys, pathlib; from course_kit.grading.containment import confine; confine.separate()\n"
    "if os.fork() == 0: confine.enter(pathlib.Path(sys.argv[1]), [], [], confine.Limits()); os._exit(0)\n"
    "sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))"
)
BWRAP = (
    *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--cap-drop", "ALL", "--uid", str(NOBODY), "--gid", str(NOBODY), "--proc", "/proc", "--dev", "/dev"),
    *(word for path in ("/tmp", HOME, "/dev/shm") for word in ("--size", str(Limits().scratch), "--tmpfs", path)),
)
SEALED = ("--remount-ro", "/dev", "--remount-ro", "/", "--")


class Unconfined:
    """Another user if we are root, and limits; a submission can read and send what that user can."""

    name = NONE
    kernels = NONE  # how the warm process confines the kernels that it forks
    lasts = True  # whether one warm process serves one submission after the other
    hides_engine = False  # whether kernels do not see what the warm process runs

    def trial(self, empty: Path) -> list[str]:
        """A command that succeeds where this level works.

        Args:
            empty: An empty folder to try it in.
        """
        return [sys.executable, "-c", "pass"]

    def command(self, warm: Sequence[str], readable: Sequence[str], hidden: Sequence[str]) -> list[str]:
        """The command that starts the warm process.

        Args:
            warm: The command without any confinement.
            readable: Folders that it may read.
            hidden: Folders among them that look empty.
        """
        return list(warm)

    def address(self, folder: Path) -> str:
        """Where the warm process listens, as it sees that place itself."""
        return str(folder / "door" / "warm")

    def seen(self, path: str, warm: int) -> str:
        """Where a path of the warm process's is for us, who know its process id."""
        return path

    def home(self, job: Path, warm: int) -> tuple[str, str]:
        """A kernel's folder, as it sees it and as we do, where "{pid}" stands for the kernel."""
        return str(job / "home"), str(job / "home")


class Namespaces(Unconfined):
    """The warm process shuts each kernel into namespaces of its own (see `confine`)."""

    name = kernels = NAMESPACES
    hides_engine = True

    def trial(self, empty: Path) -> list[str]:
        """Shut a process in."""
        return [sys.executable, "-c", TRY, str(empty)]

    def home(self, job: Path, warm: int) -> tuple[str, str]:
        """In the kernel's own root."""
        return HOME, "/proc/{pid}/root" + HOME


class Bubblewrap(Unconfined):
    """Bubblewrap shuts the warm process in, which serves one submission and ends with it."""

    name = BUBBLEWRAP
    lasts = False

    def trial(self, empty: Path) -> list[str]:
        """Shut a program in."""
        return [*BWRAP, *_system(), *SEALED, "/usr/bin/true"]

    def command(self, warm: Sequence[str], readable: Sequence[str], hidden: Sequence[str]) -> list[str]:
        """Bubblewrap's command line."""
        shown = [word for path in readable for word in ("--ro-bind", path, path)]
        empty = [word for path in hidden for word in ("--tmpfs", path, "--remount-ro", path)]
        return [*BWRAP, *_system(), *shown, *empty, *SEALED, *warm]

    def address(self, folder: Path) -> str:
        """In the only folder there that can be written."""
        return f"{HOME}/warm"

    def seen(self, path: str, warm: int) -> str:
        """In the root of Bubblewrap's child."""
        return f"/proc/{_child(warm)}/root{path}"

    def home(self, job: Path, warm: int) -> tuple[str, str]:
        """In the same root."""
        return HOME, self.seen(HOME, warm)


LEVELS = {level.name: level for level in (Namespaces(), Bubblewrap(), Unconfined())}  # the strongest first


def best_level(folder: Path) -> str:
    """The strongest confinement that works here, found by trying it.

    Args:
        folder: An empty folder.

    Returns:
        "namespaces", "bubblewrap" or "none".
    """
    if sys.platform == "linux":
        for name, level in LEVELS.items():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                if subprocess.run(level.trial(folder), capture_output=True, timeout=PATIENCE).returncode == 0:
                    return name
    return NONE


def told(level: str) -> str:
    """A level in words, with what bounds the memory and the processes of a submission there."""
    counted = "a control group" if level != BUBBLEWRAP and can_be_made() else "counting them four times per second"
    return f"{level}, with memory and processes bounded by {counted}"


def python_folders() -> list[str]:
    """The folders of Python and its packages, which a submission can read besides the system's."""
    return [path for path in (sys.prefix, sys.base_prefix) if path not in ("/usr", "/usr/local")]  # as in SYSTEM


def refuse_in_sight(paths: Mapping[str, Path], level: str) -> None:
    """Refuse to run submissions where one could read what it must not.

    Args:
        paths: What must not be readable: what it is → where it is.
        level: How submissions are confined; unconfined ones can read everything, which is said elsewhere.

    Raises:
        ValueError: If a submission could read one of them.
    """
    if level == NONE:
        return
    shown = [Path(path).resolve() for path in (*SYSTEM, *python_folders()) if os.path.exists(path)]
    settings = {f"pip's settings ({path}) are": path for top in shown for path in (top / "pip.conf",) if path.exists()}
    for what, path in {**paths, **settings}.items():
        seen_in = next((top for top in shown if path.resolve().is_relative_to(top)), None)
        if seen_in:
            raise ValueError(f"{what} in {seen_in}, which submissions can read; move it, or Python, elsewhere")


def refuse_out_of_reach(level: str) -> None:
    """Refuse to run submissions where they could import nothing: root's Python, as the user that root turns into.

    Args:
        level: How submissions are confined; only unconfined ones see folders with their owners and rights.

    Raises:
        ValueError: If that user cannot read Python's folders.
    """
    if level != NONE or os.geteuid() != 0:
        return
    for path in map(Path, python_folders()):
        shut = next((top for top in (path, *path.parents) if not top.stat().st_mode & 0o001), None)
        if shut:
            raise ValueError(
                f"Python lies in {path}, and only root gets into {shut}: submissions, which run as another user, could "
                "import nothing; grade as another user than root, or install Python elsewhere"
            )


def _system() -> Iterator[str]:
    """Bubblewrap's words for the system's folders, some of them links into others on most systems."""
    for path in filter(os.path.exists, SYSTEM):
        yield from ("--symlink", os.readlink(path), path) if os.path.islink(path) else ("--ro-bind", path, path)


def _child(pid: int) -> int:
    """The first child of a process, as the host counts."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not children:
        raise ProcessLookupError(f"process {pid} has no child yet")
    return int(children[0])
