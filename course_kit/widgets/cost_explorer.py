"""What a catalogue costs: seconds, dollars and bytes of three things done plainly, and as PinSAGE does them."""

from __future__ import annotations

import math

import traitlets

from course_kit.widgets.base import Widget

BATCH, NEGATIVES, NEIGHBORS = 2048, 500, 50  # PinSAGE's
PROBES, CANDIDATES = 8, 1000  # cells of √I that a search looks into; what it hands to the ranker
TIMES = (("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0), ("days", 86_400.0), ("years", 31_557_600.0))


class CostExplorer(Widget):
    """Choose users, items, D, L and a machine: what scoring, training and embedding cost, plainly and as designed.

    At first a billion users and 2 billion items, as many as Pinterest's boards and pins in Ying et al. 2018.

    Source: lecture rows 1, 6, 77, 81 and 82.
    """

    users = traitlets.Int(27).tag(sync=True, moves=True)
    items = traitlets.Int(28).tag(sync=True, moves=True)
    dim = traitlets.Int(8).tag(sync=True, moves=True)
    layers = traitlets.Int(2).tag(sync=True, moves=True)
    speed = traitlets.Int(33).tag(sync=True, moves=True)
    price = traitlets.Int(3).tag(sync=True, moves=True)

    def operations(self) -> dict[str, float]:
        """Additions and multiplications of the three things, each in two ways.

        Returns:
            Of "score all pairs" and "two stages": a list for every user; of "own negatives" and "shared negatives":
            forward and backward over one pair per user; of "a tree per item" and "layer by layer": all items embedded.

        Source: Ying et al. 2018, algorithm 1 for a vector of a layer: 2 (D · D + D · 2 D).
        """
        U, I, D, L = step(self.users), step(self.items), float(2**self.dim), self.layers
        cell, vector = math.sqrt(I), 6 * D * D
        tree = float(((1 + NEIGHBORS) ** L - 1) // NEIGHBORS)  # vectors of all layers under one item
        return {
            "score all pairs": 2 * U * I * D,
            "two stages": 2 * U * D * ((1 + PROBES) * cell + CANDIDATES),
            "own negatives": 3 * U * (2 + NEGATIVES) * tree * vector,
            "shared negatives": 3 * U * (2 + NEGATIVES / BATCH) * tree * vector,
            "a tree per item": I * tree * vector,
            "layer by layer": I * L * vector,
        }

    def times(self) -> dict[str, float]:
        """Seconds of each way on one machine; the names are those of `operations`."""
        return {name: count / step(self.speed) for name, count in self.operations().items()}

    def numbers(self) -> dict[str, str]:
        """Time and money of all three things in each way, and the bytes of all vectors and of all scores."""
        U, I, D = step(self.users), step(self.items), float(2**self.dim)
        seconds = list(self.times().values())
        totals = {"plainly": sum(seconds[::2]), "as PinSAGE": sum(seconds[1::2])}
        texts = {
            name: f"{duration(time)}, {money(time / 3600 * step(self.price) / 100)}" for name, time in totals.items()
        }
        return {**texts, "all vectors": size(4 * (U + I) * D), "all scores": size(4 * U * I)}


def step(place: int) -> float:
    """A step of a slider that goes 1, 2, 5, 10, 20, and so on."""
    return (1, 2, 5)[place % 3] * float(f"1e{place // 3}")


def short(value: float) -> str:
    """A number of two or three digits, and its thousands in words."""
    words = ("", " thousand", " million", " billion", " trillion")
    power = 0
    while value >= 1000 and power < len(words) - 1:
        value, power = value / 1000, power + 1
    digits = math.floor(10 * value + 0.5) / 10 if value < 10 else math.floor(value + 0.5)
    return f"{digits:.{1 if value < 10 else 0}f}{words[power]}"


def duration(seconds: float) -> str:
    """A time in the largest unit of which it is at least one."""
    unit, length = next(((u, s) for u, s in reversed(TIMES) if seconds >= s), TIMES[0])
    return f"{short(seconds / length)} {unit}"


def money(dollars: float) -> str:
    """An amount; below a cent it is not counted."""
    return f"${short(dollars)}" if dollars >= 1 else "under $1"


def size(count: float) -> str:
    """Bytes in units of a thousand."""
    units = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB")
    power = 0
    while count >= 1000 and power < len(units) - 1:
        count, power = count / 1000, power + 1
    return f"{short(count)} {units[power]}"
