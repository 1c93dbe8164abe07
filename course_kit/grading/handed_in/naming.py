"""How learning management systems (LMS) name the files that they export, and what such a name says of its owner.

A naming is a regular expression that is matched from the beginning of a file's path. Its named groups say what was
found; at least one of them tells who handed the file in:

    student, name, email, canvas, moodle, group    who; the numbers are those that the LMS gave
    ends                                           a text that ends with the student's id, after an underscore
    late, time, version                            a mark that it was late, when, and which attempt it was
    file                                           the name that the student gave the file
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from course_lib.arguments import refuse

WHO = ("student", "ends", "name", "email", "canvas", "moodle", "group")
ALSO = ("late", "time", "version", "file")
# The first match counts, and what comes before it is as short as can be: a student chooses the end of a name only.
READY = {
    "moodle": r"(?P<name>[^/]+?)_(?P<moodle>\d+)_assignsubmission_(?:file|onlinetext)(?:_?/|_|$)(?P<file>.*)",
    "canvas": r"(?P<name>[^/]+?)_(?:(?P<late>LATE)_)?(?P<canvas>\d+)_(?:(?P<version>\d+)_(?P<file>[^/]+)|\w+\.html)$",
    "canvas, anonymous": r"(?:(?P<late>LATE)_)?(?P<student>anon_[A-Za-z0-9]{5})_(?P<version>\d+)_(?P<file>[^/]+)$",
    "brightspace": r"\d+-\d+ - (?P<name>[^/]+?) ?- (?P<time>(?:(?! ?- )[^/])*?\d{4},? \d{1,2}:?\d\d(?: ?[AP]M)?)"
    r"(?:/| - )(?P<file>.+)",
    "blackboard": r"(?:.*/)?(?P<ends>[^/]+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt$)",
    "sakai": r"(?:[^/]+/)??(?P<name>[^/]*,[^/]*?)(?<! )\((?P<student>[^/()]+)\)[/_](?P<file>.+)",
    "sakai, groups": r"(?:[^/]+/)??(?P<group>[^/]+?) \([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)/(?P<file>.+)",
    "ilias": r"(?:.+/)?(?=(?P<ends>[^/]+)_\d+/)(?P<name>[^/]+)_[^/_]+_\d+/(?:(?P<time>\d{14})_)?(?P<file>[^/]+)$",
    "teams": r"(?:[^/]+/)*?(?P<name>[^/]+)/[^/]+/Version (?P<version>\d+)/(?P<file>.+)",
}
STAMP = "timestamp.txt"  # where Sakai writes, in each folder of its own, when that was handed in
KNOWN_BY_ITSELF = ("canvas, anonymous", "moodle", "canvas")
MONTHS = {  # English, German, French, Spanish and Portuguese, without accents, by their first letters
    **dict.fromkeys(("jan", "ene"), 1),
    **dict.fromkeys(("feb", "fev"), 2),
    **dict.fromkeys(("mar", "mrz"), 3),
    **dict.fromkeys(("apr", "avr", "abr"), 4),
    **dict.fromkeys(("may", "mai"), 5),
    **dict.fromkeys(("jun", "juin"), 6),
    **dict.fromkeys(("jul", "juil"), 7),
    **dict.fromkeys(("aug", "aou", "ago"), 8),
    **dict.fromkeys(("sep", "set"), 9),
    **dict.fromkeys(("oct", "okt", "out"), 10),
    "nov": 11,
    **dict.fromkeys(("dec", "dez", "dic"), 12),
}
DATE = re.compile(r"(\d{1,2})(?:\.|er)? (?:de )?([a-z]{3,})\.?,? (?:de )?(\d{4})|([a-z]{3,})\.? (\d{1,2}),? (\d{4})")
COPY = re.compile(  # "ann (1)", "ann-Copy1", "ann - Copy", "Copy of ann"
    r"^(copy of|kopie von|copie de|copia de|cópia de) | ?\(\d+\)$|[- ]+(copy|kopie|copie|copia|cópia) ?\d*$",
    re.IGNORECASE,
)
# What Moodle calls everybody whose work is marked without a name.
NAMELESS = re.compile(
    r"(^|-)(participant|teilnehmer/?in|participante|参与者|参加者)( \d+)?$", re.IGNORECASE
)  # Moodle's, marked blind
CLOCK = re.compile(r"(?<!\d)(\d{1,2})(?:[:.]| ?h ?)?(\d\d)(?:[:.](\d\d))?\s*([AP])?\.?M?\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """What a file's name says.

    Args:
        found: Group of the naming → what it holds; groups that hold nothing are left out.
    """

    found: Mapping[str, str]

    @property
    def label(self) -> str:
        """What to call the owner where there is no class list."""
        number = self.found.get("moodle") or self.found.get("canvas")
        if number:
            return "_".join(filter(None, (self.found.get("name"), number)))
        if "ends" in self.found:
            return self.found["ends"].rpartition("_")[2]
        return next(self.found[group] for group in WHO if group in self.found)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What to look up in a class list, the surest first."""
        sure = [(kind, self.found[kind]) for kind in ("moodle", "canvas") if kind in self.found]
        own = [("student", self.found[kind]) for kind in ("student", "email") if kind in self.found]
        words = self.found.get("ends", "").split("_")
        own += [("student", "_".join(words[start:])) for start in range(len(words))]  # an id may hold underscores
        return [*sure, *own, *(("name", form) for form in sorted(squashed(self.found.get("name", ""))))]

    @property
    def time(self) -> datetime | None:
        """When it was handed in, if the name says so; without a zone."""
        return told_time(self.found["time"]) if "time" in self.found else None

    @property
    def version(self) -> int:
        """The number of the attempt, or of the file: the larger, the later."""
        digits = re.sub(r"\D", "", self.found.get("version", ""))[:18]
        return int(digits or 0)


def naming(asked: str) -> tuple[re.Pattern[str], ...]:
    """The namings to try: the one that was asked for, else those of exports that cannot be mistaken.

    Args:
        asked: An LMS's name, a regular expression, or "".

    Raises:
        ValueError: If it is neither.
    """
    if not asked:
        return tuple(re.compile(READY[name], re.DOTALL) for name in KNOWN_BY_ITSELF)
    lms = [text for name, text in READY.items() if name.split(",")[0] == asked.lower()]
    try:
        forms = tuple(re.compile(text, re.DOTALL) for text in sorted(lms, reverse=True) or [asked])
    except re.error as error:
        refuse("names", f"{asked!r} ({error})", "a regular expression")
    groups = set(forms[0].groupindex)
    if strange := groups - {*WHO, *ALSO}:
        refuse("names", f"the group {min(strange)!r}", f"groups named {', '.join([*WHO, *ALSO])}")
    if not groups & set(WHO):
        wanted = f"one of {', '.join(sorted({name.split(',')[0] for name in READY}))}, or a regular expression"
        refuse("names", repr(asked), f"{wanted} with a named group such as (?P<student>[^_]+)")
    return forms


def told_by(name: str, forms: Sequence[re.Pattern[str]]) -> Named | None:
    """What the first naming that fits says of a file; None if none fits."""
    for form in forms:
        match = form.match(name)
        found = {group: text for group, text in match.groupdict().items() if text} if match else {}
        if set(found) & set(WHO):
            return Named(found)
    return None


def told_time(text: str) -> datetime | None:
    """A time as an LMS writes it, in digits or with the month's name in one of five languages; None if it is none."""
    digits = re.fullmatch(r"(\d{4})\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)(?:\D?(\d\d)\d*)?", text.strip())
    try:
        if digits:
            return datetime(*(int(part or 0) for part in digits.groups()))
        if chinese := re.search(r"(\d{4})年(\d{1,2})月(\d{1,2})日", text):
            year, month, day = map(int, chinese.groups())
            rest = text[chinese.end() :]
        else:
            day, month, year, rest = _worded(text)
        hour, minute, _, half = CLOCK.search(rest).groups()
        noon = 12 if (half or "").lower() == "p" or "下午" in rest else 0
        hour = int(hour) % 12 + noon if half or "下午" in rest or "上午" in rest else int(hour)
        return datetime(year, month, day, hour, int(minute))
    except (ValueError, AttributeError):
        return None


def stamped_time(text: str) -> datetime | None:
    """A time as Sakai stamps it, "2026-12-03T17:05:22.123Z" or, in old editions, digits alone; None if it is none."""
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", text.strip()).replace("Z", "+00:00"))
    except ValueError:
        return told_time(text)


def _worded(text: str) -> tuple[int, int, int, str]:
    """Day, month and year of "30 November 2026, …" or "Nov 30, 2026 …", and what comes after them."""
    plain = without_accents(text).lower()
    dated = DATE.search(plain)
    if dated is None:
        raise ValueError("no date")
    day, word, year = dated.group(1, 2, 3) if dated[1] else dated.group(5, 4, 6)
    month = MONTHS.get(word[:4]) or MONTHS.get(word[:3])
    if month is None:
        raise ValueError("no month")
    return int(day), month, int(year), plain[dated.end() :]


def without_accents(text: str) -> str:
    """Text with plain letters in place of accented ones."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def squashed(name: str) -> set[str]:
    """A name in the forms that file names give it: letters only, with and without accents, last name first or last."""
    parts = [part.split() for part in unicodedata.normalize("NFC", name).casefold().split(",")]
    words = [word for part in parts for word in part]
    forms = {"".join(words), "".join(words[-1:] + words[:-1]), "".join(words[1:] + words[:1])}
    forms |= {without_accents(form) for form in forms}
    return {re.sub(r"[\W\d_]", "", form) for form in forms} - {""}


def uncopied(name: str, numbered: bool = True) -> str:
    """A file's name, without its ending, as it was before somebody copied the file or loaded it down twice.

    Args:
        name: The name.
        numbered: Whether a number at its end ("ann-2") may be such a mark, too.
    """
    while (bare := COPY.sub("", re.sub(r"-\d$", "", name) if numbered else name).strip()) != name:
        name = bare
    return name


def may_be(name: str, student: str) -> bool:
    """Whether a name in a file's name can be a student's; where one of the two is not known it can be."""
    if not name or not student or squashed(name) & squashed(student) or NAMELESS.search(without_accents(name)):
        return True
    first, second = (set(re.findall(r"[^\W_]+", without_accents(one).casefold())) for one in (name, student))
    return bool(first and second) and (first <= second or second <= first)
