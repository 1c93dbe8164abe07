"""The assignments that students get are those that release makes on other processors, too."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_kit.grading.asking.question import unpack
from course_kit.grading.authoring.assignment import cells_of
from course_kit.grading.running.notebook_check import PACKED

ROOT = Path(__file__).parents[2]
SOLUTIONS = sorted((ROOT / "solutions").glob("a[0-9]*.ipynb"))
PROCESSORS = {
    "old": {
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ATEN_CPU_CAPABILITY": "default",
        "OPENBLAS_CORETYPE": "Nehalem",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
    },
    "two threads": {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "OMP_NUM_THREADS": "2"}
    | {"GOMP_SPINCOUNT": "0"},  # beside other tests a thread that waits had better sleep
}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A function that gives the folder of all assignments, released as on a processor, in one process."""
    code = "import sys, pathlib, torch; from course_kit.grading.authoring.release import release\n"
    code += "torch.set_num_threads(int(sys.argv[1]))\n"
    code += "for path in sys.argv[3:]: release(pathlib.Path(path), pathlib.Path(sys.argv[2]))"

    @functools.cache
    def release_on(processor):
        folder, how = tmp_path_factory.mktemp("released"), PROCESSORS[processor]
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, how.get("OMP_NUM_THREADS", "1"), str(folder), *SOLUTIONS],
            env={**os.environ, "OMP_NUM_THREADS": "1", **how},
            check=True,
        )
        return folder

    return release_on


@pytest.mark.slow
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_release_makes_the_notebook_in_the_repository_on_every_processor(path, processor, released):
    """This processor is made to compute like others; a digest that turns would leave a mistake without its name."""
    fresh, stored = released(processor) / path.name, ROOT / "assignments" / path.name
    assert unpack(checks_in(fresh)) == unpack(checks_in(stored))
    assert strip(json.loads(fresh.read_text())) == strip(json.loads(stored.read_text()))


def strip(notebook: dict) -> dict:
    """Without the packed text: another zlib packs the same into other bytes."""
    return {**notebook, "cells": [cell for cell in notebook["cells"] if cell["id"] != "checks"]}


def checks_in(path: Path) -> str:
    return PACKED.search("\n".join(cell["source"] for cell in cells_of(path)))[1]
