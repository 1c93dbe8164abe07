"""Otter's source notebooks, whose raw cells say where questions, solutions and tests begin and end.

Source: https://otter-grader.readthedocs.io/en/latest/otter_assign/notebook_format.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from course_kit.grading.platforms.parts import Marks, Part

BOUNDARY = re.compile(r"\s*#\s*(BEGIN|END|ASSIGNMENT)\s+(QUESTION|SOLUTION|PROMPT|TESTS|CONFIG)\b[^\n]*\n?", re.I)
SOLUTIONS = Marks(r"#\s*BEGIN SOLUTION", r"#\s*END SOLUTION", r"\s*#\s*(SOLUTION( NO PROMPT)?|SEED)\s*$")
PROMPTS = Marks(r'^\s*("""|\'\'\')\s*#\s*BEGIN PROMPT', r'^\s*("""|\'\'\');?\s*#\s*END PROMPT')
CONFIG = re.compile(
    r'\A\s*("""|\'\'\')\s*#\s*BEGIN TEST CONFIG\n(.*?)\n\s*("""|\'\'\');?\s*#\s*END TEST CONFIG\n?', re.S
)
PROMPT = "_Type your answer here, replacing this text._"
HIDDEN = re.compile(r"\A\s*#\s*HIDDEN\s*\n", re.I)
IGNORED = re.compile(r"^.*#\s*IGNORE\s*$\n?", re.I | re.M)


def is_otters(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Whether cells are a source notebook of Otter's."""
    return any(cell["cell_type"] == "raw" and BOUNDARY.match(cell["source"]) for cell in cells)


def parts_of(cells: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The parts of a source notebook of Otter's.

    Raises:
        ValueError: If a raw cell holds no YAML.
    """
    question: dict[str, Any] = {}
    block, asks, is_told = "", 0, False
    for cell in cells:
        kind, source = cell["cell_type"], cell["source"]
        if re.match(r"\s*#+\s*ignore\s*#+", source, re.I):
            continue
        if kind == "raw" and (boundary := BOUNDARY.match(source)):
            begins, what = boundary[1].upper() == "BEGIN", boundary[2].upper()
            if what == "QUESTION":
                if not begins and question.get("manual") and not is_told:
                    yield Part("written", PROMPT, *_named(question, asks))
                question = _settings(source[boundary.end() :]) if begins else {}
                asks, is_told = asks + begins, False
            elif what != "CONFIG":
                block = what if begins else ""
            continue
        part = _part(kind, source, block, question, asks, is_told)
        is_told |= bool(part.points)
        yield part


def _part(kind: str, source: str, block: str, question: Mapping[str, Any], asks: int, is_told: bool) -> Part:
    """A cell as a part; of a question for a person the first cell that students fill in has its points."""
    name, points = _named(question, asks)
    if block == "TESTS" and kind == "code":
        return _test(source, name)
    if question.get("manual") and block:
        whole, _, _ = SOLUTIONS.apart(source)
        if block == "PROMPT" and kind == "markdown" and not is_told:
            return Part("written", source, name, points)
        return Part("note", whole, name, points if kind == "code" and not is_told else 0)
    if block == "SOLUTION" and kind == "code":
        whole, _, _ = SOLUTIONS.apart(PROMPTS.apart(source)[1])
        return Part("answer", whole, name, points, SOLUTIONS.stub(source))
    return Part("note" if block else "code" if kind == "code" else "text", source, name)


def _test(source: str, name: str) -> Part:
    told = CONFIG.match(source)
    settings = _settings(told[2]) if told else {}
    code = IGNORED.sub("", source[told.end() :] if told else HIDDEN.sub("", source))
    hidden = bool(settings.get("hidden") or HIDDEN.match(source))
    return Part("test", "" if hidden else code, name, float(settings.get("points") or 1), hidden=code if hidden else "")


def _named(question: Mapping[str, Any], asks: int) -> tuple[str, float]:
    """Name and points of a question; points that are told for each test count as often as there are any."""
    points = question.get("points", 0)
    if isinstance(points, Mapping):
        points = points.get("total", points.get("each", 0))
    if isinstance(points, Sequence) and not isinstance(points, str):
        points = sum(points)
    usual = 1 if question.get("manual") else 0  # of others the tests tell
    return str(question.get("name") or f"q{asks}"), float(points or usual)


def _settings(text: str) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"a raw cell holds no YAML: {' '.join(str(error).split())}") from error
    return found if isinstance(found, dict) else {}
