"""A grader: a process without threads that grades one submission after the other, and the handle to it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pickle
import select
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from course_kit.grading.containment.sandbox import remove
from course_kit.grading.marking.bundle import Bundle
from course_kit.grading.marking.result import Result

PREFIX, NO_SANDBOX = "course-grader-", "no sandbox"
PATIENCE = 600  # seconds; a submission is ended by itself long before


class GraderDied(Exception):
    """The grader's process ended or hung; the submission may be innocent."""


class NoSandbox(Exception):
    """Submissions cannot be run here at all; none of them is to blame."""


class Grader:
    """The handle: starts a grader's process when it is first needed, and again should it die.

    Args:
        bundle: What is asked; handed to the process through a pipe.
        level: How to confine, see `sandbox`.
    """

    def __init__(self, bundle: Bundle, level: str) -> None:
        self._bundle, self._level = bundle, level
        self._process: subprocess.Popen | None = None
        self._one_at_a_time = threading.Lock()
        self._has_ended = self._has_graded = False

    def grade(self, student: str, content: bytes, beside: Mapping[str, bytes] = MappingProxyType({})) -> Result:
        """Grade one submission.

        Args:
            student: Whose it is.
            content: The notebook.
            beside: Files that lie beside it.

        Raises:
            GraderDied: If no answer came; the next call starts a new process.
            NoSandbox: If this grader has never been able to run a submission.
        """
        with self._one_at_a_time:
            if self._has_ended:
                raise GraderDied("it was ended for good")
            try:
                if self._process is None:
                    self._process = self._start()
                    pickle.dump((self._bundle, self._level), self._process.stdin)
                pickle.dump((student, content, dict(beside)), self._process.stdin)
                self._process.stdin.flush()
                answered, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
                answer = json.loads(self._process.stdout.readline() if answered else b"")
                if isinstance(answer, dict) and not self._has_graded:
                    raise NoSandbox(f"level {self._level!r}: {answer[NO_SANDBOX]}")
                result = Result.from_json(answer)
                self._has_graded = True
                return result
            except (OSError, ValueError, AttributeError) as error:  # the last where `end` was called meanwhile
                self.close()
                raise GraderDied(str(error)) from error

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, "-c", "from course_kit.grading.marking.grader import main; main()"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(command, env=environment, start_new_session=True, **pipes)

    def close(self) -> None:
        """End the process, and with it all that it started."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def end(self) -> None:
        """End the process for good: whoever waits for a result gets none."""
        self._has_ended = True
        self.close()


def main() -> None:
    """Take a bundle and a level from standard input, then grade what comes until it closes."""
    from course_kit.grading.containment.confine import die_with_parent
    from course_kit.grading.containment.confined_run import warm_up
    from course_kit.grading.containment.sandbox import Sandbox
    from course_kit.grading.containment.warm import WITH_TORCH
    from course_kit.grading.marking.grade import grade

    die_with_parent()
    os.umask(0o022)  # submissions, which run as another user if this is root, import what is staged here
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever prints here, it is no answer
    bundle, level = pickle.load(sys.stdin.buffer)
    warm_up()
    with _folder() as folder:
        preload = WITH_TORCH if "torch" in bundle.assignment.imported else ()
        sandbox = Sandbox(folder, level, bundle.assignment.withheld, preload)
        with contextlib.suppress(EOFError):
            while True:
                student, content, beside = pickle.load(sys.stdin.buffer)
                try:
                    answer = grade(bundle, content, student, sandbox, beside).to_json(answers=True)
                except OSError as error:
                    print(json.dumps({NO_SANDBOX: str(error)}), file=answers, flush=True)
                    raise
                print(json.dumps(answer), file=answers, flush=True)  # one line
        sandbox.close()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder of this process alone; those of graders that were killed are swept away."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            _sweep(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    remove(folder)


def _sweep(folder: Path) -> None:
    """Remove a folder whose grader has ended, unless somebody else made it up: anybody can write where it lies."""
    if folder.lstat().st_uid != os.geteuid() or not stat.S_ISREG((folder / "lock").lstat().st_mode):
        return
    lock = os.open(folder / "lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(folder)
    finally:
        os.close(lock)
