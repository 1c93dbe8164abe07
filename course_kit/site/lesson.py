"""An executed notebook as pieces of HTML, one per cell, and the states of the widgets in it."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import bleach
import nbformat
from nbconvert.filters import ansi2html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course_kit.lessons.copies import NEXT
from course_kit.lessons.progress import tasks_in
from course_kit.site import markdown
from course_kit.site.fields import asked
from course_kit.site.pictures import picture
from course_kit.widgets import static

VIEW, STATE = (f"application/vnd.jupyter.widget-{kind}+json" for kind in ("view", "state"))
IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
TABLE = {"table", "thead", "tbody", "tr", "th", "td", "p", "div", "span", "br", "b", "i", "em", "strong", "code", "pre"}
ALIVE = "<p><em>Here the notebook shows something that needs a program to run, such as an interactive plot.</em></p>"
UNSEEN = re.compile(r"<(style|script)\b.*?</\1\s*>", flags=re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """A cell as HTML.

    Attributes:
        html: All of it.
        slide: Its place in the slides: "slide", "subslide", "fragment", "skip", "notes" or "".
        presenter: Whether it is for the lecturer.
        outputs: The end of ``html`` that its code has put out, or a text that tells how a prediction came out.
        awaits: Model of the prediction that has to be locked before the outputs are shown; "" for none.
        check: Name of the check that its code makes; "" for none.
    """

    html: str
    slide: str
    presenter: bool
    outputs: str = ""
    awaits: str = ""
    check: str = ""


@dataclass(frozen=True)
class Lesson:
    """A notebook ready for a page or for slides.

    Attributes:
        name: The notebook's file name without its ending.
        title: Its first heading.
        goals: What its first cell promises, as HTML.
        cells: Its cells.
        states: Of the widgets shown: model id → state, as `course_kit.widgets.static.scripts` wants it.
        tasks: Kind of task, such as "predictions" → how many of them it sets.
    """

    name: str
    title: str
    goals: str
    cells: tuple[Cell, ...]
    states: Mapping[str, Mapping[str, Any]]
    tasks: Mapping[str, int]


def read(path: Path, pages: Container[str]) -> Lesson:
    """Read an executed notebook.

    Args:
        path: The notebook.
        pages: Stems of the notebooks that have a page.

    Raises:
        ValueError: If it is no notebook, has no title, or has a formula that no browser could draw.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError) as error:
        raise ValueError(f"{path} is not a notebook: {str(error).partition(chr(10))[0]}") from error
    first = notebook.cells[0].source if notebook.cells else ""
    title = re.match(r"# (.+)", first)
    if not title:
        raise ValueError(f"{path} has no title; let its first cell begin with `# `")
    goals = re.search(r"^\*\*Goals\.\*\*.*", first, flags=re.MULTILINE)
    states = _own_widgets(notebook)
    places = _places(notebook, states)
    to_html = partial(markdown.to_html, folder=path.parent, pages=pages)
    try:
        awaits = _awaited(notebook, states)
        shown = (
            cell for cell in notebook.cells if cell.source.strip() and "colab" not in cell.metadata.get("tags", ())
        )
        cells = tuple(_cell(cell, places, to_html, awaits) for cell in shown)
        said = to_html(goals[0]) if goals else ""
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    code = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    tasks = Counter(kind for kind, _ in dict.fromkeys(chain.from_iterable(map(tasks_in, code))))
    return Lesson(path.stem, title[1].strip(), said, cells, states, tasks)


def _own_widgets(notebook: nbformat.NotebookNode) -> dict[str, dict[str, Any]]:
    """States of the widgets shown that carry their own module; other widgets need a kernel or somebody's server."""
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    shown = dict.fromkeys(_views(notebook))
    return {name: models[name]["state"] for name in shown if "_esm" in models.get(name, {}).get("state", {})}


def _views(notebook: nbformat.NotebookNode) -> list[str]:
    """Model of each widget that a cell shows, in their order; one that is shown twice stands there twice."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data[VIEW]["model_id"] for output in outputs if VIEW in output.get("data", {})]


def _places(notebook: nbformat.NotebookNode, states: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The element of each widget; a link finds it by the name of its class, if the lesson shows one of that class."""
    kinds = {name: state.get("_anywidget_id", "").rpartition(".")[2] for name, state in states.items()}
    count = Counter(kinds[name] for name in _views(notebook) if name in kinds)
    return {name: static.place(name, kind if count[kind] == 1 else "") for name, kind in kinds.items()}


def _awaited(notebook: nbformat.NotebookNode, states: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Cells that tell how a prediction came out: id of the cell → model of the prediction.

    They are the code from the prediction to its reveal, and after it the text, too, as far as it speaks of the outcome:
    to the next heading, check, exercise or prediction.
    """
    awaits, waiting, is_revealed = {}, "", False
    for cell in notebook.cells:
        views = [output.data[VIEW]["model_id"] for output in cell.get("outputs", []) if VIEW in output.get("data", {})]
        asked = [view for view in views if "truth" in states.get(view, {})]
        if asked or (is_revealed and NEXT.match(cell.source)):
            waiting, is_revealed = "".join(asked[:1]), False
        elif waiting and (is_revealed or cell.cell_type == "code"):
            awaits[cell.id] = waiting
        is_revealed = is_revealed or ".reveal(" in cell.source
    return awaits


def _cell(
    cell: nbformat.NotebookNode, places: Mapping[str, str], to_html: partial[str], awaits: Mapping[str, str]
) -> Cell:
    outputs = ""
    if cell.cell_type == "code":
        outputs = "\n".join(_output(output, places, to_html) for output in _joined(cell.outputs))
        folded = cell.metadata.get("jupyter", {}).get("source_hidden")  # in the lab, too
        text = "\n".join(filter(None, ["" if folded else code(cell.source), outputs]))
    elif cell.cell_type == "markdown":
        text = to_html(cell.source, attachments=cell.get("attachments"))
        outputs = text if cell.id in awaits else ""
    else:
        text = f"<pre>{html.escape(cell.source)}</pre>"
    slide = cell.metadata.get("slideshow", {}).get("slide_type", "").strip("-")
    check = asked(cell.source) if cell.cell_type == "code" else ""
    return Cell(text, slide, "presenter" in cell.metadata.get("tags", []), outputs, awaits.get(cell.id, ""), check)


def code(source: str) -> str:
    """Python with its syntax coloured, by classes."""
    return f'<pre class="highlight"><code>{highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))}</code></pre>'


def _joined(outputs: list[nbformat.NotebookNode]) -> Iterator[nbformat.NotebookNode]:
    """Outputs, with what goes to the same stream in one go made one."""
    last = None
    for output in outputs:
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last = nbformat.NotebookNode(last, text=last.text + output.text)
            continue
        if last:
            yield last
        last = output
    if last:
        yield last


def _output(output: nbformat.NotebookNode, places: Mapping[str, str], to_html: partial[str]) -> str:
    """An output in the richest form that a page can show."""
    if output.output_type == "stream":
        return f'<pre class="{output.name}">{ansi2html(output.text)}</pre>'
    if output.output_type == "error":
        return f'<pre class="stderr">{ansi2html(chr(10).join(output.traceback))}</pre>'
    data = output.data
    text = f"<pre>{ansi2html(data.get('text/plain', ''))}</pre>"
    if data.get(VIEW, {}).get("model_id") in places:
        return f"{places[data[VIEW]['model_id']]}<noscript>{text}</noscript>"
    for kind in IMAGES:
        if kind in data:
            return picture(kind, data[kind], output.metadata.get(kind, {}))
    if "text/html" in data:
        attributes = {"*": ["class", "colspan", "rowspan", "scope"]}
        clean = bleach.clean(UNSEEN.sub("", data["text/html"]), tags=TABLE, attributes=attributes, strip=True)
        if re.sub(r"<[^>]+>", "", clean).strip():
            return f'<div class="table">{markdown.headless(clean)}</div>'
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            return to_html(data[kind])
    return text if data.get("text/plain", "").strip() else ALIVE
