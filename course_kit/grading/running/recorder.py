"""A pytest plugin beside nbval: listens to the kernel in nbval's place and says how each cell ended."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from course_kit.grading.asking.plain import MOST_TOLD
from course_kit.grading.running.listening import KERNEL_ENDED as KERNEL_ENDED
from course_kit.grading.running.listening import Listener
from course_kit.grading.running.splice import SECONDS

OUT_OF_TIME = "out of time"
DEAD_ALREADY = "Kernel dead on test start"  # nbval's words
ORDINARY = ("Cell outputs differ", "Cell execution caused an exception")  # nbval's words for ends that are no trouble
OURS = ("NbCellError", "RuntimeError")  # exceptions whose text is nbval's or the listener's
COLOURS, CELL_LINE = re.compile(r"\x1b\[[0-9;]*m"), re.compile(r"Cell In\s*\[\d+\], line (\d{1,6})\b")
PREPARE = "__import__('course_kit.grading.asking.telling', fromlist=['prepare']).prepare()"
SHOWN = 20_000  # characters kept of an error and of what stands beside an answer


class Recorder:
    """Hooks of pytest.

    Args:
        say: Told how each cell ended, as `record` puts it.
    """

    first = PREPARE  # what runs before the first cell, in silence

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self.say = say
        self.listener: Listener | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """The form of an answer comes as if on stderr, and is not compared."""
        for item in items:
            item.parent.skip_compare += ("stderr",)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Before a cell: its time; one that ran out of it before is no excuse, and does not keep it from running."""
        item.parent.timed_out = False
        if seconds := item.cell.metadata.get(SECONDS):
            item.config.option.nbval_cell_timeout = seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Before the first cell: listen to the kernel."""
        if self.listener is None and item.parent.kernel.is_alive():
            self.listener = Listener(item.parent.kernel)
            if self.first:
                item.parent.kernel.kc.execute(self.first, silent=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        """Say how a cell ended."""
        report = yield
        if call.when == "call":
            self.say(record(item, report, call, self.listener))
        return report


def pytest_configure(config: pytest.Config) -> None:
    """Where pytest loads this module by its name, each cell's end is printed as a line of JSON."""
    config.pluginmanager.register(Recorder(lambda record: print(json.dumps(record), flush=True)))


def record(
    item: Any, report: pytest.TestReport, call: pytest.CallInfo, listener: Listener | None = None
) -> dict[str, Any]:
    """How a cell ended, as `splice.Ran` has it; only a plain pass of the call itself, in time, counts as passed."""
    outputs = item.test_outputs or []
    printed = {name: "".join(o.text for o in outputs if o.get("name") == name) for name in ("stdout", "stderr")}
    errors = [output for output in outputs if output.output_type == "error"]
    shown = [f"{output.ename}: {output.evalue}"[:SHOWN] for output in errors]
    in_time = not item.parent.timed_out
    return {
        "passed": report.outcome == "passed" and not hasattr(report, "wasxfail") and in_time,
        "printed": printed["stdout"][: MOST_TOLD + 1],
        "aside": printed["stderr"][:SHOWN],
        "error": "".join(shown[:1]),
        "line": _line(errors[0].get("traceback", [])) if errors else 0,
        "trouble": _trouble(item, call),
        "ended": not item.parent.kernel.is_alive(),
        "asks_to_end": listener is not None and listener.asks_to_end,
        "said": listener.said if listener else 0,
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
