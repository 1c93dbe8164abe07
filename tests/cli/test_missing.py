"""A subcommand whose packages are not installed says which group brings them."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "missing", "group"),
    [(["gradebook", "."], "jinja2", "grading"), (["site", "--out", "pages"], "latex2mathml", "site")],
    ids=["grading", "site"],
)
def test_one_line_names_the_group(tmp_path, arguments, missing, group):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/00_x.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    code = f"import sys; sys.modules[{missing!r}] = None; from course_kit.cli import main; sys.exit(main({arguments}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"course: {missing} is not installed; run: pip install 'course-lib[{group}]'\n"
