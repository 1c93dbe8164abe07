"""What a class handed in: one notebook for each student, chosen from whatever lies in the folder or zip.

Nothing that a student did raises here: it becomes a flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from course_kit.grading.asking.limits import LARGEST_BESIDE, MOST_BESIDE
from course_kit.grading.handed_in.files import is_safe, opened
from course_kit.grading.handed_in.late import Late
from course_kit.grading.handed_in.naming import naming
from course_kit.grading.handed_in.owners import GRADESCOPE, Claim, Owners, without_outer
from course_kit.grading.handed_in.reading import HANDED_OUT, Read, Reading, as_it_is
from course_kit.grading.handed_in.roster import Roster

MOST_LOOKED_AT = 12  # notebooks of one student
LARGE, MOST_HELD = 500_000, 1 << 30  # bytes of one submission that many may not have, and of all of a class together
PACKED = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".xz")
EARLY = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Args:
        student: Id of the student: the roster's, without a roster what the files are named by.
        name: Where it was found in SUBMISSIONS; "" if nothing was handed in.
        content: The notebook's cells as a notebook without outputs; empty if there is none that can be read, and a flag
            says why.
        time: When it was handed in, if that is known; without a zone where the source knows none.
        source: Who says when.
        flags: What a person should look at, in words.
        answers: Function → tokens of the answer.
        beside: Files that lay beside the notebook, such as data or a module: path → bytes.
    """

    student: str
    name: str
    content: bytes
    time: datetime | None = None
    source: str = ""
    flags: tuple[str, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Collected:
    """What a class handed in.

    Args:
        submissions: One for each student, in order of their ids; with a roster everybody in it.
        strangers: Files that nobody in the roster owns, or that have no safe name, with the reason.
        notes: What was understood of the folder as a whole, in words.
    """

    submissions: list[Submission]
    strangers: list[str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """How to choose.

    Args:
        late: The due time.
        names: How files are named, see `naming`.
        called: How the assignment's notebook is called.
        file_times: Whether the times of files in a folder tell when they were handed in.
        read: Reads one file.
    """

    late: Late = field(default_factory=Late)
    names: str = ""
    called: str = ""
    file_times: bool = False
    read: Read = as_it_is


def collect(path: Path, roster: Roster | None = None, rules: Rules = Rules()) -> Collected:
    """Collect a class's submissions.

    Args:
        path: A folder or zip of `<student>.ipynb` or `<student>/….ipynb`, or what an LMS exports.
        roster: Who is in the class.
        rules: How to choose.

    Returns:
        The submissions; nothing that a student did raises here.

    Raises:
        ValueError: If there is no such folder or zip.
    """
    forms = naming(rules.names)
    with opened(path) as everything:
        unsafe = [f"{file.name[:200]!r}: no safe name" for file in everything if not is_safe(file.name)]
        files, outer = without_outer([f for f in everything if is_safe(f.name)], roster, forms, rules.called, path.stem)
        owners = Owners(files, roster, forms, outer[-1] if outer else path.stem, only=bool(rules.names))
        owned: dict[str, list[Claim]] = {student: [] for student in roster.students} if roster else {}
        strangers = []
        for file in files:
            if file.name == GRADESCOPE:
                continue
            claims, reason = owners.of(file)
            for claim in claims:
                owned.setdefault(claim.student, []).append(claim)
            if reason:
                strangers.append(f"{file.name!r}: {reason}")
        chosen = list(_held(_choose(student, claims, roster, rules) for student, claims in sorted(owned.items())))
    notes = (f"everything lies in the folder {'/'.join(outer)}, which was left out of the names",) if outer else ()
    return Collected(chosen, sorted([*unsafe, *strangers]), notes)


def collect_one(path: Path, student: str, rules: Rules = Rules()) -> Submission:
    """Collect what one student handed in.

    Args:
        path: A folder that holds this student's files and no others.
        student: Whose it is.
        rules: How to choose.

    Returns:
        The submission; nothing that the student did raises here.

    Raises:
        ValueError: If there is no such folder.
    """
    with opened(path) as files:
        claims = [Claim(student, file, file.name) for file in files if is_safe(file.name)]
        return _choose(student, claims, None, rules)


def _choose(student: str, claims: Sequence[Claim], roster: Roster | None, rules: Rules) -> Submission:
    """Of a student's notebooks the one that holds most of the assignment; among equals time decides."""
    flags = tuple(dict.fromkeys(flag for claim in claims for flag in claim.flags))
    notebooks = [claim for claim in claims if claim.file.ending not in ("", ".json")]
    notebooks = notebooks or [claim for claim in claims if claim.file.ending]
    if not notebooks:
        others = sorted(claim.file.name for claim in claims)
        flags += tuple(f"no notebook but {name}{_to_unpack(name)}" for name in others[:3])
        return Submission(student, others[0] if others else "", b"", flags=flags)
    due = rules.late.due_for(student)

    def by_time(claim: Claim) -> tuple[bool, datetime, int, bool, int, str]:
        time = rules.late.at(_told(claim, roster, rules)[0])
        changed = time or (EARLY if claim.version else _assumed(rules.late.at(claim.file.stamp) or claim.file.stamp))
        in_time, as_usual = bool(due and time and time <= due), claim.file.ending == ".ipynb"
        return in_time, changed, claim.version, as_usual, -claim.called.count("/"), claim.file.name

    def by_place(claim: Claim) -> tuple[bool, int]:
        short = rules.called.partition("_")[0].lower()
        return not PurePosixPath(claim.called).name.lower().startswith(short), claim.called.count("/")

    newest = sorted(notebooks, key=by_time, reverse=True)
    if len(newest) > MOST_LOOKED_AT:
        newest = sorted(sorted(newest, key=by_place)[:MOST_LOOKED_AT], key=by_time, reverse=True)
    readings, unread = _readings(newest, rules)
    flags += unread
    if not readings:
        return Submission(student, newest[0].file.name, b"", flags=flags)
    claim, reading = max(readings, key=lambda pair: (bool(pair[1].content), pair[1].holds))  # of equals the first
    if len(notebooks) > 1:
        flags += (f"{len(notebooks)} notebooks; graded is {claim.file.name}{_because(reading.holds, readings)}",)
    if claim.file.ending != ".ipynb":
        flags += (f"{claim.file.name}: read as a notebook, although its name ends otherwise",)
    time, source = _told(claim, roster, rules)
    beside, too_much = _beside(claim, claims)
    flags = (*flags, *reading.flags, *too_much)
    return Submission(student, claim.file.name, reading.content, time, source, flags, reading.answers, beside)


def _held(submissions: Iterable[Submission]) -> Iterator[Submission]:
    """Submissions, of which large ones are kept while there is room: many together never fill the memory."""
    held = 0
    for one in submissions:
        size = len(one.content) + sum(map(len, one.beside.values()))
        if size > LARGE and held + size > MOST_HELD:
            flag = f"large, among more than {MOST_HELD >> 20:,} MB of this class: grade it by itself"
            one, size = Submission(one.student, one.name, b"", one.time, one.source, (*one.flags, flag)), 0
        held += size
        yield one


def _to_unpack(name: str) -> str:
    """What to do with an archive, which nobody opens here: it may be made to fill a disk."""
    if not name.lower().endswith(PACKED):
        return ""
    return ": no archive is opened, so look into it, and put its notebook in its place"


def _readings(claims: Sequence[Claim], rules: Rules) -> tuple[list[tuple[Claim, Reading]], tuple[str, ...]]:
    """What the files hold, and flags for those that cannot be read."""
    found, flags = [], []
    for claim in claims:
        try:
            content = claim.file.read()
        except ValueError as refused:
            flags.append(f"{claim.file.name}: {refused}")
            continue
        reading = rules.read(content)
        found.append((claim, reading if content else replace(reading, flags=("an empty file",))))
    return found, tuple(flags)


def _because(holds: int, readings: Sequence[tuple[Claim, Reading]]) -> str:
    """Why one of several notebooks was taken, where more than its time decided."""
    if holds >= HANDED_OUT and any(reading.holds != holds for _, reading in readings):
        return ", which holds the assignment"
    return ""


def _told(claim: Claim, roster: Roster | None, rules: Rules) -> tuple[datetime | None, str]:
    """When a file was handed in, and who says so: the LMS's own records before the time in a zip."""
    listed = roster.students[claim.student].submitted if roster else None
    if listed:
        return listed, "Moodle's worksheet" if roster and roster.kind == "moodle" else "the class list"
    if claim.time:
        return claim.time, claim.source
    stamp = None if claim.version else claim.file.stamp  # what Canvas exports bears the time of the download
    if stamp is None or (stamp.tzinfo and not rules.file_times):
        return None, ""
    return stamp, "the file's time" if stamp.tzinfo else "the zip"


def _assumed(stamp: datetime | None) -> datetime:
    """A time to sort by."""
    if stamp is None:
        return EARLY
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=timezone.utc)


def _beside(chosen: Claim, claims: Sequence[Claim]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files that the student handed in beside the notebook, by their places relative to it."""
    home = PurePosixPath(chosen.called).parent
    found: dict[str, bytes] = {}
    left, skipped = LARGEST_BESIDE, []
    for claim in sorted(claims, key=lambda claim: claim.file.name):
        place = PurePosixPath(claim.called)
        if claim is chosen or claim.file.ending == ".ipynb" or not place.is_relative_to(home):
            continue
        try:
            enough = max(len(found), len(skipped)) >= MOST_BESIDE  # also of files that are large, and slow to unpack
            content = None if enough else claim.file.read()
        except ValueError:
            content = None
        if content is None or len(content) > left:
            skipped.append(claim.called)
            continue
        left -= len(content)
        found[str(place.relative_to(home))] = content
    said = ", ".join(skipped[:3]) + (", …" if len(skipped) > 3 else "")
    return found, (f"not taken into the sandbox: {said}",) if skipped else ()
