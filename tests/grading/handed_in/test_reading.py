"""Of several notebooks the one that holds the assignment, and a wrong assignment is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from course_kit.grading.asking.limits import MOST_CHARACTERS
from course_kit.grading.authoring.assignment import read
from course_kit.grading.handed_in import bounded, reading
from course_kit.grading.handed_in.collect import Rules, collect
from course_kit.grading.handed_in.reading import ALL, ANSWERED, HANDED_OUT, NOTHING, SOME, Reader, other_assignments
from course_kit.grading.handed_in.similarity import LONGEST

ROOT = Path(__file__).parents[3]
SOLUTION = ROOT / "solutions/a1_metrics.ipynb"
A1 = read(SOLUTION)
RELEASED = {name: (ROOT / f"assignments/{name}.ipynb").read_bytes() for name in ("a1_metrics", "a2_losses")}


def notebook(*sources: str, kind: str = "code") -> bytes:
    cells = [{"cell_type": kind, "metadata": {}, "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def answered(name: str = "top_k", without_ids: bool = False, packed: bool = True) -> bytes:
    """The handed-out notebook with one function written."""
    plain = json.loads(RELEASED["a1_metrics"])
    for cell in plain["cells"]:
        if "".join(cell["source"]) == A1.exercises[name].stub:
            cell["source"] = A1.exercises[name].solution
        if without_ids:
            cell.pop("id")
    plain["cells"] = [cell for cell in plain["cells"] if packed or "Check(" not in "".join(cell["source"])]
    return json.dumps(plain).encode()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(A1, other_assignments(SOLUTION))


SOLUTIONS = [exercise.solution for exercise in A1.exercises.values()]
FILES = {
    "an empty notebook": (notebook(), NOTHING),
    "something else": (notebook("import torch", "x = 1"), NOTHING),
    "a draft": (notebook(SOLUTIONS[0]), SOME),
    "the handed-out one": (RELEASED["a1_metrics"], HANDED_OUT),
    "all answers in a new notebook": (notebook(*SOLUTIONS), ALL),
    "answers": (answered(), ANSWERED),
    "answers without ids": (answered(without_ids=True), ANSWERED),
    "answers without the packed checks": (answered(packed=False), ANSWERED),
}


@pytest.mark.parametrize("what", FILES)
def test_how_much_of_the_assignment_a_notebook_holds(what, reader):
    content, holds = FILES[what]
    assert reader(content).holds == holds


@pytest.mark.parametrize("other", [what for what in FILES if not what.startswith("answers")])
def test_the_notebook_that_holds_the_assignment_is_graded_whatever_its_name_and_time(other, reader, tmp_path):
    for student in ("ann", "bob"):
        (tmp_path / student).mkdir()
        (tmp_path / student / "b.ipynb").write_bytes(answered())
    (tmp_path / "ann/z_newest.ipynb").write_bytes(FILES[other][0])
    ann, bob = collect(tmp_path, rules=Rules(read=reader)).submissions
    assert (ann.name, ann.content) == ("ann/b.ipynb", bob.content)
    assert "2 notebooks; graded is ann/b.ipynb" in ann.flags[0]


def test_another_assignment_is_named(reader):
    assert reader(RELEASED["a2_losses"]).flags == ("this looks like a2_losses, another assignment",)
    assert reader(RELEASED["a1_metrics"]).flags == ()


@pytest.mark.parametrize("kind", ["markdown", "raw", "code ", "Code", "heading"])
@pytest.mark.parametrize("fence", ["{}", "```python\n{}\n```"])
def test_code_in_a_text_cell_is_read_as_code(kind, fence, reader):
    reading = reader(notebook(fence.format(SOLUTIONS[0]), kind=kind))
    assert list(reading.answers) == ["top_k"]
    assert reading.flags[0] == "top_k: it stands in a text cell, which was read as code"
    notes = json.dumps({"cells": json.loads(notebook(SOLUTIONS[0]))["cells"] * 2}).replace('"code"', f'"{kind}"', 1)
    assert "text cell" not in " ".join(reader(notes.encode()).flags)


@pytest.mark.parametrize(
    "how",
    [
        "top_k = my_top_k",
        "from mine import top_k",
        "try:\n    import mine as top_k\nfinally:\n    pass",
        "class top_k: pass",
    ],
)
def test_a_function_that_a_code_cell_binds_in_any_way_is_not_taken_from_a_text_cell(how, reader):
    cells = json.loads(notebook(how))["cells"] + json.loads(notebook(SOLUTIONS[0], kind="markdown"))["cells"]
    assert "text cell" not in " ".join(reader(json.dumps({"cells": cells}).encode()).flags)


def test_outputs_are_left_out_of_what_is_kept(reader):
    plain = json.loads(answered())
    for cell in plain["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 800_000}}]
    content = json.dumps(plain).encode()
    assert len(content) > 10_000_000
    assert reader(content) == reader(answered())


def test_what_was_too_much_is_remembered_and_not_read_again(tmp_path, monkeypatch):
    tries = []
    monkeypatch.setattr(reading, "bounded", lambda *_: tries.append(1) or ([], "it takes more than 4 s"))
    for _ in range(2):
        found = Reader(A1, {}, tmp_path / "too_much.json")(b"slow")
        assert found.flags == ("not read: it takes more than 4 s",)
    assert tries == [1]


def test_a_busy_machine_is_not_held_against_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "PATIENCE", -bounded.SECONDS)
    memory = tmp_path / "too_much.json"
    assert Reader(A1, {}, memory)(answered()).flags == (f"not read: {bounded.BUSY}",)
    monkeypatch.undo()
    assert Reader(A1, {}, memory)(answered()) == Reader(A1, {})(answered())


def test_what_was_too_much_to_analyse_is_read_again_and_not_analysed(tmp_path, monkeypatch):
    tries = []
    monkeypatch.setattr(reading, "functions", lambda code: tries.append(1) or sys.exit())
    monkeypatch.setattr(reading, "bounded", in_this_process)
    first, second = (Reader(A1, {}, tmp_path / "too_much.json")(answered()) for _ in range(2))
    assert first == second
    assert second.content == Reader(A1, {})(answered()).content != b""
    assert second.flags == ("not analysed: it ended",)
    assert tries == [1, 1]  # the second of a reader that remembers nothing


def test_a_long_id_is_left_out_and_a_long_kernel_is_told_in_few_words(reader):
    cell = {"cell_type": "code", "id": "i" * 100_000, "metadata": {}, "source": "1"}
    found = reader(json.dumps({"cells": [cell], "metadata": {"kernelspec": {"language": "z" * 200}}}).encode())
    assert len(found.content) < 1000
    assert found.flags == (f"its kernel is {'z' * 40!r}; it was read as Python",)


def test_an_answer_that_is_too_long_to_be_compared_is_said_and_not_kept(reader):
    found = reader(notebook(f"def top_k(scores, seen, k):\n    return [{'1,' * LONGEST}]"))
    assert (found.flags, found.answers) == (("top_k is too long to be compared with others",), {})


def in_this_process(steps, *arguments) -> tuple[list, str]:
    """As `bounded`, where the work ends itself."""
    found = []
    try:
        for one in steps(*arguments):
            found.append(one)
    except SystemExit:
        return found, "it ended"
    return found, ""


@pytest.mark.parametrize("kind", ["x", "x" * MOST_CHARACTERS])
def test_cells_of_an_unknown_kind_count_as_text(kind, reader):
    read = reader(notebook("y" * (MOST_CHARACTERS + 1), kind=kind))
    assert (read.content, read.flags) == (b"", ("more than 1,000,000 characters of text: nothing of it was read",))
    assert len(reader(notebook("y", kind=kind)).content) < 1000
