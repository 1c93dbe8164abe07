"""Install the course into .venv: create it, repair it, or find in a moment that it is good.

`make` calls this before every command. Standard library only. Whatever interrupts it (Ctrl-C, kill -9, a lost network,
a full disk), running it again finishes the work: an environment counts as good only once its stamp is written, last.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import system

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "course-install.json"
LOG = VENV / "course-install.log"
LOCK = ROOT / "requirements.lock"
# Installed before the rest, each on its own: pip, because an old one shows no progress; torch, so that nothing which
# depends on it gets to choose its version or its build.
FIRST = ("pip", "torch")
# Tests of packages, and of the transformers all but a few: a third of what there is. Whoever imports one, compiles it.
HARDLY_IMPORTED = ("(.*/)?tests?/", "transformers/models/.*/mod(eling|ular)_")
REMEDIES = {
    "No space left on device": "The disk is full: the course needs about 3 GB (8 GB with CUDA). Free some, run again.",
    "ProxyError|Cannot connect to proxy|Tunnel connection failed": (
        "The proxy that HTTPS_PROXY names does not let pip through: correct that variable or unset it, and run it "
        "again; it goes on where it stopped."
    ),
    "Name or service not known|Temporary failure in name resolution|NewConnectionError|Connection refused"
    "|Network is unreachable|ConnectTimeout|nodename nor servname|Read timed out|ReadTimeoutError": (
        "The package index cannot be reached: check the network, or set HTTPS_PROXY, and run it again; "
        "it goes on where it stopped."
    ),
    "Could not find a version|No matching distribution": (
        "The index has no package for this Python and system: try another Python (make PYTHON=python3.12 lab) "
        "or the conda route (environment.yml)."
    ),
    "Permission denied|Read-only file system": (
        "A file cannot be written: make this folder yours (chown) or copy the course to one that is, then run it again."
    ),
}


class InstallError(Exception):
    """A stage failed; the message tells a person what to do."""


def dist_infos() -> list[str]:
    """Names of the installed distributions, with versions, as their folders spell them."""
    return sorted(path.name for path in VENV.glob("lib/python3*/site-packages/*.dist-info"))


def expected_stamp() -> dict[str, str]:
    """What a good environment's stamp says about its inputs: the pins, the place, the Python behind it."""
    inputs = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return {"inputs": hashlib.sha256(inputs).hexdigest(), "root": str(ROOT), "python": os.path.realpath(PYTHON)}


def is_good() -> bool:
    """Whether the environment was finished from these inputs, in this place, and nothing of it is missing since."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    installed = set(stamp.pop("installed", []))
    return os.access(PYTHON, os.X_OK) and stamp == expected_stamp() and installed <= set(dist_infos())


@contextlib.contextmanager
def one_at_a_time() -> Iterator[int]:
    """Hold the install lock; a second installer waits here. Yields the lock's file descriptor.

    pip inherits the descriptor: should the installer be killed, the lock stays taken until its pip has ended too.
    """
    with (ROOT / ".install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another install of this folder is running; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def create() -> None:
    """Make an empty .venv with pip, in place of whatever half of one is there."""
    if importlib.util.find_spec("ensurepip") is None:
        package = "python{}.{}-venv".format(*sys.version_info)
        if not system.install_packages([package]):
            raise InstallError(f"{sys.executable} cannot make environments without {package}.")
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise InstallError(f"No environment could be made in {VENV}: {error.output or error}") from error
    except (OSError, ValueError) as error:
        raise InstallError(f"No environment could be made in {VENV}: {error}") from error


def can_be_finished() -> bool:
    """Whether .venv was made in this place (its scripts hold the path) and is whole enough to run pip."""
    try:
        made_here = str(VENV) in (VENV / "bin" / "activate").read_text()
        return made_here and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def drop_half_installed() -> None:
    """Forget distributions that a killed pip left behind unfinished.

    pip writes RECORD last, yet takes a distribution without one for installed.
    """
    for info in VENV.glob("lib/python3*/site-packages/*.dist-info"):
        if not (info / "RECORD").exists():
            shutil.rmtree(info)


def progress_line(line: str) -> str | None:
    """What a line of pip's output is worth telling, or None.

    Args:
        line: one line of `pip install --progress-bar raw`.

    Returns:
        A few words such as `torch-2.13.0.whl (800 MB)` or `120 of 800 MB`.
    """
    if found := re.match(r"Progress (\d+) of (\d+)", line):
        done, total = (int(size) / 1e6 for size in found.groups())
        return f"{done:.0f} of {total:.0f} MB" if total > 20 else None
    if found := re.match(r"\s*(?:Downloading|Using cached|Processing|Collecting) (?:\S*/)?(\S+)", line):
        return found[1]
    return "unpacking" if line.startswith("Installing collected") else None


def explained(output: list[str]) -> str:
    """What pip said of its failure, and below it what to do."""
    for pattern, remedy in REMEDIES.items():
        if said := [line for line in output if re.search(pattern, line)]:
            return f"{said[-1].strip()}\n{remedy}"
    return "".join([*output[-8:], "\nRun it again; if it fails in the same place, run make clean first."])


def started(command: list[str | Path], lock: int) -> subprocess.Popen[str]:
    """Start a program whose lines are read while it runs; it inherits the descriptor of the install lock."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=[lock],
    )


def pip_install(arguments: list[str], show: Callable[[str], None], lock: int) -> None:
    """Run `pip install`, its output into the log.

    Args:
        arguments: what to install.
        show: called with what pip is doing.
        lock: descriptor of the install lock, for pip to inherit.

    Raises:
        InstallError: pip failed; the message has its last lines and what to do.
    """
    base = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    base += ["install", "--no-warn-script-location", "--no-compile"]
    if any(re.match(r"pip-(2[5-9]|[3-9]\d)\.", name) for name in dist_infos()):
        base += ["--progress-bar", "raw"]  # unknown to the pip that an older Python brings along
    output: list[str] = []
    with LOG.open("a") as log, started([*base, *arguments], lock) as pip:
        for line in pip.stdout:
            if not line.startswith("Progress "):
                log.write(line)
                output.append(line)
            if text := progress_line(line):
                show(text)
    if pip.returncode != 0:
        raise InstallError(f"{explained(output)}\n(all of pip's output: {LOG})")


def compile_modules(show: Callable[[str], None], lock: int) -> None:
    """Compile packages and course on all cores; pip would do it on one, file after file.

    Args:
        show: called with how many files are done.
        lock: descriptor of the install lock, to inherit.
    """
    folders = [*VENV.glob("lib/python3*/site-packages"), *ROOT.glob("course_*")]
    left_out = f"site-packages/({'|'.join(HARDLY_IMPORTED)})"
    # Its exit code is not asked: some package always has a file for another Python.
    with started([PYTHON, "-m", "compileall", "-j", "0", "-x", left_out, *folders], lock) as compiling:
        for done, _ in enumerate(line for line in compiling.stdout if line.startswith("Compiling ")):
            if done % 100 == 0:
                show(f"{done} files")


@contextlib.contextmanager
def stage(title: str) -> Iterator[Callable[[str], None]]:
    """One line of progress: the title, on a terminal what is going on, in the end the seconds it took."""
    start = time.monotonic()
    live = sys.stdout.isatty()

    def show(text: str) -> None:
        if live:
            width = shutil.get_terminal_size().columns - 1
            line = f"  {title:<20} {time.monotonic() - start:5.0f} s   {text}"
            print(f"\r{line:<{width}.{width}}", end="", flush=True)

    if not live:
        print(f"  {title:<20} ...", flush=True)
    show("")
    try:
        yield show
    except BaseException:
        print(flush=True)
        raise
    show("done")
    print("" if live else f"  {title:<20} {time.monotonic() - start:5.0f} s", flush=True)


def install(lock: int) -> None:
    """Bring .venv to what the lock file says, from whatever state it is in, and write the stamp."""
    STAMP.unlink(missing_ok=True)
    if not can_be_finished():
        with stage("environment in .venv"):
            create()
    drop_half_installed()
    for name in FIRST:
        with stage(name) as show:
            pip_install(["--constraint", "requirements.lock", name], show, lock)
    with stage("everything else") as show:
        pip_install(["--requirement", "requirements.lock"], show, lock)
    with stage("this course") as show:
        pip_install(["--no-deps", "--no-build-isolation", "--editable", "."], show, lock)
    if os.environ.get("PIP_COMPILE") != "0":  # pip's own switch
        with stage("compiling") as show:
            compile_modules(show, lock)
    stamp = {**expected_stamp(), "installed": dist_infos()}
    unfinished = STAMP.with_suffix(".part")
    unfinished.write_text(json.dumps(stamp))
    unfinished.replace(STAMP)


def main() -> int:
    """Install if needed."""
    if is_good():
        return 0
    try:
        with one_at_a_time() as lock:
            if not is_good():  # the one we waited for may have done it
                print("Installing the course into .venv (once; it takes a few minutes) ...", flush=True)
                install(lock)
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(explained([str(error)]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run it again to finish the installation.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
