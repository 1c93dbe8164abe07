"""A notebook of another grader's as a list of parts, before the course's own cells are made of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from course_kit.grading.authoring.assignment import functions

WRITE = "raise NotImplementedError"


@dataclass(frozen=True)
class Part:
    """One part.

    Args:
        kind: "text" or "code" that everybody gets; "answer", what a student writes, written out; "test" of the answers
            above it; "written", for a student's own words; "note", for colleagues.
        source: Its text; of a test, what students see of it.
        name: How the notebook calls it.
        points: Points for it; of an answer, beside those of its tests.
        stub: Of an answer, what students start from; "" where the notebook does not tell.
        hidden: Of a test, what students do not see of it.
    """

    kind: str
    source: str
    name: str = ""
    points: float = 0
    stub: str = ""
    hidden: str = ""


@dataclass(frozen=True)
class Marks:
    """How lines are marked that students do not get.

    Args:
        begin: Found in the line before such lines.
        end: Found in the line after them.
        line: Found in a line that is such a line itself, behind its code; "" if there is no such mark.
    """

    begin: str
    end: str
    line: str = ""

    def apart(self, source: str) -> tuple[str, str, str]:
        """Take a source apart.

        Returns:
            All of it without the marks, what is left of it without the marked lines, and the marked lines.
        """
        whole, outside, inside, is_inside = [], [], [], False
        for line in source.splitlines():
            if re.search(self.end, line) or re.search(self.begin, line):
                is_inside = not re.search(self.end, line)
                continue
            is_marked = bool(self.line and re.search(self.line, line))
            plain = re.sub(self.line, "", line).rstrip() if is_marked else line
            whole.append(plain)
            (inside if is_inside or is_marked else outside).append(plain)
        return tuple("\n".join(lines).strip("\n") for lines in (whole, outside, inside))

    def stub(self, source: str) -> str:
        """A source with `raise NotImplementedError` in place of each run of marked lines; "" if none is marked."""
        left: list[str] = []
        inside = found = False
        for line in source.splitlines():
            begins = bool(re.search(self.begin, line) or (self.line and re.search(self.line, line)))
            place = line[: len(line) - len(line.lstrip())] + WRITE
            if begins and not inside and (not left or left[-1] != place):
                left.append(place)
            found |= begins
            inside = (inside or bool(re.search(self.begin, line))) and not re.search(self.end, line)
            if not (inside or begins or re.search(self.end, line)):
                left.append(line)
        return "\n".join(left) if found else ""


def stub_of(function: str, part: Part) -> str:
    """What a student starts from: as the notebook has it where that is one function to write, else a bare one."""
    try:
        defined = functions(part.stub)
    except ValueError:  # what was marked was not whole lines of code
        defined = {}
    if list(defined) == [function] and WRITE in part.stub and "..." not in part.stub:
        return part.stub
    node = functions(part.source)[function]
    first = node.body[0]
    head = ast.get_source_segment(part.source, node).splitlines()[: _lines_of_head(node)]
    docstring = ast.get_docstring(node, clean=False)
    kept = ast.get_source_segment(part.source, first).splitlines() if docstring is not None else []
    lines = [*head, *(["    " + kept[0], *kept[1:]] if kept else []), f"    {WRITE}"]
    return "\n".join(lines)


def _lines_of_head(node: ast.FunctionDef) -> int:
    """How many lines stand before a function's body."""
    return max(1, node.body[0].lineno - node.lineno)


def imports(sources: Sequence[str]) -> Iterator[str]:
    """The import statements at the top level of some sources, each once."""
    seen = set()
    for source in sources:
        for node in _body(source):
            text = ast.unparse(node)
            if isinstance(node, ast.Import | ast.ImportFrom) and text not in seen:
                seen.add(text)
                yield text


def are_imports(source: str) -> bool:
    """Whether a source does nothing but import."""
    body = _body(source)
    return bool(body) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)


def _body(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.M)).body  # without lines for IPython
    except SyntaxError:
        return []
