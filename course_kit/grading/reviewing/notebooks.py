"""A submitted notebook as a reviewer reads it: functions, cells with their stored outputs; text and checked pictures.

Outputs are what the student's computer stored, so they prove nothing; they are shown beside written answers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.bounded import bounded
from course_kit.grading.handed_in.notebook import Cell, Notebook, storable, with_outputs
from course_kit.grading.handed_in.submission import places_of, turned_back, unread
from course_kit.grading.handed_in.syntax import parsed
from course_kit.grading.marking.grade import digest
from course_kit.grading.reviewing.pictures import KINDS, checked

LONGEST = 4_000  # characters of one output
MOST_OUTPUTS = 20  # of a cell
MOST_TEXT = 1_000_000  # characters of all cells and outputs
MOST_PICTURES = 6_000_000  # characters of all pictures
LEFT_OUT = "(not shown: the notebook holds more than a page can)"
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # also those that turn text around


@dataclass(frozen=True)
class Shown:
    """What a page shows of a notebook; all of it is text but for pictures, which are addresses that `checked` made.

    Args:
        cells: Kind, source and outputs of each cell; an output has a kind, "text" or "picture", and the
            text or the address itself as "shown".
        functions: Function or class of the assignment → its source, as it stands last in the notebook.
        beside: Written part → places of the code cells above it in its section.
        digest: Digest of what grading reads of the file.
        trouble: Why there is nothing to show; "" if there is.
    """

    cells: tuple[dict[str, Any], ...] = ()
    functions: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Sequence[int]] = field(default_factory=dict)
    digest: str = ""
    trouble: str = ""


def shown(content: bytes, assignment: Assignment) -> Shown:
    """Read a submitted notebook with its outputs, in a process with limits; no bytes raise here."""
    found, why = bounded(_steps, content, assignment)
    if not found:
        return Shown(trouble=unread(why))
    return Shown(tuple(found[0].pop("cells")), **found[0])


def _steps(content: bytes, assignment: Assignment) -> Iterator[dict[str, Any]]:
    read = with_outputs(content)
    cells, _ = turned_back(tuple(cell for cell, _ in read), assignment.exercises.keys())
    budget = {"text": MOST_TEXT, "picture": MOST_PICTURES}
    yield {
        "cells": [
            _cell(cell, outputs, budget) for cell, outputs in zip(cells, (outputs for _, outputs in read), strict=True)
        ],
        "functions": {name: visible(source) for name, source in _functions(cells, assignment).items()},
        "beside": {part: _beside(cells, part, assignment) for part in assignment.written},
        "digest": digest(Notebook(cells).to_json()) if cells else "",
        "trouble": "" if cells else "no cells could be read",
    }


def visible(text: str) -> str:
    """Text without colours of a terminal, and with a sign for each character that shows nothing or turns text round."""
    return UNSEEN.sub("\ufffd", COLOURS.sub("", storable(text)).replace("\r\n", "\n"))


def _cell(cell: Cell, outputs: Sequence[Any], budget: dict[str, int]) -> dict[str, Any]:
    source = _within(visible(cell.source), budget)
    kept = [_output(one, budget) for one in outputs[:MOST_OUTPUTS] if isinstance(one, dict)]
    return {"kind": cell.kind, "source": source, "outputs": [one for one in kept if one]}


def _within(text: str, budget: dict[str, int], kind: str = "text") -> str:
    budget[kind] -= len(text)
    return text if budget[kind] >= 0 else LEFT_OUT


def _output(plain: dict[str, Any], budget: dict[str, int]) -> dict[str, str]:
    """An output as a checked picture if it has one, else as plain text; HTML, SVG and scripts are never taken."""
    data = plain.get("data") if isinstance(plain.get("data"), dict) else {}
    for kind in KINDS:
        if kind in data and (picture := checked(kind, _text(data[kind]))):
            fits = _within(picture, budget, "picture")
            return {"kind": "picture" if fits is picture else "text", "shown": fits}
    trace = plain.get("traceback")
    text = _text(plain.get("text")) or _text(data.get("text/plain")) or "\n".join(map(_text, _list(trace)))
    text = visible(text[: 2 * LONGEST])
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return {"kind": "text", "shown": _within(short, budget)} if short.strip() else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _functions(cells: Sequence[Cell], assignment: Assignment) -> dict[str, str]:
    """Function or class → the lines of its last definition at the top of a cell."""
    found = {}
    for cell in cells:
        tree = parsed(cell.source) if cell.kind == "code" else None
        for node in tree.body if tree else ():
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in assignment.exercises:
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                found[node.name] = "\n".join(cell.source.split("\n")[first - 1 : node.end_lineno])
    return found


def _beside(cells: Sequence[Cell], part: str, assignment: Assignment) -> list[int]:
    """The code cells between the heading of a written part's section and its words, and those right after them."""
    places, _ = places_of(cells, part, assignment)
    if not places:
        return []
    start = next((n for n in range(places[0], -1, -1) if cells[n].source.startswith("## ")), 0)
    end = next((n for n in range(places[0] + 1, len(cells)) if cells[n].source.startswith("## ")), len(cells))
    return [n for n in range(start, end) if cells[n].kind == "code" and cells[n].source.strip()]
