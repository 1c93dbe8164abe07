"""Grade a class: every submission once, in any order, by many graders, and never again what is graded already."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path

from course_kit.grading.handed_in.collect import Submission
from course_kit.grading.handed_in.run import Run, stems
from course_kit.grading.marking.bundle import Bundle
from course_kit.grading.marking.grade import digest, nothing
from course_kit.grading.marking.grader import Grader, GraderDied, NoSandbox
from course_kit.grading.marking.mark import remarked, stale
from course_kit.grading.marking.result import Result
from course_kit.storing import replace

TRIES = 2  # of one submission, should the grader's own process die
EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
Submit = Callable[[Submission], Future]


@dataclass(frozen=True)
class Stored:
    """Where the results of a class lie.

    Args:
        results: Student → file of the result, which other programs may read.
        answers: Student → file of the result with all answers, which nobody but graders may read.
    """

    results: Mapping[str, Path]
    answers: Mapping[str, Path]

    @classmethod
    def below(cls, directory: Path, students: Iterable[str]) -> Stored:
        """Where they lie in a folder that `course grade --out` writes."""
        names = {student: f"{stem}.json" for student, stem in stems(students).items()}
        return cls(
            {student: directory / "results" / name for student, name in names.items()},
            {student: directory / "private/answers" / name for student, name in names.items()},
        )

    def put(self, student: str, result: Result) -> None:
        """Store a result."""
        replace(self.answers[student], result.to_json(answers=True))
        replace(self.results[student], result.to_json())


@dataclass(frozen=True)
class Graded:
    """A class that was graded.

    Args:
        results: Student → result, in the order of the students.
        before: Student → result as it was stored before.
        why: Student → why the submission had to run.
    """

    results: dict[str, Result]
    before: dict[str, Result]
    why: dict[str, str]


def grade_all(
    bundle: Bundle,
    submissions: Iterable[Submission],
    stored: Stored,
    submit: Submit,
    level: str,
    regrade: bool = False,
    progress: bool = True,
) -> Graded:
    """Run what has to run, and mark everything by the assignment of today.

    A result is stored as soon as it is there, by renaming, so a run that was killed goes on. Where a student's stored
    answers answer all that is asked today, they are marked again and nobody's code runs.

    Args:
        bundle: What is asked.
        submissions: What to grade.
        stored: Where results lie.
        submit: Starts grading one submission; see `local_graders` and `remote.dask_graders`.
        level: How submissions are confined; those that were not at all are graded again where they can be.
        regrade: Run everything again.
        progress: Show a bar with rate, time left and how many have flags.
    """
    from tqdm import tqdm

    graded = Graded({}, {}, {})
    waiting = []
    for submission in submissions:
        student = submission.student
        known, shown = _read(stored.answers[student]), _read(stored.results[student])
        if shown is not None:
            graded.before[student] = shown
        handed_in = digest(submission.content, submission.beside)
        why = "--regrade" if regrade else stale(known, bundle, student, handed_in, level)
        if why:
            graded.why[student] = why
            waiting.append(submission)
            continue
        graded.results[student] = remarked(bundle, student, known)
    futures = {submit(submission): submission for submission in waiting}
    with tqdm(total=len(waiting), desc="grading", unit="submission", ncols=100, disable=not progress) as bar:
        for future in as_completed(futures):
            student, result = futures[future].student, future.result()
            stored.put(student, result)
            graded.results[student] = result
            bar.set_postfix(flags=sum(bool(result.flags) for result in graded.results.values()), refresh=False)
            bar.update()
    for student, result in graded.results.items():
        if student not in graded.why and result != graded.before.get(student):
            stored.put(student, result)  # last, so that a run that was killed can still tell what changed
    return replace_fields(graded, results=dict(sorted(graded.results.items())))


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
    return replace_fields(result, bundle=bundle.digest) if is_to_blame else result


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
    files = Stored.below(directory, run.handed_in).results
    return run, {
        student: Result.from_json(file.read_text("utf-8")) for student, file in files.items() if file.is_file()
    }


def _read(file: Path) -> Result | None:
    try:
        return Result.from_json(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
