"""The benchmark of grading: the checks tell right from wrong, and no process gets away uncounted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from grading import Meter
from grading_peers import POINTS, asserted, expected_numbers, students

ORPHAN = "import os, time\nif os.fork() == 0:\n    while time.process_time() < 0.5: pass"


def test_a_student_earns_what_the_checks_give():
    for student in students(10):
        names: dict = {}
        exec("\n\n".join(student.sources), names)
        earned = 0
        for call, numbers in expected_numbers().items():
            try:
                exec(asserted(call, numbers), names)
                earned += 1
            except (AssertionError, RuntimeError):  # another shape does not compare
                pass
        assert earned == student.points
    assert {student.points for student in students(10)} == {0, 3, POINTS}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans go to the system")
def test_the_meter_counts_a_process_whose_parent_has_ended():
    with Meter() as meter:
        subprocess.run([sys.executable, "-c", ORPHAN], check=True, stdout=subprocess.PIPE)  # until the orphan closes it
    assert 0.5 <= meter.cpu < 1
