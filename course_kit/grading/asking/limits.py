"""Every limit that a student's notebook meets, when it is checked and when it is graded, in one table."""

from __future__ import annotations

CHECK_CASE_SECONDS = 2.0
CASE_SECONDS = 20.0
IMPORT_SECONDS = 60  # what imports inside a function may take beside its own time
CELL_SECONDS = 60
NOTEBOOK_SECONDS = 300
MOST_CHARACTERS = 1_000_000
MOST_MEMORY = 3 << 30
MOST_BESIDE, LARGEST_BESIDE = 50, 2_000_000  # files beside a notebook, and their bytes together
MUCH_MEMORY = 100 << 20  # for a case in a check, whose inputs are small

TABLE = (
    ("one case in a check", f"{CHECK_CASE_SECONDS:g} s, or what the exercise says"),
    ("one case in grading", f"{CASE_SECONDS:g} s, or what the exercise says"),
    ("imports inside a function", f"{IMPORT_SECONDS} s more in a check; in grading part of the case's time"),
    ("one code cell", f"{CELL_SECONDS} s"),
    ("the whole notebook in grading, cases included", f"{NOTEBOOK_SECONDS} s"),
    ("all code, and all text", f"{MOST_CHARACTERS:,} characters each"),
    ("memory in grading", f"{MOST_MEMORY >> 30} GB"),
    ("files that the notebook writes in grading", "256 MB, one of them 64 MB"),
    ("processes and threads in grading", "64"),
    ("files handed in beside the notebook", f"{MOST_BESIDE}, {LARGEST_BESIDE // 1_000_000} MB in all"),
    ("network, GPU and other files in grading", "none"),
)


def table() -> str:
    """The limits as lines of text, for a terminal."""
    width = max(len(what) for what, _ in TABLE)
    return "\n".join(f"{what:{width}}  {limit}" for what, limit in TABLE)
