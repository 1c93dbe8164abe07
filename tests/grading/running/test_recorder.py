from __future__ import annotations

from types import SimpleNamespace

import pytest
from nbformat.v4 import new_output

from course_kit.grading.asking.plain import MOST_TOLD
from course_kit.grading.running.recorder import OUT_OF_TIME, SHOWN, record


class NbCellError(Exception):
    """As nbval raises it."""


def recorded(outputs=(), error: Exception | None = None, timed_out: bool = False, **report: object) -> dict:
    kernel = SimpleNamespace(is_alive=lambda: True)
    item = SimpleNamespace(test_outputs=outputs, parent=SimpleNamespace(timed_out=timed_out, kernel=kernel))
    raised = error and SimpleNamespace(value=error, typename=type(error).__name__)
    return record(item, SimpleNamespace(**{"outcome": "passed", **report}), SimpleNamespace(excinfo=raised))


def test_only_a_plain_pass_is_one():
    assert recorded()["passed"]
    for report in ({"outcome": "failed"}, {"outcome": "skipped"}, {"wasxfail": ""}, {"wasxfail": "earlier time-out"}):
        assert not recorded(**report)["passed"]
    assert not recorded(timed_out=True)["passed"]


def test_what_was_printed_is_joined_and_cut():
    outputs = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stderr", text="aside"),
        new_output("display_data", {"text/plain": "no"}),
        new_output("stream", name="stdout", text="b" * MOST_TOLD),
        new_output("error", ename="ValueError", evalue="what", traceback=[]),
    ]
    ran = recorded(outputs)
    assert ran["printed"].startswith("a\nbbb")
    assert len(ran["printed"]) == MOST_TOLD + 1  # so that who reads it sees that it was longer
    assert (ran["aside"], ran["error"]) == ("aside", "ValueError: what")
    long = [new_output("stream", name="stderr", text="x" * 2 * SHOWN)]
    long += [
        new_output("error", ename="ValueError", evalue="x" * 2 * SHOWN, traceback=["x" * SHOWN, "Cell In[1], line 7"])
    ]
    ran = recorded(long)
    assert (len(ran["aside"]), len(ran["error"]), ran["line"]) == (SHOWN, SHOWN, 0)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (None, ""),
        (NbCellError("Cell outputs differ"), ""),
        (
            NbCellError("Timeout of 5 seconds exceeded waiting for output."),
            "Timeout of 5 seconds exceeded waiting for output.",
        ),
        (RuntimeError("the kernel ended"), "the kernel ended"),
        (ValueError("Invalid Signature: b'what a student sent'"), "ValueError"),
        (KeyError("what a student sent"), "KeyError"),
    ],
)
def test_trouble_is_told_in_our_words(error, trouble):
    assert recorded(error=error)["trouble"] == trouble


def test_after_the_time_nothing_else_is_said():
    assert recorded(error=RuntimeError("x"), timed_out=True)["trouble"] == OUT_OF_TIME
