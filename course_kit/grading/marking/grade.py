"""Grade one submission: the student's cells in a sandbox, then a cell per case; what is right never gets in there."""

from __future__ import annotations

import builtins
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from course_kit.grading.asking.limits import CELL_SECONDS
from course_kit.grading.asking.limits import NOTEBOOK_SECONDS as WALL_SECONDS
from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.containment.confined_run import run_confined
from course_kit.grading.containment.sandbox import Job, Sandbox
from course_kit.grading.handed_in.submission import parse
from course_kit.grading.marking.bundle import Bundle, ExamCase
from course_kit.grading.marking.mark import NO_ANSWER, judged, kept, marked
from course_kit.grading.marking.result import RIGHT, CaseResult, Given, Result
from course_kit.grading.running.recorder import OUT_OF_TIME
from course_kit.grading.running.resuming import run_on
from course_kit.grading.running.splice import NAMES, Cell, Ran

NO_FILES: Mapping[str, bytes] = MappingProxyType({})
GRACE = 5  # seconds that a case may take beyond its limit, which the student's process keeps by itself
ANSWERING = "__import__('course_kit.grading.asking.answering', fromlist=['answer'])"
ASK = ANSWERING + f".answer({NAMES}, {{!r}}, {{!r}}, {{!r}}, {{!r}})"
FAILED = ("not written", "not defined", "changed its inputs", OUT_OF_TIME)
TOLD_LINES = 200  # of a cell whose line is told; which line it was is something that a run can choose
BLANK_START = re.compile(r"\A(?:[^\S\n]*\n)+")  # lines that IPython takes off before it counts
MUCH = 5_000_000  # characters of output after which a person is told


def grade(
    bundle: Bundle, content: bytes, student: str, sandbox: Sandbox, beside: Mapping[str, bytes] = NO_FILES
) -> Result:
    """Grade a submission.

    Args:
        bundle: What is asked and what is right.
        content: The bytes of the submitted notebook.
        student: Whose it is; chooses the variant, and nothing else.
        sandbox: Where to run it.
        beside: Files that lie beside the notebook: path → bytes.

    Returns:
        The result; nothing in the submission raises here.

    Raises:
        OSError: If the sandbox does not work.
    """
    parsed, variant = parse(content, bundle.assignment), bundle.variant(student)
    own = [Cell(source, seconds=CELL_SECONDS) for source in parsed.sources]
    with sandbox.job() as job:
        if beside:
            job.lay_beside(beside)
        asking = [_ask(one, f"{job.folder}/inputs", f"{number}") for number, one in enumerate(variant)]
        ran = run_on(_in_time(job, WALL_SECONDS), own, asking)
    answers = [*ran[len(own) :], *[None] * len(variant)][: len(variant)]
    outcomes, given = _asked(bundle.assignment, variant, answers)
    return Result(
        assignment=bundle.assignment.name,
        bundle=bundle.digest,
        submission=digest(content, beside),
        sandbox=sandbox.level,
        exercises=tuple(marked(bundle, student, outcomes, given)),
        errors=_errors(parsed.sources, ran),
        flags=(*parsed.flags, *_flags(ran, len(own), len(variant))),
        written=parsed.written,
        answers=given,
    )


def nothing(
    bundle: Bundle, content: bytes, student: str, level: str, flag: str, beside: Mapping[str, bytes] = NO_FILES
) -> Result:
    """The result of a submission that could not be graded; it is taken for ungraded in the next run."""
    variant = bundle.variant(student)
    outcomes, given = _asked(bundle.assignment, variant, [None] * len(variant))
    exercises = tuple(marked(bundle, student, outcomes, given))
    return Result(bundle.assignment.name, "", digest(content, beside), level, exercises, {}, (flag,), {}, given)


def digest(content: bytes, beside: Mapping[str, bytes] = NO_FILES) -> str:
    """Digest of a submission, with the files beside the notebook."""
    whole = hashlib.sha256(content)
    for name, file in sorted(beside.items()):
        whole.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(file).digest())
    return whole.hexdigest()


def _in_time(job: Job, seconds: float) -> Callable[[Sequence[Cell]], Iterator[Ran]]:
    """How to run cells in one kernel after another, which share the time."""
    until = time.monotonic() + seconds

    def run(cells: Sequence[Cell]) -> Iterator[Ran]:
        left = until - time.monotonic()
        if left > 0:
            yield from run_confined(cells, job, left)

    return run


def _ask(one: ExamCase, folder: str, file: str) -> Cell:
    source = ASK.format(one.exercise, f"{folder}/{file}", one.digits, one.seconds)
    expected = None if one.is_judged else f"{one.right}\n"
    return Cell(source, expected, one.seconds + GRACE, one.inputs, file)


def _asked(
    assignment: Assignment, variant: Sequence[ExamCase], answers: Sequence[Ran | None]
) -> tuple[dict[str, dict[str, CaseResult]], dict[str, dict[str, Given]]]:
    """Function → case → how it ended, and what was answered."""
    outcomes: dict[str, dict[str, CaseResult]] = {}
    given: dict[str, dict[str, Given]] = {}
    for one, answer in zip(variant, answers, strict=True):
        text = answer.printed.rstrip("\n") if answer else NO_ANSWER
        how = _case(one, answer, text)
        if one.is_judged and answer is not None and answer.passed:  # which says only that it told something
            how = judged(assignment, one, text, how)
        outcomes.setdefault(one.exercise, {})[one.case] = how
        given.setdefault(one.exercise, {})[one.case] = Given(one.digest, text if one.is_judged else kept(text))
    return outcomes, given


def _case(one: ExamCase, answer: Ran | None, text: str) -> CaseResult:
    """Points only for a plain pass; of all the student's process said, nothing but known words is passed on."""
    if answer is not None and answer.passed and not one.is_judged:
        return CaseResult(RIGHT)
    if answer is not None and answer.trouble == OUT_OF_TIME:
        return CaseResult(OUT_OF_TIME)
    if text in FAILED:
        return CaseResult(text)
    if text.startswith("raised "):
        error = text.removeprefix("raised ")
        return CaseResult(f"raised {error if _is_error(error) else 'an error of its own'}")
    if answer is None or answer.trouble or not text:
        return CaseResult(NO_ANSWER)
    return CaseResult("wrong", form=_form(answer.aside.rstrip("\n"), one.form))


def _form(came: str, wanted: str) -> str:
    """What is wrong by its form alone, in words that cannot carry a hidden input."""
    if came == wanted or not came:
        return ""
    first, second = _kind(came), _kind(wanted)
    return f"{first} came back, wanted {second}" if first != second else "another shape or other names than wanted"


def _kind(form: str) -> str:
    """The first words of a form, if all of them are ours."""
    said = re.match(r"(None|an array|a number)\b|a (\w+)", form)
    return said[0] if said and (said[1] or isinstance(getattr(builtins, said[2], None), type)) else "something else"


def _is_error(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def _flags(ran: Sequence[Ran], own: int, asked: int) -> Iterator[str]:
    """What a person should look at."""
    for number, cell in enumerate(ran[:own], 1):
        if cell.trouble:
            yield f"code cell {number}: {cell.trouble}"
        elif cell.ended or cell.asks_to_end:
            yield f"code cell {number}: it ends the kernel"
    if len(ran) < own + asked:
        yield f"the run was ended after {len(ran)} of {own + asked} cells: no time or no memory left"
    elif troubles := sorted({cell.trouble for cell in ran[own:]} - {""}):
        yield f"while asked: {', '.join(troubles)}"
    for number, cell in enumerate(ran, 1):
        if cell.said > MUCH:
            where = f"code cell {number}" if number <= own else "while asked"
            yield f"{where}: very much output, which grading does not read"
            return


def _errors(sources: Sequence[str], ran: Sequence[Ran]) -> dict[int, str]:
    """How the student's cells stopped: of what the run said, only a builtin kind and the number of a line."""
    return {
        number: ": ".join(filter(None, (_error_kind(cell.error), _line_of(source, cell.line))))
        for number, (source, cell) in enumerate(zip(sources, ran, strict=False), 1)
        if cell.error
    }


def _error_kind(error: str) -> str:
    name = error.partition(":")[0]
    return name if _is_error(name) else "an error of its own"


def _line_of(source: str, number: int) -> str:
    """A line of a cell as it can be stored and shown; a long cell's is not told, or it could spell out much."""
    lines = BLANK_START.sub("", source).rstrip("\n").split("\n")
    if not 0 < number <= len(lines) <= TOLD_LINES:
        return ""
    line = " ".join(lines[number - 1].split())[:200]
    return "".join(letter if letter.isprintable() else "�" for letter in line)
