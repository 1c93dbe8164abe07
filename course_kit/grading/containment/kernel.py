"""The kernel that a submission runs in: Jupyter's own, but nobody reads what it prints, and `exit` does not end it."""

from __future__ import annotations

import io
import json
import os
import random
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import matplotlib.pyplot as plt
import numpy as np
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

from course_kit.grading.asking.telling import prepare

SAID = "said"  # in a reply's metadata, see `running.listening`
PIECE = 64  # characters that a piece of output counts for at least: many short ones are much output, too


class Sink(io.TextIOBase):
    """Standard output or error of a notebook: counts what is written and forgets it.

    A write costs next to nothing, from whichever thread and in whichever process, so a loop that prints without an end
    takes no memory and keeps no answer waiting.
    """

    encoding = "UTF-8"
    _said: ClassVar[Counter[int]] = Counter()  # by each thread: two that add to one number at the same time lose some

    @classmethod
    def count(cls, length: int) -> None:
        """Count a piece of output of this many characters."""
        cls._said[threading.get_ident()] += max(PIECE, length)

    @classmethod
    def said(cls) -> int:
        """How many characters have been counted, by all sinks and threads together."""
        return sum(list(cls._said.values()))

    def __init__(
        self, session: object = None, thread: object = None, name: str = "stdout", echo: object = None
    ) -> None:
        self.name = f"<{name}>"
        self._number = 2 if name == "stderr" else 1

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def fileno(self) -> int:
        """The file descriptor that a child process inherits, which leads nowhere either."""
        return self._number

    def close(self) -> None:
        """Stay open: a notebook that closes its output has not ended."""

    def write(self, text: str) -> int:
        """Take a text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.count(len(text))
        return len(text)


class Forgotten(dict[int, list[Any]]):
    """In the place where IPython keeps all that cells print and show, as long as they run: here nothing is kept."""

    def __missing__(self, execution_count: int) -> list[Any]:
        return []


class Kernel(IPythonKernel):
    """Says in each reply how much the notebook has printed and shown so far, and ends only when it is killed."""

    def finish_metadata(self, parent: Any, metadata: dict[str, Any], reply_content: Any) -> dict[str, Any]:
        """The metadata of a reply."""
        return {**super().finish_metadata(parent, metadata, reply_content), SAID: Sink.said()}

    def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """What a notebook may call to end its own kernel."""
        return {"status": "ok", "restart": restart}


def run_kernel(connection: dict[str, Any], ready: int) -> NoReturn:
    """Be a kernel until somebody kills this process.

    Args:
        connection: What a kernel's connection file holds.
        ready: File descriptor to write to once the kernel listens.
    """
    random.seed(0)  # the same run for everybody
    np.random.seed(0)
    if torch := sys.modules.get("torch"):  # imported later, it begins with a seed that is always the same
        torch.manual_seed(0)
    Path("connection.json").write_text(json.dumps(connection))
    app = IPKernelApp.instance(kernel_class=Kernel, outstream_class=f"{__name__}.Sink")
    app.initialize(["-f", str(Path("connection.json").resolve()), "--HistoryManager.enabled=False"])
    _publish_only_states(app)
    app.shell.history_manager.outputs = Forgotten()
    _draw_inline(app)
    app.shell.events.register("post_run_cell", _mend_streams)
    prepare()
    for name in [name for name in sys.modules if name.startswith(__package__)]:
        del sys.modules[name]  # a submission finds what it may import, and what asks it, and nothing else of the kit
    os.write(ready, b"!")
    os.close(ready)
    app.start()
    while True:  # where a notebook stops the loop
        app.io_loop.start()


def _mend_streams(result: object) -> None:
    """After a cell: IPython can run no cell, and send no reply, without streams that can be written to."""
    for name in ("stdout", "stderr"):
        if getattr(getattr(sys, name), "closed", True):  # None has no such attribute either
            setattr(sys, name, Sink(name=name))


def _draw_inline(app: IPKernelApp) -> None:
    """Draw figures as ever, whichever window or widget a notebook asks for: its author may have what is not here.

    An error would cost the rest of the cell, which is likely to hold the notebook's imports.
    """
    app.shell.enable_matplotlib = lambda gui=None: ("inline", "inline")
    app.shell.enable_gui = lambda gui=None: None
    switch = plt.switch_backend
    plt.switch_backend = lambda backend: switch("module://matplotlib_inline.backend_inline")


def _publish_only_states(app: IPKernelApp) -> None:
    """Count what the notebook shows (figures, widgets, progress bars) and send none of it."""
    publish = app.iopub_thread.send_multipart

    def send(parts: list[bytes], *args: Any, **how: Any) -> None:
        if bytes(parts[0]).endswith(b"status"):
            publish(parts, *args, **how)
        else:
            Sink.count(sum(map(len, parts)))

    app.iopub_thread.send_multipart = send
