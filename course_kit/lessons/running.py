"""Run a notebook from top to bottom: check what it prints, or store its outputs anew."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course_kit.storing import replace

NBVAL = ("-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env")
REPORT = ("-v", "--tb=short", "--color=no")
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
INSIDE = re.compile(r"IPY_MODEL_(\w+)")  # how the state of a widget names another
AT_START = re.compile(r"[^|]*\b0%\|")  # the text of a progress bar that is a widget: it stays as it began


def count_code_cells(path: Path) -> int:
    """How many code cells of a notebook hold code.

    Raises:
        ValueError: If the file is not a notebook.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return sum(cell["cell_type"] == "code" and bool("".join(cell["source"]).strip()) for cell in cells)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from error


def verify(path: Path) -> Iterator[str]:
    """Run a notebook under nbval, with a progress bar over its cells.

    Args:
        path: The notebook.

    Yields:
        What pytest reports of failures; nothing if all is well.
    """
    from tqdm import tqdm

    command = [sys.executable, *NBVAL, *REPORT, str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    report, failed = [], False
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=environment
        ) as nbval,
        tqdm(total=count_code_cells(path), desc=path.stem, unit="cell", leave=False, ncols=100) as bar,
    ):
        for line in nbval.stdout:
            if "::Cell " in line and "%]" in line:
                bar.update()
            failed |= line.startswith("=") and ("FAILURES" in line or "ERRORS" in line)
            if failed:
                report.append(line.rstrip())
    if nbval.returncode:
        yield "\n".join(report) or f"pytest ended with code {nbval.returncode}; run it yourself: {' '.join(command)}"


def store_outputs(path: Path) -> Iterator[str]:
    """Execute a notebook and store its outputs, progress bars as they end; those that are widgets are left out.

    Args:
        path: The notebook; it is left as it was if a cell fails.

    Yields:
        The error of the first cell that fails; nothing if all is well.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from tqdm import tqdm

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    with tqdm(total=count_code_cells(path), desc=path.stem, unit="cell", leave=False, ncols=100) as bar:
        client = NotebookClient(
            notebook, resources=resources, coalesce_streams=True, on_cell_executed=lambda **_: bar.update()
        )
        try:
            client.execute()
        except CellExecutionError as error:
            yield str(error)
            return
    meant = "raises-exception"  # tag of a cell that shows an error on purpose
    others = (cell for cell in notebook.cells if meant not in cell.metadata.get("tags", ()))
    outputs = [output for cell in others for output in cell.get("outputs", [])]
    if errors := [output for output in outputs if output.output_type == "error"]:  # a figure that fails while drawn
        yield f"{errors[0].ename}: {errors[0].evalue}"
        return
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # time stamps, which would make every run a change
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _is_bar(output)]
    _forget_unseen(notebook)
    replace(path, nbformat.writes(notebook) + "\n")


def _is_bar(output: Mapping[str, Any]) -> bool:
    """Whether an output is a progress bar drawn by a widget, whose stored text would stand at 0 % for ever."""
    return AT_START.match(output.get("data", {}).get("text/plain", "")) is not None


def _forget_unseen(notebook: Any) -> None:
    """Leave out the state of each widget that no output shows, by itself or inside of another."""
    stored = notebook.metadata.get("widgets", {}).get(STATE)
    if stored is None:
        return
    views = [output.get("data", {}).get(VIEW, {}) for cell in notebook.cells for output in cell.get("outputs", ())]
    seen, left = set(), [view["model_id"] for view in views if view]
    while left:
        model = left.pop()
        if model in stored["state"] and model not in seen:
            seen.add(model)
            left += INSIDE.findall(json.dumps(stored["state"][model]))
    stored["state"] = {model: state for model, state in stored["state"].items() if model in seen}
