"""Late submissions: when was it due for whom, and what is left of the points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Late:
    """stub."""

    due: datetime | None
