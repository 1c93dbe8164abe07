"""How much memory a block of code takes at its peak, where the system tells."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

PROCESS = Path("/proc/self")


class Peak:
    """The memory that a block took.

    Args:
        bytes: More than before the block, at its peak; 0 where the system does not tell.
    """

    bytes = 0


@contextlib.contextmanager
def peak_memory() -> Iterator[Peak]:
    """Measure how much memory the block takes at its peak, beside what was taken before (on Linux)."""
    peak, before = Peak(), 0
    with contextlib.suppress(OSError):
        (PROCESS / "clear_refs").write_text("5")  # starts the system's record anew
        before = _highest()
    yield peak
    if before:
        peak.bytes = max(0, _highest() - before)


def _highest() -> int:
    found = re.search(r"VmHWM:\s*(\d+) kB", (PROCESS / "status").read_text())
    return int(found[1]) << 10 if found else 0
