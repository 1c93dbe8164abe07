"""What is known of a grading run before any code has run; with the results, all that the outputs are made from."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timezone
from pathlib import Path

from course_kit.grading.authoring.assignment import read
from course_kit.grading.handed_in.collect import Submission, collect
from course_kit.grading.handed_in.late import read_late
from course_kit.grading.handed_in.roster import read_roster
from course_kit.grading.handed_in.similarity import similar_answers
from course_kit.grading.handed_in.submission import parse
from course_kit.grading.handed_in.syntax import named_modules


@dataclass(frozen=True)
class HandedIn:
    """A submission without its content.

    Args:
        name: Where it was found; "" if nothing was handed in.
        time: When, as ISO text in UTC; "" if that is not known.
        flags: What a person should look at, in words.
    """

    name: str
    time: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A grading run, stored as run.json beside its results. Paths are absolute; "" where there is none.

    Args:
        solution: The solution notebook.
        roster: The class list.
        due: When it was due, ISO.
        late: The rule for late submissions, as `late.Late` reads it.
        extensions: Students with another due time.
        handed_in: Student → what was handed in; everybody in the roster.
        strangers: Files that nobody owns.
        similar: Groups of students with nearly the same answer: (function, students).
    """

    solution: str
    roster: str
    due: str
    late: str
    extensions: str
    handed_in: dict[str, HandedIn]
    strangers: tuple[str, ...] = ()
    similar: tuple[tuple[str, tuple[str, ...]], ...] = ()

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
                student: HandedIn(one["name"], one["time"], tuple(one["flags"]))
                for student, one in plain.pop("handed_in").items()
            }
            similar = tuple((name, tuple(students)) for name, students in plain.pop("similar"))
            return cls(handed_in=handed_in, similar=similar, strangers=tuple(plain.pop("strangers")), **plain)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a grading run: {error}") from error


def prepare(
    solution: Path,
    submissions: Path,
    roster: Path | None = None,
    due: str = "",
    late: str = "none",
    extensions: Path | None = None,
) -> tuple[Run, list[Submission]]:
    """Collect what a class handed in, and look at it as far as that goes without running it.

    Args:
        solution: The solution notebook.
        submissions: A folder or zip, see `collect`.
        roster: The class list, or the grade file of Canvas or Moodle.
        due: When it was due, ISO.
        late: The rule for late submissions, see `late`.
        extensions: CSV of students with another due time.

    Returns:
        The run, to be stored, and the submissions to grade: those with a name, whatever their content.

    Raises:
        ValueError: If a file is not there or not what it should be.
    """
    assignment = read(solution)
    lateness = read_late(due, late, extensions)
    students = read_roster(roster) if roster else None
    collected = collect(submissions, students, lateness)
    if not any(one.name for one in collected.submissions):
        found = f"; {len(collected.strangers)} files belong to nobody" if collected.strangers else ""
        raise ValueError(f"{submissions} holds no submission{found}")
    lateness.refuse_strangers(one.student for one in collected.submissions)
    sources = {one.student: parse(one.content, assignment).sources for one in collected.submissions}
    handed_in = {}
    for one in collected.submissions:
        modules = named_modules(sources[one.student], assignment.withheld)
        flags = [*one.flags, *(f"names {module}, which is withheld" for module in modules)]
        time = one.time.astimezone(timezone.utc).isoformat(timespec="seconds") if one.time else ""
        handed_in[one.student] = HandedIn(one.name, time, tuple(flags))
    paths = [str(path.resolve()) if path else "" for path in (solution, roster, extensions)]
    similar = similar_answers(assignment, sources)
    run = Run(paths[0], paths[1], due, late, paths[2], handed_in, tuple(collected.strangers), similar)
    return run, [one for one in collected.submissions if one.name]


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
