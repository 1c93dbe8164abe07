"""What does not end, or ends too early: costs its own points, a bounded time, and nobody else anything."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hostile import ALL_RIGHT, NO_ANSWERS, RIGHT, SHORT, WRONG, Stock, outcomes
from processes import living, soon

SLEEP = "import time\ntime.sleep(1000)"
CALM_SLEEP = "import time\ntry:\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    pass"
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"
SLOW = "import time\n\ndef spread(x):\n    time.sleep(1000)"
STUBBORN = """
def spread(x):
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
NO_IDLE = """
import threading, time
kernel = get_ipython().kernel
send, kernel.session.send = kernel.session.send, lambda *args, **how: None
def spam(parent):
    while True:
        send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "x"}, parent=parent)
        time.sleep(0.2)
threading.Thread(target=spam, args=(kernel.get_parent(),), daemon=True).start()
"""
ENDS = {
    "exit": "import os\nos._exit(0)",
    "kill": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.abort()",  # the first process of all is spared
    "fault": "import ctypes\nctypes.string_at(0)",
    "quit": "get_ipython().kernel.do_shutdown(False)\nimport os\nos._exit(1)",
}
LEAVES = {"exit": "exit()", "quit": "quit", "a call": "get_ipython().ask_exit()"}
RUN = """
import pickle, sys
from hostile import LONG, HastyGrader, notebook
bundle, level, source = pickle.load(sys.stdin.buffer)
HastyGrader(bundle, level).grade("mallory", notebook(source), limits=LONG)
"""
LATE = """
import signal, time

def spread(x):
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    {}
    return x.max() - x.min()
"""
JUNK = """
    kernel = get_ipython().kernel
    until = time.monotonic() + 2
    while time.monotonic() < until:
        who = kernel._parent_ident["shell"]
        kernel.session.send(kernel.shell_stream.socket, "junk", {}, parent=kernel.get_parent(), ident=who)
        time.sleep(0.3)"""


def test_stock_nbval_loses_to_who_sleeps(stock_nbval):
    """After a time-out whatever fails was expected to, and pytest is content."""
    assert stock_nbval(WRONG, CALM_SLEEP) == Stock(["XFAIL"] * 3, 0)


def test_who_sleeps_is_asked_afterwards_and_has_no_excuse(attacked):
    result = attacked(WRONG, CALM_SLEEP, limits=SHORT)
    assert set(outcomes(result)) <= {"wrong", "no answer"}
    assert "code cell 2: out of time" in result.flags


def test_who_sleeps_loses_no_point_that_was_earned(attacked):
    assert outcomes(attacked(SLEEP, RIGHT, limits=SHORT)) == ["right"] * 3


def test_who_does_not_listen_is_ended_and_the_rest_goes_on(attacked):
    result = attacked(WRONG, f"{DEAF}\n{SLEEP}", RIGHT, limits=SHORT)
    assert outcomes(result) == ALL_RIGHT
    assert "code cell 2: out of time" in result.flags


@pytest.mark.parametrize("end", ENDS)
def test_who_ends_in_a_cell_keeps_what_other_cells_define(end, attacked):
    first, last = RIGHT.split("\n\ndef centred")
    result = attacked(first, ENDS[end], f"def centred{last}")
    assert outcomes(result) == ALL_RIGHT
    assert "code cell 2: the kernel ended" in result.flags


@pytest.mark.parametrize("leave", LEAVES)
def test_who_leaves_keeps_all_that_is_defined(leave, graded):
    result = graded(RIGHT, LEAVES[leave])
    assert outcomes(result) == ALL_RIGHT
    assert result.flags == ("code cell 2: it ends the kernel",)


@pytest.mark.parametrize("end", ["exit", "fault"])
def test_a_function_that_ends_the_kernel_costs_its_own_cases(end, attacked):
    body = ENDS[end].replace("\n", "\n    ")
    assert outcomes(attacked(RIGHT, f"def spread(x):\n    {body}")) == ["no answer", "no answer", "right"]


def test_a_recursion_without_an_end_costs_no_time(graded):
    """IPython's usual traceback of it takes a minute where as much is imported as in the sandbox."""
    result = graded(RIGHT, "def deeper():\n    return deeper()", "deeper()")
    assert (outcomes(result), result.errors, result.flags) == (ALL_RIGHT, {3: "RecursionError: deeper()"}, ())


@pytest.mark.parametrize(
    "stop", ["asyncio.get_event_loop().stop()", "asyncio.get_event_loop().call_later(0.01, loop.stop)"]
)
def test_a_notebook_that_stops_the_kernels_loop_goes_on(stop, attacked):
    result = attacked(f"import asyncio\nloop = asyncio.get_event_loop()\n{stop}", RIGHT)
    assert (outcomes(result), result.flags) == (ALL_RIGHT, ())


def test_a_function_without_an_end_costs_its_own_case(attacked):
    assert outcomes(attacked(RIGHT, SLOW, limits=SHORT)) == ["out of time", "out of time", "right"]
    assert "right" not in outcomes(attacked(RIGHT, STUBBORN, limits=SHORT))[:2]


def test_a_late_answer_is_late(attacked):
    """Right, half a moment after the time of the case is over; nbval alone takes it."""
    late = LATE.format(f"time.sleep({SHORT.case + SHORT.grace + SHORT.moment / 2})")
    assert outcomes(attacked(RIGHT, late, limits=SHORT))[:2] == ["out of time"] * 2


def test_no_message_makes_the_time_of_a_case_start_anew(attacked):
    assert outcomes(attacked(RIGHT, LATE.format(JUNK), limits=SHORT))[:2] == ["out of time"] * 2


@pytest.mark.slow
def test_many_slow_cells_end_with_the_notebooks_time(attacked):
    result = attacked(WRONG, *["import time\ntime.sleep(1)"] * 12, limits=replace(SHORT, wall=4))
    assert outcomes(result) == NO_ANSWERS
    assert any("the run was ended" in flag for flag in result.flags)


@pytest.mark.slow
def test_stock_nbval_loses_to_who_never_says_that_it_is_idle(stock_nbval):
    """It reads for ever, as long as something comes."""
    assert stock_nbval(WRONG, NO_IDLE, seconds=15) == Stock([], None)


@pytest.mark.slow
def test_who_never_says_that_it_is_idle_is_ended_too(attacked):
    assert "right" not in outcomes(attacked(WRONG, NO_IDLE, limits=SHORT))


def test_of_a_run_that_is_killed_nothing_goes_on(bundle, confined):
    """Neither the grader, nor what listens to a kernel, nor the warm process, nor the kernel."""
    tests = {"PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.Popen([sys.executable, "-c", RUN], stdin=subprocess.PIPE, env={**os.environ, **tests})
    pickle.dump((bundle, confined, SLEEP), run.stdin)
    run.stdin.close()
    started = psutil.Process(run.pid)
    assert soon(lambda: len(started.children(recursive=True)) == 5)
    below = started.children(recursive=True)
    run.kill()
    run.wait()
    assert soon(lambda: not living(below))


def test_nothing_stays_behind(grader, graded):
    graded(
        WRONG,
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1000)",
    )
    owner = psutil.Process(grader.pid)
    assert soon(lambda: len(living(owner.children(recursive=True))) == 1)  # the warm process
