"""A pytest plugin beside nbval, for code that nobody trusts: before a cell, its inputs, its time and no excuse."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from course_kit.grading.running.recorder import Recorder
from course_kit.grading.running.splice import Cell

NO_MARKS = {"skip": False, "check_exception": False}
MOMENT = 5  # seconds that a cell has to end once it is interrupted


class Guard(Recorder):
    """Watches over the cells of one spliced notebook.

    Args:
        cells: What nbval runs, in the same order.
        inputs: The folder where a submission finds the inputs of the case that is asked.
        say: Told None once there is a kernel, then how each cell ended, as `recorder.record` puts it.
    """

    first = ""  # the sandbox's kernel survives exit as it is

    def __init__(self, cells: Sequence[Cell], inputs: Path, say: Callable[[dict[str, Any] | None], None]) -> None:
        super().__init__(say)
        self.cells, self.inputs = cells, inputs

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Comments that tell nbval to skip a cell or to ignore its output count for nothing."""
        super().pytest_collection_modifyitems(items)
        for item in items:
            item.options.update(NO_MARKS)
            item.output_timeout = MOMENT
            item.format_output_compare = lambda key, left, right: None  # no diff of what somebody made long

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Before a cell: its inputs and its time."""
        super().pytest_runtest_setup(item)
        cell = self.cells[item.cell_num]
        item.config.option.nbval_cell_timeout = cell.seconds
        if cell.inputs:
            (self.inputs / cell.file).write_bytes(zlib.decompress(cell.inputs))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Before the first cell: listen to the kernel, and say that there is one."""
        heard_before = self.listener is not None
        super().pytest_runtest_call(item)
        if self.listener is not None and not heard_before:
            self.say(None)
