"""Honest notebooks that print and show more than anybody can read: it costs no point, and a person is told."""

from __future__ import annotations

import pytest
from hostile import ALL_RIGHT, RIGHT, outcomes

MUCH = "very much output, which grading does not read"
CHATTY = {
    "lines, each sent at once": "for n in range(100_000):\n    print(n, flush=True)",
    "one long line": "print('x' * 50_000_000)",
    "on stderr": "import sys\nsys.stderr.write('x' * 50_000_000)",
    "one picture": "from IPython.display import HTML, display\ndisplay(HTML('x' * 17_000_000))",
    "a result": "'x' * 17_000_000",
}
QUIET = {
    "cleared": "from IPython.display import clear_output\nfor n in range(300):\n    print(n); clear_output(wait=True)",
    "shown": "from IPython.display import display\nfor n in range(300):\n    display(n)",
    "a progress bar": "from tqdm.auto import tqdm\nfor _ in tqdm(range(300), mininterval=0):\n    pass",
    "a figure in a window": "%matplotlib qt\n%gui qt\nimport matplotlib\nmatplotlib.use('TkAgg')",
    "a figure in a widget": "%matplotlib widget\nfrom matplotlib import pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "a window asked for late": "from matplotlib import pyplot as plt\nplt.switch_backend('qtagg')\nplt.figure().show()",
    "a widget": "import ipywidgets\nipywidgets.interact(lambda x: x, x=3)",
    "child processes": "import subprocess\nsubprocess.run('yes | head -c 9000000', shell=True, check=True)\n!echo 1",
    "a process of its own": "import multiprocessing\nmultiprocessing.get_context('fork').Process(target=print).start()",
    "no stdout": "import io, sys\nsys.stdout, sys.stderr = io.StringIO(), None",
    "a closed stdout": "import sys\nsys.stdout.close()",
    "not UTF-8": "print('\\ud800')\nimport os\nos.write(1, b'\\xff')",
}
FOR_EVER = """
import os, threading
from IPython.display import display

def talk(say):
    while True:
        say("hello " * 9)

for say in (lambda text: print(text, flush=True), display):
    threading.Thread(target=talk, args=(say,), daemon=True).start()
if os.fork() == 0:
    talk(lambda text: os.write(1, text.encode()))
print("x" * 6_000_000)  # for a machine where the others come to less before the last answer
"""
WHILE_ASKED = """
import numpy as np
from IPython.display import clear_output, display

def spread(x):
    for n in range(2000):
        print(n, flush=True)
    display(x)
    clear_output()
    return x.max() - x.min()

def centred(x):
    print("x" * 50_000_000)
    return x - x.mean()
"""


@pytest.mark.parametrize("how", CHATTY)
def test_a_chatty_cell_costs_nothing_and_is_said(how, graded):
    result = graded(RIGHT, CHATTY[how])
    assert (outcomes(result), result.errors) == (ALL_RIGHT, {})
    assert result.flags == (f"code cell 2: {MUCH}",)


def test_what_was_printed_is_not_kept(graded):
    """Four times what a notebook may hold; IPython by itself would keep all of it."""
    result = graded(RIGHT, "for _ in range(12_000):\n    print('x' * 1_000_000)")
    assert (outcomes(result), result.errors) == (ALL_RIGHT, {})


@pytest.mark.parametrize("how", QUIET)
def test_output_of_any_way_costs_nothing(how, graded):
    result = graded(RIGHT, QUIET[how])
    assert (outcomes(result), result.errors, result.flags) == (ALL_RIGHT, {}, ())


def test_threads_and_processes_that_talk_for_ever_cost_nothing(attacked):
    result = attacked(FOR_EVER, RIGHT)
    assert (outcomes(result), result.errors) == (ALL_RIGHT, {})
    assert any(MUCH in flag for flag in result.flags)


def test_a_function_may_talk_while_it_is_asked(graded):
    result = graded(WHILE_ASKED)
    assert (outcomes(result), result.flags) == (ALL_RIGHT, (f"while asked: {MUCH}",))
