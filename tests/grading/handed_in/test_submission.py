"""No bytes stop the reading of a submission, and of a notebook in any state what is there is read."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import nbformat
import pytest

from course_kit.grading.authoring.assignment import cells_of, read
from course_kit.grading.handed_in import submission
from course_kit.grading.handed_in.notebook import LARGEST, Cell, shortened
from course_kit.grading.handed_in.submission import Parsed, parse

ROOT = Path(__file__).parents[3]
A4 = read(ROOT / "solutions/a4_ngcf.ipynb")
RELEASED = (ROOT / "assignments/a4_ngcf.ipynb").read_bytes()
NOTEBOOK = json.loads(RELEASED)
CODE = tuple("".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code")
WRITTEN = next(n for n, cell in enumerate(NOTEBOOK["cells"]) if "My three sentences" in "".join(cell["source"]))


def changed(change) -> Parsed:
    """What is read of the released notebook after a change."""
    notebook = copy.deepcopy(NOTEBOOK)
    change(notebook["cells"])
    return parse(json.dumps(notebook).encode(), A4)


def text(source: str, name: str = "mine") -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def test_of_the_released_notebook_the_code_is_read_and_the_written_part_is_empty():
    parsed = parse(RELEASED, A4)
    assert parsed.sources == CODE
    assert (parsed.written, parsed.flags) == ({"three_sentences": ""}, ())
    assert parse(b"", A4) == Parsed(written={"three_sentences": ""})


@pytest.mark.parametrize(
    "bytes_of",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace('"nbformat": 4', '"nbformat": 5').encode(),
        lambda text: text.replace('"nbformat": 4,', "").encode(),
        lambda text: json.dumps(json.loads(text), ensure_ascii=True).encode(),
        lambda text: text.replace("\\n", "\\r\\n").encode(),  # as editors on Windows may store a cell
    ],
)
def test_other_encodings_of_the_same_are_read_the_same(bytes_of):
    assert parse(bytes_of(RELEASED.decode()), A4) == parse(RELEASED, A4)


@pytest.mark.parametrize("version", [2, 3])
def test_an_old_notebook_is_converted(version):
    code = [{"cell_type": "code", "input": source, "language": "python", "outputs": []} for source in CODE]
    if version == 3:
        notebook = nbformat.v4.downgrade(nbformat.reads(RELEASED.decode(), 4))
        assert notebook.nbformat == 3
    else:
        notebook = {"nbformat": 2, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": code}]}
    parsed = parse(json.dumps(notebook).encode(), A4)
    assert parsed.sources == CODE
    assert "an old format of notebook, converted" in parsed.flags


def test_a_heading_of_any_level_of_an_old_notebook_is_one_that_markdown_has():
    cells = [{"cell_type": "heading", "level": level, "source": "x"} for level in (400_000_000, 2, -1, "5", None)]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    assert parse(json.dumps(old).encode(), A4).texts == ("###### x", "## x", "# x", "# x", "# x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (RELEASED[:-200], "the file breaks off"),
        (b"<<<<<<< HEAD\n" + RELEASED + b"\n=======\n{}\n>>>>>>> mine\n", "a merge conflict"),
        (RELEASED[:-200] + bytes(200), "the file breaks off"),
        (bytes(4096), "the file breaks off"),
        (b"%PDF-1.7 ...", "damaged, or of another kind"),
        (b"PK\x03\x04", "damaged, or of another kind"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cells":' + b'{"a":' * 100_000, "nested too deeply"),
        (b"null", "it has no cells"),
        (b"[]", "it has no cells"),
        (b'{"cells": {}}', "it has no cells"),
        (b'{"worksheets": [7]}', "an old format, and damaged"),
        (b'{"cells": []}', "no code cell"),
        (b'{"cells": [1, null, {"cell_type": 3}]}', "3 cells are damaged"),
        (b'{"a": ' + b"9" * 5000 + b"}", "damaged"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "damaged"),
    ],
)
def test_what_is_no_notebook_is_a_flag(content, said):
    parsed = parse(content, A4)
    assert any(said in flag for flag in parsed.flags), parsed.flags
    assert (parsed.sources, parsed.written) == ((), {"three_sentences": ""})


@pytest.mark.parametrize("zeros", [b"\0", b"\n" + bytes(4096), bytes(10) + b"\r\n"])
def test_zeros_that_a_disk_left_behind_the_end_cost_nothing(zeros):
    parsed, plain = parse(RELEASED + zeros, A4), parse(RELEASED, A4)
    assert (parsed.sources, parsed.written) == (plain.sources, plain.written)
    assert [flag for flag in parsed.flags if "zeros behind its end" in flag] == list(parsed.flags) != []


def test_damaged_cells_are_left_out_and_the_others_are_read():
    parsed = changed(lambda cells: cells.insert(3, {"cell_type": "code", "source": [1, {}]}))
    assert parsed.sources == CODE
    assert parsed.flags == ("1 cells are damaged and were left out",)


def test_too_much_source_is_not_read():
    parsed = changed(lambda cells: cells[3].update(source="x" * (LARGEST + 1)))
    assert parsed.sources == ()
    assert "1,000,000 characters of code" in parsed.flags[0]
    words = changed(
        lambda cells: cells.extend([text("x" * (LARGEST // 2)), {**text("x" * LARGEST), "cell_type": "raw"}])
    )
    assert "1,000,000 characters of text" in words.flags[0]
    many = changed(lambda cells: cells.extend([{"cell_type": "code", "source": ""}] * 5000))
    assert (many.sources, many.flags) == ((), ("more than 5,000 cells: nothing of it was read",))


def test_bytes_that_are_no_utf8_and_halves_of_surrogates_leave_text_that_can_be_stored():
    invalid = parse(RELEASED.replace(b"import torch", b"import torch  # \xff\xfe", 1), A4)
    assert "some characters are lost" in invalid.flags[0]
    half = changed(lambda cells: cells[3].update(source="a = '\ud800'"))
    for parsed in (invalid, half):
        assert "".join(parsed.sources).encode()
        assert len(parsed.sources) == len(CODE)


def test_copied_cells_a_foreign_kernel_and_marks_of_a_merge_are_flags():
    assert changed(lambda cells: cells.append(cells[3])).flags == (
        "1 cells were copied: their ids stand more than once",
    )
    assert (
        "code cell 1: marks of a merge conflict"
        in changed(lambda cells: cells[3].update(source="<<<<<<< HEAD\na = 1\n=======\n>>>>>>> b")).flags
    )
    bash = {**NOTEBOOK, "metadata": {"kernelspec": {"name": "bash", "display_name": "B"}}}
    assert parse(json.dumps(bash).encode(), A4).flags == ("its kernel is 'bash'; it was read as Python",)


def test_a_kernel_of_python_is_none_to_flag_whatever_its_name():
    spec = {"kernelspec": {"name": "conda-env-gnn-py", "display_name": "gnn"}, "language_info": {"name": "python"}}
    assert parse(json.dumps({**NOTEBOOK, "metadata": spec}).encode(), A4).flags == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cells: cells[WRITTEN].update(source="My words"), "My words"),
        (lambda cells: cells[WRITTEN].update(source="My words", cell_type="code"), "My words"),
        (lambda cells: cells.insert(WRITTEN + 1, text("Below")), "Below"),
        (
            lambda cells: cells[WRITTEN].update(id="new", source="**My three sentences**\n\nMoved"),
            "**My three sentences**\n\nMoved",
        ),
        (lambda cells: cells.insert(0, text("A copy", NOTEBOOK["cells"][WRITTEN]["id"])), "A copy"),
        (lambda cells: cells.pop(WRITTEN), ""),
    ],
)
def test_the_students_words_are_found(change, words):
    assert changed(change).written == {"three_sentences": words}


def test_a_part_that_is_gone_or_there_twice_is_a_flag():
    assert changed(lambda cells: cells.pop(WRITTEN)).flags == ("three_sentences: its cell is not there",)
    name = NOTEBOOK["cells"][WRITTEN]["id"]
    flags = changed(lambda cells: cells.extend([text("One", name), text("Two", name)])).flags
    assert "three_sentences: 2 versions, the first was taken" in flags


def test_ids_are_those_of_the_released_notebook():
    assert {cell["id"] for cell in cells_of(ROOT / "assignments/a4_ngcf.ipynb")} & {c["id"] for c in A4.cells}


def unbounded(content: bytes) -> Parsed:
    """`parse` in this process: where it reads thousands, a child for each takes most of the time."""
    cells, flags = submission.cells_of(content, A4)
    return submission.understood(cells, A4, flags)


def test_nothing_that_happens_to_the_bytes_raises():
    draw = random.Random(7)
    small = json.dumps({**NOTEBOOK, "cells": NOTEBOOK["cells"][-14:]}).encode()
    tokens = [b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"\\ud800", b"\xff", b"\x00", b"1e999", b"-", b"[[[["]
    for _ in range(1500):
        content = bytearray(draw.choice([small, RELEASED[:3000]]))
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(content) + 1)
            piece = draw.choice([draw.choice(tokens), draw.randbytes(3), bytes(content[:place][-40:])])
            content[place : place + draw.choice([0, 1, 30, 400])] = piece
        parsed = unbounded(bytes(content[: draw.randrange(len(content) + 1)] if draw.random() < 0.2 else content))
        assert parsed.sources or parsed.flags
        json.dumps([parsed.sources, parsed.texts, parsed.written, parsed.flags], ensure_ascii=False).encode()


def test_no_value_in_place_of_another_raises():
    draw = random.Random(3)
    for _ in range(400):
        notebook = copy.deepcopy({**NOTEBOOK, "cells": NOTEBOOK["cells"][-6:]})
        for _ in range(2):
            place = notebook
            while draw.random() < 0.7 and isinstance(place, dict | list) and place:
                key = draw.choice(list(place) if isinstance(place, dict) else range(len(place)))
                parent, place = place, place[key]
            if place is not notebook:
                parent[key] = draw.choice([None, 1, "", [], {}, [None], [[]], True, 1e300, {"a": []}])
        assert isinstance(unbounded(json.dumps(notebook).encode()), Parsed)


FUNCTION = "def neighbour_mean(x):\n    return x"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("{}", "was read as code"),
        ("# {}", "was read as code"),
        ("```python\n{}\n```", "was read as code"),
        ("My answer:\n\n~~~ {{.python}}\n{}\n~~~\n\nIt works!", "was read as code"),
        ("```\nimport torch\n```\nand\n```\n{}\n```", "was read as code"),
        ("My answer: {}", "could not be read as code"),
        ("```\n{}", "could not be read as code"),
    ],
)
def test_code_in_a_text_cell_is_read_or_said(text, how):
    cells = (Cell("markdown", "c", text.format(FUNCTION)),)
    turned, flags = submission.turned_back(cells, {"neighbour_mean", "other"})
    assert flags == [f"neighbour_mean: it stands in a text cell, which {how}"]
    assert (turned[0].kind == "code") == (how == "was read as code")
    assert turned[0].kind == "markdown" or FUNCTION in turned[0].source


def test_flags_fit_into_a_table():
    short = shortened([*(f"flag {n}" for n in range(30)), "flag 0"])
    assert (len(short), short[-1]) == (21, "and 10 more of such")
    assert shortened(["x" * 400]) == (f"{'x' * 300}…",)
