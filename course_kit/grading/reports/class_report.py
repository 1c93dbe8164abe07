"""The class report: how the class did, which mistakes it made, and what a person should look at."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.run import Run, stems
from course_kit.grading.marking.result import ExerciseResult, Result
from course_kit.grading.reports.adjust import Changed
from course_kit.grading.reports.bars import frequencies, histogram
from course_kit.grading.reports.feedback import duration
from course_kit.grading.reports.gradebook import UNCONFINED, Row
from course_kit.grading.reports.in_class import Confusion
from course_kit.grading.reports.lms import points_of
from course_kit.grading.reports.pages import render
from course_kit.grading.reports.rules import NO_RULES, Rules
from course_kit.grading.reports.statistics import askable, discrimination, lateness, mistakes, to_talk_to, told

BINS = 10
KINDS = {  # what a flag says → the heading it stands under; the first that fits
    "Time, memory, processes": r"time|memory|process|ended|asked|output",
    "Withheld modules": r"withheld",
    "Files": r"notebook|file|link|cell|kernel|bomb|character|late|handed in",
}


def class_report(
    run: Run,
    assignment: Assignment,
    rows: Sequence[Row],
    results: Mapping[str, Result],
    rules: Rules = NO_RULES,
    found: Sequence[Confusion] = (),
) -> str:
    """The report as an HTML document.

    Args:
        run: The run.
        assignment: What was graded.
        rows: The gradebook.
        results: Student → result.
        rules: How points became totals.
        found: What the class confused most.
    """
    asked = askable(results)
    totals = [row.total for row in rows if row.student in asked and row.total is not None]
    by_exercise = {
        name: [exercise for result in asked.values() for exercise in result.exercises if exercise.name == name]
        for name in assignment.exercises
    }
    made, tells = mistakes(assignment, asked), discrimination(asked)
    pages = _pages(row.student for row in rows)
    edges = [points_of(assignment) * n / BINS for n in range(BINS + 1)]
    counts = np.histogram(np.clip(totals, 0, edges[-1]), edges)[0].tolist()  # a bonus may lift a total above the last
    return render(
        "report.html",
        assignment=assignment,
        of=points_of(assignment),
        graded=len(results),
        asked=len(asked),
        unread=[_called(row) for row in rows if row.student in results and row.student not in asked],
        late=lateness(rows) if run.due else None,
        longest=duration(lateness(rows).longest),
        talk=[_to_talk_to(row, why, pages) for row, why in to_talk_to(rows, assignment, results)],
        confusions=found,
        written=_written(rows),
        missing=[_called(row) for row in rows if row.is_missing],
        waiting=[_called(row) for row in rows if not row.graded],
        by_hand=[_by_hand(row, change) for row in rows for change in row.adjusted],
        unconfined=sum(result.sandbox == "none" for result in results.values()),
        unconfined_means=UNCONFINED.partition(": ")[2],
        totals=_quartiles(totals) if totals else None,
        bins=[
            (f"{low:g} to {high:g}", count)
            for (low, high), count in zip(itertools.pairwise(edges), counts, strict=True)
        ],
        histogram=histogram(edges, counts, "points") if totals else "",
        mistakes=made,
        frequency=frequencies({f"{one.exercise}: {one.name}": one.count for one in made}, "students"),
        exercises=[_exercise(assignment, name, those, tells) for name, those in by_exercise.items()],
        kinds=_kinds(rows, results),
        strangers=run.strangers,
        notes=run.notes,
        rules=_rules(rules),
        provisional=sum(bool(row.waiting) for row in rows),
        similar=_similar(run, results),
    )


def _rules(rules: Rules) -> list[str]:
    """The rules in words."""
    weights = ", ".join(f"{part} {weight:g}" for part, weight in rules.weights.items())
    told = {
        "Does not count": ", ".join(rules.drop),
        "Weights": weights,
        "On top": ", ".join(rules.bonus),
        "Curve": "" if rules.curve == "none" else rules.curve,
    }
    return [f"{what}: {names}" for what, names in told.items() if names]


def _called(row: Row) -> str:
    """How the report calls a student: by id, and by name where the class list has one."""
    return f"{row.student} ({row.name})" if row.name else row.student


def _by_hand(row: Row, change: Changed) -> dict[str, str]:
    return {"student": _called(row), "told": change.told, "comment": change.line.comment}


def _quartiles(totals: Sequence[float]) -> dict[str, float]:
    low, median, high = np.percentile(totals, [25, 50, 75])
    return {"mean": float(np.mean(totals)), "median": float(median), "low": float(low), "high": float(high)}


def _to_talk_to(row: Row, why: Sequence[str], pages: Mapping[str, str]) -> dict[str, str]:
    total, page = "" if row.total is None else f"{row.total:g}", pages[row.student] if row.handed_in else ""
    return {"student": _called(row), "page": page, "total": total, "why": "; ".join(why)}


def _written(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Written parts: how many are read, and the mean of their points."""
    given: dict[str, list[float | None]] = {}
    for row in rows:
        for part, points in row.written.items():
            given.setdefault(part, []).append(points)
    read = {part: [one for one in points if one is not None] for part, points in given.items()}
    return [
        {"name": part, "read": len(read[part]), "all": len(points), "mean": float(np.mean(read[part] or [0]))}
        for part, points in given.items()
    ]


def _exercise(
    assignment: Assignment, name: str, found: Sequence[ExerciseResult], tells: Mapping[tuple[str, str], float]
) -> dict[str, Any]:
    cases = dict.fromkeys(case for exercise in found for case in exercise.cases)
    return {
        "name": name,
        "title": assignment.exercises[name].title,
        "share": sum(exercise.points for exercise in found) / max(sum(exercise.of for exercise in found), 1),
        "whole": sum(all(case.passed for case in exercise.cases.values()) for exercise in found),
        "unwritten": sum(
            all(case.outcome in ("not written", "not defined") for case in exercise.cases.values())
            for exercise in found
        ),
        "cases": [{**_case(case, found), "tells": tells.get((name, case))} for case in cases],
    }


def _case(case: str, found: Sequence[ExerciseResult]) -> dict[str, Any]:
    asked = [exercise.cases[case] for exercise in found if case in exercise.cases]
    wrong = Counter(told(how) for how in asked if not how.passed)
    most = min(wrong.items(), key=lambda pair: (-pair[1], pair[0])) if wrong else None
    share = sum(how.passed for how in asked) / len(asked)
    return {"name": case, "share": share, "instead": f"{most[0]} ({most[1]})" if most else ""}


def _kinds(rows: Sequence[Row], results: Mapping[str, Result]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Students with flags, each under the most urgent kind of flag that they have."""
    pages = _pages(row.student for row in rows)
    kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in [*KINDS, "Other"]}
    for row in rows:
        if row.flags:
            total = "" if row.total is None else f"{row.total:g}"
            page = pages[row.student] if row.student in results else ""
            kinds[kind_of(row.flags)].append(
                {"student": _called(row), "page": page, "total": total, "flags": row.flags}
            )
    return [(kind, students) for kind, students in kinds.items() if students]


def kind_of(flags: Sequence[str]) -> str:
    """The most urgent kind of flag among some; "Other" if none fits."""
    return next((kind for kind, form in KINDS.items() if any(re.search(form, flag) for flag in flags)), "Other")


def _similar(run: Run, results: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Groups of students with the functions they share, most functions first, and who has which of them right."""
    pages = _pages(run.handed_in)
    shared: dict[tuple[str, ...], list[str]] = {}
    for name, students in run.similar:
        shared.setdefault(students, []).append(name)
    return [
        {
            "students": [{"student": s, "page": pages[s] if s in results else ""} for s in students],
            "functions": [(name, _right_and_wrong(name, students, results)) for name in functions],
        }
        for students, functions in sorted(shared.items(), key=lambda group: (-len(group[1]), group[0]))
    ]


def _right_and_wrong(name: str, students: Sequence[str], results: Mapping[str, Result]) -> str:
    """Who of a group has a function right, in words."""
    passed = {
        student: exercise.points == exercise.of
        for student in students
        if student in results
        for exercise in results[student].exercises
        if exercise.name == name
    }
    right, wrong = ([student for student, is_right in passed.items() if is_right is which] for which in (True, False))
    if not wrong or not right:
        return "all right" if right else "none right"
    return f"right: {', '.join(right)}; not right: {', '.join(wrong)}"


def _pages(students: Any) -> dict[str, str]:
    return {student: f"feedback/{stem}.html" for student, stem in stems(students).items()}
