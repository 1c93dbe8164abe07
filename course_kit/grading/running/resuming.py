"""Run a student's cells and ask; where a cell ends the kernel, go on in a fresh one without that cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from course_kit.grading.running.recorder import DEAD_ALREADY
from course_kit.grading.running.splice import Cell, Ran

TRIES = 2  # of a case: what ended the kernel while it was asked may be what an earlier cell left running


def run_on(run: Callable[[Sequence[Cell]], Iterator[Ran]], own: Sequence[Cell], asking: Sequence[Cell]) -> list[Ran]:
    """Run all cells, in as many kernels as it takes.

    In a fresh kernel the student's own cells run again, but for those that ended a kernel: so what the others define
    can be asked, as it can where a cell only stops with an error. Once something was asked, nothing is told of how own
    cells end: they could look at what was asked before, and tell it by ending here or there.

    Args:
        run: Runs cells in a fresh kernel, and says how each ended as soon as it has; says less if time is over.
        own: The student's cells.
        asking: Our cells after them.

    Returns:
        How each cell ended, the first time that it did; fewer than there are cells if the time was over.
    """
    cells = [*own, *asking]
    told: dict[int, Ran] = {}
    left_out: set[int] = set()
    tries: Counter[int] = Counter()
    is_asked = False
    while True:
        order = [n for n in range(len(cells)) if n not in left_out and (n < len(own) or n not in told)]
        before = None
        for number, ran in zip(order, run([cells[n] for n in order]), strict=False):
            if ran.trouble == DEAD_ALREADY and before is not None:  # it ended after the reply to the cell before
                number, ran = before, replace(told[before], ended=True)
                if before >= len(own) or not is_asked:
                    told[before] = ran
            tries[number] += ran.ended
            is_asked |= number >= len(own)
            if number < len(own) and ran.ended:
                left_out.add(number)
                if not is_asked:
                    told[number] = ran
            elif not ran.ended or tries[number] == TRIES:
                told.setdefault(number, ran)
            if ran.ended:
                break
            before = number
        else:
            break
    until = next((n for n in range(len(cells)) if n not in told), len(cells))
    return [told[n] for n in range(until)]
