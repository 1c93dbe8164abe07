"""One call of a student's function: what came back, or what went wrong and at which of the student's lines."""

from __future__ import annotations

import contextlib
import functools
import linecache
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

import numpy as np

from course_kit.grading.asking import plain
from course_kit.grading.asking.driver import DRIVER
from course_kit.grading.asking.fingerprint import fingerprint, form
from course_kit.grading.asking.limits import IMPORT_SECONDS
from course_kit.grading.asking.packing import packed
from course_kit.grading.asking.probe import Call, Calls

NOT_WRITTEN = "not written"
OUT_OF_TIME = "out of time"
JUDGED = 0  # digits of an answer that is judged by a bound, see `judging`
TICK = 0.05  # seconds between two looks at the clock
PATIENCE = ContextVar("patience", default=1)  # a limit's worth on the clock, see `unhurried`
BUSY = 10  # times its limit that an author's function may take on the clock
Seen = TypeVar("Seen")


class OutOfTime(BaseException):
    """Not an Exception, so that a student's `except Exception` lets it pass."""


@dataclass(frozen=True)
class Outcome:
    """What one case came to.

    Args:
        text: What is compared: the value's fingerprint, or the kind of failure; of an answer that is judged, its
            numbers, and then the verdict.
        form: What the value is, in words, without its numbers; empty after a failure.
        shown: What to show a student: the value as it is, or where it failed.
        memory: Bytes that the call took at its peak; 0 where nobody measured.
    """

    text: str
    form: str
    shown: str
    memory: int = 0


def attempt(function: Callable, call: Call | Calls, digits: int, seconds: float) -> Outcome:
    """Call a function on the inputs of one case.

    Args:
        function: The student's function, or the solution, or a known mistake.
        call: The inputs, of one call or of several; a case fails if they are changed.
        digits: Digits of the fingerprint; `JUDGED` for all numbers as they are.
        seconds: Time limit.

    Returns:
        The outcome; nothing that the function does raises here.
    """

    def told(value: Any) -> Outcome:
        text = plain.told(value) if digits == JUDGED else fingerprint(value, digits)
        return Outcome(text, _form(call, value), shown(value))

    return look(function, call, seconds, told)


def look(function: Callable, call: Call | Calls, seconds: float, see: Callable[[Any], Seen]) -> Seen | Outcome:
    """Call a function and look at what it returns, which can fail as well: a value may be any object.

    Args:
        function: The function.
        call: The inputs; they must come back unchanged.
        seconds: Time limit for both, the call and the look.
        see: What to make of the value.

    Returns:
        What `see` made of the value; after a failure its outcome, without a form.
    """
    before = packed(call, numbers_alone=True)  # gradients are often asked of an input, to return them
    try:
        with time_limit(seconds):
            seen = see(call(function))
    except OutOfTime as stopped:
        said = f"stopped after {seconds:g} s: does a loop never end?"
        return Outcome(OUT_OF_TIME, "", said + _line(stopped, function))
    except (Exception, SystemExit) as error:
        if isinstance(error, NotImplementedError) and not error.args:  # a stub's; a library says what it cannot do
            return Outcome(NOT_WRITTEN, "", "not written yet")
        said = " ".join(str(error).split())[:200]
        return Outcome(f"raised {type(error).__name__}", "", f"{type(error).__name__}: {said}{_line(error, function)}")
    if packed(call, numbers_alone=True) != before:
        return Outcome("changed its inputs", "", "your function changes its inputs: work on a copy, as .clone() makes")
    return seen


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block after so many seconds, and again each second until it ends.

    An import inside the block has a time of its own and is never broken off before that: a module that is imported by
    half fails ever after. Limits hold only in the main thread and where the system has interval timers; elsewhere
    (Windows) there is none.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    spent = {True: 0.0, False: 0.0}  # on imports, and on the rest
    allowed = {True: float(IMPORT_SECONDS), False: seconds}
    last, patience = (time.monotonic(), time.thread_time()), PATIENCE.get()

    def tick(number: int, frame: FrameType | None) -> None:
        nonlocal last
        importing, now = _is_importing(frame), (time.monotonic(), time.thread_time())
        spent[importing] += max((now[0] - last[0]) / patience, now[1] - last[1])
        last = now
        if spent[importing] >= allowed[importing]:
            allowed[importing] += 1
            raise OutOfTime

    previous = signal.signal(signal.SIGALRM, tick)
    every = min(TICK, seconds)
    signal.setitimer(signal.ITIMER_REAL, every, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Within the block, or the function that it decorates, time limits count what the processor worked.

    It is for what an author wrote: a machine that is busy with other things makes no solution late. On the clock, a
    function that only waits is stopped after `BUSY` times its limit.
    """
    before = PATIENCE.set(BUSY)
    try:
        yield
    finally:
        PATIENCE.reset(before)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether an import has begun, and not ended, since `look` called the function."""
    while frame is not None and frame.f_globals is not globals():
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False


def _form(call: Call | Calls, value: Any) -> str:
    """The form of what a call gave; of several calls, which forms they gave, in order."""
    kinds = [form(part) for part in (value if isinstance(call, Calls) else [value])]
    return ", then ".join(kinds if len(set(kinds)) > 1 else kinds[:1])


def home(function: Callable) -> dict[str, Any] | None:
    """The global names that a function or class sees: those of its notebook; None where nobody can tell."""
    while isinstance(function, functools.partial):
        function = function.func
    code = function if hasattr(function, "__globals__") else type(function).__call__
    if isinstance(function, type):
        code = next((method for method in vars(function).values() if hasattr(method, "__globals__")), None)
    return getattr(code, "__globals__", None)


def _line(error: BaseException, function: Callable) -> str:
    """The last line in code that stands beside the function: the student's, not ours, not a library's."""
    frames = [pair for pair in traceback.walk_tb(error.__traceback__) if pair[0].f_globals is home(function)]
    if not frames:
        return _line_of_driver(error)
    frame, number = frames[-1]
    source = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    names = [pair[0].f_code.co_name for pair in frames if not pair[0].f_code.co_name.startswith("<")]
    where = f"{names[-1]}'s cell" if names else "its cell"  # and not <genexpr>'s
    return f"\n    line {number} of {where}: {source}" if source else ""


def _line_of_driver(error: BaseException) -> str:
    """The line of the driver where what the student's code returned did not go on; "" without a driver."""
    places = [(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(error.__traceback__)]
    lines = [linecache.getline(*place).strip() for place in places if place[0].startswith(DRIVER)]
    return f"\n    when the check did this with it: {lines[-1]}" if lines else ""


def shown(value: Any) -> str:
    """A value as a student would print it, cut short where it is long."""
    with np.printoptions(precision=4, threshold=60, suppress=True):
        text = str(value)
    return text if len(text) <= 800 else text[:800] + " …"
