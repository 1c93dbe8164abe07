"""Pages and slides printed to PDF by a Chromium that the system has, for handing out."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 120  # for one page, which takes five
PATIENCE = (5, 20, 60)  # seconds that a page's scripts get; on a busy machine slides may need more than the first


def browser() -> str:
    """The system's Chromium or Chrome.

    Raises:
        ValueError: If there is none.
    """
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    raise ValueError(f"--pdf wants a browser that prints, and there is none of {', '.join(BROWSERS)}; install chromium")


def print_pages(pages: Sequence[Path], program: str, progress: bool = True) -> list[Path]:
    """Print pages beside themselves, each to a file of its name; slides get one sheet each, with all that they show.

    Args:
        pages: HTML files of the site.
        program: The browser, from `browser`.
        progress: Whether to show a bar over the pages.

    Returns:
        The PDF files.

    Raises:
        ValueError: If a page cannot be printed.
    """
    with tqdm(pages, desc="pdf", unit="page", leave=False, ncols=100, disable=not progress) as bar:
        return [_print(page.resolve(), program) for page in bar]


def _print(page: Path, program: str) -> Path:
    file = page.with_suffix(".pdf")
    wanted = page.read_text(encoding="utf-8").count('<aside class="notes">')  # one in each slide, none in a lesson
    for patience in PATIENCE:
        _ask(program, page, file, patience)
        if _sheets(file) >= max(wanted, 1):
            return file
    file.unlink(missing_ok=True)
    raise ValueError(f"{Path(program).name} did not print {page.name}; open it and print it from a browser's menu")


def _ask(program: str, page: Path, file: Path, patience: int) -> None:
    file.unlink(missing_ok=True)
    query = "?print-pdf" if ".slides." in page.name else ""
    command = [program, "--headless", "--disable-gpu", "--no-pdf-header-footer"]
    if getattr(os, "geteuid", lambda: 1)() == 0:  # for root, Chromium has no sandbox
        command.append("--no-sandbox")
    command += [f"--virtual-time-budget={1000 * patience}", f"--print-to-pdf={file}", page.as_uri() + query]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=SECONDS)


def _sheets(file: Path) -> int:
    # Chromium prints slides whose script has not ended as one empty sheet, and calls that a success.
    return len(re.findall(rb"/Type /Page\b", file.read_bytes())) if file.exists() else 0
