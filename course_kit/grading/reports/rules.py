"""How points become a total: what does not count, how much each part counts, extra credit, a curve.

The rules lie in rules.json beside the results. They apply where grades are exported, so a new rule needs no grading.

A curve is one of these; it lifts nobody above all points of the assignment, and lowers nobody:

    none       as earned
    +5         so many points more
    *1.1       so many times as many
    sqrt       the square root of the share: 64 % become 80 %
    mean 75    as many points more for everybody as bring the mean to 75
    best 100   as many times as many as bring the best to 100
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.marking.result import Result
from course_kit.storing import replace as store
from course_lib.arguments import refuse

FILE = "rules.json"
CURVE = re.compile(r"(none|sqrt)|(\+|\*|mean |best )\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Rules:
    """Rules for totals.

    Args:
        drop: Functions and written parts that do not count, and cases, as "function: case".
        weights: Function or part → how much it counts beside the others; its points where nothing is said.
        bonus: Functions and parts whose points come on top of the others'.
        curve: See the head of this module.
    """

    drop: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    bonus: tuple[str, ...] = ()
    curve: str = "none"

    def worth(self, assignment: Assignment) -> dict[str, float]:
        """Function or part → points that it is worth; those that do not count are left out.

        What counts is scaled to all points of the assignment; what comes on top keeps its own.

        Raises:
            ValueError: If nothing is left, or a name is not the assignment's.
        """
        points = points_by_part(assignment)
        for what, names in (("drop", map(part_of, self.drop)), ("weights", self.weights), ("bonus", self.bonus)):
            for name in names:
                if name not in points:
                    refuse(what, repr(name), f"one of {', '.join(points)}")
        weights = {part: self.weights.get(part, of) for part, of in points.items() if part not in self.drop}
        counted = sum(weight for part, weight in weights.items() if part not in self.bonus)
        if counted <= 0:
            refuse("drop, weights and bonus", "rules by which nothing counts", "at least one part that does")
        scale = sum(points.values()) / counted
        worth = {part: weight if part in self.bonus else weight * scale for part, weight in weights.items()}
        return {part: points for part, points in worth.items() if points}

    def without_cases(self, results: Mapping[str, Result]) -> dict[str, Result]:
        """The results without the cases that do not count.

        Raises:
            ValueError: If a function would have no case left.
        """
        return {student: self._without_cases(result) for student, result in results.items()}

    def _without_cases(self, result: Result) -> Result:
        exercises = []
        for one in result.exercises:
            cases = {case: how for case, how in one.cases.items() if f"{one.name}: {case}" not in self.drop}
            if not cases:
                refuse("drop", f"all cases of {one.name}", "at least one that is left", f"drop {one.name} itself")
            exercises.append(replace(one, cases=cases))
        return replace(result, exercises=tuple(exercises))

    def curved(self, earned: Sequence[float], most: float) -> Callable[[float], float]:
        """What the curve makes of points.

        Args:
            earned: Points of everybody who handed in.
            most: All points of the assignment.
        """
        word, sign, number = parse_curve(self.curve)
        mean, best = (sum(earned) / len(earned), max(earned)) if earned else (0.0, 0.0)
        added = number if sign == "+" else number - mean if sign == "mean" else 0.0
        factor = number if sign == "*" else number / best if sign == "best" and best else 1.0

        def curve(points: float) -> float:
            lifted = math.sqrt(points / most) * most if word == "sqrt" and points > 0 else points * factor + added
            return max(points, min(lifted, most))

        return curve

    def to_json(self) -> str:
        """As text, the same for the same rules."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


NO_RULES = Rules()


def read_rules(directory: Path) -> Rules:
    """The rules of a folder that `course grade --out` wrote; there are none at first.

    Raises:
        ValueError: If the file is damaged.
    """
    path = directory / FILE
    if not path.exists():
        return NO_RULES
    try:
        plain = json.loads(path.read_text("utf-8"))
        weights = {name: float(weight) for name, weight in plain["weights"].items()}
        return Rules(tuple(plain["drop"]), weights, tuple(plain["bonus"]), str(plain["curve"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        refuse(str(path), f"something else: {error}", "rules as `course drop` writes them", "delete the file")


def store_rules(directory: Path, rules: Rules, assignment: Assignment) -> None:
    """Store rules, if they fit the assignment.

    Raises:
        ValueError: If they do not.
    """
    rules.worth(assignment)
    parse_curve(rules.curve)
    store(directory / FILE, rules.to_json())


def with_drops(rules: Rules, names: Iterable[str], results: Mapping[str, Result], undo: bool = False) -> Rules:
    """Rules with more that does not count, or with some of it counting again.

    Args:
        rules: The rules.
        names: Functions, written parts, or cases as "function: case".
        results: Results, which know the cases.
        undo: Have them count again.

    Raises:
        ValueError: If there is no such case, or a name to undo was not dropped.
    """
    there = {f"{one.name}: {case}" for result in results.values() for one in result.exercises for case in one.cases}
    for name in names:
        if undo and name not in rules.drop:
            refuse("drop --undo", repr(name), f"one of {', '.join(map(repr, rules.drop)) or '(nothing is dropped)'}")
        if not undo and name != part_of(name) and name not in there:
            cases = sorted(one for one in there if part_of(one) == part_of(name))
            refuse("drop", repr(name), f"one of {', '.join(map(repr, cases)) or 'the functions'}")
    left = [name for name in rules.drop if name not in names]
    return replace(rules, drop=tuple(left if undo else dict.fromkeys((*left, *names))))


def parse_weights(text: str) -> dict[str, float]:
    """Read "top_k=30, audit_f1=10"; "" is no weights.

    Raises:
        ValueError: If it is something else.
    """
    weights = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"(\S+?)\s*=\s*(\d+(?:\.\d+)?)", part)
        if not found:
            refuse("weights", repr(part), "a function and a number, as in top_k=30, audit_f1=10")
        weights[found[1]] = float(found[2])
    return weights


def parse_curve(text: str) -> tuple[str, str, float]:
    """Read a curve: its word, or its sign and its number.

    Raises:
        ValueError: If it is none.
    """
    found = CURVE.fullmatch(text.strip())
    if not found:
        refuse("curve", repr(text), "none, +5, *1.1, sqrt, mean 75 or best 100")
    return found[1] or "", (found[2] or "").strip(), float(found[3] or 0)


def points_by_part(assignment: Assignment) -> dict[str, int]:
    """Function or written part → its points."""
    return {name: exercise.points for name, exercise in assignment.exercises.items()} | assignment.written


def part_of(name: str) -> str:
    """The function of a case, "function: case"; another name is its own."""
    return name.partition(": ")[0]
