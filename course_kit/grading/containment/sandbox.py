"""Where submissions run: which confinement this machine allows, and the warm process behind it."""

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
from course_kit.grading.containment.confine import HOME, NOBODY, SYSTEM, Limits
from course_kit.grading.containment.warm import BESIDE, NAMESPACES, NONE

BUBBLEWRAP = "bubblewrap"
PATIENCE = 120  # seconds until the warm process has to listen
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
ENGINE = "grading/containment"
KIT = (
    *("__init__.py", "grading/__init__.py", "grading/asking"),
    *(f"{ENGINE}/{x}.py" for x in ("__init__", "confine", "kernel", "system_calls", "warm")),
)
SEALED = ("--remount-ro", "/dev", "--remount-ro", "/", "--")


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
            BUBBLEWRAP: [*BWRAP, *_system(), *SEALED, "/usr/bin/true"],
        }
        for level, command in tries.items():
            with contextlib.suppress(OSError):
                if subprocess.run(command, capture_output=True, timeout=20).returncode == 0:
                    return level
    return NONE


def remove(folder: Path) -> None:
    """Remove a folder that a submission could write in; it may be deeper than Python can follow."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:
        subprocess.run(["/bin/rm", "-rf", "--", str(folder)], check=False, capture_output=True)


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


def _system() -> Iterator[str]:
    """Bubblewrap's words for the system's folders, some of them links into others on most systems."""
    for path in filter(os.path.exists, SYSTEM):
        yield from ("--symlink", os.readlink(path), path) if os.path.islink(path) else ("--ro-bind", path, path)


def stage(folder: Path, withheld: Sequence[str]) -> None:
    """Copy what a submission may import: the library without the modules under test, and of the kit what asks.

    What the warm process itself runs is copied too; kernels in namespaces do not see that folder.

    Args:
        folder: Where the copy goes.
        withheld: Full names of modules and packages to leave out.
    """
    for package, kept in ((Path(course_lib.__file__).parent, [""]), (Path(course_kit.__file__).parent, KIT)):
        root = package.parent
        out = {root.joinpath(*name.split(".")) for name in withheld}
        for file in (file for part in kept for file in sorted([package / part, *(package / part).rglob("*")])):
            if file.is_file() and file.suffix == ".py" and not out & {file.with_suffix(""), *file.parents}:
                target = folder / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)


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
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))  # never one that an earlier submission had
        folder.chmod(0o711)
        for name in ("inputs", "home", "private"):
            (folder / name).mkdir()
        (folder / "private").chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder / "home", NOBODY, NOBODY)
        try:
            self._ready(folder)
            home, seen_from = {
                NAMESPACES: (HOME, "/proc/{pid}/root" + HOME),
                BUBBLEWRAP: (HOME, self._seen(HOME)),
                NONE: (str(folder / "home"), str(folder / "home")),
            }[self.level]
            yield Job(folder, {"address": self._seen(self._address), "home": home, "seen_from": seen_from})
        finally:
            remove(folder)
            if self.level == BUBBLEWRAP:
                self.close()

    def close(self) -> None:
        """End the warm process, and with it every kernel."""
        if self._warm is not None:
            self._warm.kill()
            self._warm.wait()
            self._warm = None

    @property
    def _address(self) -> str:
        """The warm process's socket, as that process sees it."""
        return f"{HOME}/warm" if self.level == BUBBLEWRAP else str(self.folder / "door" / "warm")

    def _seen(self, path: str) -> str:
        """Where something that the warm process sees is for us."""
        if self.level != BUBBLEWRAP:
            return path
        return f"/proc/{_child(self._warm.pid)}/root{path}"

    def _ready(self, job: Path) -> None:
        """Have a warm process that listens."""
        if self._warm is None or self._warm.poll() is not None:
            self.close()
            shutil.rmtree(self.folder / "door", ignore_errors=True)
            (self.folder / "door").mkdir()
            self._start(job)

    def _start(self, job: Path) -> None:
        readable = [str(self.folder / "stage"), *python_folders()]
        sites = [str(Path(package.__file__).parent) for package in (course_lib, course_kit)]
        hidden = [str(self.folder / "stage" / course_kit.__name__ / ENGINE)] if self.level == NAMESPACES else []
        hidden += [site for site in sites if any(Path(site).is_relative_to(path) for path in (*readable, *SYSTEM))]
        settings = {
            "address": self._address,
            "level": NAMESPACES if self.level == NAMESPACES else NONE,
            "root": str(self.folder / "root"),
            "readable": readable,
            "hidden": hidden,
        }
        command = [
            sys.executable,
            "-c",
            "from course_kit.grading.containment.warm import main; main()",
            json.dumps(settings),
        ]
        if self.level == BUBBLEWRAP:
            shown = [word for path in (*readable, str(job / "inputs")) for word in ("--ro-bind", path, path)]
            empty = [word for path in hidden for word in ("--tmpfs", path, "--remount-ro", path)]
            command = [*BWRAP, *_system(), *shown, *empty, *SEALED, *command]
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.folder / "stage"), "HOME": HOME}
        environment |= {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._warm = subprocess.Popen(command, env=environment, cwd=self.folder / "stage", **quiet)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._warm.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
                trial.connect(self._seen(self._address))
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


def _child(pid: int) -> int:
    """The first child of a process, as the host counts."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not children:
        raise ProcessLookupError(f"process {pid} has no child yet")
    return int(children[0])
