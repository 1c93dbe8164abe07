"""What a changed assignment means for a class that was graded before, in words: what changed, why, and for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from course_kit.grading.authoring.assignment import Assignment, Exercise
from course_kit.grading.marking.bundle import judge_of, left_out_cases, rests_on, without_hints
from course_kit.grading.marking.result import Result

NAMED = 3  # students in a line


def changed_parts(before: Assignment, after: Assignment) -> list[str]:
    """What is different between two editions of an assignment, a line each.

    Args:
        before: The edition that was graded last.
        after: The edition of today.
    """
    lines = [f"{name} is gone" for name in before.exercises if name not in after.exercises]
    for name, exercise in after.exercises.items():
        if name not in before.exercises:
            lines.append(f"{name} is new")
            continue
        lines += [f"{name}: {line}" for line in _in_exercise(before, after, before.exercises[name], exercise)]
    for part, points in after.written.items():
        if before.written.get(part) != points:
            lines.append(f"{part}: {points} points, {before.written.get(part, 'none')} before")
    return lines


def _in_exercise(before: Assignment, after: Assignment, then: Exercise, now: Exercise) -> Iterator[str]:
    if then.points != now.points:
        yield f"{now.points} points, {then.points} before"
    out = [left_out_cases(*pair) for pair in ((then.probe, now.probe), (then.hidden, now.hidden))]
    if judge_of(then.probe) != judge_of(now.probe):
        yield "its answers are judged by something else"
    if rests_on(before, now.name) != rests_on(after, now.name):
        yield "its solution, or what that builds on, is another; new questions are drawn"
    elif None in out or then.seconds != now.seconds:
        yield "its probe or its time limit is another; new questions are drawn"
    else:
        for case in sorted(set().union(*out)):
            yield f"the case {case!r} is asked no more"
    for mistake in sorted(now.hints.keys() - then.hints.keys()):
        yield f"the mistake {mistake} is known now"
    for mistake in sorted(then.hints.keys() - now.hints.keys()):
        yield f"the mistake {mistake} is known no more"
    if now.hints.keys() == then.hints.keys() and without_hints(now.mistakes) != without_hints(then.mistakes):
        yield "a known mistake does something else"
    for mistake in sorted(now.hints.keys() & then.hints.keys()):
        if now.hints[mistake] != then.hints[mistake]:
            yield f"the hint for {mistake} is another"
    if (then.text, then.read) != (now.text, now.read):
        yield "its text is another"


def moved_points(before: Mapping[str, Result], after: Mapping[str, Result]) -> list[tuple[str, str, float, float]]:
    """Whose points changed: (student, function, before, after), functions that came or went with 0.

    Args:
        before: Results as they were stored.
        after: Results now.
    """
    moved = []
    for student in sorted(before.keys() & after.keys()):
        then, now = ({one.name: one.points for one in found[student].exercises} for found in (before, after))
        for name in dict.fromkeys((*then, *now)):
            if then.get(name, 0) != now.get(name, 0):
                moved.append((student, name, then.get(name, 0.0), now.get(name, 0.0)))
    return moved


def newly_named(before: Mapping[str, Result], after: Mapping[str, Result]) -> list[str]:
    """Which mistakes are named where they were not, and for how many students, a line each."""
    counts: dict[tuple[str, str], int] = {}
    for student in before.keys() & after.keys():
        for key in _mistakes(after[student]) - _mistakes(before[student]):
            counts[key] = counts.get(key, 0) + 1
    return [
        f"{name}: {mistake} is now named to {number} {'students' if number > 1 else 'student'}"
        for (name, mistake), number in sorted(counts.items())
    ]


def told(moved: list[tuple[str, str, float, float]]) -> str:
    """The changes of points in a line."""
    students = {student for student, *_ in moved}
    first = ", ".join(f"{student} {name} {then:g} → {now:g}" for student, name, then, now in moved[:NAMED])
    more = ", …" if len(moved) > NAMED else ""
    return f"points changed for {len(students)} {'students' if len(students) > 1 else 'student'}: {first}{more}"


def _mistakes(result: Result) -> set[tuple[str, str]]:
    return {(one.name, how.mistake) for one in result.exercises for how in one.cases.values() if how.mistake}
