"""Late submissions: when it was due for whom, and what is left of the points.

A rule is parts with commas between them, in any order:

    none            nothing is lost
    zero            everything is lost
    10%/day         for every day begun; also %/hour
    max 50%         no more than that is lost
    grace 15min     so much late is not late; later than that counts from the due time; also h and d

"grace 15min, 10%/day, max 50%". It applies where grades are exported, so a new rule or due time needs no new grading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from course_kit.grading.handed_in.table import read_table
from course_lib.arguments import refuse

UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "hour": timedelta(hours=1)}
UNITS |= {"d": timedelta(days=1), "day": timedelta(days=1)}
PARTS = {
    "word": re.compile(r"none|zero"),
    "step": re.compile(r"(\d+(?:\.\d+)?)\s*%\s*/\s*(day|hour)"),
    "most": re.compile(r"max\s*(\d+(?:\.\d+)?)\s*%"),
    "grace": re.compile(r"grace\s*(\d+)\s*(min|h|d)"),
}


@dataclass(frozen=True)
class Rule:
    """What lateness costs.

    Args:
        share: Part of the points that is lost for each unit begun.
        unit: Length of a unit.
        most: The largest part that is lost.
        grace: Lateness that counts as none.
    """

    share: float = 0.0
    unit: timedelta = UNITS["day"]
    most: float = 1.0
    grace: timedelta = timedelta(0)

    def factor(self, late: timedelta) -> float:
        """What is left of the points, between 0 and 1, so long after the due time."""
        if late <= self.grace:
            return 1.0
        return round(1 - min(self.share * math.ceil(late / self.unit), self.most, 1.0), 6)


@dataclass(frozen=True)
class Late:
    """Due times and the rule.

    Args:
        due: When it is due; None: there is no such time.
        rule: What lateness costs.
        extensions: Students with a due time of their own.
        zone: Where a time is meant that names no zone, as a zip's.
    """

    due: datetime | None = None
    rule: Rule = Rule()
    extensions: dict[str, datetime] = field(default_factory=dict)
    zone: tzinfo | None = None

    def at(self, time: datetime | None) -> datetime | None:
        """The time with its zone; None if it is not known."""
        if time is None or time.tzinfo is not None:
            return time
        return time.replace(tzinfo=self.zone) if self.zone else None

    def due_for(self, student: str) -> datetime | None:
        """When it is due for a student."""
        return self.extensions.get(student, self.due)

    def lateness(self, student: str, time: datetime | None) -> timedelta:
        """How long after the student's due time this was; zero if it was in time, or one of the two is not known."""
        due, time = self.due_for(student), self.at(time)
        return max(time - due, timedelta(0)) if due and time else timedelta(0)

    def factor(self, student: str, time: datetime | None) -> float:
        """What is left of the student's points."""
        return self.rule.factor(self.lateness(student, time))

    def refuse_strangers(self, students: Iterable[str]) -> None:
        """Refuse extensions for students who are not in the class: their ids are likely misspelt."""
        if unknown := sorted(self.extensions.keys() - set(students)):
            refuse("extensions", ", ".join(unknown[:5]), "ids of students in the class", "correct or remove the line")


def read_late(due: str = "", rule: str = "none", extensions: Path | None = None, zone: str = "") -> Late:
    """Read what the command line says of lateness.

    Args:
        due: Due time, ISO; without a time of day the end of that day.
        rule: See the head of this module.
        extensions: CSV with columns student and due.
        zone: Where times are meant that name no zone, "Europe/Berlin"; "" takes the zone of the due time.

    Raises:
        ValueError: If one of them cannot be read, or a rule stands without a due time.
    """
    costs = parse_rule(rule)
    if not due and (costs.share or extensions):
        refuse("due", "no due time", "one", "add --due, as in --due 2026-11-30T18:00")
    where = zone_named(zone) if zone else None
    time = parse_time(due, "due", where) if due else None
    where = where or (time and time.tzinfo)
    own = {}
    for row in read_table(extensions, "student", "due") if extensions else []:
        own[row["student"]] = parse_time(row["due"], f"{extensions}, {row['student']}", where)
    return Late(time, costs, own, where)


def zone_named(name: str) -> tzinfo:
    """A time zone.

    Raises:
        ValueError: If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refuse("zone", repr(name), "a name such as Europe/Berlin or America/Los_Angeles")


def parse_rule(text: str) -> Rule:
    """Read a rule.

    Raises:
        ValueError: If a part of it is none of the five, or comes twice.
    """
    found: dict[str, re.Match[str]] = {}
    for part in (part.strip().lower() for part in text.split(",")):
        kind, match = next(((kind, m) for kind, form in PARTS.items() if (m := form.fullmatch(part))), ("", None))
        if match is None or kind in found:
            wanted = "none, zero, 10%/day, 10%/hour, max 50%, grace 15min (or 2h, 1d), each once, with commas"
            refuse("late", repr(part), wanted)
        found[kind] = match
    if found.keys() >= {"word", "step"} or found.keys() == {"most"}:
        refuse("late", repr(text), "one of none, zero, and a number of percent per day or hour")
    share, unit = (0.0, UNITS["day"])
    if "step" in found:
        share, unit = float(found["step"][1]) / 100, UNITS[found["step"][2]]
    elif "word" in found and found["word"][0] == "zero":
        share = 1.0
    most = float(found["most"][1]) / 100 if "most" in found else 1.0
    grace = int(found["grace"][1]) * UNITS[found["grace"][2]] if "grace" in found else timedelta(0)
    return Rule(share, unit, most, grace)


def parse_time(text: str, what: str, zone: tzinfo | None = None) -> datetime:
    """Read an ISO time; without a time of day it is the end of the day.

    Args:
        text: The time.
        what: What to call it, should it be refused.
        zone: Where a time is meant that names no zone.

    Raises:
        ValueError: If it is none, or nothing says which zone is meant.
    """
    whole_day = re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip())
    try:
        time = datetime.fromisoformat(text.strip().replace("Z", "+00:00") + ("T23:59:59" if whole_day else ""))
    except ValueError:
        refuse(what, repr(text), "an ISO time such as 2026-11-30T18:00+01:00")
    if time.tzinfo is None and zone is None:
        refuse(what, f"{text!r}, which names no time zone", f"{text.strip()}+01:00, say", "or add --zone Europe/Berlin")
    return time if time.tzinfo else time.replace(tzinfo=zone)
