"""`course run`: execute notebooks and check what they print, or store their outputs anew."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

LIMIT = 60  # seconds a notebook may take on two cores


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course run` to the command's parser."""
    parser = subparsers.add_parser(
        "run",
        help="execute and check notebooks",
        description="Execute notebooks from top to bottom in fresh kernels. The exit code is 1 if a cell stops with "
        "an error, or if a cell tagged nbval-check-output prints something else than the stored output.",
        epilog="example: course run notebooks/02_binary_or_bpr.ipynb",
    )
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="default: all in the folder notebooks/")
    parser.add_argument("--write", action="store_true", help="store the new outputs instead of checking them")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Execute the named notebooks, or all, and print a line for each."""
    from course_kit.lessons.running import count_code_cells, store_outputs, verify

    paths = [Path(name) for name in arguments.notebooks] or sorted(Path("notebooks").glob("*.ipynb"))
    if not paths:
        raise ValueError("no notebooks/*.ipynb here; go to the course's folder, or name a notebook")
    results = []
    for path in paths:
        cells, started = count_code_cells(path), time.perf_counter()
        failures = list(store_outputs(path) if arguments.write else verify(path))
        results.append({"notebook": str(path), "cells": cells, "seconds": round(time.perf_counter() - started, 1)})
        results[-1]["failures"] = failures
        if not arguments.json:
            print(_line(results[-1]), *failures, sep="\n", flush=True)
    if arguments.json:
        print(json.dumps(results, indent=2))
    return int(any(result["failures"] for result in results))


def _line(result: dict) -> str:
    slow = f"  slower than {LIMIT} s" if result["seconds"] > LIMIT else ""
    mark = "✗" if result["failures"] else "✓"
    return f"{mark} {result['notebook']:52} {result['cells']:3d} cells {result['seconds']:6.1f} s{slow}"
