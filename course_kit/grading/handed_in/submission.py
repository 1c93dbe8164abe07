"""The source text of a submitted notebook, whatever state the file is in; nothing else of it is kept."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course_kit.grading.authoring.assignment import Assignment

LARGEST = 1_000_000  # characters of all code, and of all text
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


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


@dataclass(frozen=True)
class _Cell:
    kind: str
    id: str
    source: str


def parse(content: bytes, assignment: Assignment) -> Parsed:
    """Read a submitted notebook.

    Args:
        content: Its bytes; nothing is said of an empty one.
        assignment: What it should be an answer to.

    Returns:
        What could be read; no bytes raise here.
    """
    nothing = dict.fromkeys(assignment.written, "")
    if not content:
        return Parsed(written=nothing)
    try:
        notebook, flags = _notebook(content)
        cells = [cell for plain in notebook["cells"] if (cell := _cell(plain))]
    except ValueError as error:
        return Parsed(written=nothing, flags=(str(error),))
    if unread := len(notebook["cells"]) - len(cells):
        flags.append(f"{unread} cells are damaged and were left out")
    sources, texts = (tuple(cell.source for cell in cells if cell.kind == kind) for kind in ("code", "markdown"))
    for kind, parts in {"code": sources, "text": texts}.items():
        if sum(map(len, parts)) > LARGEST:
            flags.append(f"more than {LARGEST:,} characters of {kind}: nothing of it was read")
            return Parsed(written=nothing, flags=tuple(flags))
    flags += _oddities(cells, sources, notebook.get("metadata"))
    written = {}
    for name in assignment.written:
        written[name], said = _written(cells, name, assignment)
        flags += said
    return Parsed(sources, texts, written, tuple(flags))


def _notebook(content: bytes) -> tuple[Mapping[str, Any], list[str]]:
    """A notebook of format 4, or ValueError with what is wrong; an older one is converted."""
    flags = []
    try:
        try:
            plain = json.loads(content)
        except UnicodeDecodeError:
            plain = json.loads(content.decode("utf-8-sig", errors="replace"))
            flags.append("not valid UTF-8: some characters are lost")
    except RecursionError:
        raise ValueError("not a notebook: nested too deeply") from None
    except ValueError as error:
        if CONFLICT.search(content.decode(errors="replace")):
            raise ValueError("not a notebook: a merge conflict left two versions in the file") from error
        at_end = getattr(error, "pos", 0) >= len(content.decode(errors="replace").rstrip()) - 1
        why = "the file breaks off" if at_end else "damaged, or of another kind"
        raise ValueError(f"not a notebook: {why}") from error
    if isinstance(plain, dict) and isinstance(plain.get("worksheets"), list):
        plain = _converted(plain)
        flags.append("an old format of notebook, converted")
    if not isinstance(plain, dict) or not isinstance(plain.get("cells"), list):
        raise ValueError("not a notebook: it has no cells")
    return plain, flags


def _converted(plain: dict[str, Any]) -> Mapping[str, Any]:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return nbformat.convert(nbformat.from_dict(plain), 4)
    except Exception as error:  # a damaged notebook stops the converter in many ways
        raise ValueError("not a notebook: an old format, and damaged") from error


def _cell(plain: Any) -> _Cell | None:
    if not isinstance(plain, Mapping):
        return None
    kind, name, source = (plain.get(key) for key in ("cell_type", "id", "source"))
    lines = [source] if isinstance(source, str) else source
    if not isinstance(kind, str) or not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return None
    # half of a surrogate pair is valid JSON, but no text that could be stored again
    return _Cell(kind, name if isinstance(name, str) else "", "".join(lines).encode(errors="replace").decode())


def _oddities(cells: list[_Cell], sources: tuple[str, ...], metadata: Any) -> list[str]:
    flags = [f"code cell {n}: marks of a merge conflict" for n, code in enumerate(sources, 1) if CONFLICT.search(code)]
    twice = sum(count > 1 for count in Counter(cell.id for cell in cells if cell.id).values())
    if twice:
        flags.append(f"{twice} cells were copied: their ids stand more than once")
    spec = metadata.get("kernelspec") if isinstance(metadata, Mapping) else None
    language = spec.get("language", spec.get("name")) if isinstance(spec, Mapping) else None
    if isinstance(language, str) and not language.lower().startswith("python"):
        flags.append(f"its kernel is {language.encode(errors='replace').decode()[:40]!r}; it was read as Python")
    if not sources:
        flags.append("no code cell")
    return flags


def _written(cells: list[_Cell], name: str, assignment: Assignment) -> tuple[str, list[str]]:
    """The student's words in a written part: its cell and new text cells right after it."""
    ours = next(c for c in assignment.cells if f"written:{name}" in c["metadata"].get("tags", ()))
    released = ours["source"].strip()
    known = {cell["id"] for cell in assignment.cells if "id" in cell}
    known_text = {cell["source"].strip() for cell in assignment.cells}
    heading = released.partition("\n")[0]
    places = [n for n, cell in enumerate(cells) if cell.id and cell.id == ours.get("id")]
    places = places or [n for n, cell in enumerate(cells) if cell.source.strip().startswith(heading)]
    if not places:
        return "", [f"{name}: its cell is not there"]
    changed = [n for n in places if cells[n].source.strip() != released]
    flags = [f"{name}: {len(changed)} versions, the first was taken"] if len(changed) > 1 else []
    start = (changed or places)[0]
    parts = [cells[start].source.strip()] if changed else []
    for cell in cells[start + 1 :]:
        if cell.kind != "markdown" or (cell.id in known and cell.id) or cell.source.strip() in known_text:
            break
        parts.append(cell.source.strip())
    return "\n\n".join(parts), flags
