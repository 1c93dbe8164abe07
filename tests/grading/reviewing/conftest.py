"""A class of five that was graded and handed in files with figures, one of them with all that must not come to life."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from graded_class import A4, IN_TIME, SOLUTIONS, result, run

from course_kit.grading.handed_in.submission import parse
from course_kit.grading.marking.result import CaseResult
from course_kit.grading.reviewing.notebooks import shown

EVIL = "<script>document.title = 'taken'</script><img src='http://example.org/x.png' onerror='document.title = 1'>"
HINTS = list(A4.exercises["ngcf_layer"].hints)
STUDENTS = ["ada", "ben", "cleo", "dan", "evil"]
FIGURE, WORDS = "c048", "c050"  # ids of cells in the section of the written part
ITEMS = 'part,points,text\nthree_sentences,5,"Numbers, with errors."\nthree_sentences,4,A claim.\nngcf_layer,-3,Slow.\n'


def png(width: int = 2, height: int = 2) -> bytes:
    """A black picture, or the head of a picture as large as one likes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress(b"".join(b"\0" + b"\0" * width for _ in range(min(height, 8))))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def handed_in(words: str, *outputs: dict[str, object], code: str = "") -> bytes:
    """The handed-out notebook with the solutions, words in the written part, and outputs in the cell above it."""
    notebook = json.loads((SOLUTIONS.parent / "assignments/a4_ngcf.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        for name, exercise in A4.exercises.items():
            if source.startswith(f"def {name}("):
                cell["source"] = exercise.solution + code
        if cell["id"] == WORDS:
            cell["source"] = words
        if cell["id"] == FIGURE:
            cell["outputs"] = list(outputs)
    return json.dumps(notebook).encode()


def make_class(folder: Path) -> Path:
    """Lay a graded class into a folder; give the folder that `course grade` would have written."""
    picture = {"output_type": "display_data", "data": {"image/png": base64.encodebytes(png()).decode()}}
    lively = {"text/html": EVIL, "image/svg+xml": EVIL, "application/javascript": EVIL, "text/plain": EVIL}
    fake = {"output_type": "display_data", "data": {"image/png": base64.b64encode(EVIL.encode()).decode()}}
    evil = [{"output_type": "display_data", "data": lively}, fake, {"output_type": "error", "traceback": [EVIL]}]
    out, files = folder / "grades", folder / "class"
    (out / "results").mkdir(parents=True)
    files.mkdir()
    for place, student in enumerate(STUDENTS):
        content = handed_in(f"Words of {student}.", picture)
        wrong = {"ngcf_layer": CaseResult("wrong", HINTS[place % 2])} if place else {}
        flags = ("a cell ran out of time",) if student == "cleo" else ()
        if student == "evil":
            content = handed_in(EVIL, *evil, code=f"\n    # {EVIL}")
            flags, wrong = (EVIL,), {"ngcf_layer": CaseResult("wrong", "", EVIL)}
        (files / f"{student}.ipynb").write_bytes(content)
        graded = result(A4, written=parse(content, A4).written, flags=flags, **wrong)
        graded = json.loads(graded.to_json()) | {"submission": shown(content, A4).digest}
        (out / f"results/{student}.json").write_text(json.dumps(graded), "utf-8")
    names = {"ada": "Ada Lovelace", "evil": EVIL}
    graded_run = run(A4, dict.fromkeys(STUDENTS, IN_TIME) | {"gone": None}, submissions=str(files), names=names)
    (out / "run.json").write_text(graded_run.to_json(), "utf-8")
    (out / "items.csv").write_text(ITEMS, "utf-8")
    return out


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a graded class that no test writes into."""
    return make_class(tmp_path_factory.mktemp("reviewed"))


@pytest.fixture
def graded(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made.parent, tmp_path / "copy")
    return tmp_path / "copy/grades"
