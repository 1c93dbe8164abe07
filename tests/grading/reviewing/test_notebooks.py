"""What a reviewer is shown of a notebook: functions, figures of the section, and nothing that could come to life."""

from __future__ import annotations

import base64
import json

import pytest
from graded_class import A4

from course_kit.grading.handed_in.notebook import MOST_CELLS
from course_kit.grading.handed_in.reading import Reader
from course_kit.grading.marking.grade import digest
from course_kit.grading.reviewing.notebooks import LONGEST, MOST_OUTPUTS, shown, visible
from course_kit.grading.reviewing.pictures import LARGEST, checked

from .conftest import handed_in, png

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x20\x00\x10\x01\x01\x11\x00"  # 16 wide, 32 high


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(("kind", "content"), [("image/png", png()), ("image/jpeg", JPEG)])
def test_a_picture_becomes_an_address_with_its_bytes(kind, content):
    lines = base64.encodebytes(content).decode()
    assert checked(kind, lines) == f"data:{kind};base64,{base64_of(content)}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("image/svg+xml", base64_of(b"<svg onload='no()'/>")),
        ("image/png", base64_of(b"<svg onload='no()'/>")),
        ("image/png", base64_of(JPEG)),
        ("image/jpeg", base64_of(png())),
        ("image/jpeg", base64_of(JPEG[:8])),
        ("image/png", base64_of(png()[:20])),
        ("image/png", base64_of(png(100_000, 100_000))),
        ("image/png", base64_of(png(0, 5))),
        ("image/png", base64_of(png() + bytes(LARGEST))),
        ("image/png", base64_of(png()) + '" onerror="no()'),
        ("image/png", "é"),
        ("image/png", ""),
    ],
)
def test_what_is_no_picture_or_too_large_is_not_shown(kind, text):
    assert checked(kind, text) == ""


def test_a_figure_stands_beside_the_words_of_its_section():
    stream = {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}
    figure = {"output_type": "display_data", "data": {"image/png": base64_of(png()), "text/plain": "<Figure>"}}
    read = shown(handed_in("My words.", stream, figure), A4)
    cells = [read.cells[place] for place in read.beside["three_sentences"]]
    assert [cell["source"].split()[0] for cell in cells] == ["recall", "first,"]
    assert cells[1]["outputs"] == [
        {"kind": "text", "shown": "a\nb"},
        {"kind": "picture", "shown": f"data:image/png;base64,{base64_of(png())}"},
    ]


def test_the_last_definition_of_a_function_is_shown_with_its_decorators():
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    sources = ["def ngcf_layer(h):\n    return 1", "%time\n@twice\ndef ngcf_layer(h):\n    return 2\nprint(3)"]
    notebook["cells"] = [{"cell_type": "code", "source": source, "outputs": "no list"} for source in sources]
    read = shown(json.dumps(notebook).encode(), A4)
    assert read.functions == {"ngcf_layer": "@twice\ndef ngcf_layer(h):\n    return 2"}
    assert [cell["outputs"] for cell in read.cells] == [[], []]


def test_the_digest_is_the_one_that_grading_stores():
    content = handed_in("My words.")
    assert shown(content, A4).digest == digest(Reader(A4, {})(content).content)


@pytest.mark.parametrize("content", [b"", b"{", b'{"cells": 3}', b"\xff" * 99, b'{"cells": [{"outputs": 3}, 4]}'])
def test_a_damaged_file_shows_nothing_and_says_so(content):
    read = shown(content, A4)
    assert read.cells == ()
    assert read.trouble


def test_long_and_many_outputs_are_cut():
    outputs = [{"output_type": "stream", "text": "x" * 9_000}] * 100
    (cell,) = [cell for cell in shown(handed_in("", *outputs), A4).cells if cell["outputs"]]
    assert [len(one["shown"]) for one in cell["outputs"]] == [LONGEST + 1] * MOST_OUTPUTS


def test_signs_that_show_nothing_or_turn_text_round_are_seen():
    assert visible("\x1b[31mred\x1b[0m \u202ereturn\x00 \ud800 tab\t\r\n") == "red \ufffdreturn\ufffd ? tab\t\n"


def test_of_very_many_cells_the_first_are_shown():
    cells = [{"cell_type": "code", "metadata": {}, "source": "", "outputs": []}] * (MOST_CELLS + 9)
    assert len(shown(json.dumps({"cells": cells}).encode(), A4).cells) == MOST_CELLS
