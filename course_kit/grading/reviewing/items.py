"""Rubric items: remarks that graders give again and again, with the points that come with each, in items.csv."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reports.adjust import TOTAL
from course_kit.grading.reviewing.rows import put
from course_lib.arguments import refuse

FILE = "items.csv"
COLUMNS = ("part", "points", "text")


@dataclass(frozen=True)
class Item:
    """A remark that is given with a key. A submission has it if its comment holds the text as a line.

    Args:
        points: What it adds to the points of the part.
        text: One line, which the student reads in the comment.
    """

    points: float
    text: str


def read_items(directory: Path, assignment: Assignment) -> dict[str, list[Item]]:
    """Read the items: part → items, in the order of the file; a part is a function, a written part or "total".

    Raises:
        ValueError: If a line names no part, or has no number or no text.
    """
    path = directory / FILE
    items: dict[str, list[Item]] = {name: [] for name in (*assignment.exercises, *assignment.written, TOTAL)}
    for row in read_table(path, *COLUMNS) if path.exists() else []:
        part, item = item_from(row, f"{path}, {row['part']}", assignment)
        items[part].append(item)
    return items


def item_from(row: Mapping[str, str], where: str, assignment: Assignment) -> tuple[str, Item]:
    """The part and the item that a line is about.

    Raises:
        ValueError: If it names no part, or has no number or no text.
    """
    part, text = row["part"] or TOTAL, " ".join(row["text"].split())
    if part not in (parts := [*assignment.exercises, *assignment.written, TOTAL]):
        refuse(where, f"the part {part!r}", f"one of {', '.join(parts)}")
    if not text:
        refuse(where, "an item without text", "one line of text")
    try:
        points = float(row["points"].replace(",", ".").replace("−", "-"))
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        refuse(where, f"{row['points']!r} points", "a number, such as 5 or -2")
    return part, Item(points, text)


def add_item(directory: Path, row: Mapping[str, str], assignment: Assignment) -> None:
    """Add an item at the end of the file.

    Raises:
        ValueError: If it cannot be one, or its part has it already.
    """
    part, item = item_from(row, FILE, assignment)
    if any(one.text == item.text for one in read_items(directory, assignment)[part]):
        refuse(FILE, f"{item.text!r} again", f"an item that {part} does not have yet")
    after = {"part": part, "points": f"{item.points:g}", "text": item.text}

    def is_it(line: Mapping[str, str]) -> bool:
        return (line["part"] or TOTAL, line["text"]) == (part, item.text)

    put(directory / FILE, COLUMNS, is_it, {"points": "", "text": ""}, after)
