"""Marks, formats, magics and orders of cells: nbval and Jupyter obey many of them, grading obeys none."""

from __future__ import annotations

import json

import pytest
from hostile import ALL_RIGHT, ALL_WRONG, RIGHT, WRONG, notebook, outcomes

SPREAD, CENTRED = RIGHT.partition("\n\ndef centred")[0], "def centred(x):\n    return x - x.mean()"
MARKS = ("NBVAL_SKIP", "NBVAL_IGNORE_OUTPUT", "NBVAL_RAISES_EXCEPTION", "NBVAL_CHECK_OUTPUT", "PYTEST_DONT_REWRITE")
MAGICS = {
    "bash": ("%%bash\necho 1", {}),
    "a command": ("!echo 1\nassert _exit_code == 0", {}),
    "a command that fails": ("!false\nassert _exit_code == 1", {}),
    "run": ("open('x.py', 'w').write('y = 1')\n%run x.py\nassert y == 1", {}),
    "autoreload": ("%load_ext autoreload\n%autoreload 2", {}),
    "a plot": ("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()", {}),
    "time": ("%time sum(range(9))", {}),
    "a program": ("import sys\n!{sys.executable} -c 'import course_lib.arguments'\nassert _exit_code == 0", {}),
    "an installation": ("from time import time\nstart = time()\n%pip install nothing\nassert time() - start < 8", {}),
    "names of Python's": ("str = globals = vars = get_ipython = print = {}", {}),
    "Colab's helpers": ("from google.colab import drive\nimport math\ndrive.mount('/x')\nassert math.pi > 3", {}),
    "another shell": ("%%perl\nprint 1", None),
    "no magic": ("%nothing", {}),
    "exit": ("exit", {}),
    "quit": ("quit()", {}),
}


def changed(content: bytes, **fields: object) -> bytes:
    """A notebook with the same fields set in each of its cells."""
    plain = json.loads(content)
    for cell in plain["cells"]:
        cell.update(fields)
    return json.dumps(plain).encode()


@pytest.mark.parametrize("mark", MARKS)
def test_marks_in_comments_and_tags_count_for_nothing(mark, graded):
    for source, all_ in ((RIGHT, ALL_RIGHT), (WRONG, ALL_WRONG)):
        tags = [mark.lower().replace("_", "-"), "raises-exception"]
        content = changed(notebook(f"# {mark}\n{source}"), metadata={"tags": tags})
        assert outcomes(graded(content=content)) == all_


def test_an_error_is_recorded_and_what_comes_before_and_after_counts(graded):
    content = changed(notebook(f"{SPREAD}\n1 / 0", CENTRED), metadata={"tags": ["raises-exception"]})
    result = graded(content=content)
    assert outcomes(result) == ALL_RIGHT
    assert result.errors == {1: "ZeroDivisionError: 1 / 0"}


def test_stored_outputs_and_counts_are_dropped(graded):
    output = {"output_type": "stream", "name": "stdout", "text": "(): 1.234"}
    for count in (None, 7):
        content = changed(notebook(WRONG), outputs=[output], execution_count=count)
        assert outcomes(graded(content=content)) == ALL_WRONG


@pytest.mark.parametrize("name", ["bash", "python2", "course-sandbox", "../../x", 7])
def test_the_notebooks_kernel_is_not_asked_for(name, graded):
    plain = json.loads(notebook(RIGHT))
    plain["metadata"] = {"kernelspec": {"name": name, "language": "bash", "display_name": ""}}
    assert outcomes(graded(content=json.dumps(plain).encode())) == ALL_RIGHT


def test_an_old_notebook_is_graded(graded):
    cells = [{"cell_type": "code", "input": RIGHT, "language": "python", "outputs": [], "metadata": {}}]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    assert outcomes(graded(content=json.dumps(old).encode())) == ALL_RIGHT


def test_cells_may_be_copied_reordered_renamed_or_missing(graded):
    assert outcomes(graded(CENTRED, SPREAD)) == ["right"] * 3
    assert outcomes(graded(WRONG, SPREAD, CENTRED)) == ALL_RIGHT
    assert outcomes(graded(content=changed(notebook(SPREAD, CENTRED), id="same"))) == ALL_RIGHT
    assert outcomes(graded(SPREAD)) == ["right", "right", "not defined"]
    assert outcomes(graded(SPREAD, "centered = None")) == ["right", "right", "not defined"]
    assert outcomes(graded(RIGHT, "del spread\ncentred = 5")) == ["not defined"] * 3
    assert outcomes(graded("from numpy import ptp as spread", CENTRED)) == ALL_RIGHT
    assert outcomes(graded("%reset -f", RIGHT, "%reset -f")) == ["not defined"] * 3


def test_cells_of_another_type_are_not_run(graded):
    assert outcomes(graded(content=changed(notebook(RIGHT), cell_type=5))) == ["not defined"] * 3


@pytest.mark.parametrize("kind", ["markdown", "code "])
def test_code_that_was_turned_into_text_is_run_and_said(kind, graded):
    result = graded(content=changed(notebook(RIGHT), cell_type=kind))
    assert outcomes(result) == ALL_RIGHT
    assert result.flags == ("centred, spread: it stands in a text cell, which was read as code",)


@pytest.mark.parametrize("magic", MAGICS)
def test_magics_work_or_fail_alone(magic, graded):
    source, errors = MAGICS[magic]
    result = graded(RIGHT, source)
    assert outcomes(result) == ALL_RIGHT
    assert errors in (None, result.errors)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"null", b"[" * 9999, notebook(), notebook(""), notebook("\n", "\x0c")]
)
def test_what_holds_nothing_earns_nothing(content, grader):
    assert outcomes(grader.grade("mallory", content)) == ["not defined"] * 3


def test_no_source_breaks_the_notebook_that_it_is_spliced_into(graded):
    """Neither text that looks like JSON, nor what is no text, nor much of it."""
    sources = [
        '"}], "cells": [',
        "\ud800",
        "x = '\u2028\x85\x00'",
        "(" * 5000,
        "\t\ndef f(:",
        "x = 1\r\ny = 2\r",
        "# " + "x" * 900_000,
    ]
    assert outcomes(graded(RIGHT, *sources)) == ALL_RIGHT
