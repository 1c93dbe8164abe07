"""A grader: a process without threads that grades one submission after the other, and the handle to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from course_lib.grading.result import Result

PREFIX = "course-grader-"
PATIENCE = 600  # seconds; a submission is ended by itself long before


class GraderDied(Exception):
    """The grader's process ended or hung; the submission may be innocent."""


class Grader:
    """The handle: starts a grader's process when it is first needed, and again should it die.

    Args:
        bundle: File of the pickled bundle.
        level: How to confine, see `sandbox`.
    """

    def __init__(self, bundle: Path, level: str) -> None:
        self._settings = [str(bundle), level]
        self._process: subprocess.Popen | None = None

    def grade(self, student: str, content: bytes) -> Result:
        """Grade one submission.

        Raises:
            GraderDied: If no answer came; the next call starts a new process.
        """
        if self._process is None:
            command = [sys.executable, "-c", "from course_lib.grading.grader import main; main()", *self._settings]
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self._process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
        try:
            pickle.dump((student, content), self._process.stdin)
            self._process.stdin.flush()
            answered, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
            line = self._process.stdout.readline() if answered else b""
            return Result.from_json(pickle.loads(bytes.fromhex(line.decode())))
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise GraderDied(str(error)) from error

    def close(self) -> None:
        """End the process, and with it all that it started."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def main() -> None:
    """Grade what comes on standard input until it closes."""
    from course_lib.grading.confine import DIE_WITH_PARENT, libc
    from course_lib.grading.grade import grade
    from course_lib.grading.guarded import warm_up
    from course_lib.grading.sandbox import Sandbox

    if sys.platform == "linux":
        libc.prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever prints here, it is no answer
    bundle, level = pickle.loads(Path(sys.argv[1]).read_bytes()), sys.argv[2]
    warm_up()
    with _folder() as folder:
        sandbox = Sandbox(folder, level, bundle.assignment.withheld)
        with contextlib.suppress(EOFError):
            while True:
                student, content = pickle.load(sys.stdin.buffer)
                result = grade(bundle, content, student, sandbox)
                print(pickle.dumps(result.to_json()).hex(), file=answers, flush=True)
        sandbox.close()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder of this process alone; those of graders that were killed are swept away."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (left / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)
