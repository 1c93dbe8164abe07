"""Files that lie beside a student's own notebook, as a check lays them beside it again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_kit.grading.asking.limits import LARGEST_BESIDE, MOST_BESIDE


@dataclass(frozen=True)
class Beside:
    """What a notebook uses of its folder.

    Args:
        files: Path relative to the notebook → bytes.
        left: Paths of what is more than grading takes.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def notes(self) -> Iterator[str]:
        """What a student should know before the deadline, in lines."""
        if self.files:
            yield f"hand in with the notebook, which uses them: {', '.join(self.files)}"
        if self.left:
            most = f"grading takes {MOST_BESIDE} files of {LARGEST_BESIDE // 1_000_000} MB in all"
            yield f"not used, because {most}: {', '.join(self.left[:3])}{', …' if len(self.left) > 3 else ''}"


def used_by(notebook: Path, sources: Sequence[str]) -> Beside:
    """Files beside a notebook that its code names, as modules or by their paths.

    Args:
        notebook: The notebook.
        sources: Its code cells.

    Returns:
        The files, as many as grading takes.
    """
    files: dict[str, bytes] = {}
    left = []
    for path in _named(notebook.parent, "\n".join(sources)):
        name = path.relative_to(notebook.parent).as_posix()
        room = LARGEST_BESIDE - sum(map(len, files.values()))
        if len(files) < MOST_BESIDE and path.stat().st_size <= room:
            files[name] = path.read_bytes()
        else:
            left.append(name)
    return Beside(files, tuple(left))


def _named(folder: Path, code: str) -> Iterator[Path]:
    for top in sorted(folder.iterdir()):
        imported = re.search(rf"^\s*(from|import)\b.*\b{re.escape(top.stem)}\b", code, re.MULTILINE)
        if top.name.startswith(".") or not (imported or re.search(rf"[\"'/]{re.escape(top.name)}[\"'/]", code)):
            continue
        within = sorted(top.rglob("*")) if top.is_dir() else [top]
        yield from (path for path in within if path.is_file() and path.suffix not in (".ipynb", ".pyc"))
