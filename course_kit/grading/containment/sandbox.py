"""Where submissions run: a warm process, and for each submission a folder and a kernel forked from that process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import course_kit
import course_lib
from course_kit.grading.containment.confine import HOME, SYSTEM
from course_kit.grading.containment.levels import LEVELS, Unconfined, python_folders
from course_kit.grading.containment.staging import ENGINE, stage
from course_kit.grading.containment.users import User
from course_kit.grading.containment.warm import BESIDE, WITH_TORCH

PATIENCE = 120  # seconds until the warm process has to listen
ENVIRONMENT = {  # of the warm process: nothing of whoever grades
    **{"PATH": "/usr/bin:/bin", "HOME": HOME, "PYTHONDONTWRITEBYTECODE": "1"},
    **{"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
}
MAIN = "from course_kit.grading.containment.warm import main; main()"


@dataclass
class Sandbox:
    """Runs what students wrote, confined, one submission at a time.

    Args:
        folder: A folder of this sandbox alone.
        level: How to confine; a name from `LEVELS`.
        withheld: Modules that are not there.
        preload: Modules that are imported before the first submission comes.
    """

    folder: Path
    level: str
    withheld: Sequence[str] = ()
    preload: Sequence[str] = WITH_TORCH
    _warm: WarmProcess | None = None

    def __post_init__(self) -> None:
        self._user = User()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        (self.folder / "root").mkdir(exist_ok=True)
        if not (self.folder / "stage").exists():
            stage(self.folder / "stage", self.withheld)

    @contextlib.contextmanager
    def job(self) -> Iterator[Job]:
        """A place for one submission, with a warm process that is ready for it."""
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))  # never one that an earlier submission had
        folder.chmod(0o711)
        for name in ("inputs", "home", "private"):
            (folder / name).mkdir()
        (folder / "private").chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder / "home", self._user.number, self._user.number)
        level = LEVELS[self.level]
        try:
            warm = self._ready(level, folder)
            home, seen_from = level.home(folder, warm.pid)
            yield Job(folder, {"address": warm.address, "home": home, "seen_from": seen_from})
        finally:
            remove(folder)
            if not level.lasts:
                self.close()

    def close(self) -> None:
        """End the warm process, and with it every kernel."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None

    def _ready(self, level: Unconfined, job: Path) -> WarmProcess:
        """A warm process that listens: the one that there is, or a new one."""
        if self._warm is None or self._warm.has_ended:
            self.close()
            inputs = () if level.lasts else (str(job / "inputs"),)
            self._warm = WarmProcess(level, self.folder, inputs, self._user.number, self.preload)
        return self._warm


class WarmProcess:
    """The handle of a warm process (see `warm`), which listens by the time that this object is there.

    Args:
        level: How submissions are confined.
        folder: The sandbox's folder.
        inputs: What else it may read.
        user: Whom kernels run as, if root grades.
        preload: Modules to import first.

    Raises:
        OSError: If it does not listen in time.
    """

    def __init__(
        self, level: Unconfined, folder: Path, inputs: Sequence[str], user: int, preload: Sequence[str]
    ) -> None:
        shutil.rmtree(folder / "door", ignore_errors=True)
        (folder / "door").mkdir()
        staged = folder / "stage"
        readable = [str(staged), *python_folders()]
        settings = {
            "address": level.address(folder),
            "level": level.kernels,
            "root": str(folder / "root"),
            "readable": readable,
            "hidden": list(_hidden(level, staged, readable)),
            "user": user,
            "preload": list(preload),
        }
        warm = [sys.executable, "-c", MAIN, json.dumps(settings)]
        command = level.command(warm, [*readable, *inputs], settings["hidden"])
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**ENVIRONMENT, "PYTHONPATH": str(staged)}
        self._process = subprocess.Popen(command, env=environment, cwd=staged, **quiet)
        self._level, self._address = level, settings["address"]
        self._wait()

    @property
    def pid(self) -> int:
        """Its process id, or that of the program which shuts it in."""
        return self._process.pid

    @property
    def address(self) -> str:
        """Its socket, where it is for us."""
        return self._level.seen(self._address, self.pid)

    @property
    def has_ended(self) -> bool:
        """Whether it is there no more."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it, and with it every kernel."""
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self.has_ended:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
                trial.connect(self.address)
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

    def lay_beside(self, files: Mapping[str, bytes]) -> None:
        """Lay down files that the submission finds in its folder and cannot change."""
        for name, content in files.items():
            place = PurePosixPath(name)
            if place.is_absolute() or ".." in place.parts:
                continue
            target = self.folder / "inputs" / BESIDE / place
            with contextlib.suppress(OSError):  # a name that this system does not take
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                target.chmod(0o444)

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
        place.mkdir(parents=True, exist_ok=True)
        (place / "kernel.json").write_text(json.dumps(spec))


def _hidden(level: Unconfined, staged: Path, readable: Sequence[str]) -> Iterator[str]:
    """Folders that look empty: the course as it is installed, and, where a level can, what the warm process runs."""
    if level.hides_engine:
        yield str(staged / course_kit.__name__ / ENGINE)
    for package in (course_lib, course_kit):
        site = Path(package.__file__).parent
        if any(site.is_relative_to(path) for path in (*readable, *SYSTEM)):
            yield str(site)


def remove(folder: Path) -> None:
    """Remove a folder that a submission could write in; it may be deeper than Python can follow."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        subprocess.run(["/bin/rm", "-rf", "--", str(folder)], check=False, capture_output=True)
