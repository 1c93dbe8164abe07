"""Where submissions run: which confinement this machine allows, and the warm process behind it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import course_lib
from course_lib.grading.confine import HOME, NOBODY
from course_lib.grading.warm import NAMESPACES, NONE

BUBBLEWRAP = "bubblewrap"
LEVELS = (NAMESPACES, BUBBLEWRAP, NONE)
PATIENCE = 120  # seconds until the warm process has to listen
TRY = (
    "import os, sys, pathlib; from course_lib.grading import confine; confine.separate()\n"
    "if os.fork() == 0: confine.enter(pathlib.Path(sys.argv[1]), [], [], confine.Limits()); os._exit(0)\n"
    "sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))"
)
BWRAP = (
    *("bwrap", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--uid", str(NOBODY), "--gid", str(NOBODY), "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
    *("--tmpfs", HOME, "--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
)
LINKS = ("/bin", "/sbin", "/lib", "/lib64")


def best_level(folder: Path) -> str:
    """The strongest confinement that works here, found by trying it.

    Args:
        folder: An empty folder.

    Returns:
        "namespaces", "bubblewrap" or "none".
    """
    if sys.platform == "linux":
        tries = {
            NAMESPACES: [sys.executable, "-c", TRY, str(folder)],
            BUBBLEWRAP: [*BWRAP, *_links(), "/usr/bin/true"],
        }
        for level, command in tries.items():
            with contextlib.suppress(OSError):
                if subprocess.run(command, capture_output=True, timeout=20).returncode == 0:
                    return level
    return NONE


def _links() -> Iterator[str]:
    """Bubblewrap's words for /bin and its kin, links into /usr on most systems and folders on some."""
    for path in filter(os.path.exists, LINKS):
        yield from ("--symlink", os.readlink(path), path) if os.path.islink(path) else ("--ro-bind", path, path)


def stage(folder: Path, withheld: Sequence[str]) -> None:
    """Copy the course without the modules under test.

    Args:
        folder: Where the copy goes.
        withheld: Full names of modules and packages to leave out.
    """
    package = Path(course_lib.__file__).parent
    out = {package.parent.joinpath(*name.split(".")) for name in withheld}

    def unwanted(here: str, names: list[str]) -> list[str]:
        return [name for name in names if name == "__pycache__" or Path(here, name).with_suffix("") in out]

    shutil.copytree(package, folder / package.name, ignore=unwanted)


@dataclass
class Sandbox:
    """Confines what students wrote, at one level, with one warm process at a time.

    Args:
        folder: A folder of this sandbox alone.
        level: How to confine.
        withheld: Modules that are not there.
    """

    folder: Path
    level: str
    withheld: Sequence[str] = ()
    _warm: subprocess.Popen | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        (self.folder / "root").mkdir(exist_ok=True)
        if not (self.folder / "stage").exists():
            stage(self.folder / "stage", self.withheld)

    @contextlib.contextmanager
    def job(self) -> Iterator[Job]:
        """A place for one submission, with a warm process that is ready for it."""
        folder = self.folder / "job"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("inputs", "home", "private"):
            (folder / name).mkdir(parents=True)
        (folder / "private").chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder / "home", NOBODY, NOBODY)
        pid = self._ready(folder)
        home, seen_from = {
            NAMESPACES: (HOME, "/proc/{pid}/root" + HOME),
            BUBBLEWRAP: (HOME, f"/proc/{pid}/root{HOME}"),
            NONE: (str(folder / "home"), str(folder / "home")),
        }[self.level]
        yield Job(folder, {"address": str(self._address), "home": home, "seen_from": seen_from})
        shutil.rmtree(folder, ignore_errors=True)
        if self.level == BUBBLEWRAP:
            self.close()

    def close(self) -> None:
        """End the warm process, and with it every kernel."""
        if self._warm is not None:
            self._warm.kill()
            self._warm.wait()
            self._warm = None

    @property
    def _address(self) -> Path:
        return self.folder / "door" / "warm"

    def _ready(self, job: Path) -> int:
        """Have a warm process that listens; returns the pid, as the host counts, of the first process in its root."""
        if self._warm is None or self._warm.poll() is not None:
            self.close()
            shutil.rmtree(self._address.parent, ignore_errors=True)
            self._address.parent.mkdir()
            self._start(job)
        return self._warm.pid if self.level != BUBBLEWRAP else _child(self._warm.pid)

    def _start(self, job: Path) -> None:
        readable = [str(self.folder / "stage"), sys.prefix, sys.base_prefix]
        site = str(Path(course_lib.__file__).parent)
        hidden = [site] if any(Path(site).is_relative_to(path) for path in readable) else []
        settings = {
            "address": str(self._address),
            "level": NAMESPACES if self.level == NAMESPACES else NONE,
            "root": str(self.folder / "root"),
            "readable": readable,
            "hidden": hidden,
        }
        command = [sys.executable, "-c", "from course_lib.grading.warm import main; main()", json.dumps(settings)]
        if self.level == BUBBLEWRAP:
            shown = [word for path in (*readable, str(job / "inputs")) for word in ("--ro-bind", path, path)]
            door, empty = str(self._address.parent), [word for path in hidden for word in ("--tmpfs", path)]
            command = [*BWRAP, *_links(), *shown, *empty, "--bind", door, door, "--", *command]
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(self.folder / "stage"), "HOME": HOME}
        environment |= {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._warm = subprocess.Popen(command, env=environment, cwd=self.folder / "stage", **quiet)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._warm.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
                trial.connect(str(self._address))
                return
            time.sleep(0.05)
        self.close()
        raise OSError(f"the warm process did not start; try it: {sys.executable} -c 'import torch, torch_geometric'")


@dataclass(frozen=True)
class Job:
    """A place for one submission.

    Args:
        folder: With `private` for the grader alone and `inputs`, which the submission can read.
        provisioner: What the kernel's provisioner is told.
    """

    folder: Path
    provisioner: dict[str, str]

    def write_kernelspec(self) -> None:
        """Describe the kernel "course-sandbox" to Jupyter, under `private`."""
        config = {**self.provisioner, "readable": [str(self.folder / "inputs")]}
        spec = {
            "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "course-sandbox",
            "language": "python",
            "metadata": {"kernel_provisioner": {"provisioner_name": "course-sandbox", "config": config}},
        }
        place = self.folder / "private/kernels/course-sandbox"
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(spec))


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
