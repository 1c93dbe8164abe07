"""A pytest plugin beside nbval, for code that nobody trusts: no cell of it can hang, flood or outwit the run."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from course_kit.grading.running.recorder import record, until_it_ends
from course_kit.grading.running.splice import Cell

FLOODED = "too much output"
FLOOD = 16 << 20  # characters of output after which a kernel is stopped; a message counts for 256 at least
NO_MARKS = {"skip": False, "check_exception": False}


class Guard:
    """Watches over the cells of one spliced notebook.

    Args:
        cells: What nbval runs, in the same order.
        inputs: The folder where a submission finds the inputs of the case that is asked.
        say: Told None once there is a kernel, then how each cell ended, as `recorder.record` puts it.
    """

    def __init__(self, cells: Sequence[Cell], inputs: Path, say: Callable[[dict[str, Any] | None], None]) -> None:
        self.cells, self.inputs, self.say = cells, inputs, say
        self.heard = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Comments that tell nbval to skip a cell or to ignore its output count for nothing."""
        for item in items:
            item.options.update(NO_MARKS)
            item.format_output_compare = lambda key, left, right: None  # no diff of what somebody made long
            item.parent.skip_compare += ("stderr",)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Before a cell: its inputs and its time, and no excuse from a time-out before it."""
        cell = self.cells[item.cell_num]
        item.parent.timed_out = False
        item.config.option.nbval_cell_timeout = cell.seconds
        if cell.inputs:
            (self.inputs / str(item.cell_num)).write_bytes(zlib.decompress(cell.inputs))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Listen to the kernel through a guard."""
        kernel = item.parent.kernel
        if kernel.is_alive() and "get_message" not in vars(kernel):
            kernel.get_message = self._guarded(kernel)
            self.say(None)

    def _guarded(self, kernel: Any) -> Callable[..., dict]:
        hear = until_it_ends(kernel)

        def get_message(stream: str, timeout: float | None = None) -> dict:
            try:
                message = hear(stream, timeout)
            except MemoryError:  # one message larger than this process may be
                self.heard = FLOOD
            else:
                self.heard += 256 + len(str(message["content"]))
            if self.heard >= FLOOD:
                kernel.stop()
                raise RuntimeError(FLOODED)
            return message

        return get_message

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
        """Say how a cell ended."""
        report = yield
        if call.when == "call":
            self.say(record(item, report, call))
        return report
