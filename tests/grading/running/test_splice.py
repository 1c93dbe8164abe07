"""Through the real nbval and a real kernel."""

from __future__ import annotations

import pytest

from course_kit.grading.asking.limits import CELL_SECONDS
from course_kit.grading.running.splice import Cell, run_cells

CELLS = [
    (Cell("x = 2; from course_kit.grading.asking.telling import tell"), True),
    (Cell("1 / 0"), False),
    (Cell("tell(str(x))", "2\n"), True),
    (Cell("tell(str(x))", "3\n"), False),
    (Cell("tell(str(x)); print(3); import warnings; warnings.warn('unrelated')", "2\n"), True),
    (Cell("print(x)", "2\n"), False),
    (Cell("exit()"), True),
    (Cell("import os; tell(str(os.listdir()))", "['spliced.ipynb']\n"), True),
]


@pytest.mark.slow
def test_each_cell_is_run_and_only_what_prints_the_expected_passes():
    ran = list(run_cells([cell for cell, _ in CELLS], seconds=20))
    assert [cell.passed for cell in ran] == [passed for _, passed in CELLS]
    assert ran[1].error == "ZeroDivisionError: division by zero"
    assert ran[3].printed == "2\n"


TELL = "__import__('course_kit.grading.asking.telling', fromlist=['tell']).tell('1')"


@pytest.mark.slow
def test_a_cell_without_an_end_costs_itself_alone_and_one_with_a_time_of_its_own_gets_it():
    endless = Cell("while True: pass")
    patient = Cell(f"import time; time.sleep(2.5); {TELL}", "1\n", seconds=CELL_SECONDS + 1)
    ran = list(run_cells([endless, Cell(TELL, "1\n"), Cell(TELL, "2\n"), patient], seconds=2))
    assert [cell.passed for cell in ran] == [False, True, False, True]
