"""Run what rests on rounding as other processors would round, and list the tests that turn: `make portable`.

    python tools/portable.py                      all of it, notebooks too, under every setting
    python tools/portable.py --short              the quick tests under one setting; `make test` does this
    python tools/portable.py tests/claims         one part

A setting that changes no bit of a probe, or with which the probe dies, cannot be played on this processor.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
TESTS = [
    "tests/claims",
    "tests/models",
    *("tests/test_cluster.py", "tests/test_comparison.py", "tests/test_diffusion.py", "tests/test_evaluation.py"),
    *("tests/test_features.py", "tests/test_losses.py", "tests/test_metrics.py", "tests/test_negatives.py"),
    *("tests/test_retrieval.py", "tests/test_training.py", "tests/test_walks.py"),
]
SHORT = ["-m", "not slow", "tests/claims", "tests/models", "tests/test_losses.py", "tests/test_training.py"]

HERE = "as here"
SETTINGS: dict[str, dict[str, str]] = {  # variables of MKL, torch's own loops, oneDNN, and numpy's OpenBLAS
    HERE: {},
    "without AVX": {
        "MKL_CBWR": "COMPATIBLE",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
    "AVX2": {
        "MKL_CBWR": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
    "AVX-512": {
        "MKL_ENABLE_INSTRUCTIONS": "AVX512",
        "ATEN_CPU_CAPABILITY": "avx512",
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "OPENBLAS_CORETYPE": "SkylakeX",
    },
    "two threads": {"OMP_NUM_THREADS": "2", "GOMP_SPINCOUNT": "0"},  # a thread that waits leaves its core to others
    "other seeds": {"COURSE_SEED": "100"},  # tests/over_seeds.py reads it
}

PROBE = """
import hashlib, os, numpy, torch
draw = numpy.random.default_rng(0)
a, b = draw.normal(size=(700, 300)).astype("f"), draw.normal(size=(300, 500)).astype("f")
rows = torch.from_numpy(a)
values = [a @ b, rows @ torch.from_numpy(b), torch.nn.functional.softplus(rows), rows.sum(dim=1)]
print(hashlib.sha256(b"".join(numpy.asarray(value).tobytes() for value in values)).hexdigest())
print(os.environ.get("COURSE_SEED"))
"""


def environment(setting: str) -> dict[str, str]:
    """This process's environment, with the variables of a setting and of no other."""
    ours = {name for variables in SETTINGS.values() for name in variables}
    rest = {name: value for name, value in os.environ.items() if name not in ours}
    return rest | {"OMP_NUM_THREADS": "1"} | SETTINGS[setting]


@cache
def bits(setting: str) -> str | None:
    """A digest of some arithmetic under a setting; None if the processor cannot do it."""
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment(setting), capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def playable(setting: str) -> bool:
    """Whether a setting shows anything that this processor does not show by itself."""
    return setting == HERE or bits(setting) not in (None, bits(HERE))


def outcomes(setting: str, options: Sequence[str]) -> dict[str, bool]:
    """Run pytest under a setting: test → whether it passed; skipped ones are left out."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "--tb=no", "--no-summary", "-p", "no:cacheprovider"]
        done = subprocess.run([*command, f"--junitxml={report}", *options], cwd=ROOT, env=environment(setting))
        if not report.exists():
            raise SystemExit(f"pytest ended with {done.returncode} and no report; its own lines above say why")
        cases = ElementTree.parse(report).iter("testcase")
        kinds = {f"{case.get('classname')}::{case.get('name')}": {child.tag for child in case} for case in cases}
    return {test: not kind & {"failure", "error"} for test, kind in kinds.items() if "skipped" not in kind}


def table(results: Mapping[str, Mapping[str, bool]]) -> str:
    """Tests that failed somewhere against settings, ✓ or ✗; the last row counts those that passed everywhere."""
    tests = list(dict.fromkeys(test for found in results.values() for test in found))
    turned = [test for test in tests if not all(found.get(test, True) for found in results.values())]
    sign = {True: "✓", False: "✗", None: "–"}
    rows = [[test, *(sign[found.get(test)] for found in results.values())] for test in turned]
    rows = [["", *results], *rows, [f"{len(tests) - len(turned)} others", *("✓" for _ in results)]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the settings that can be played and print what turned.

    Returns:
        1 if a test failed under a setting, else 0.
    """
    parser = argparse.ArgumentParser(description="Run what rests on rounding as other processors would round.")
    parser.add_argument("paths", nargs="*", help="tests to run; without any, all that compute, and the notebooks")
    parser.add_argument("--short", action="store_true", help="a few quick tests, under one setting")
    asked = parser.parse_args(arguments)
    options = ["--nbval-lax", *(asked.paths or [*TESTS, "notebooks"])]
    played = [setting for setting in SETTINGS if playable(setting)]
    if asked.short:
        options, played = SHORT, played[1:2]
    results = {}
    for place, setting in enumerate(played, start=1):
        print(f"\n{place} of {len(played)}: {setting}", flush=True)
        results[setting] = outcomes(setting, options)
    print(f"\n{table(results)}")
    for setting in SETTINGS:
        if not playable(setting):
            print(f"{setting}: this processor {'rounds so by itself' if bits(setting) else 'cannot play it'}")
    return 0 if all(all(found.values()) for found in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
