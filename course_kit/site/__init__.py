"""The course as pages that open from disk: no kernel, no network."""

from __future__ import annotations

from course_kit.site.build import build

__all__ = ["build"]
