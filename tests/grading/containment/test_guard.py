"""The guard between nbval and a kernel, with a kernel that only pretends."""

from __future__ import annotations

import time
import zlib
from queue import Empty
from types import SimpleNamespace

import pytest

from course_kit.grading.containment.guard import FLOOD, FLOODED, Guard
from course_kit.grading.running.recorder import KERNEL_ENDED
from course_kit.grading.running.splice import Cell


class Kernel:
    """Says what it is told to, then nothing; ends when its lives are used up."""

    def __init__(self, *says: object, lives: int = 99) -> None:
        self.says, self.lives = list(says), lives

    def is_alive(self) -> bool:
        self.lives -= 1
        return self.lives > 0

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        if not self.says:
            time.sleep(timeout)
            raise Empty
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return {"content": said}

    def stop(self) -> None:
        self.lives = 0


def guarded(kernel: Kernel, tmp_path, *cells: Cell) -> tuple[Guard, SimpleNamespace]:
    """A guard at work: nbval's item for the first cell, about to be run."""
    guard = Guard(cells or [Cell("1")], tmp_path, lambda record: None)
    option = SimpleNamespace(nbval_cell_timeout=2000)
    parent = SimpleNamespace(timed_out=True, kernel=kernel, skip_compare=("metadata",))
    item = SimpleNamespace(cell_num=0, parent=parent, config=SimpleNamespace(option=option), options={"skip": True})
    guard.pytest_collection_modifyitems([item])
    guard.pytest_runtest_setup(item)
    guard.pytest_runtest_call(item)
    return guard, item


def test_marks_time_and_excuses_are_the_graders(tmp_path):
    _, item = guarded(Kernel(), tmp_path, Cell("f(1)", seconds=7, inputs=zlib.compress(b"inputs")))
    assert item.options == {"skip": False, "check_exception": False}
    assert (item.config.option.nbval_cell_timeout, item.parent.timed_out) == (7, False)
    assert "stderr" in item.parent.skip_compare
    assert (tmp_path / "0").read_bytes() == b"inputs"


def test_what_is_said_is_passed_on(tmp_path):
    kernel = Kernel({"text": "a"}, {"text": "b"})
    guarded(kernel, tmp_path)
    assert [kernel.get_message("iopub", timeout=1)["content"]["text"] for _ in "ab"] == ["a", "b"]


def test_silence_lasts_as_long_as_nbval_waits(tmp_path):
    kernel = Kernel()
    guarded(kernel, tmp_path)
    start = time.monotonic()
    with pytest.raises(Empty):
        kernel.get_message("shell", timeout=0.6)
    assert time.monotonic() - start >= 0.6


def test_an_end_is_noticed_long_before(tmp_path):
    kernel = Kernel(lives=3)
    guarded(kernel, tmp_path)
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=KERNEL_ENDED):
        kernel.get_message("shell", timeout=60)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("says", [[{"text": "x" * FLOOD}], [{}] * (FLOOD // 256 + 2), [MemoryError()]])
def test_a_flood_is_stopped(says, tmp_path):
    kernel = Kernel(*says)
    guarded(kernel, tmp_path)
    with pytest.raises(RuntimeError, match=FLOODED):
        while True:
            kernel.get_message("iopub", timeout=1)
    assert kernel.lives <= 0
