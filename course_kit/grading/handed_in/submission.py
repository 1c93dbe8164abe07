"""A submitted notebook as grading sees it: code to run, words to read, and what a person should look at."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from course_kit.grading.asking.question import unpack
from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.bounded import bounded
from course_kit.grading.handed_in.notebook import CONFLICT, Cell, read_notebook, shortened
from course_kit.grading.handed_in.syntax import bound, functions
from course_kit.grading.running.notebook_check import PACKED

FENCE = re.compile(r"^ *(```+|~~~+)[^\n`]*\n(.*?)\n? *\1 *$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"\A#{1,6} (?=(def|class|import|from|@)\b)")  # JupyterLab's keys 1 to 6 make a heading of a cell


@dataclass(frozen=True)
class Parsed:
    """A submitted notebook, read.

    Args:
        sources: Its code cells, in order.
        texts: Its text cells, in order.
        written: Name of each part that a person grades → the student's words; "" if there are none.
        flags: What a person should look at, in words.
    """

    sources: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    written: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def parse(content: bytes, assignment: Assignment) -> Parsed:
    """Read a submitted notebook, in a process with limits.

    Args:
        content: Its bytes; nothing is said of an empty one.
        assignment: What it should be an answer to.

    Returns:
        What could be read; no bytes raise here.
    """
    nothing = Parsed(written=dict.fromkeys(assignment.written, ""))
    if not content:
        return nothing
    found, why = bounded(_steps, content, assignment)
    return from_plain(found[0]) if found else replace(nothing, flags=(unread(why),))


def unread(why: str) -> str:
    """The flag of a notebook whose reading was ended."""
    return f"not read: {why}"


def from_plain(plain: dict[str, Any]) -> Parsed:
    """What `asdict` and JSON made of one."""
    return Parsed(tuple(plain["sources"]), tuple(plain["texts"]), plain["written"], tuple(plain["flags"]))


def _steps(content: bytes, assignment: Assignment) -> Iterator[dict[str, Any]]:
    cells, flags = cells_of(content, assignment)
    yield asdict(understood(cells, assignment, flags))


def cells_of(content: bytes, assignment: Assignment) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """The cells of a submitted notebook, code that stands in text cells turned back; and flags."""
    notebook = read_notebook(content)
    names = assignment.exercises.keys() or checked_functions(notebook.cells)  # a student has no solution notebook
    cells, flags = turned_back(notebook.cells, names)
    return cells, (*notebook.flags, *flags)


def understood(cells: tuple[Cell, ...], assignment: Assignment, flags: tuple[str, ...] = ()) -> Parsed:
    """What the cells hold of the assignment.

    Args:
        cells: The cells.
        assignment: What they should be an answer to.
        flags: What is to be looked at already.
    """
    sources, texts = (tuple(cell.source for cell in cells if cell.kind == kind) for kind in ("code", "markdown"))
    said = [*flags, *_oddities(cells, sources)] if cells or not flags else list(flags)
    written = {}
    for name in assignment.written:
        written[name], more = _written(cells, name, assignment) if cells else ("", [])
        said += more
    return Parsed(sources, texts, written, shortened(said))


def checked_functions(cells: Iterable[Cell]) -> set[str]:
    """The functions that a notebook's released cells check, by the cells' ids and by what release packed."""
    found = {cell.id.removeprefix("check-") for cell in cells if cell.id.startswith("check-")}
    for cell in cells:
        packed = PACKED.search(cell.source) if cell.kind == "code" else None
        with contextlib.suppress(ValueError):
            found |= set(unpack(packed[1])) if packed else set()
    return found


def turned_back(cells: tuple[Cell, ...], names: Set[str]) -> tuple[tuple[Cell, ...], list[str]]:
    """Text cells that define a function of the assignment which no code cell defines become code again.

    Args:
        cells: The cells of a notebook.
        names: The functions of the assignment.

    Returns:
        The cells, and a flag for each that was turned.
    """
    missing = names - bound(cell.source for cell in cells if cell.kind == "code")
    turned, flags = [], []
    for cell in cells:
        there = (
            {name for name in missing if re.search(rf"\b(def|class) {name}\b", cell.source)}
            if cell.kind != "code"
            else set()
        )
        source = _code_in(cell, there) if there else None
        if there:
            how = "could not be read as code" if source is None else "was read as code"
            flags.append(f"{', '.join(sorted(there))}: it stands in a text cell, which {how}")
        turned.append(cell if source is None else replace(cell, kind="code", source=source))
    return tuple(turned), flags


def _code_in(cell: Cell, names: Set[str]) -> str | None:
    """The Python of a text cell, all of it or what stands in fences, if it defines one of these functions."""
    fenced = "\n\n".join(found[2] for found in FENCE.finditer(cell.source))
    for source in (fenced, cell.source, HEADING.sub("", cell.source)):
        if functions([source]).keys() & names:
            return source
    return None


def _oddities(cells: tuple[Cell, ...], sources: tuple[str, ...]) -> list[str]:
    flags = [f"code cell {n}: marks of a merge conflict" for n, code in enumerate(sources, 1) if CONFLICT.search(code)]
    twice = sum(count > 1 for count in Counter(cell.id for cell in cells if cell.id).values())
    if twice:
        flags.append(f"{twice} cells were copied: their ids stand more than once")
    return flags if sources else [*flags, "no code cell"]


def _written(cells: tuple[Cell, ...], name: str, assignment: Assignment) -> tuple[str, list[str]]:
    """The student's words in a written part: those of its cell, and of the new text cells right after it."""
    places, released = places_of(cells, name, assignment)
    if not places:
        return "", [f"{name}: its cell is not there"]
    changed = [place for place in places if cells[place].source.strip() != released]
    flags = [f"{name}: {len(changed)} versions, the first was taken"] if len(changed) > 1 else []
    start = (changed or places)[0]
    words = [cells[start].source.strip()] if changed else []
    return "\n\n".join([*words, *_added(cells[start + 1 :], assignment)]), flags


def places_of(cells: Sequence[Cell], name: str, assignment: Assignment) -> tuple[list[int], str]:
    """Where the cell of a written part is, and the text that was handed out in it."""
    ours = next(c for c in assignment.cells if f"written:{name}" in c["metadata"].get("tags", ()))
    released = ours["source"].strip()
    return _places(cells, ours.get("id"), released.partition("\n")[0]), released


def _places(cells: Sequence[Cell], released_id: str | None, heading: str) -> list[int]:
    """Where a released cell is now: the cells with its id, else those that begin as it does."""
    same_id = [place for place, cell in enumerate(cells) if cell.id and cell.id == released_id]
    return same_id or [place for place, cell in enumerate(cells) if cell.source.strip().startswith(heading)]


def _added(cells: tuple[Cell, ...], assignment: Assignment) -> Iterator[str]:
    """The text cells up to the first cell that was released, or that is code."""
    released_ids = {cell["id"] for cell in assignment.cells if "id" in cell}
    released_texts = {cell["source"].strip() for cell in assignment.cells}
    for cell in cells:
        text = cell.source.strip()
        if cell.kind != "markdown" or cell.id in released_ids or text in released_texts:
            return
        yield text
