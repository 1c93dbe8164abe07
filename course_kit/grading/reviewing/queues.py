"""Ways through a class: everybody, those with the same mistake, with the same kind of flag, with words to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.marking.result import Result
from course_kit.grading.reports.class_report import kind_of
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.statistics import told

EVERYBODY = "all"
GROUPS = {"w": "Written parts", "m": "By mistake", "f": "By flag", "s": "Similar answers"}


@dataclass(frozen=True)
class Queue:
    """Submissions in the order in which they are read.

    Args:
        key: Names it in addresses; its first letter is the group.
        title: What they have in common.
        part: The function or written part that it is about; "" if none.
        students: Whose they are.
    """

    key: str
    title: str
    part: str
    students: tuple[str, ...]


def queues(
    assignment: Assignment,
    order: Sequence[str],
    rows: Mapping[str, Row],
    results: Mapping[str, Result],
    similar: Sequence[tuple[str, tuple[str, ...]]],
) -> dict[str, Queue]:
    """All ways through a class, by key.

    Args:
        assignment: What was graded.
        order: All students, in the order in which they are read.
        rows: Student → line of the gradebook.
        results: Student → result.
        similar: Groups of students with nearly the same answer: (function, students).
    """
    found = [Queue(EVERYBODY, "everybody", "", tuple(order))]
    graded = tuple(student for student in order if student in results)
    found += [Queue(f"w{n}", part, part, graded) for n, part in enumerate(assignment.written)]
    mistakes: dict[tuple[str, str], list[str]] = {}
    flags: dict[str, list[str]] = {}
    for student in graded:
        for exercise in results[student].exercises:
            for what in dict.fromkeys(told(how) for how in exercise.cases.values() if not how.passed):
                mistakes.setdefault((exercise.name, what), []).append(student)
        if rows[student].flags:
            flags.setdefault(kind_of(rows[student].flags), []).append(student)
    most_first = sorted(mistakes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    found += [
        Queue(f"m{n}", f"{name}: {what}", name, tuple(those)) for n, ((name, what), those) in enumerate(most_first)
    ]
    found += [Queue(f"f{n}", kind, "", tuple(those)) for n, (kind, those) in enumerate(sorted(flags.items()))]
    place = {student: n for n, student in enumerate(order)}
    groups = [(name, tuple(sorted(those, key=place.__getitem__))) for name, those in similar]
    found += [Queue(f"s{n}", f"{name}: {len(those)} alike", name, those) for n, (name, those) in enumerate(groups)]
    return {queue.key: queue for queue in found}
