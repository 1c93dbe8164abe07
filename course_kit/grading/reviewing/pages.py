"""The pages of the desk: the ways through a class, one submission, and what a save answers. All text is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course_kit.grading.authoring.assignment import Exercise
from course_kit.grading.marking.result import ExerciseResult
from course_kit.grading.reports import pages
from course_kit.grading.reports.adjust import EXCUSED, TOTAL
from course_kit.grading.reports.gradebook import Row
from course_kit.grading.reports.lms import points_of
from course_kit.grading.reports.remarks import builds_on, remarks
from course_kit.grading.reports.statistics import told
from course_kit.grading.reviewing.desk import CHANGED, Desk
from course_kit.grading.reviewing.items import add_item, read_items
from course_kit.grading.reviewing.queues import EVERYBODY, GROUPS, Queue
from course_kit.grading.reviewing.scores import Place, Tables, give

HERE = Path(__file__).parent
STYLE = (pages.TEMPLATES / "page.css").read_text("utf-8") + (HERE / "review.css").read_text("utf-8")
SCRIPT = (HERE / "review.js").read_text("utf-8")
KEYS = 9  # items that have a key


def class_page(desk: Desk, room: str, word: str) -> str:
    """The ways through the class, and everybody in it."""
    rows = desk.rows()
    groups = {heading: [] for heading in GROUPS.values()}
    for queue in desk.queues.values():
        if queue.key != EVERYBODY:
            waiting = sum(queue.part in rows[student].waiting for student in queue.students)
            entry = {"queue": queue, "first": _first(desk, queue, rows), "waiting": waiting}
            groups[GROUPS[queue.key[0]]].append(entry)
    everybody = [
        {"number": desk.number[student], "called": desk.called(student), **_state(rows[student])}
        for student in desk.order
    ]
    return _page("class.html", desk, room, word, groups=groups, everybody=everybody)


def submission_page(desk: Desk, room: str, word: str, student: str, key: str) -> str:
    """One submission in a way through the class."""
    queue = desk.queues.get(key, desk.queues[EVERYBODY])
    if student not in queue.students:
        queue = desk.queues[EVERYBODY]
    row, notebook = desk.rows()[student], desk.notebook(student)
    at = queue.students.index(student)
    neighbours = {
        name: desk.number[queue.students[place]] if 0 <= place < len(queue.students) else None
        for name, place in (("before", at - 1), ("after", at + 1))
    }
    return _page(
        "submission.html",
        desk,
        room,
        word,
        queue=queue,
        at=at + 1,
        **neighbours,
        unread=_next_unread(desk, queue, at),
        number=desk.number[student],
        called=desk.called(student),
        **_state(row),
        flags=[desk.hidden(student, flag) for flag in (*row.states, *row.flags)],
        trouble=notebook.trouble,
        changed=CHANGED if desk.was_changed(student) else "",
        parts=_parts(desk, student),
    )


def notebook_page(desk: Desk, room: str, word: str, student: str) -> str:
    """All cells of a submission, with the outputs that it stores."""
    number, called = desk.number[student], desk.called(student)
    return _page("notebook.html", desk, room, word, number=number, called=called, notebook=desk.notebook(student))


def save(desk: Desk, student: str, asked: Mapping[str, Any]) -> str:
    """Store what was given for parts of a submission, and tell the scores that it has now.

    Raises:
        ChangedMeanwhile: If a line is not as the page had shown it.
        ValueError: If something cannot be what it says.
    """
    for change in asked["changes"]:
        part = change["part"]
        give(desk.directory, desk.assignment, _place(desk, student, part), change["before"], change["after"], desk.by)
    row = desk.rows()[student]
    scores = {part: _score(row, part) for part in (*desk.assignment.exercises, *desk.assignment.written)}
    return json.dumps({"total": _state(row)["total"], "scores": scores})


def keep_item(desk: Desk, asked: Mapping[str, Any]) -> str:
    """Store a rubric item.

    Raises:
        ValueError: If it cannot be one.
    """
    add_item(desk.directory, {name: str(asked[name]) for name in ("part", "points", "text")}, desk.assignment)
    return "{}"


def _page(template: str, desk: Desk, room: str, word: str, **values: object) -> str:
    common = {"title": desk.assignment.title, "of": points_of(desk.assignment), "room": room, "word": word}
    return pages.render(template, HERE / "templates", **common, **values)


def _first(desk: Desk, queue: Queue, rows: Mapping[str, Row]) -> int:
    """Where reading begins: with the first whose words nobody has read, else with the first."""
    unread = (student for student in queue.students if queue.part in rows[student].waiting)
    return desk.number[next(unread, queue.students[0])] if queue.students else 0


def _next_unread(desk: Desk, queue: Queue, at: int) -> int | None:
    rows, round_trip = desk.rows(), [*queue.students[at + 1 :], *queue.students[:at]]
    return next((desk.number[student] for student in round_trip if rows[student].waiting), None)


def _state(row: Row) -> dict[str, Any]:
    total = "excused" if row.excused else "not graded" if row.total is None else f"{row.total:g}"
    return {"total": total, "waiting": row.waiting, "flagged": len(row.flags), "by_hand": len(row.adjusted)}


def _score(row: Row, part: str) -> str:
    if part not in row.worth:
        return "does not count"
    points = (row.exercises | row.written).get(part)
    return "not read yet" if points is None else f"{round(points, 2):g} of {round(row.worth[part], 2):g}"


def _place(desk: Desk, student: str, part: str) -> Place:
    if part not in (*desk.assignment.exercises, *desk.assignment.written, TOTAL):
        raise ValueError(f"part: got {part!r}, wanted a function, a written part or {TOTAL}")
    result = desk.results.get(student)
    if part not in desk.assignment.written:
        return Place(student, part)
    if result is None:
        raise ValueError(f"part: got {part!r}, wanted one of a submission that is graded")
    return Place(student, part, result.written.get(part, ""))


def _parts(desk: Desk, student: str) -> list[dict[str, Any]]:
    result, tables = desk.results.get(student), Tables(desk.directory)
    items, found = read_items(desk.directory, desk.assignment), []
    if result:
        exercises = {one.name: one for one in result.exercises}
        below = builds_on(desk.assignment, exercises)
        for part in desk.assignment.written:
            found.append(_written(desk, student, part))
        for name, exercise in exercises.items():
            found.append(_function(desk, student, exercise, below[name]))
    found.append({"kind": TOTAL, "name": TOTAL, "title": "The whole submission", "score": ""})
    for part in found:
        part |= _given(tables, _place(desk, student, part["name"]))
        lines = part["given"]["comment"].split("\n")
        part["items"] = [
            {"points": item.points, "text": item.text, "on": item.text in lines, "key": n if n <= KEYS else ""}
            for n, item in enumerate(items[part["name"]], 1)
        ]
    return found


def _given(tables: Tables, place: Place) -> dict[str, Any]:
    """The cells of a line: as they are, and as the fields show them; points for another text are not shown as given."""
    before, closed = tables.given(place)
    stale = not closed and tables.is_stale(place)
    given = dict.fromkeys(before, "") if stale else before
    excused = given["points"].casefold() == EXCUSED
    return {"before": json.dumps(before), "given": given, "closed": closed, "stale": stale, "excused": excused}


def _written(desk: Desk, student: str, part: str) -> dict[str, Any]:
    notebook = desk.notebook(student)
    return {
        "kind": "written",
        "name": part,
        "title": part.replace("_", " ").capitalize(),
        "score": _score(desk.rows()[student], part),
        "most": desk.assignment.written[part],
        "text": desk.results[student].written.get(part, ""),
        "cells": [notebook.cells[place] for place in notebook.beside.get(part, ())],
    }


def _function(desk: Desk, student: str, result: ExerciseResult, below: Sequence[str]) -> dict[str, Any]:
    exercise = desk.assignment.exercises[result.name]
    return {
        "kind": "function",
        "name": result.name,
        "title": exercise.title,
        "score": _score(desk.rows()[student], result.name),
        "most": exercise.points,
        "right": [case for case, how in result.cases.items() if how.passed],
        "wrong": _wrong(desk, student, exercise, result, below),
        "code": desk.notebook(student).functions.get(result.name, ""),
        "solution": exercise.solution,
    }


def _wrong(
    desk: Desk, student: str, exercise: Exercise, result: ExerciseResult, below: Sequence[str]
) -> list[dict[str, Any]]:
    """What went wrong: the cases of each remark, the mistake's name, and where the next who made it is."""
    found = []
    for remark in remarks(exercise, result, below):
        whats = dict.fromkeys(told(result.cases[case]) for case in remark.cases)
        what = next(iter(whats))
        queue = next(q for q in desk.queues.values() if q.key[0] == "m" and q.title == f"{result.name}: {what}")
        at = queue.students.index(student)
        after = [*queue.students[at + 1 :], *queue.students[:at]]
        found.append(
            {
                "what": what,
                "is_known": any(how.mistake for how in (result.cases[case] for case in remark.cases)),
                "cases": remark.cases,
                "text": remark.text,
                "queue": queue.key,
                "count": len(queue.students),
                "next": desk.number[after[0]] if after else None,
            }
        )
    return found
