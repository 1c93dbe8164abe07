"""CSV files as spreadsheets write and read them, and no cell of ours that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from course_lib.arguments import refuse

RUNS = tuple("=+-@\t\r\n＝＋－＠")  # a cell that begins so may be taken for a formula


def read_table(path: Path, *needed: str) -> list[dict[str, str]]:
    """Read a CSV file with a header.

    Args:
        path: The file: UTF-8, with or without a byte order mark; parted by commas, or by semicolons as Excel writes it
            in half of Europe.
        needed: Columns that must be there.

    Returns:
        A dict for every row that is not empty: column → text, white space at its ends removed.

    Raises:
        ValueError: If it is no such file, or lacks a column.
    """
    try:
        text = path.read_text("utf-8-sig")
        first = text.partition("\n")[0]
        parted = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
        rows = [{name.strip(): _plain(cell) for name, cell in row.items() if name} for row in parted]
    except UnicodeDecodeError:
        refuse(str(path), "a file that is not UTF-8", "CSV", "save it as “CSV UTF-8”")
    except csv.Error as error:
        refuse(str(path), f"{error}", "CSV")
    columns = [name.strip() for name in parted.fieldnames or ()]
    if missing := [name for name in needed if name not in columns]:
        refuse(str(path), f"the columns {', '.join(columns) or '(none)'}", f"a column {missing[0]!r} among them")
    return [row for row in rows if any(row.values())]


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV; numbers stay numbers, and text that a spreadsheet might run gets an apostrophe in front."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows(
        [_safe(cell) for cell in row] for row in [columns, *rows]
    )
    return out.getvalue()


def _safe(cell: object) -> object:
    if isinstance(cell, int | float):
        return int(cell) if cell == int(cell) else cell
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(RUNS) and text != "-" else text


def _plain(cell: str | list[str] | None) -> str:
    """The text of a cell, without the apostrophe that `to_csv` put in front."""
    text = cell if isinstance(cell, str) else ""
    return (text[1:] if text[:1] == "'" and text[1:].startswith(RUNS) else text).strip()
