"""`course review`: one line for where it is, one for its end, one for what cannot be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from graded_class import A1, IN_TIME, run
from interruptible import begin

from course_kit.cli import main

COURSE = "import sys; from course_kit.cli import main; sys.exit(main())"


@pytest.fixture
def graded(tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "out").mkdir()
    stored = run(A1, {"ada": IN_TIME}, submissions=str(tmp_path / "class"))
    (tmp_path / "out/run.json").write_text(stored.to_json(), "utf-8")
    return tmp_path / "out"


def test_ctrl_c_ends_it_with_one_line(graded):
    words = [sys.executable, "-c", COURSE, "review", str(graded)]
    with begin(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        address = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+/\?token=\S+) \(works once\); Ctrl-C ends it\.\n", line)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address[1] + "x", timeout=300)
        os.kill(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=300)
    assert (out, error, process.returncode) == ("\n✓ nothing was changed\n", "", 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere holds no run.json"),
        (["{}", "--port", "99999"], "--port 99999 cannot be used"),
        (["{}", "--submissions", "nowhere"], "nowhere is gone; name their folder or zip with --submissions"),
    ],
)
def test_what_cannot_be_is_one_line(graded, capsys, words, said):
    assert main(["review", *(word.format(graded) for word in words)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_folder_of_an_older_edition_asks_for_the_submissions(graded, capsys):
    (graded / "run.json").write_text(run(A1, {"ada": IN_TIME}).to_json(), "utf-8")
    assert main(["review", str(graded)]) == 2
    assert "run.json does not say where the submissions lie" in capsys.readouterr().err
