from hostile import *


def test_x(graded, attacked, stock_nbval):
    r = graded(RIGHT)
    assert outcomes(r) == ALL_RIGHT, r
    r = graded(WRONG)
    assert outcomes(r) == ALL_WRONG, r
    assert stock_nbval(RIGHT) == Stock(["PASSED"] * 3, 0)
    assert stock_nbval(WRONG) == Stock(["FAILED"] * 3, 1)
