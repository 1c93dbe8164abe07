"""The table of claims, which a reader can filter by verdict."""

from __future__ import annotations

import re
from collections import Counter

CLAIM = re.compile(r"<tr>(?=(?:\s*<td>[^\n]*</td>){2}\s*<td><strong>(does not hold here|holds)</strong>( ?))")
KINDS = ("all", "holds", "holds under a condition", "does not hold here")
FILTER = '<div class="filter" role="group" aria-label="Show claims by verdict" style="visibility: hidden">{}</div>\n'
BUTTON = '<button type="button" class="toggle" data-kind="{kind}" aria-pressed="{pressed}">{kind} ({count})</button>'


def filtered(main: str) -> str:
    """The document of claims with its rows marked by verdict and, before them, buttons that wait for their script.

    Args:
        main: The document as HTML.
    """
    kinds = Counter({"all": 0})

    def marked(row: re.Match[str]) -> str:
        # What follows "holds" without a comma or colon is a condition.
        kind = "holds under a condition" if (row[1], row[2]) == ("holds", " ") else row[1]
        kinds.update(["all", kind])
        return f'<tr data-verdict="{kind}">'

    main = CLAIM.sub(marked, main)
    pressed = {kind: str(kind == "all").lower() for kind in KINDS}
    buttons = (BUTTON.format(kind=kind, pressed=pressed[kind], count=kinds[kind]) for kind in KINDS)
    return main.replace("<table>", FILTER.format("\n".join(buttons)) + "<table>", 1)
