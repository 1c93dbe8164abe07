"""One call of a student's function: what came back, or what went wrong and at which of the student's lines."""

from __future__ import annotations

import contextlib
import linecache
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from course_kit.grading.asking.fingerprint import fingerprint, form
from course_kit.grading.asking.probe import Call, Calls

NOT_WRITTEN = "not written"


class OutOfTime(BaseException):
    """Not an Exception, so that a student's `except Exception` lets it pass."""


@dataclass(frozen=True)
class Outcome:
    """What one case came to.

    Args:
        text: What is compared: the value's fingerprint, or the kind of failure.
        form: What the value is, in words, without its numbers; empty after a failure.
        shown: What to show a student: the value as it is, or where it failed.
    """

    text: str
    form: str
    shown: str


def attempt(function: Callable, call: Call | Calls, digits: int, seconds: float) -> Outcome:
    """Call a function on the inputs of one case.

    Args:
        function: The student's function, or the solution, or a known mistake.
        call: The inputs, of one call or of several; a case fails if they are changed.
        digits: Digits of the fingerprint.
        seconds: Time limit.

    Returns:
        The outcome; nothing that the function does raises here.
    """
    before = pickle.dumps(call)
    try:
        with time_limit(seconds):
            value = call(function)
            outcome = Outcome(fingerprint(value, digits), _form(call, value), shown(value))
    except NotImplementedError:
        return Outcome(NOT_WRITTEN, "", "not written yet")
    except OutOfTime as stopped:
        said = f"stopped after {seconds:g} s: does a loop never end?"
        return Outcome("out of time", "", said + _line(stopped, function))
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())[:200]
        return Outcome(f"raised {type(error).__name__}", "", f"{type(error).__name__}: {said}{_line(error, function)}")
    if pickle.dumps(call) != before:
        return Outcome("changed its inputs", "", "your function changes its inputs: work on a copy, as .clone() makes")
    return outcome


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block after so many seconds, and again each second until it ends.

    Only in the main thread and where the system has interval timers; elsewhere (Windows) there is no limit.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _form(call: Call | Calls, value: Any) -> str:
    """The form of what a call gave; of several calls, which forms they gave, in order."""
    kinds = [form(part) for part in (value if isinstance(call, Calls) else [value])]
    return ", then ".join(kinds if len(set(kinds)) > 1 else kinds[:1])


def _line(error: BaseException, function: Callable) -> str:
    """The last line in code that stands beside the function: the student's, not ours, not a library's."""
    home = getattr(function, "__globals__", None)
    frames = [pair for pair in traceback.walk_tb(error.__traceback__) if pair[0].f_globals is home]
    if not frames:
        return ""
    frame, number = frames[-1]
    source = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f"\n    line {number} of {frame.f_code.co_name}'s cell: {source}" if source else ""


def shown(value: Any) -> str:
    """A value as a student would print it, cut short where it is long."""
    with np.printoptions(precision=4, threshold=60, suppress=True):
        text = str(value)
    return text if len(text) <= 800 else text[:800] + " …"
