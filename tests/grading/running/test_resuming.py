"""With cells that only pretend to run: "x" ends the kernel, "late" ends it just after, "once" the first time only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from course_kit.grading.running.recorder import DEAD_ALREADY
from course_kit.grading.running.resuming import run_on
from course_kit.grading.running.splice import Cell, Ran

ENDED = Ran(False, "", "", "", "the kernel ended", ended=True)
DEAD = Ran(False, "", "", "", DEAD_ALREADY, ended=True)


class Kernels:
    """Fresh kernels; `ran` holds what each of them was given."""

    def __init__(self, cells: int = 99) -> None:
        self.ran: list[str] = []
        self.cells = cells

    def run(self, cells: Sequence[Cell]) -> Iterator[Ran]:
        self.ran.append("")
        dead = False
        for cell in cells:
            if self.cells == 0:
                return
            self.cells -= 1
            if dead:
                yield DEAD
                continue
            self.ran[-1] += f" {cell.source}"
            dead = cell.source in ("x", "late") or (
                cell.source == "once" and sum("once" in ran for ran in self.ran) == 1
            )
            yield ENDED if dead and cell.source != "late" else Ran(True, cell.source, "", "", "")


def ran(kernels: Kernels, own: str, asking: str) -> list[str]:
    """What each cell printed; "!" for one that ended a kernel."""
    told = run_on(kernels.run, [Cell(source) for source in own.split()], [Cell(source) for source in asking.split()])
    return [cell.printed + "!" * cell.ended for cell in told]


def test_without_an_end_one_kernel_is_enough():
    kernels = Kernels()
    assert ran(kernels, "a b", "f g") == ["a", "b", "f", "g"]
    assert kernels.ran == [" a b f g"]


def test_a_cell_that_ends_the_kernel_is_left_out_and_the_rest_goes_on():
    kernels = Kernels()
    assert ran(kernels, "a x b x", "f") == ["a", "!", "b", "!", "f"]
    assert kernels.ran == [" a x", " a b x", " a b f"]


def test_a_cell_after_which_the_kernel_is_gone_is_the_one_that_ended_it():
    kernels = Kernels()
    assert ran(kernels, "a late b", "f") == ["a", "late!", "b", "f"]
    assert kernels.ran == [" a late", " a b f"]


def test_a_case_that_ends_the_kernel_twice_costs_itself_and_no_other():
    kernels = Kernels()
    assert ran(kernels, "a", "f x g") == ["a", "f", "!", "g"]
    assert kernels.ran == [" a f x", " a x", " a g"]


def test_a_case_that_something_else_ended_is_asked_again():
    assert ran(Kernels(), "a", "f once g") == ["a", "f", "once", "g"]


def test_when_the_time_is_over_the_rest_is_not_told():
    assert ran(Kernels(cells=3), "a x", "f g") == ["a", "!"]


def test_once_something_was_asked_nothing_is_told_of_how_own_cells_end():
    """They could have seen what was asked; so it is as if they had gone well, and they are left out."""

    class Looking(Kernels):
        def run(self, cells: Sequence[Cell]) -> Iterator[Ran]:
            seen = any("x" in ran for ran in self.ran)
            yield from super().run(
                [
                    Cell({"looks": "x", "late looks": "late"}[c.source]) if seen and "looks" in c.source else c
                    for c in cells
                ]
            )

    for looks in ("looks", "late looks"):
        kernels = Looking()
        told = run_on(kernels.run, [Cell("a"), Cell(looks), Cell("b")], [Cell("x"), Cell("g")])
        assert [cell.ended for cell in told] == [False, False, False, True, False]
        assert [cell.printed for cell in told] == ["a", looks, "b", "", "g"]
