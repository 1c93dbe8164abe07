"""A pytest plugin beside nbval: prints one JSON line a notebook cell, and notices at once when a kernel ends."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import pytest

OUT_OF_TIME, KERNEL_ENDED = "out of time", "the kernel ended"
SLICE = 0.25  # seconds between two looks at whether the kernel lives
ORDINARY = ("Cell outputs differ", "Cell execution caused an exception")  # nbval's words for ends that are no trouble
OURS = ("NbCellError", "RuntimeError")  # exceptions whose text is nbval's or the guard's
COLOURS, CELL_LINE = re.compile(r"\x1b\[[0-9;]*m"), re.compile(r"Cell In\s*\[\d+\], line (\d{1,6})\b")
SHOWN = 20_000  # characters kept of what a cell printed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning on stderr is no part of an answer."""
    for notebook in {item.parent for item in items}:
        notebook.skip_compare += ("stderr",)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Listen for the kernel's end, too."""
    kernel = item.parent.kernel
    if kernel.is_alive() and "get_message" not in vars(kernel):
        kernel.get_message = until_it_ends(kernel)


def until_it_ends(kernel: Any) -> Callable[..., dict]:
    """How to hear a kernel's messages without waiting for a dead one; nbval would wait for the cell's time limit."""
    hear = kernel.get_message

    def get_message(stream: str, timeout: float | None = None) -> dict:
        until = time.monotonic() + (timeout or 0)
        while True:
            try:
                return hear(stream, timeout=max(0.01, min(SLICE, until - time.monotonic())))
            except Empty:
                if not kernel.is_alive():
                    raise RuntimeError(KERNEL_ENDED) from None
                if time.monotonic() > until:
                    raise

    return get_message


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Say how a cell ended."""
    report = yield
    if call.when == "call":
        print(json.dumps(record(item, report, call)), flush=True)
    return report


def record(item: Any, report: pytest.TestReport, call: pytest.CallInfo) -> dict[str, Any]:
    """How a cell ended, as `splice.Ran` has it; only a plain pass of the call itself counts as passed."""
    outputs = item.test_outputs or []
    printed = {name: "".join(o.text for o in outputs if o.get("name") == name) for name in ("stdout", "stderr")}
    errors = [output for output in outputs if output.output_type == "error"]
    shown = [f"{output.ename}: {output.evalue}"[:SHOWN] for output in errors]
    return {
        "passed": report.outcome == "passed" and not hasattr(report, "wasxfail"),
        "printed": printed["stdout"][:SHOWN],
        "aside": printed["stderr"][:SHOWN],
        "error": "".join(shown[:1]),
        "line": _line(errors[0].get("traceback", [])) if errors else 0,
        "trouble": _trouble(item, call),
    }


def _line(traceback: Any) -> int:
    """Number of the cell's own line in a traceback, from 1; 0 if none is named."""
    text = COLOURS.sub("", "\n".join(line for line in traceback if isinstance(line, str))[:SHOWN])
    named = CELL_LINE.search(text)
    return int(named[1]) if named else 0


def _trouble(item: Any, call: pytest.CallInfo) -> str:
    """What an exception of nbval's or ours says; of any other, whose text might be the student's, only its name."""
    if item.parent.timed_out:
        return OUT_OF_TIME
    if call.excinfo is None:
        return ""
    said = str(call.excinfo.value) if call.excinfo.typename in OURS else call.excinfo.typename
    return "" if said in ORDINARY else said[:200]
