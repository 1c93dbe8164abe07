"""Read a solution notebook: one source of an assignment, its cells told apart by tags (docs/instructor.md)."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_kit.grading.asking.limits import CASE_SECONDS, CHECK_CASE_SECONDS
from course_lib.arguments import refuse, whole

SOLUTIONS = Path("solutions")
PARTS = ("stub", "solution", "mistakes", "probe", "hidden")
OTHER = ("setup", "tools", "written", "instructor")


@dataclass
class Exercise:
    """One function or class that a student writes; the parts are source text.

    Args:
        name: The function's name, as the stub defines it.
        points: Points for all its cases.
        seconds: Time limit of a case in grading.
        check_seconds: The same in a check.
        seeds: Draws in which release tries a judge.
        text: The text cells that introduce it, from its heading to the stub.
        read: Lessons to read on in: stems of notebooks.
    """

    name: str
    points: int
    seconds: float
    stub: str
    solution: str = ""
    mistakes: str = ""
    probe: str = ""
    hidden: str = ""
    text: str = ""
    read: list[str] = field(default_factory=list)
    check_seconds: float = CHECK_CASE_SECONDS
    seeds: int = 20

    @property
    def title(self) -> str:
        """Its heading, without the number."""
        return _heading(self.text).partition(" · ")[2] or _heading(self.text)

    @property
    def about(self) -> str:
        """What it is about, in plain text: its heading and the first sentence under it."""
        prose = (part for part in self.text.split("\n\n")[1:] if part[:1] not in ">#$<|")
        sentence = re.match(r".*?[.?!](?=\W*(\s|$))", next(prose, ""), re.DOTALL)
        return f"{self.title}. {_plain(sentence[0])}" if sentence else self.title

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the function's parameters; of a class, none, for a driver asks it by names of its own."""
        return signatures(definitions(self.stub)[self.name]).get("", ())

    @property
    def hints(self) -> dict[str, str]:
        """Name of each known mistake → what a tutor would say: the mistake's docstring."""
        found = definitions(self.mistakes)
        return {
            name: " ".join((ast.get_docstring(node) or "").split())
            for name, node in found.items()
            if not name.startswith("_")
        }


@dataclass
class Assignment:
    """A solution notebook, read but not run.

    Args:
        name: Name of the file without its ending.
        cells: All cells, as the notebook stores them, sources joined.
        title: Its first heading.
        setup: Imports that the student gets too.
        tools: Source that stands before every probe.
        exercises: By name, in order.
        written: Parts that a person grades: name → points.
        withheld: Modules that are not there in grading.
    """

    name: str
    cells: list[dict[str, Any]]
    title: str
    setup: str = ""
    tools: str = ""
    exercises: dict[str, Exercise] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)

    @property
    def imported(self) -> set[str]:
        """Packages that its setup and its solutions import."""
        sources = [self.setup, *(exercise.solution for exercise in self.exercises.values())]
        nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
        return {name.partition(".")[0] for name in names}

    def hidden_source(self, exercise: Exercise) -> str:
        """Source text whose probe has the cases that only grading asks, and no others."""
        return f"{self.probe_source(exercise, hidden=True)}\n\n\nprobe, hidden = hidden, lambda f, rng: {{}}"

    def probe_source(self, exercise: Exercise, hidden: bool = False) -> str:
        """Source text that defines an exercise's probe, with the cases that only grading asks or without."""
        return "\n\n\n".join(part for part in (self.tools, exercise.probe, exercise.hidden * hidden) if part)


def read(path: Path) -> Assignment:
    """Read a solution notebook.

    Args:
        path: The file.

    Returns:
        The assignment.

    Raises:
        ValueError: If the file is no notebook, or a tag is missing, doubled or out of place.
    """
    cells = cells_of(path)
    assignment = Assignment(path.stem, cells, _heading(cells[0]["source"]) if cells else "")
    exercise: Exercise | None = None
    text = ""
    for cell in cells:
        part = part_of(cell)
        if cell["cell_type"] == "markdown":
            text = cell["source"] if cell["source"].startswith("## ") else f"{text}\n\n{cell['source']}"
        if part == "stub":
            exercise = _exercise(cell, text)
            if exercise.name in assignment.exercises:
                refuse(f"{path.name}, {exercise.name}", "two stubs", "one", "remove one of them")
            assignment.exercises[exercise.name] = exercise
        elif part in PARTS:
            if exercise is None or getattr(exercise, part):
                refuse(f"{path.name}, tag {part!r}", "a second one or no stub before it", "one after each stub")
            setattr(exercise, part, cell["source"])
        elif part in ("setup", "tools"):
            setattr(assignment, part, f"{getattr(assignment, part)}\n{cell['source']}".strip())
            assignment.withheld += _values(cell, "withhold")
        elif part == "written":
            assignment.written[_value(cell, "written")] = int(_value(cell, "points"))
    for exercise in assignment.exercises.values():
        for part in PARTS[:-1]:
            if not getattr(exercise, part):
                refuse(f"{path.name}, {exercise.name}", f"no cell tagged {part!r}", "one", "see docs/instructor.md")
    return assignment


def solution_named(name: str, folder: Path = SOLUTIONS) -> Path:
    """The solution notebook of a short name: a1 is a1_metrics.ipynb.

    Raises:
        ValueError: If there is none, or several.
    """
    there = sorted(folder.glob("*.ipynb"))
    found = [path for path in there if path.stem == name or path.stem.startswith(f"{name}_")]
    if len(found) != 1:
        is_path = name != Path(name).stem
        got = "a path" if is_path else f"{len(found)} notebooks of that name in {folder}/"
        known = ", ".join(path.stem for path in there) or f"no notebook in {folder}/"
        raise ValueError(
            f"{name}: got {got}, wanted the name of an assignment: {known}; run the command in the course's folder"
        )
    return found[0]


def cells_of(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook, each source as one text.

    Raises:
        ValueError: If the file is no notebook of format 4.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if "worksheets" in notebook:
            raise ValueError("it is one of format 3, which JupyterLab turns into format 4 when it opens and saves it")
        return _with_ids(
            {"metadata": {}, **cell, "cell_type": cell["cell_type"], "source": "".join(cell["source"])}
            for cell in notebook["cells"]
        )
    except KeyError as error:
        raise ValueError(f"{path} is not a notebook of format 4: it lacks {error}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook of format 4: {error}") from error


def _with_ids(cells: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give an id to each cell that has none of its own: old formats have no ids, and a copied cell has another's.

    The id is the cell's place, so that reading twice gives the same.
    """
    named: dict[str, dict[str, Any]] = {}
    for place, cell in enumerate(cells):
        name = cell.get("id") or ""
        named[name if name and name not in named else f"cell-{place}"] = cell
    return [{**cell, "id": name} for name, cell in named.items()]


def part_of(cell: dict[str, Any]) -> str:
    """Which part of the authoring format a cell is; "" for text and code that everybody gets as they are."""
    tags = [tag.partition(":")[0] for tag in cell["metadata"].get("tags", [])]
    return next((tag for tag in tags if tag in PARTS + OTHER), "")


def definitions(source: str) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """Functions and classes that a source text defines at its top level, by name."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        refuse("a tagged cell", f"{error.msg} in {(error.text or '').strip()!r}", "Python")
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def functions(source: str) -> dict[str, ast.FunctionDef]:
    """Functions that a source text defines at its top level, by name."""
    return {name: node for name, node in definitions(source).items() if isinstance(node, ast.FunctionDef)}


def signatures(node: ast.FunctionDef | ast.ClassDef) -> dict[str, tuple[str, ...]]:
    """Names of the parameters of a function, under ""; of each method of a class, under the method's name."""
    if isinstance(node, ast.FunctionDef):
        return {"": parameters(node)}
    return {one.name: parameters(one) for one in node.body if isinstance(one, ast.FunctionDef)}


def parameters(function: ast.FunctionDef) -> tuple[str, ...]:
    """Names of a function's parameters."""
    arguments = function.args
    return tuple(argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])


def _heading(text: str) -> str:
    return _plain(text.partition("\n")[0].lstrip("# "))


def _plain(markdown: str) -> str:
    """Text without the marks for bold, code and formulas, on one line."""
    return " ".join(re.sub(r"[*`$]", "", markdown).split())


def _exercise(cell: dict[str, Any], text: str) -> Exercise:
    names = list(functions(cell["source"]) or definitions(cell["source"]))
    if len(names) != 1:
        refuse("tag 'stub'", f"a cell that defines {names}", "one function or class", "split the cell")
    seconds = float(_value(cell, "seconds", f"{CASE_SECONDS}"))
    in_check = float(_value(cell, "check-seconds", f"{CHECK_CASE_SECONDS}"))
    seeds = whole("seeds", int(_value(cell, "seeds", "20")), least=1)
    points, read = int(_value(cell, "points")), _values(cell, "read")
    how = {"text": text, "read": read, "check_seconds": in_check, "seeds": seeds}
    return Exercise(names[0], points, seconds, cell["source"], **how)


def _value(cell: dict[str, Any], key: str, default: str | None = None) -> str:
    """The value of a tag `key:value`."""
    values = _values(cell, key) or ([] if default is None else [default])
    if len(values) != 1:
        refuse("tags", f"{cell['metadata'].get('tags', [])}", f"one of the form {key}:…", "see docs/instructor.md")
    return values[0]


def _values(cell: dict[str, Any], key: str) -> list[str]:
    tags = [tag.partition(":") for tag in cell["metadata"].get("tags", [])]
    return [value for name, colon, value in tags if name == key and colon]
