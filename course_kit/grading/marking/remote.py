"""Graders on many machines: every worker of a Dask cluster grades as one machine does alone.

Start a scheduler and workers where course_lib is installed, each worker with one thread, by ssh, Slurm or Kubernetes:
    dask scheduler
    dask worker tcp://ADDRESS --nthreads 1
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from course_kit.grading.containment.levels import best_level
from course_kit.grading.containment.warm import NONE
from course_kit.grading.handed_in.collect import Submission
from course_kit.grading.marking.batch import Submit, grade_with
from course_kit.grading.marking.bundle import Bundle
from course_kit.grading.marking.grader import Grader
from course_kit.grading.marking.result import Result

RETRIES = 3  # of one submission, should the worker be lost
PATIENCE = 20  # seconds until a scheduler has to answer


@contextmanager
def dask_graders(bundle: Bundle, address: str, require_sandbox: bool = False) -> Iterator[Submit]:
    """Graders on the workers of a Dask cluster.

    Args:
        bundle: What is asked; it goes to each worker once.
        address: Address of the scheduler.
        require_sandbox: Refuse workers that cannot confine a submission.

    Raises:
        ValueError: If nobody answers at the address.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("--dask needs the extra: pip install 'course-lib[cluster]'") from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ValueError(f"--dask {address}: no scheduler answers there ({error}); start `dask scheduler`") from None
    with client:
        there = client.scatter(bundle, broadcast=True)
        executor = client.get_executor(retries=RETRIES, pure=False)
        yield lambda submission: executor.submit(_grade_there, there, submission, require_sandbox)


def _grade_there(bundle: Bundle, submission: Submission, require_sandbox: bool) -> Result:
    grader, level = _grader(_Shared(bundle))
    if require_sandbox and level == NONE:
        raise ValueError("a worker cannot confine submissions: install bubblewrap there, or allow user namespaces")
    return grade_with(grader, bundle, submission, level)


class _Shared:
    """A bundle as the key of a cache."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shared) and self.bundle.digest == other.bundle.digest

    def __hash__(self) -> int:
        return hash(self.bundle.digest)


@cache
def _grader(shared: _Shared) -> tuple[Grader, str]:
    """The grader of this worker, which lasts as long as the worker, and how it confines."""
    with tempfile.TemporaryDirectory() as empty:
        level = best_level(Path(empty))
    return Grader(shared.bundle, level), level
