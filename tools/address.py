"""Write where the course is published into every lesson: the links of its first cell, and the cell that Colab needs.

The address is one setting, `Repository` in pyproject.toml. `make address REPOSITORY=https://github.com/YOU/NAME`
changes the setting first.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
SETTING = re.compile(r'^Repository = "(https://github\.com/[\w.-]+/[\w.-]+)"$', re.MULTILINE)
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
LINKS = re.compile(r"^\[Open in Colab\].*$", re.MULTILINE)
CELL = """\
# Colab opens this notebook alone: install the course there, and fetch what the notebook reads.
if "google.colab" in str(get_ipython()):
    get_ipython().system(
        "pip install -q {wheel}"
        " && python -m course_kit.lessons.colab"
    )"""


def address(project: str) -> str:
    """The repository's address, as the text of pyproject.toml says it.

    Raises:
        ValueError: If it says none on GitHub, which Colab and Binder read from.
    """
    if not (found := SETTING.search(project)):
        raise ValueError('pyproject.toml wants a line `Repository = "https://github.com/OWNER/NAME"`')
    return found[1]


def wheel(repository: str, version: str) -> str:
    """Where the newest release's wheel lies."""
    return f"{repository}/releases/latest/download/course_lib-{version}-py3-none-any.whl"


def links(repository: str, name: str) -> str:
    """The line of a lesson that opens it elsewhere; text, because a picture would have to come from a network.

    Args:
        repository: Address of the repository.
        name: File name of the lesson.
    """
    place = repository.removeprefix("https://github.com/")
    copy = quote(f"my/notebooks/{name}", safe="")  # Binder makes the student's copies as it starts
    colab = f"https://colab.research.google.com/github/{place}/blob/main/notebooks/{name}"
    return f"[Open in Colab]({colab}) · [Open in Binder](https://mybinder.org/v2/gh/{place}/main?labpath={copy})"


def addressed(notebook: dict[str, Any], name: str, repository: str, version: str) -> dict[str, Any]:
    """A lesson with the address in it, its outputs as they are.

    Args:
        notebook: The lesson, with a line of links in its first cell and a cell tagged "colab".
        name: Its file name.
        repository: Address of the repository.
        version: Version of the course.
    """
    first, *others = notebook["cells"]
    text = LINKS.sub(lambda _: links(repository, name), "".join(first["source"]))
    install = CELL.format(wheel=wheel(repository, version)).splitlines(keepends=True)
    others = [cell | {"source": install} if "colab" in cell["metadata"].get("tags", []) else cell for cell in others]
    return notebook | {"cells": [first | {"source": text.splitlines(keepends=True)}, *others]}


def main() -> int:
    """Change the setting where a new one is given, and write it into the lessons."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repository", nargs="?", help="a new address, such as https://github.com/YOU/NAME")
    arguments = parser.parse_args()
    file = ROOT / "pyproject.toml"
    project = file.read_text("utf-8")
    if arguments.repository:
        project = SETTING.sub(f'Repository = "{arguments.repository.rstrip("/")}"', project)
    try:
        repository = address(project)
    except ValueError as error:
        print(f"address: {error}", file=sys.stderr)
        return 2
    file.write_text(project, "utf-8")
    version = VERSION.search((ROOT / "course_lib/__init__.py").read_text("utf-8"))[1]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = addressed(json.loads(path.read_text("utf-8")), path.name, repository, version)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"✓ {repository}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
