"""Who is in the class: a list of ours, or the file that Canvas, Moodle or Gradescope gives for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Roster:
    """stub."""
