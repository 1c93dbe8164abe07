"""How far a student has come: a plain file beside the student's own copies, and the way through the course.

Lessons note in that file what is done. An assignment, whose checks know nothing of lessons, counts as it was saved.
"""

from __future__ import annotations

import ast
import contextlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_kit.lessons.copies import home
from course_kit.storing import replace

FILE = "progress.json"  # in the folder of the copies: kind → names; it stays on this machine
ALL_PASSED = re.compile(r"(\d+) of \1 cases")  # the last line of an assignment's check when every case is right
KINDS = {  # what a cell calls → the kind
    "Predict": "predictions",
    "check_answer": "checks",
    "check_code": "your code",
    "Quiz": "quiz",
}


def note(kind: str, name: str) -> None:
    """Write down that something is done; outside a folder of a student's own copies nothing is written.

    Args:
        kind: "predictions", "checks", "your code" or "quiz".
        name: The question, the check, the task or the lesson.
    """
    folder = home()
    if folder is None:
        return
    done = _done(folder)
    if name not in done.setdefault(kind, []):
        done[kind].append(name)
        with contextlib.suppress(OSError):  # a full disk must not stop a lesson
            replace(folder / FILE, json.dumps(done, indent=1, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Stop:
    """A notebook on the way.

    Attributes:
        title: Its heading.
        link: Where it lies, seen from the notebook that shows the way.
        tasks: Kind → whether each of its tasks is done.
    """

    title: str
    link: str
    tasks: dict[str, list[bool]]


@dataclass(frozen=True)
class Way:
    """The lessons and assignments in their order, for a notebook to show."""

    stops: tuple[Stop, ...]
    kept: bool

    def _repr_html_(self) -> str:
        kinds = KINDS.values()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in ("", *kinds))
        rows = "".join(
            f'<tr><td style="text-align: left"><a href="{html.escape(stop.link)}">{html.escape(stop.title)}</a></td>'
            + "".join(f"<td>{_dots(stop.tasks.get(kind, []))}</td>" for kind in kinds)
            + "</tr>"
            for stop in self.stops
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{html.escape(self._note())}</p>"

    def __repr__(self) -> str:
        width = max((len(stop.title) for stop in self.stops), default=0)
        dots = ["  ".join(_dots(stop.tasks.get(kind, [])) for kind in KINDS.values()) for stop in self.stops]
        lines = [f"{stop.title:<{width}}  {marks}" for stop, marks in zip(self.stops, dots, strict=True)]
        return "\n".join([*lines, self._note()])

    def _note(self) -> str:
        if not self.kept:
            return "In a copy of your own, a filled dot ● marks what you have done."
        return (
            f"● is done, ○ is still to do. Kept in {FILE} beside your lessons, and sent to nobody. "
            "An assignment counts as it was last saved."
        )


def way() -> Way:
    """The way through the course, from the folder that the kernel works in."""
    folder, here = home(), Path.cwd()
    done = _done(folder) if folder else {}
    lessons = sorted(path for path in here.glob("[0-9][0-9]_*.ipynb") if ".new-edition" not in path.name)
    assignments = sorted(path for path in here.glob("../assignments/a[0-9]_*.ipynb") if ".new-edition" not in path.name)
    stops = [_stop(path, path.name, done) for path in lessons]
    stops += [_stop(path, f"../assignments/{path.name}", done) for path in assignments]
    return Way(tuple(stops), folder is not None)


def _stop(path: Path, link: str, done: dict[str, list[str]]) -> Stop:
    cells = _cells(path)
    tasks: dict[str, list[bool]] = {}
    for kind, name in dict.fromkeys(task for cell in cells if cell.code for task in tasks_in(cell.source)):
        tasks.setdefault(kind, []).append(name in done.get(kind, []))
    if checked := [cell for cell in cells if cell.code and re.search(r"^check\(\w+\)", cell.source, re.MULTILINE)]:
        tasks["checks"] = [bool(ALL_PASSED.search(cell.output)) for cell in checked]
    heading = next((cell.source for cell in cells if not cell.code), "")
    title = re.match(r"# (.+)", heading)
    return Stop(title[1].strip() if title else path.stem, link, tasks)


@dataclass(frozen=True)
class _Cell:
    code: bool
    source: str
    output: str


def _cells(path: Path) -> list[_Cell]:
    """What a notebook's cells hold as it was last saved; none where the file is no notebook, for it may be anything."""
    try:
        return [
            _Cell(cell["cell_type"] != "markdown", "".join(cell["source"]), _output(cell))
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _output(cell: dict[str, Any]) -> str:
    """What a cell shows as plain text."""
    return "".join("".join(output.get("data", {}).get("text/plain", "")) for output in cell.get("outputs", []))


def tasks_in(source: str) -> Iterator[tuple[str, str]]:
    """Kind and name of each task that a cell sets; none where the cell cannot be parsed."""
    with contextlib.suppress(SyntaxError):
        for call in ast.walk(ast.parse(source)):
            match call:
                case ast.Call(func=ast.Name(id=function), args=[ast.Constant(value=str(name)), *_]):
                    if function in KINDS:
                        yield KINDS[function], name


def _done(folder: Path) -> dict[str, list[str]]:
    """What the file says; nothing where it is missing or damaged."""
    try:
        done = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {kind: list(done[kind]) for kind in KINDS.values() if kind in done}
    except (OSError, ValueError, TypeError):
        return {}


def _dots(tasks: list[bool]) -> str:
    return "".join("●" if done else "○" for done in tasks)
