"""Grade a class: every submission once, in any order, by many graders, and never again what is graded already."""

from __future__ import annotations

import dataclasses
import queue
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from course_kit.grading.containment.warm import NONE
from course_kit.grading.handed_in.collect import Submission
from course_kit.grading.handed_in.run import Run, stems
from course_kit.grading.marking.bundle import Bundle
from course_kit.grading.marking.grade import digest, nothing
from course_kit.grading.marking.grader import Grader, GraderDied, NoSandbox
from course_kit.grading.marking.result import Result
from course_kit.storing import replace

TRIES = 2  # of one submission, should the grader's own process die
EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
Submit = Callable[[Submission], Future]


def grade_all(
    bundle: Bundle,
    submissions: Iterable[Submission],
    files: Mapping[str, Path],
    submit: Submit,
    level: str,
    regrade: bool = False,
    progress: bool = True,
) -> dict[str, Result]:
    """Grade what is not graded yet.

    A result is stored as soon as it is there, by renaming, and taken again where bundle, submission and confinement
    are the same: so a run that was killed goes on, and a new run grades what has changed.

    Args:
        bundle: What is asked.
        submissions: What to grade.
        files: Student → where the result is stored.
        submit: Starts grading one submission; see `local_graders` and `remote.dask_graders`.
        level: How submissions are confined; those that were not at all are graded again where they can be.
        regrade: Grade everything again.
        progress: Show a bar with rate, time left and how many have flags.

    Returns:
        Student → result, in the order of the students.
    """
    from tqdm import tqdm

    results = {}
    waiting = []
    for submission in submissions:
        known = None if regrade else _stored(files[submission.student])
        if known is not None and _same(known, bundle, submission, level):
            results[submission.student] = known
        else:
            waiting.append(submission)
    futures = {submit(submission): submission for submission in waiting}
    with tqdm(total=len(waiting), desc="grading", unit="submission", ncols=100, disable=not progress) as bar:
        for future in as_completed(futures):
            submission, result = futures[future], future.result()
            replace(files[submission.student], result.to_json())
            results[submission.student] = result
            bar.set_postfix(flags=sum(bool(result.flags) for result in results.values()), refresh=False)
            bar.update()
    return dict(sorted(results.items()))


@contextmanager
def local_graders(bundle: Bundle, level: str, workers: int) -> Iterator[Submit]:
    """Graders on this machine.

    Args:
        bundle: What is asked.
        level: How to confine.
        workers: How many grade at a time.
    """
    graders: queue.SimpleQueue[Grader] = queue.SimpleQueue()
    everyone = [Grader(bundle, level) for _ in range(workers)]
    for grader in everyone:
        graders.put(grader)

    def work(submission: Submission) -> Result:
        grader = graders.get()
        try:
            return grade_with(grader, bundle, submission, level)
        finally:
            graders.put(grader)

    pool = ThreadPoolExecutor(workers)
    try:
        yield lambda submission: pool.submit(work, submission)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for grader in everyone:
            grader.end()


def grade_with(grader: Grader, bundle: Bundle, submission: Submission, level: str) -> Result:
    """Grade with a grader, again should it die; a submission that it does not survive gets nothing, and a flag.

    Where the grader survives an empty notebook right afterwards, the submission is to blame: its result is kept, and
    the next run does not pay for it again. Where it does not, something else is, and the next run tries once more.

    Raises:
        NoSandbox: If the grader cannot run any submission.
    """
    for number in range(TRIES):
        try:
            return grader.grade(submission.student, submission.content, submission.beside)
        except GraderDied:
            continue
        except NoSandbox:
            grader.close()
            if number == TRIES - 1:
                raise
    is_to_blame = _survives_nothing(grader, submission.student)
    again = "with --regrade" if is_to_blame else "as the next run does"
    flag = f"the grader itself ended {TRIES} times while it graded this: grade again {again}, or look at it by hand"
    result = nothing(bundle, submission.content, submission.student, level, flag, submission.beside)
    return dataclasses.replace(result, bundle=bundle.digest) if is_to_blame else result


def _survives_nothing(grader: Grader, student: str) -> bool:
    """Whether a grader that has just died can grade an empty notebook."""
    try:
        grader.grade(student, EMPTY)
    except (GraderDied, NoSandbox):
        return False
    return True


def stored_run(directory: Path) -> tuple[Run, dict[str, Result]]:
    """Read run.json and results/ as `course grade` wrote them.

    Args:
        directory: The folder that `course grade --out` wrote.

    Returns:
        The run, and the result of each student who has one.

    Raises:
        ValueError: If nothing was graded there.
    """
    path = directory / "run.json"
    if not path.is_file():
        raise ValueError(f"{directory} holds no run.json; name the folder that `course grade --out` wrote")
    run = Run.from_json(path.read_text("utf-8"))
    files = {student: directory / "results" / f"{stem}.json" for student, stem in stems(run.handed_in).items()}
    return run, {
        student: Result.from_json(file.read_text("utf-8")) for student, file in files.items() if file.is_file()
    }


def _stored(file: Path) -> Result | None:
    try:
        return Result.from_json(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _same(result: Result, bundle: Bundle, submission: Submission, level: str) -> bool:
    weaker = result.sandbox == NONE != level
    return (result.bundle, result.submission) == (
        bundle.digest,
        digest(submission.content, submission.beside),
    ) and not weaker
