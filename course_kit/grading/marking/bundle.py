"""What is asked in grading, and what is right: drawn from a secret, several variants of the same exam."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import hmac
import os
import pickle
import signal
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from functools import cached_property, partial
from multiprocessing import get_context, resource_tracker
from pathlib import Path

from course_kit.grading.asking.attempt import JUDGED
from course_kit.grading.asking.judging import JUDGED_RIGHT, judge_in, verdict
from course_kit.grading.asking.probe import generator
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
        digits: Digits of its fingerprint; `JUDGED` where the answer is judged by a bound.
        seconds: Time limit.
        right: The right answer's fingerprint; where answers are judged, the numbers of one that passes.
        form: What the right answer is, in words.
        mistakes: Known mistake → what it answers; none where answers are judged.
        seed: What the inputs were drawn from, where answers are judged.
        draw: And in which draw.
    """

    exercise: str
    case: str
    inputs: bytes
    digits: int
    seconds: float
    right: str
    form: str
    mistakes: dict[str, str]
    seed: str = ""
    draw: int = 0

    @property
    def is_judged(self) -> bool:
        """Whether its answer is judged by a bound, and not compared."""
        return self.digits == JUDGED

    @cached_property
    def digest(self) -> str:
        """Digest of what is asked and what is right: an answer to it counts as long as this stays the same."""
        right = (self.seed, f"{self.draw}") if self.is_judged else (self.right, self.form)
        asked = (self.exercise, self.case, self.inputs, self.digits, self.seconds, *right)
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Bundle:
    """All that grading an assignment needs.

    Args:
        assignment: The assignment, read from its solution notebook.
        secret: What the variants were drawn from.
        variants: The cases of each variant, in the same order.
        digest: Digest of all of it.
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

    Solution and mistakes run in processes of their own, none of which grades. Where another edition of the assignment
    was drawn before, functions that it asked alike are asked the same cases again, so that stored answers still count.

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
    assignment = read(solution)
    ours = b"".join(path.read_bytes() for path in sorted(Path(__file__).parents[1].rglob("*.py")))
    kit, whole = (hashlib.sha256(part).hexdigest()[:16] for part in (ours, solution.read_bytes() + secret))
    file = cache / f"bundle-{kit}-{whole}.pickle"
    if file.exists():
        file.touch()
        return pickle.loads(file.read_bytes())
    before = _latest(cache.glob(f"bundle-{kit}-*.pickle"), secret)
    asked = _asked(assignment, secret, before, workers, progress)
    size = len(assignment.exercises)
    variants = (asked[start : start + size] for start in range(0, len(asked), size))
    digest = hashlib.sha256(repr((assignment, asked)).encode()).hexdigest()[:16]
    bundle = Bundle(
        assignment, secret, tuple(tuple(one for part in variant for one in part) for variant in variants), digest
    )
    replace(file, pickle.dumps(bundle))
    return bundle


def _asked(
    assignment: Assignment, secret: bytes, before: Bundle | None, workers: int, progress: bool
) -> list[Sequence[ExamCase]]:
    """The cases of each exercise of each variant, one variant after the other: those of before, or drawn anew."""
    from tqdm import tqdm

    places = [(number, name) for number in range(VARIANTS) for name in assignment.exercises]
    kept = {place: kept_cases(before, assignment, *place) if before else () for place in places}
    is_done = {place: bool(cases) and _same_mistakes(before, assignment, place[1]) for place, cases in kept.items()}
    jobs = [(*place, kept[place]) for place in places if not is_done[place]]
    if not jobs:
        return list(kept.values())
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_one_of_many) as pool:
        try:
            with _deaf_children():
                parts = pool.map(partial(_draw, assignment, secret), jobs)
            shown = {"leave": False, "ncols": 100, "unit": "exercise", "disable": not progress}
            drawn = iter(list(tqdm(parts, "drawing exam variants", len(jobs), **shown)))
        except KeyboardInterrupt:
            for process in list(pool._processes.values()):
                process.kill()  # or leaving this block would wait for all that is left to draw
            raise
    return [kept[place] if is_done[place] else next(drawn) for place in places]


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


def _latest(files: Iterable[Path], secret: bytes) -> Bundle | None:
    """What was asked last of those that were drawn from the secret."""
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True):
        bundle = pickle.loads(file.read_bytes())
        if bundle.secret == secret:
            return bundle
    return None


def kept_cases(before: Bundle, assignment: Assignment, number: int, name: str) -> tuple[ExamCase, ...]:
    """The cases of one variant that a function was asked before and still is; none if it is asked something else.

    Args:
        before: What was asked before.
        assignment: The assignment of today.
        number: The variant's number.
        name: The function's name.
    """
    then, now = before.assignment.exercises.get(name), assignment.exercises[name]
    if then is None or rests_on(before.assignment, name) != rests_on(assignment, name) or then.seconds != now.seconds:
        return ()
    left_out = [left_out_cases(*pair) for pair in ((then.probe, now.probe), (then.hidden, now.hidden))]
    if None in left_out:
        return ()
    kept = tuple(
        one for one in before.variants[number] if one.exercise == name and not any(one.case in out for out in left_out)
    )
    source = assignment.probe_source(now, hidden=True)
    is_fair = all(verdict_on(one, one.right, source) == JUDGED_RIGHT for one in kept if one.is_judged)
    return kept if is_fair else ()


def verdict_on(one: ExamCase, text: str, source: str) -> str:
    """What the judge in a source says of an answer to a case, as `judging.verdict` does."""
    return verdict(source, one.case, text, generator(one.seed, one.exercise, one.draw))


def rests_on(assignment: Assignment, name: str) -> tuple[str, ...]:
    """What a function's inputs and right answers rest on beside its probe: setup, tools, solutions up to its own."""
    names = list(assignment.exercises)
    above = names[: names.index(name) + 1]
    return (assignment.setup, assignment.tools, *(assignment.exercises[one].solution for one in above))


def left_out_cases(before: str, after: str) -> set[str] | None:
    """Names of the cases that a probe lacks beside its older source; None if anything but the judge differs too."""
    old, new = without_judge(before), without_judge(after)
    named = {key.value for node in ast.walk(new) if isinstance(node, ast.Dict) for key in node.keys if _is_name(key)}
    out: set[str] = set()
    for node in (node for node in ast.walk(old) if isinstance(node, ast.Dict)):
        gone = {place for place, key in enumerate(node.keys) if _is_name(key) and key.value not in named}
        out |= {node.keys[place].value for place in gone}
        node.keys, node.values = (
            [one for place, one in enumerate(parts) if place not in gone] for parts in (node.keys, node.values)
        )
    return out if ast.dump(old) == ast.dump(new) else None


def without_judge(probe: str) -> ast.Module:
    """The source of a probe but for what judges its answers, which asks nothing."""
    tree = ast.parse(probe)
    tree.body = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == "judge")]
    return tree


def judge_of(probe: str) -> str:
    """What a probe's judge does, in a form that is blind to comments and spaces; "" without a judge."""
    judge = judge_in(probe)
    return ast.dump(judge) if judge else ""


def _same_mistakes(before: Bundle, assignment: Assignment, name: str) -> bool:
    """Whether the known mistakes of a function do what they did, whatever their hints say now."""
    return without_hints(before.assignment.exercises[name].mistakes) == without_hints(
        assignment.exercises[name].mistakes
    )


def without_hints(mistakes: str) -> str:
    """What the code of known mistakes does, in a form that is blind to docstrings, comments and spaces."""
    tree = ast.parse(mistakes)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def _is_name(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str)


def _one_of_many() -> None:
    """Begin a process that draws: it computes on one core, with PyTorch too if the assignment imports that."""
    die_with_parent()
    os.environ["OMP_NUM_THREADS"] = "1"


def _draw(assignment: Assignment, secret: bytes, job: tuple[int, str, tuple[ExamCase, ...]]) -> list[ExamCase]:
    """All cases of one exercise of one variant."""
    number, name, kept = job
    if kept:
        return list(_answered_again(assignment, assignment.exercises[name], kept))
    seed = _derived(secret, f"{assignment.name}/{number}").hex()
    return list(_cases(assignment, assignment.exercises[name], seed))


def _answered_again(assignment: Assignment, exercise: Exercise, kept: Sequence[ExamCase]) -> Iterator[ExamCase]:
    """Cases that were asked before, with what the known mistakes of today answer to them."""
    from course_kit.grading.authoring.reference import mistaken
    from course_kit.grading.authoring.versions import versions

    wrong = versions(assignment, exercise).mistakes
    for one in kept:
        inputs = zlib.decompress(one.inputs)
        asked = {} if one.is_judged else wrong
        answers = {name: mistaken(mistake, inputs, one.digits, one.seconds).text for name, mistake in asked.items()}
        yield replace_fields(one, mistakes=answers)


def _cases(assignment: Assignment, exercise: Exercise, seed: str) -> Iterator[ExamCase]:
    from course_kit.grading.authoring.reference import settle
    from course_kit.grading.authoring.rounding import ONE_RUN
    from course_kit.grading.authoring.versions import versions

    source = assignment.probe_source(exercise, hidden=True)
    settled = settle(exercise, source, seed, exercise.seconds, versions(assignment, exercise), ONE_RUN)
    for case, (draw, digits) in settled.question.cases.items():
        right = settled.right[case]
        wrong = {name: answers[case].text for name, answers in settled.wrong.items()}
        inputs = zlib.compress(settled.inputs[case], 1)
        where = {"seed": seed, "draw": draw} if digits == JUDGED else {}
        yield ExamCase(exercise.name, case, inputs, digits, exercise.seconds, right.text, right.form, wrong, **where)
