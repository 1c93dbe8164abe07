"""Checks of a lesson as number fields that answer in the page, from the same table as `check_answer`."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable

from course_kit.lessons.checks import CHECKS, WORKED
from course_kit.lessons.practice import ENOUGH, GENERAL, PERCENT

CALL = re.compile(r"^check_answer\(\"([^\"]+)\"", flags=re.MULTILINE)
FIELD = """<form class="check" data-check="{name}">
<label>Your answer <input type="text" autocomplete="off"></label> <button type="submit" class="toggle">check</button>
<output></output>
</form>"""


def asked(source: str) -> str:
    """Name of the check that a code cell makes; "" if it makes none."""
    call = CALL.search(source)
    return call[1] if call and call[1] in CHECKS else ""


def field(name: str) -> str:
    """The element in which a reader answers a check."""
    return FIELD.format(name=html.escape(name))


def table(names: Iterable[str]) -> str:
    """The element with what the fields of a page must know.

    Args:
        names: Names of the checks on the page.
    """
    checks = {
        name: {
            "answer": CHECKS[name].answer,
            "tolerance": CHECKS[name].tolerance,
            "hints": list(CHECKS[name].hints.items()),
            "worked": WORKED[name],
        }
        for name in names
    }
    data = json.dumps({"checks": checks, "general": GENERAL, "percent": PERCENT, "enough": ENOUGH}, ensure_ascii=False)
    escaped = data.replace("<", "\\u003c")  # no string may end the element
    return f'<script type="application/json" id="checks">{escaped}</script>'
