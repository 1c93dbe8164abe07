"""What the search looks through: the words of each section of each page."""

from __future__ import annotations

import html
import re

MAIN = re.compile(r"<main[^>]*>(.*)</main>", flags=re.DOTALL)
SECTION = re.compile(r'<h[12] id="([^"]*)">(.*?)</h[12]>')
FOLDED = re.compile(r"<details[^>]*>((?:<details[^>]*>.*?</details>|.)*?)</details>", flags=re.DOTALL)
UNREAD = re.compile(r"<(math|style|script|noscript|summary)\b.*?</\1>|<[^>]+>", flags=re.DOTALL)


def sections_of(name: str, page: str) -> list[tuple[str, str, str, str, str]]:
    """The sections of a page.

    Args:
        name: File name of the page.
        page: Its HTML.

    Returns:
        Address, title of the page, title of the section, its text without formulas, and what is folded in it, such as
        the outcome of a prediction: that is found, but no excerpt may tell it.
    """
    _, *parts = SECTION.split(MAIN.search(page)[1])
    triples = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    title = words(triples[0][1]) if triples else name
    return [
        (f"{name}#{place}", title, words(head), words(FOLDED.sub(" ", text)), words(" ".join(FOLDED.findall(text))))
        for place, head, text in triples
    ]


def words(text: str) -> str:
    """HTML as running text."""
    return " ".join(html.unescape(UNREAD.sub(" ", text)).split())
