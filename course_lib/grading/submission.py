"""The source text of a submitted notebook, whatever state the file is in; nothing else of it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from course_lib.grading.authoring import Assignment


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
    """Read a submitted notebook.

    Args:
        content: Its bytes; nothing is said of an empty one.
        assignment: What it should be an answer to.

    Returns:
        What could be read; no bytes raise here.
    """
    raise NotImplementedError
