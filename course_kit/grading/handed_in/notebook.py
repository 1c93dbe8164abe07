"""The cells of a notebook file, whatever state and format it is in; grading does not look at outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from course_kit.grading.asking.limits import MOST_CHARACTERS as LARGEST

MOST_CELLS = 5_000
MOST_FLAGS, LONGEST_FLAG = 20, 300
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
HEADINGS = 6  # levels that Markdown has; format 3 stored any number


@dataclass(frozen=True)
class Cell:
    """A cell without its outputs.

    Args:
        kind: "code", "markdown" or "raw".
        id: The cell's id; "" if it has none.
        source: Its text.
    """

    kind: str
    id: str
    source: str


@dataclass(frozen=True)
class Notebook:
    """A notebook, read.

    Args:
        cells: Its cells; none if nothing could be read.
        flags: What a person should look at, in words.
    """

    cells: tuple[Cell, ...] = ()
    flags: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """The cells as a notebook of format 4 without outputs; it is read as this one is."""
        cells = [{"cell_type": one.kind, "id": one.id, "metadata": {}, "source": one.source} for one in self.cells]
        plain = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(plain, ensure_ascii=False).encode()  # escaped, a letter could take twelve bytes


def read_notebook(content: bytes) -> Notebook:
    """Read a notebook file.

    Args:
        content: Its bytes.

    Returns:
        What could be read; no bytes raise here.
    """
    try:
        plain, flags = _plain(content)
        found = plain["cells"]
        if len(found) > MOST_CELLS:
            raise ValueError(f"more than {MOST_CELLS:,} cells: nothing of it was read")
        cells = tuple(cell for one in found if (cell := _cell(one)))
        for what, parts in {"code": ("code",), "text": ("markdown", "raw")}.items():
            if sum(len(cell.source) for cell in cells if cell.kind in parts) > LARGEST:
                raise ValueError(f"more than {LARGEST:,} characters of {what}: nothing of it was read")
    except ValueError as error:
        return Notebook(flags=(str(error),))
    if unread := len(found) - len(cells):
        flags.append(f"{unread} cells are damaged and were left out")
    return Notebook(cells, tuple(flags + _foreign_kernel(plain.get("metadata"))))


def with_outputs(content: bytes) -> list[tuple[Cell, list[Any]]]:
    """The cells of a notebook file, each with its stored outputs just as they are; no bytes raise here."""
    try:
        found = _plain(content)[0]["cells"][:MOST_CELLS]
    except ValueError:
        return []
    read = ((_cell(one), one) for one in found)
    return [(cell, _outputs(one)) for cell, one in read if cell]


def _outputs(plain: Mapping[str, Any]) -> list[Any]:
    outputs = plain.get("outputs")
    return outputs if isinstance(outputs, list) else []


def shortened(flags: Iterable[str]) -> tuple[str, ...]:
    """Flags of a length and number that a table can hold, each once."""
    kept = list(dict.fromkeys(flag if len(flag) <= LONGEST_FLAG else f"{flag[:LONGEST_FLAG]}…" for flag in flags))
    more = len(kept) - MOST_FLAGS
    return tuple(kept if more <= 0 else [*kept[:MOST_FLAGS], f"and {more} more of such"])


def _plain(content: bytes) -> tuple[Mapping[str, Any], list[str]]:
    """A notebook of format 4, or ValueError with what is wrong."""
    text, flags = _text(content)
    try:
        plain = json.loads(text)
    except RecursionError:
        raise ValueError("not a notebook: nested too deeply") from None
    except ValueError as error:
        if CONFLICT.search(text):
            raise ValueError("not a notebook: a merge conflict left two versions in the file") from error
        why = "the file breaks off" if getattr(error, "pos", 0) >= len(text) - 1 else "damaged, or of another kind"
        raise ValueError(f"not a notebook: {why}") from error
    if isinstance(plain, dict) and isinstance(plain.get("worksheets"), list):
        plain = {"cells": _old_cells(plain["worksheets"]), "metadata": plain.get("metadata")}
        flags.append("an old format of notebook, converted")
    if not isinstance(plain, dict) or not isinstance(plain.get("cells"), list):
        raise ValueError("not a notebook: it has no cells")
    return plain, flags


def _text(content: bytes) -> tuple[str, list[str]]:
    """The text of a file, without what a disk or an editor put behind its end; and flags."""
    flags = []
    try:
        whole = content.decode(json.detect_encoding(content), "surrogatepass")
    except UnicodeDecodeError:
        whole = content.decode("utf-8-sig", errors="replace")
        flags.append("not valid UTF-8: some characters are lost")
    text = whole.rstrip("\0 \t\r\n")
    if "\0" in whole[len(text) :]:
        flags.append("zeros behind its end, as a disk leaves them: they were left out")
    return text, flags


def _old_cells(worksheets: list[Any]) -> list[Any]:
    """The cells of formats 2 and 3 as format 4 has them: code was called input, and a heading was a kind of cell."""
    sheets = [sheet.get("cells") if isinstance(sheet, dict) else None for sheet in worksheets]
    if not all(isinstance(sheet, list) for sheet in sheets):
        raise ValueError("not a notebook: an old format, and damaged")
    return [_renewed(cell) if isinstance(cell, dict) else cell for sheet in sheets for cell in sheet]


def _renewed(cell: dict[str, Any]) -> dict[str, Any]:
    if cell.get("cell_type") == "code":
        return {**cell, "source": cell.get("input", "")}
    if cell.get("cell_type") == "heading":
        level, source = cell.get("level", 1), cell.get("source", "")
        marks = "#" * (max(1, min(level, HEADINGS)) if isinstance(level, int) else 1)
        words = source if isinstance(source, list) else [source]
        return {**cell, "cell_type": "markdown", "source": [f"{marks} ", *words]}
    return cell


def _cell(plain: Any) -> Cell | None:
    if not isinstance(plain, Mapping):
        return None
    kind, name, source = (plain.get(key) for key in ("cell_type", "id", "source"))
    lines = [source] if isinstance(source, str) else source
    if not isinstance(kind, str) or not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return None
    name = name if isinstance(name, str) and len(name) <= 64 else ""
    kind = kind if kind in ("code", "markdown") else "raw"  # as Jupyter shows a kind that it does not know
    return Cell(kind, storable(name), storable("".join(lines)).replace("\r\n", "\n").replace("\r", "\n"))


def storable(text: str) -> str:
    """Text without halves of surrogate pairs: they are valid JSON, but no text that could be stored again."""
    return text.encode(errors="replace").decode()


def _mapping(plain: Any) -> Mapping[str, Any]:
    return plain if isinstance(plain, Mapping) else {}


def _foreign_kernel(metadata: Any) -> list[str]:
    spec, info = (_mapping(_mapping(metadata).get(key)) for key in ("kernelspec", "language_info"))
    language = spec.get("language") or info.get("name") or spec.get("name")  # which may be anybody's word
    if isinstance(language, str) and not language.lower().startswith("python"):
        return [f"its kernel is {storable(language)[:40]!r}; it was read as Python"]
    return []
