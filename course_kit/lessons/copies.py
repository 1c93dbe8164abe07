"""A student's own copies of lessons and assignments: made once, renewed while untouched, never overwritten."""

from __future__ import annotations

import hashlib
import html
import json
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from course_kit.storing import replace

LESSONS = (
    "notebooks/*.ipynb",
    "notebooks/results/*.csv",
    "notebooks/results/*.json",
    "docs/glossary.md",
    "docs/lecture_map.md",
    "docs/claims.md",
)
ASSIGNMENTS = ("assignments/*.ipynb",)
RECORD = ".editions.json"  # in the folder of the copies: file → digest of the edition that was last put there
ELSEWHERE = re.compile(r"^\[Open in Colab\].*\n\n", re.MULTILINE)  # of no use in a copy that is open already
NOT_COPIED = {"presenter", "colab"}  # tags of cells for the lecturer, and for a place where the course is not installed
WIDGET, ITS_NAME = "application/vnd.jupyter.widget-view+json", re.compile(r"(\w+): ")  # in an output and its text
PREDICT = re.compile(r'\bPredict\(\s*(?:"([^"]*)"|(\w+))')  # and its question, or the name that it has in the cell
NEXT = re.compile(r"#|\*\*(Check \d|Your turn|Predict|Sketch|Break)")  # how a text begins that speaks of something new
FOLDED = '<details class="told" title="{question}"><summary>Read after the reveal</summary>\n\n{text}\n\n</details>\n'
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:)([^)#\s]*[./][^)#\s]*)[^)]*\)")


def make_copies(source: Path, folder: Path, parts: Sequence[str] = LESSONS + ASSIGNMENTS) -> list[Path]:
    """Make the copies, or bring them up to date. A file that the student changed stays as it is.

    Args:
        source: The course's folder.
        folder: Where the copies go; the folders in it are named as in the source.
        parts: What to copy, as patterns.

    Returns:
        New editions that were put beside a student's file now.

    Raises:
        ValueError: If the source has no lessons.
    """
    record = _read(folder / RECORD)
    beside = []
    for name, edition in _editions(source, folder, parts).items():
        newest, path = _digest(edition), folder / name
        if path.exists() and _digest(path.read_bytes()) not in (newest, record.get(name)):
            if record.get(name) == newest:  # the student's file is of this edition, or this one lies beside it already
                continue
            path = next(place for place in _places_beside(path) if _is_untouched(place, folder, record))
            beside.append(path)
        if not path.exists() or _digest(path.read_bytes()) != newest:
            replace(path, edition)
        record |= {name: newest, path.relative_to(folder).as_posix(): newest}
    replace(folder / RECORD, json.dumps(record, indent=1))
    return beside


def student_notebook(text: str, markdown: Callable[[str], str] = str) -> str:
    """A notebook without outputs, counts of runs, notes for the lecturer, marks for slides and the cell for Colab.

    The text that follows a reveal is folded away; the prediction opens it (``js/predict.js``).

    Args:
        text: The notebook as a file holds it.
        markdown: What becomes of the text of a markdown cell.
    """
    notebook = json.loads(text)
    notebook["metadata"] = _without(notebook["metadata"], {"widgets"})
    cells = [cell for cell in notebook["cells"] if NOT_COPIED.isdisjoint(cell["metadata"].get("tags", []))]
    notebook["cells"] = list(_folded([_not_run(cell, markdown) for cell in cells]))
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def home() -> Path | None:
    """The folder of the copies that this kernel works in; None outside of such a folder."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / RECORD).is_file()), None)


def news(folder: Path | None = None) -> str:
    """One line: whether new editions of lessons lie beside the student's own.

    Args:
        folder: The copies' folder; by default the one that this kernel works in.
    """
    folder = folder or home()
    if folder is None:
        return "This is the course's own notebook. `make lab` opens a copy of yours, in the folder `my`."
    names = ", ".join(sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.new-edition*.ipynb")))
    if not names:
        return f"Your lessons in the folder {folder.name} are up to date."
    return f"A new edition lies beside your own file, which stays as it is: {names}. Delete what you do not need."


def _editions(source: Path, folder: Path, parts: Sequence[str]) -> dict[str, bytes]:
    """Every file of the copies: its name in the folder → what it holds in this edition."""
    files = sorted(set(chain.from_iterable(source.glob(part) for part in parts)))
    files = [file for file in files if ".new-edition" not in file.name]
    if not any(file.suffix == ".ipynb" for file in files):
        raise ValueError(f"no notebooks/….ipynb in {source.resolve()}; run it in the course's folder")
    names = {file.relative_to(source).as_posix() for file in files}
    return {name: _edition(source, folder, name, names) for name in names}


def _edition(source: Path, folder: Path, name: str, names: set[str]) -> bytes:
    file = source / name
    if file.suffix not in (".ipynb", ".md"):
        return file.read_bytes()

    def leads_somewhere(target: str) -> bool:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        return place in names or (folder / place).exists()

    def for_the_copy(text: str) -> str:
        """Markdown whose links lead to what is copied, and whose command finds the copy."""
        if folder.resolve().is_relative_to(source.resolve()):  # `course check` is called in the course's folder
            place = folder.resolve().relative_to(source.resolve()).as_posix()
            text = text.replace("course check assignments/", f"course check {place}/assignments/")
        return LINK.sub(lambda link: link[0] if leads_somewhere(link[2]) else link[1], ELSEWHERE.sub("", text))

    text = file.read_text(encoding="utf-8")
    return (for_the_copy(text) if file.suffix == ".md" else student_notebook(text, for_the_copy)).encode()


def _not_run(cell: dict[str, Any], markdown: Callable[[str], str]) -> dict[str, Any]:
    cell = {**cell, "metadata": _without(cell["metadata"], {"slideshow", "collapsed", "execution"})}
    if "jupyter" in cell["metadata"]:  # an output that the source keeps folded away is a student's own here
        cell["metadata"]["jupyter"] = _without(cell["metadata"]["jupyter"], {"outputs_hidden"})
    if cell["cell_type"] == "code":
        return cell | {"outputs": _places_of_widgets(cell["outputs"]), "execution_count": None}
    return cell | {"source": markdown("".join(cell["source"])).splitlines(keepends=True)}


def _folded(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Cells with each text folded that tells the outcome of a prediction: from its reveal to something new."""
    question, is_revealed = "", False
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            asked = _asked(source)
            question, is_revealed = (asked, False) if asked else (question, is_revealed or ".reveal(" in source)
        elif is_revealed := is_revealed and not NEXT.match(source):
            text = FOLDED.format(question=html.escape(question), text=source)
            cell = {**cell, "source": text.splitlines(keepends=True)}
        yield cell


def _asked(source: str) -> str:
    """The question of the prediction that a cell asks; empty if it asks none."""
    found = PREDICT.search(source)
    if not found or found[1] is not None:
        return found[1] if found else ""
    named = re.search(rf'\b{found[2]} = "([^"]*)"', source)
    return named[1] if named else ""


def _places_of_widgets(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line per widget of the course that was shown: an empty place would not say that one belongs there.

    The lines are printed text, because JupyterLab trusts a notebook that it has not seen before only if its outputs
    are, and it shows no widget, the next day, of a notebook that it does not trust.
    """
    texts = ["".join(output["data"].get("text/plain", "")) for output in outputs if WIDGET in output.get("data", {})]
    names = [name[1] for text in texts if (name := ITS_NAME.match(text))]
    lines = [f"{name}: run this cell, and the widget appears here.\n" for name in names]
    return [{"output_type": "stream", "name": "stdout", "text": line} for line in lines]


def _without(words: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
    return {word: value for word, value in words.items() if word not in left_out}


def _places_beside(path: Path) -> Iterator[Path]:
    yield path.with_suffix(f".new-edition{path.suffix}")
    yield from (path.with_suffix(f".new-edition-{number}{path.suffix}") for number in count(2))


def _is_untouched(path: Path, folder: Path, record: dict[str, str]) -> bool:
    return not path.exists() or _digest(path.read_bytes()) == record.get(path.relative_to(folder).as_posix())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> dict[str, str]:
    """The record; without one, every file that is there counts as the student's."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
