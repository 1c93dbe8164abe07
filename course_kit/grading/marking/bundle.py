"""What is asked in grading, and what is right: drawn from a secret, several variants of the same exam."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import pickle
import signal
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, resource_tracker
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment, Exercise, read
from course_kit.grading.containment.confine import die_with_parent
from course_kit.storing import replace

VARIANTS = 8  # what one student finds out is of no use to seven in eight


@dataclass(frozen=True)
class ExamCase:
    """One case of one variant of the exam, with its right answer: it never enters a process that runs a submission.

    Args:
        exercise: The function's name.
        case: The case's name.
        inputs: Its inputs, packed.
        digits: Digits of its fingerprint.
        seconds: Time limit.
        right: The right answer's fingerprint.
        form: What the right answer is, in words.
        mistakes: Known mistake → what it answers.
    """

    exercise: str
    case: str
    inputs: bytes
    digits: int
    seconds: float
    right: str
    form: str
    mistakes: dict[str, str]


@dataclass(frozen=True)
class Bundle:
    """All that grading an assignment needs.

    Args:
        assignment: The assignment, read from its solution notebook.
        secret: What the variants were drawn from.
        variants: The cases of each variant, in the same order.
        digest: Digest of what is asked and what is right; another one means that everybody is graded anew.
    """

    assignment: Assignment
    secret: bytes
    variants: tuple[tuple[ExamCase, ...], ...]
    digest: str

    def variant(self, student: str) -> tuple[ExamCase, ...]:
        """The variant of a student: always the same, and nobody without the secret can tell which."""
        return self.variants[int.from_bytes(_derived(self.secret, f"student/{student}"), "big") % len(self.variants)]


def draw_bundle(solution: Path, secret: bytes, cache: Path, workers: int = 1, progress: bool = True) -> Bundle:
    """Draw the variants of an assignment, with the answers of solution and known mistakes.

    Solution and mistakes run in processes of their own, none of which grades.

    Args:
        solution: The solution notebook.
        secret: What to draw from.
        cache: A folder that nobody else can read; what was built there from the same is taken again.
        workers: How many processes to use.
        progress: Show a bar over the variants.

    Returns:
        The bundle.

    Raises:
        ValueError: If the notebook is none, or an exercise would not grade fairly.
    """
    from tqdm import tqdm

    assignment = read(solution)
    ours = b"".join(path.read_bytes() for path in sorted(Path(__file__).parents[1].rglob("*.py")))
    file = cache / f"bundle-{hashlib.sha256(solution.read_bytes() + secret + ours).hexdigest()[:16]}.pickle"
    if file.exists():
        return pickle.loads(file.read_bytes())
    jobs = [(number, exercise.name) for number in range(VARIANTS) for exercise in assignment.exercises.values()]
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=die_with_parent) as pool:
        try:
            with _deaf_children():
                parts = pool.map(partial(_draw, assignment, secret), jobs)
            shown = {"leave": False, "ncols": 100, "unit": "exercise", "disable": not progress}
            asked = list(tqdm(parts, "drawing exam variants", len(jobs), **shown))
        except KeyboardInterrupt:
            for process in list(pool._processes.values()):
                process.kill()  # or leaving this block would wait for all that is left to draw
            raise
    size = len(assignment.exercises)
    variants = (asked[start : start + size] for start in range(0, len(asked), size))
    digest = hashlib.sha256(repr((assignment.name, asked)).encode()).hexdigest()[:16]
    bundle = Bundle(
        assignment, secret, tuple(tuple(one for part in variant for one in part) for variant in variants), digest
    )
    replace(file, pickle.dumps(bundle))
    return bundle


@contextlib.contextmanager
def _deaf_children() -> Iterator[None]:
    """Let processes that start inside of the block never hear of Ctrl-C, which is for the one that started them.

    One that was interrupted while it starts would leave the others, and us, waiting for it. What comes inside of the
    block is heard at its end.
    """
    resource_tracker.ensure_running()  # it lets Ctrl-C through when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.new(secret, purpose.encode(), hashlib.sha256).digest()


def _draw(assignment: Assignment, secret: bytes, job: tuple[int, str]) -> list[ExamCase]:
    """All cases of one exercise of one variant."""
    number, name = job
    seed = _derived(secret, f"{assignment.name}/{number}").hex()
    return list(_cases(assignment, assignment.exercises[name], seed))


def _cases(assignment: Assignment, exercise: Exercise, seed: str) -> Iterator[ExamCase]:
    import torch

    from course_kit.grading.authoring.reference import settle
    from course_kit.grading.authoring.rounding import ONE_RUN
    from course_kit.grading.authoring.versions import versions

    torch.set_num_threads(1)
    source = assignment.probe_source(exercise, hidden=True)
    settled = settle(exercise, source, seed, exercise.seconds, versions(assignment, exercise), ONE_RUN)
    for case, (_, digits) in settled.question.cases.items():
        right = settled.right[case]
        wrong = {name: answers[case].text for name, answers in settled.wrong.items()}
        inputs = zlib.compress(settled.inputs[case], 1)
        yield ExamCase(exercise.name, case, inputs, digits, exercise.seconds, right.text, right.form, wrong)
