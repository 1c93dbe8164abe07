"""`course check` on a released notebook, through the real nbval and a real kernel."""

from __future__ import annotations

import json
import time

import pytest
import solution_notebooks

from course_kit.cli import main
from course_kit.grading.authoring.release import release

RIGHT = "def spread(x):\n    print('noise')\n    return max(x) - min(x)"


@pytest.fixture
def student(tmp_path):
    """A function that writes a student's notebook with this code in the stub's place."""

    def write(code, **parts):
        path = release(solution_notebooks.write(tmp_path / "a1.ipynb", **parts), tmp_path / "out")
        notebook = json.loads(path.read_text())
        (stub,) = (cell for cell in notebook["cells"] if cell["id"] == "c2")
        stub["source"] = code
        path.write_text(json.dumps(notebook))
        return path

    return write


@pytest.mark.slow
def test_right_is_0_whatever_it_prints(student, capsys):
    assert main(["check", str(student(RIGHT))]) == 0
    out = capsys.readouterr().out
    assert "spread                   ✓✓              100 / 100" in out
    assert "other inputs" in out


@pytest.mark.slow
def test_a_mistake_is_1_and_named_with_the_error_of_the_cell_that_failed(student, capsys):
    assert main(["check", "--json", str(student("def spread(x):\n    return x.min()\n\n1 / 0"))]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["errors"] == ["code cell 3: ZeroDivisionError: division by zero"]
    assert "You forgot the largest." in result["exercises"][0]["says"]
    assert result["points"] == 0


@pytest.mark.slow
def test_a_missing_function_is_no_crash(student, capsys):
    assert main(["check", str(student("del check"))]) == 1
    out = capsys.readouterr().out
    assert "✗ there is no function spread: keep the name that the stub had" in out
    assert "x =" not in out


@pytest.mark.slow
def test_a_cell_that_ends_the_kernel_is_named_and_the_others_count_as_in_grading(student, capsys):
    path = student("import os\nos._exit(0)")
    notebook = json.loads(path.read_text())
    notebook["cells"].append({**notebook["cells"][-1], "id": "later", "cell_type": "code", "source": RIGHT})
    path.write_text(json.dumps(notebook))
    started = time.perf_counter()
    assert main(["check", str(path)]) == 1
    assert time.perf_counter() - started < 300
    out = capsys.readouterr().out
    assert "code cell 3: it ends the kernel; all other cells were run without it\n" in out
    assert "100 / 100" in out


@pytest.mark.slow
def test_a_cell_that_never_ends_is_stopped_and_the_others_count(student, capsys, monkeypatch):
    monkeypatch.setattr("course_kit.grading.running.notebook_check.CELL_SECONDS", 5)
    assert main(["check", str(student(f"{RIGHT}\nwhile True: pass"))]) == 1
    out = capsys.readouterr().out
    assert out.startswith("code cell 3: stopped after 5 s: does a loop never end?\n")
    assert "100 / 100" in out


@pytest.mark.slow
def test_a_function_that_ends_the_kernel_is_named(student, capsys):
    one_case = "def probe(f, rng):\n    return {'five': f(rng.randn(5))}"  # each takes two kernels
    path = student("def spread(x):\n    import os\n    os._exit(0)", probe=one_case)
    assert main(["check", str(path)]) == 1
    assert "✗ spread ends the kernel when it is asked\n" in capsys.readouterr().out


def test_a_notebook_without_checks_is_one_line_and_2(tmp_path, capsys):
    path = solution_notebooks.write(tmp_path / "a1.ipynb")
    assert main(["check", str(path)]) == 2
    assert "holds no checks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty file"),
        ("<<<<<<< HEAD\n{}", "a merge conflict"),
        ("[1]", "not a notebook"),
        ("{}", "no cells"),
        ('{"worksheets": [{"cells": []}], "nbformat": 3}', "an old format"),
        ('{"cells": [{"source": "x"}]}', "damaged"),
        ('{"cells": [{"cell_type": "code", "source": 5}]}', "damaged"),
        ('{"cells": []}', "no code cell"),
        ("\xff", "not a notebook"),
        (None, "no such file"),
    ],
)
def test_a_file_that_is_no_assignment_is_one_line_and_2(tmp_path, capsys, text, said):
    path = tmp_path / "mine.ipynb"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    assert main(["check", str(path)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_damaged_checks_are_one_line_and_2(student, capsys):
    path = student(RIGHT)
    notebook = json.loads(path.read_text())
    checks = next(cell for cell in notebook["cells"] if cell["id"] == "checks")
    checks["source"] = "".join(checks["source"]).replace("eN", "AA", 1)
    path.write_text(json.dumps(notebook))
    assert main(["check", str(path)]) == 2
    err = capsys.readouterr().err
    assert "damaged" in err
    assert err.count("\n") == 1


def test_the_limits_are_printed(capsys):
    assert main(["check", "--limits"]) == 0
    assert "the whole notebook in grading, cases included  300 s\n" in capsys.readouterr().out


def test_without_a_file_it_says_what_is_wanted(capsys):
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith("course: FILE: got none")


@pytest.mark.slow
def test_a_mark_at_the_start_of_the_file_is_read_over(student):
    path = student(RIGHT)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert main(["check", str(path)]) == 0


@pytest.mark.slow
def test_a_withheld_module_fails_in_the_check_as_it_will_in_grading(student, capsys, tmp_path):
    path = release(
        solution_notebooks.write(tmp_path / "a2.ipynb", **{"setup withhold:course_lib.metrics": "import numpy as np"}),
        tmp_path / "out",
    )
    notebook = json.loads(path.read_text())
    stub = next(cell for cell in notebook["cells"] if "def spread" in "".join(cell["source"]))
    stub["source"] = "from course_lib.metrics import top_k\n\ndef spread(x):\n    return x.max() - x.min()"
    path.write_text(json.dumps(notebook))
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "course_lib.metrics" in out
    assert "0 / 100" in out
