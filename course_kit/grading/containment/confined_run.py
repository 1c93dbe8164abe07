"""Run cells that nobody trusts: nbval in a forked process that can be ended, its kernel in the sandbox."""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from course_kit.grading.containment.confine import MIB, cap, die_with_parent
from course_kit.grading.containment.guard import Guard
from course_kit.grading.containment.sandbox import Job
from course_kit.grading.running.splice import Cell, Ran, spliced

MEMORY = 1024 * MIB  # of the process that listens to a kernel
OPTIONS = ("-p", "nbval.plugin", "-p", "no:cacheprovider", "-p", "no:terminalreporter", "-c", os.devnull, "--nbval")
HERE = ("--rootdir", ".", "--confcutdir", ".")
PATIENCE = 120  # seconds for a kernel to begin, which takes a moment unless the machine is busy
KERNEL = ("--nbval-kernel-name", "course-sandbox", "--nbval-kernel-startup-timeout", f"{PATIENCE}")


def warm_up() -> None:
    """Import here, once, what each forked process needs; a process that forks must have no thread by then."""
    import IPython.paths  # noqa: F401  # jupyter_client does, for each kernel
    import jupyter_client.manager  # noqa: F401
    import nbformat
    import nbval.plugin  # noqa: F401
    import pytest

    import course_kit.grading.containment.provisioner  # noqa: F401

    nbformat.validate(nbformat.from_dict(json.loads(spliced([Cell("1")]))))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # nbval and ours, no other
    pytest.main(["--markers", *OPTIONS])
    gc.collect()
    gc.freeze()


def run_confined(cells: Sequence[Cell], job: Job, seconds: float) -> Iterator[Ran]:
    """Run cells in one kernel of the sandbox, as nbval does.

    Args:
        cells: The cells.
        job: Where to run them.
        seconds: Time limit of all cells together.

    Yields:
        How each cell ended, as soon as it has; fewer than there are cells if time or memory ran out.

    Raises:
        OSError: If there is no kernel to run them in.
    """
    job.write_kernelspec()
    (job.folder / "private/spliced.ipynb").write_text(spliced(cells), encoding="utf-8")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _run_nbval(cells, job, writing)
    os.close(writing)
    until = time.monotonic() + seconds
    try:
        with open(reading, "rb", buffering=0) as pipe:
            lines = _lines(pipe, until)
            if next(lines, b"") != b"null":  # which says that there is a kernel
                if time.monotonic() >= until:
                    return
                raise OSError("the sandbox gave no kernel; what was to run in it is not to blame")
            for _, line in zip(cells, lines, strict=False):  # nobody waits for what follows the last
                yield Ran(**json.loads(line))
    finally:  # the kernel ends with it
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _lines(pipe: Any, until: float) -> Iterator[bytes]:
    """Whole lines, until the other end closes or time runs out."""
    rest = b""
    while select.select([pipe], [], [], max(0, until - time.monotonic()))[0]:
        if not (read := pipe.read(1 << 16)):
            return
        *lines, rest = (rest + read).split(b"\n")
        yield from lines


def _run_nbval(cells: Sequence[Cell], job: Job, writing: int) -> NoReturn:
    """What the forked process does; whatever happens in it, it ends here."""
    try:
        die_with_parent()
        cap(resource.RLIMIT_DATA, MEMORY)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.chdir(job.folder / "private")
        os.environ["JUPYTER_PATH"] = os.environ["JUPYTER_RUNTIME_DIR"] = str(job.folder / "private")
        os.environ.pop("PYTEST_ADDOPTS", None)
        import pytest

        def say(record: dict[str, Any] | None) -> None:
            os.write(writing, json.dumps(record).encode() + b"\n")

        guard = Guard(cells, job.folder / "inputs", say)
        pytest.main(["-s", *OPTIONS, *HERE, *KERNEL, "spliced.ipynb"], plugins=[guard])
    finally:
        os._exit(0)
