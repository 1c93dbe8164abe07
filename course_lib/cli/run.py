"""`course run`: execute notebooks and check what they print, or store their outputs anew."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LIMIT = 60  # seconds a notebook may take on two cores
NBVAL = ("-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env")
REPORT = ("-v", "--tb=short", "--color=no")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course run` to the command's parser."""
    parser = subparsers.add_parser(
        "run",
        help="execute and check notebooks",
        description="Execute notebooks from top to bottom in fresh kernels. An error in any cell, or another output in "
        "a cell tagged nbval-check-output, is a finding (exit code 1).",
        epilog="example: course run notebooks/02_binary_or_bpr.ipynb",
    )
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="default: all in the folder notebooks/")
    parser.add_argument("--write", action="store_true", help="store the new outputs instead of checking them")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Execute the named notebooks, or all, and print a line for each."""
    paths = [Path(name) for name in arguments.notebooks] or sorted(Path("notebooks").glob("*.ipynb"))
    if not paths:
        raise ValueError("no notebooks/*.ipynb here; go to the course's folder, or name a notebook")
    results = []
    for path in paths:
        cells, started = _code_cells(path), time.perf_counter()
        failures = list(_write(path) if arguments.write else _check(path, cells))
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


def _code_cells(path: Path) -> int:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return sum(cell["cell_type"] == "code" and bool("".join(cell["source"]).strip()) for cell in cells)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from error


def _check(path: Path, cells: int) -> Iterator[str]:
    """Run a notebook under nbval, with a bar over its cells; yield what pytest reports of failures."""
    from tqdm import tqdm

    command = [sys.executable, *NBVAL, *REPORT, str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    report, failed = [], False
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as nbval,
        tqdm(total=cells, desc=path.stem, unit="cell", leave=False, ncols=100) as bar,
    ):
        for line in nbval.stdout:
            if "::Cell " in line and "%]" in line:
                bar.update()
            failed |= line.startswith("=") and ("FAILURES" in line or "ERRORS" in line)
            if failed:
                report.append(line.rstrip())
    if nbval.returncode:
        yield "\n".join(report) or f"pytest ended with code {nbval.returncode}; run it yourself: {' '.join(command)}"


def _write(path: Path) -> Iterator[str]:
    """Execute a notebook and store its outputs, progress bars as they end; yield the error if a cell fails."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from tqdm import tqdm

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    with tqdm(total=_code_cells(path), desc=path.stem, unit="cell", leave=False, ncols=100) as bar:
        client = NotebookClient(
            notebook, resources=resources, coalesce_streams=True, on_cell_executed=lambda **_: bar.update()
        )
        try:
            client.execute()
        except CellExecutionError as error:
            yield str(error)
            return
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if errors := [output for output in outputs if output.output_type == "error"]:  # a figure that fails while drawn
        yield f"{errors[0].ename}: {errors[0].evalue}"
        return
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # time stamps, which would make every run a change
    part = path.with_suffix(".part")
    nbformat.write(notebook, part)
    part.replace(path)
