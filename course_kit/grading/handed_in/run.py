"""What is known of a grading run before any code has run; with the results, all that the outputs are made from."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course_kit.grading.authoring.assignment import Assignment, read
from course_kit.grading.handed_in.bounded import bounded
from course_kit.grading.handed_in.collect import Rules, Submission, collect
from course_kit.grading.handed_in.late import read_late
from course_kit.grading.handed_in.reading import Reader, other_assignments
from course_kit.grading.handed_in.roster import Roster, read_roster
from course_kit.grading.handed_in.similarity import similar_answers

COMPARING = {"seconds": 120, "memory": 2 << 30}  # for the answers of a whole class


@dataclass(frozen=True)
class HandedIn:
    """A submission without its content.

    Args:
        name: Where it was found; "" if nothing was handed in.
        time: When, as ISO text, without a zone where the source knows none; "" if that is not known.
        flags: What a person should look at, in words.
        source: Who says when; "" if nobody does.
    """

    name: str
    time: str
    flags: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True)
class Run:
    """A grading run, stored as run.json beside its results. Paths are absolute; "" where there is none.

    Args:
        solution: The solution notebook.
        roster: The class list.
        due: When it was due, ISO with its zone.
        late: The rule for late submissions, as `late.Late` reads it.
        extensions: Students with another due time.
        handed_in: Student → what was handed in; everybody in the roster.
        strangers: Files that nobody owns.
        similar: Groups of students with nearly the same answer: (function, students).
        zone: Where times are meant that name no zone; "" takes that of the due time.
        notes: What was understood of SUBMISSIONS as a whole, in words.
        names: Student → name, where the class list has one.
        submissions: The folder or zip that the class handed in.
    """

    solution: str
    roster: str
    due: str
    late: str
    extensions: str
    handed_in: dict[str, HandedIn]
    strangers: tuple[str, ...] = ()
    similar: tuple[tuple[str, tuple[str, ...]], ...] = ()
    zone: str = ""
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    submissions: str = ""

    def to_json(self) -> str:
        """As text, the same for the same run."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Run:
        """What `to_json` wrote.

        Raises:
            ValueError: If it is something else.
        """
        try:
            plain = json.loads(text)
            handed_in = {
                student: HandedIn(one["name"], one["time"], tuple(one["flags"]), one["source"])
                for student, one in plain.pop("handed_in").items()
            }
            similar = tuple((name, tuple(students)) for name, students in plain.pop("similar"))
            lists = {name: tuple(plain.pop(name)) for name in ("strangers", "notes")}
            return cls(handed_in=handed_in, similar=similar, **lists, **plain)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a grading run: {error}") from error


@dataclass(frozen=True)
class ClassOptions:
    """What the command line says of a class.

    Args:
        roster: The class list, or the grade file of an LMS.
        due: When it was due, ISO.
        late: The rule for late submissions, see `late`.
        extensions: CSV of students with another due time.
        zone: Where times are meant that name no zone.
        names: How files are named, see `naming`.
        file_times: Whether the times of files in a folder tell when they were handed in.
        memory: File that remembers which files were too much to read.
    """

    roster: Path | None = None
    due: str = ""
    late: str = "none"
    extensions: Path | None = None
    zone: str = ""
    names: str = ""
    file_times: bool = False
    memory: Path | None = None


def prepare(solution: Path, submissions: Path, options: ClassOptions = ClassOptions()) -> tuple[Run, list[Submission]]:
    """Collect what a class handed in, and look at it as far as that goes without running it.

    Args:
        solution: The solution notebook.
        submissions: A folder or zip, see `collect`.
        options: What the command line says of the class.

    Returns:
        The run, to be stored, and the submissions to grade: those with a name, whatever their content.

    Raises:
        ValueError: If a file is not there or not what it should be.
    """
    assignment = read(solution)
    late = read_late(options.due, options.late, options.extensions, options.zone)
    students = read_roster(options.roster, late.zone) if options.roster else None
    reader = Reader(assignment, other_assignments(solution), options.memory)
    rules = Rules(late, options.names, assignment.name, options.file_times, reader)
    collected = collect(submissions, students, rules)
    if not any(one.name for one in collected.submissions):
        nobodys = "".join(f"; {stranger}" for stranger in collected.strangers[:2])
        more = f"; {len(collected.strangers) - 2} more files belong to nobody" if len(collected.strangers) > 2 else ""
        raise ValueError(f"{submissions} holds no submission{nobodys}{more}")
    late.refuse_strangers(one.student for one in collected.submissions)
    similar, trouble = _similar(assignment, collected.submissions)
    paths = [str(path.resolve()) if path else "" for path in (solution, options.roster, options.extensions)]
    run = Run(
        solution=paths[0],
        roster=paths[1],
        due=late.due.isoformat() if late.due else "",
        late=options.late,
        extensions=paths[2],
        handed_in={one.student: _handed_in(one) for one in collected.submissions},
        strangers=tuple(collected.strangers),
        similar=similar,
        zone=options.zone,
        notes=(*collected.notes, *trouble),
        names=_names(students, collected.submissions),
        submissions=str(submissions.resolve()),
    )
    return run, [one for one in collected.submissions if one.name]


def _names(students: Roster | None, submissions: Iterable[Submission]) -> dict[str, str]:
    known = {one.student: students.students.get(one.student) for one in submissions} if students else {}
    return {student: found.name for student, found in known.items() if found and found.name}


def _handed_in(one: Submission) -> HandedIn:
    time = one.time.isoformat(timespec="seconds") if one.time else ""
    return HandedIn(one.name, time, one.flags, one.source)


def _similar(
    assignment: Assignment, submissions: Iterable[Submission]
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """Groups of students with nearly the same answer, found in a process with limits; and what kept it from that."""
    answered = {one.student: one.answers for one in submissions}
    found, why = bounded(_compare, assignment, answered, **COMPARING)
    if why:
        return (), (f"answers were not compared with each other: {why}",)
    return tuple((name, tuple(students)) for name, students in found[0]), ()


def _compare(assignment: Assignment, answered: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[Any]:
    yield similar_answers(assignment, answered)


def stems(students: Iterable[str]) -> dict[str, str]:
    """Student → name for files about the student: safe on every system, and not the same for any two."""
    taken: set[str] = set()
    names = {}
    for student in sorted(students):
        plain = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
        stem = re.sub(r"[^A-Za-z0-9.@-]+", "_", plain).strip("._-")[:80] or "student"
        number, name = 1, stem
        while name.lower() in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name.lower())
        names[student] = name
    return names
