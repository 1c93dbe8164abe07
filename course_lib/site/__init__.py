"""The course as pages that open from disk: no kernel, no network."""

from __future__ import annotations

from course_lib.site.build import build

__all__ = ["build"]
