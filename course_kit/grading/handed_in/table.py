"""CSV files as spreadsheets write and read them, and no cell of ours that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from course_lib.arguments import refuse

# A cell that begins so may be taken for a formula; and so may what follows a separator, should a program part cells
# by another one than the comma, or take a quotation mark for the end of a cell. Some programs drop characters that
# nobody sees before they look for a formula.
BEGINS = "=+\\-@＝＋－＠"
UNSEEN = "\x01-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
SKIPPED = rf"[\s{UNSEEN}\"']"
FORMULA = re.compile(rf"(?:\A{SKIPPED}*|[;\t\r\n|]{SKIPPED}*|[,:][{UNSEEN}\"']*)(?=[{BEGINS}])|\A(?=[\t\r\n])")
GUARDED = re.compile(rf"(\A{SKIPPED}*?|[;\t\r\n|]{SKIPPED}*?|[,:][{UNSEEN}\"']*?)'(?=[{BEGINS}])|\A'(?=[\t\r\n])")


def read_table(path: Path, *needed: str) -> list[dict[str, str]]:
    """Read a CSV file with a header.

    Args:
        path: The file: UTF-8, with or without a byte order mark; its cells parted by commas, by semicolons, as Excel
            writes them in half of Europe, or by tabs.
        needed: Columns that must be there.

    Returns:
        A dict for every row that is not empty: column → text, white space at its ends removed.

    Raises:
        ValueError: If it is no such file, or lacks a column.
    """
    try:
        text = unicodedata.normalize("NFC", path.read_text("utf-8-sig"))
        parted = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=text.partition("\n")[0].count))
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
    text = "" if cell is None else str(cell).replace("\0", "")  # which Python 3.10 reads from no table
    return text if text == "-" else FORMULA.sub(lambda found: f"{found[0]}'", text)


def _plain(cell: str | list[str] | None) -> str:
    """The text of a cell, without the apostrophe that `to_csv` put in front."""
    text = cell if isinstance(cell, str) else ""
    return GUARDED.sub(lambda found: found[1] or "", text).strip()
