"""No hidden input reaches a page, whatever channel a submission finds: a message made at run time is never shown."""

from __future__ import annotations

import json

import pytest
from graded_class import A1, IN_TIME, result, run
from hostile import RIGHT, WRONG

from course_kit.grading.reports.class_report import class_report
from course_kit.grading.reports.feedback import TOLD_ERRORS, feedback
from course_kit.grading.reports.gradebook import gradebook, to_text

# Each makes "4711" while it runs, as if it had come from a hidden input, and tries to have it shown.
CHANNELS = {
    "a message": "raise ValueError(4711)",
    "a builtin's own message": "{}[4700 + 11]",
    "a repr": "class Odd(Exception):\n    def __str__(self):\n        return str(4700 + 11)\nraise Odd",
    "a kind": "raise type('Error' + str(4700 + 11), (Exception,), {})",
    "a kind that calls itself builtin": "raise type('ValueError: ' + str(4700 + 11), (Exception,), {})('x')",
    "a name": "exec('x' + str(4700 + 11))",
    "a file's name": "open(str(4700 + 11))",
    "a line": "exec(chr(10) * 4710 + '1 / 0')",
    "a traceback": "import sys\ndef show(*what):\n    print(4700 + 11)\nsys.excepthook = show\n1 / 0",
    "a note": "error = ValueError()\nerror.__notes__ = [str(4700 + 11)]\nraise error",
    "a cause": "raise ValueError from KeyError(4700 + 11)",
    "a syntax error": "compile(str(4700 + 11) + ' is (', str(4700 + 11), 'exec')",
    "output": "print(4700 + 11)",
    "a warning": "import warnings\nwarnings.warn(str(4700 + 11))",
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_that_was_made_at_run_time_is_stored(channel, graded):
    source = CHANNELS[channel].replace("ValueError(4711)", "ValueError(4700 + 11)")
    stored = graded(RIGHT, source).to_json()
    assert "4711" not in stored
    for cell, error in json.loads(stored)["errors"].items():
        kind, _, line = error.partition(": ")
        assert cell == "2"
        assert kind == "an error of its own" or isinstance(__builtins__[kind], type)
        assert line == "" or line in [" ".join(one.split()) for one in source.splitlines()]


def test_pages_and_tables_show_kind_and_line_and_of_few_cells(graded):
    sources = [f"raise ValueError({number} + 1000)" for number in range(TOLD_ERRORS + 3)]
    errors = graded(WRONG, *sources).errors
    assert errors == {number + 2: f"ValueError: {source}" for number, source in enumerate(sources)}
    one = result(A1, errors=errors)
    class_run = run(A1, {"ada": IN_TIME})
    rows = gradebook(class_run, A1, {"ada": one}, {})
    page = feedback(A1, rows[0], one)
    assert page.count("stopped with ValueError at the line") == TOLD_ERRORS
    assert "So did 3 code cells more." in page
    for text in (page, class_report(class_run, A1, rows, {"ada": one}), to_text(rows, A1, class_run)):
        assert "1000)" in text or text is not page
        assert not any(str(1000 + number) in text for number in range(1, TOLD_ERRORS + 3))


def test_the_line_of_a_very_long_cell_is_not_told(graded):
    """Which line it was is something that a run can choose: in a long cell it would spell out many bits."""
    assert graded(WRONG, "pass\n" * 300 + "1 / 0").errors == {2: "ZeroDivisionError"}
