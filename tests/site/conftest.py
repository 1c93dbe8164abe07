"""A course folder with a notebook of widgets beside the real ones, its site, and a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from once import once
from playwright.sync_api import Browser, sync_playwright
from widgets.browser import launch

from course_kit.cli.site import DOCUMENTS, tables
from course_kit.site import build

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from course_kit.cli import main; sys.exit(main())"
HOSTILE = "<b>x</b><script>document.title = 'taken'</script><img src='http://example.org/x.png' onerror='no()'>"
CELLS = [  # slide type, kind, source
    ("slide", "markdown", "# 99 · Widgets\n\n**Goals.** Costs `$5` or \\$6, and $x_1$. **About 1 minute.**"),
    ("skip", "code", "from course_kit import widgets"),
    ("slide", "markdown", "## 1 · Toy\n\n<details><summary>Hint</summary>$y_2$ <script>no()</script></details>"),
    ("fragment", "code", "widgets.LossToy()"),
    ("notes", "markdown", "Ask the *room* first."),
    ("subslide", "markdown", "## 2 · Steps\n\nBack to [the start](00_start_here.ipynb#2-data), not to [it](../it.md)."),
    ("", "code", "widgets.DiffusionStepper()"),
    ("slide", "code", "import ipywidgets\n\nipywidgets.IntSlider(3)"),
    ("fragment", "code", f'from IPython.display import HTML\n\nHTML("""{HOSTILE}""")'),
    ("slide", "code", "print('<b>not bold</b>')"),
]


def write_widget_notebook(folder: Path) -> Path:
    """A notebook with two of our widgets, one of somebody else's, and what a page must not pass on, executed."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for slide, kind, source in CELLS:
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, metadata={"slideshow": {"slide_type": slide}})
        notebook.cells.append(cell)
    path = folder / "99_widgets.ipynb"
    nbformat.write(notebook, path)
    subprocess.run([sys.executable, "-c", RUN, "run", "--write", str(path)], check=True)
    return path


def build_site(folder: Path) -> None:
    """The site of all notebooks, with slides; its files are listed beside it, the index first."""
    notebooks = [*sorted((ROOT / "notebooks").glob("*.ipynb")), write_widget_notebook(folder)]
    pages = build(
        notebooks,
        folder / "a site",
        (ROOT / "docs" / "course.svg").read_text("utf-8"),
        [ROOT / path for path in DOCUMENTS],
        slides=True,
        progress=False,
        assignments=sorted((ROOT / "assignments").glob("*.ipynb")),
        tables=tables(ROOT),
    )
    (folder / "pages.json").write_text(json.dumps([page.name for page in pages]))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages of the site, the index first; no test changes them."""
    folder = once(tmp_path_factory, "course", build_site)
    return [folder / "a site" / name for name in json.loads((folder / "pages.json").read_text())]


@pytest.fixture(scope="module")
def browser(site: list[Path]) -> Iterator[Browser]:
    """A browser, after the site: Playwright leaves no room for a kernel's event loop beside it."""
    if shutil.which("chromium") is None:
        pytest.skip("the system has no chromium")
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
