"""docs/claims.md says what the tests declare, no more and no less."""

from __future__ import annotations

from claims.frame import DOCUMENT, WITHOUT_CLAIM, declared, document, written
from test_docs import headings


def test_the_document_holds_every_claim_as_declared():
    text = DOCUMENT.read_text(encoding="utf-8")
    figures = list(written(text))
    assert document(dict(zip(declared(), figures, strict=True))) == text, "run `make claims`"
    assert all(figures)


def test_every_row_has_a_claim_or_a_reason_to_have_none():
    rows = {claim.row for claim in declared()}
    assert rows.isdisjoint(WITHOUT_CLAIM)
    assert {*range(13, 16), *range(20, 90)} <= rows | set(WITHOUT_CLAIM)


def test_a_claim_has_a_verdict_and_a_section_that_shows_it():
    for claim in declared():
        number, heading = claim.shown
        assert claim.verdict.startswith(("holds", "does not hold here"))
        assert heading in headings(number)


def test_a_changed_verdict_or_a_missing_row_would_be_found():
    text = DOCUMENT.read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.startswith("| 2"))
    for changed in (text.replace("**holds**", "**might hold**", 1), text.replace(first + "\n", "")):
        figures = dict(zip(declared(), written(changed), strict=False))
        assert document(figures) != changed
