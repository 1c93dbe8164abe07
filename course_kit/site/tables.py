"""The tables of a document: with links to the sections they name, ready for a phone, and those of claims to filter."""

from __future__ import annotations

import re
from collections import Counter
from itertools import cycle

from course_kit.site.markdown import slug

CLAIM = re.compile(r"<tr>(?=(?:\s*<td>[^\n]*</td>){2}\s*<td><strong>(does not hold here|holds)</strong>( ?))")
KINDS = ("all", "holds", "holds under a condition", "does not hold here")
FILTER = '<div class="filter" role="group" aria-label="Show claims by verdict" style="visibility: hidden">{}</div>\n'
BUTTON = '<button type="button" class="toggle" data-kind="{kind}" aria-pressed="{pressed}">{kind} ({count})</button>'
TABLE = re.compile(r"<table>(.*?</thead>)(.*?)</table>", re.DOTALL)
HEAD = re.compile(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>")
MANY = 5  # columns that a phone has no room for side by side
SECTION = re.compile(r'<td>(?:<a href="[^"]*">|<code>)(\d\d)</(?:a|code)> (\d+ · [^<]*)</td>')


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


def linked(main: str, pages: dict[str, str]) -> str:
    """A document whose cells that name a section of a lesson, "07" and "2 · A walk, by hand", lead to it.

    Args:
        main: The document as HTML.
        pages: Stem of each page → its title.
    """
    stems = {stem[:2]: stem for stem in pages if re.match(r"\d\d_", stem)}

    def link(cell: re.Match[str]) -> str:
        number, title = cell.groups()
        if number not in stems:
            return cell[0]
        return f'<td><a href="{stems[number]}.html#{slug(title)}">{number} › {title}</a></td>'

    return SECTION.sub(link, main)


def stacked(text: str) -> str:
    """HTML whose wide tables have the name of its column at each cell, for screens that show the cells one by one."""
    return TABLE.sub(_labelled, text)


def _labelled(table: re.Match[str]) -> str:
    names = [re.sub(r"<[^>]+>", "", name) for name in HEAD.findall(table[1])]
    if len(names) < MANY:
        return table[0]
    labels = cycle(names)
    body = re.sub("<td(?= |>)", lambda _: f'<td data-label="{next(labels)}"', table[2])
    return f'<table class="rows">{table[1]}{body}</table>'
