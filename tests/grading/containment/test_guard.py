"""What the guard does before a cell; what it hears is in running/test_listening.py."""

from __future__ import annotations

import zlib
from types import SimpleNamespace

from course_kit.grading.containment.guard import MOMENT, Guard
from course_kit.grading.running.splice import Cell


def test_marks_time_and_excuses_are_the_graders(tmp_path):
    guard = Guard([Cell("f(1)", seconds=7, inputs=zlib.compress(b"inputs"), file="5")], tmp_path, print)
    option = SimpleNamespace(nbval_cell_timeout=2000)
    parent = SimpleNamespace(timed_out=True, skip_compare=("metadata",))
    item = SimpleNamespace(cell_num=0, parent=parent, config=SimpleNamespace(option=option), options={"skip": True})
    item.cell = SimpleNamespace(metadata={})
    guard.pytest_collection_modifyitems([item])
    guard.pytest_runtest_setup(item)
    assert item.options == {"skip": False, "check_exception": False}
    assert item.output_timeout == MOMENT
    assert item.format_output_compare("stdout", "long", "longer") is None
    assert (item.config.option.nbval_cell_timeout, item.parent.timed_out) == (7, False)
    assert "stderr" in item.parent.skip_compare
    assert (tmp_path / "5").read_bytes() == b"inputs"
