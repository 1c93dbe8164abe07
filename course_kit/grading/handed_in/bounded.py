"""Work on bytes that somebody else made, in a process of its own with limits on memory, time and output.

What the work ends with is data: a notebook that is slow to read, or that ends the reading process, costs its author and
nobody else.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

SECONDS = 2  # of processor time; an honest notebook of 50 MB takes a fifth of it, and grading reads each once more
PATIENCE = 30  # seconds on the clock, for a machine that is busy with other things
MEMORY = 280 << 20  # bytes beyond what the process has when it starts
OUTPUT = 12 << 20  # bytes of all results
NO_MEMORY, TOO_MUCH = 3, 4
BUSY = "this machine was too busy to read it in time; run the command again"  # the only reason that is nobody's fault


def bounded(
    steps: Callable[..., Iterator[Any]], *arguments: object, seconds: int = SECONDS, memory: int = MEMORY
) -> tuple[list[Any], str]:
    """Run a generator in a process of its own.

    Args:
        steps: The generator; it yields what JSON can hold.
        arguments: What it is called with.
        seconds: Processor time that it may take.
        memory: Bytes that it may take beyond what this process has.

    Returns:
        What it yielded, as far as it got; and why it got no further, "" if it came to its end.
    """
    if not hasattr(os, "fork"):  # on Windows, where students check notebooks of their own and nobody grades
        return [json.loads(json.dumps(value)) for value in steps(*arguments)], ""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: this child starts none
        pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(steps, arguments, writing, seconds, memory)
    os.close(writing)
    try:
        with open(reading, "rb", buffering=0) as pipe:
            said = _all_of(pipe, PATIENCE + seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # whoever has ended stays until it is waited for
        _, status = os.waitpid(pid, 0)
    found = []
    with contextlib.suppress(ValueError, RecursionError):
        found = [json.loads(line) for line in said.split(b"\n")[:-1]]
    return found, _why(os.waitstatus_to_exitcode(status), seconds, memory)


def _all_of(pipe: Any, patience: float) -> bytes:
    """All that is said, until the other end closes, which says no more than `OUTPUT`, or takes too long."""
    said, until = bytearray(), time.monotonic() + patience
    while select.select([pipe], [], [], max(0, until - time.monotonic()))[0]:
        if not (read := pipe.read(1 << 20)):
            break
        said += read
    return bytes(said)


def _why(code: int, seconds: int, memory: int) -> str:
    if code == 0:
        return ""
    if code == -signal.SIGKILL:
        return BUSY
    if code == -signal.SIGXCPU:
        return f"it takes more than {seconds} s"
    return {NO_MEMORY: f"it takes more than {memory >> 20} MB of memory", TOO_MUCH: "it holds too much"}.get(
        code, "the process that read it ended"
    )


def _work(
    steps: Callable[..., Iterator[Any]], arguments: tuple[object, ...], writing: int, seconds: int, memory: int
) -> NoReturn:
    """What the child does; whatever happens in it, it ends here."""
    code = 1
    try:
        faulthandler.disable()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        _limit(seconds, memory)
        gc.freeze()
        gc.disable()
        left = OUTPUT
        for value in steps(*arguments):
            line = json.dumps(value).encode() + b"\n"
            left -= len(line)
            if left < 0:
                os._exit(TOO_MUCH)
            while line:
                line = line[os.write(writing, line) :]
        code = 0
    except MemoryError:
        code = NO_MEMORY
    finally:
        os._exit(code)


def _limit(seconds: int, memory: int) -> None:
    """Limits of this process: where the system tells how much memory it has, so much more and no more."""
    import resource  # which Windows lacks, where notebooks are checked but not graded

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sys.platform == "linux":
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
