"""A pytest plugin beside nbval: prints one JSON line a notebook cell, and keeps warnings out of the comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning on stderr is no part of an answer."""
    for notebook in {item.parent for item in items}:
        notebook.skip_compare += ("stderr",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Say how a cell ended; only a plain pass of the call itself counts as passed."""
    report = yield
    if call.when == "call":
        print(json.dumps(_record(item, report)), flush=True)
    return report


def _record(item: Any, report: pytest.TestReport) -> dict[str, Any]:
    outputs = item.test_outputs or []
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    errors = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    passed = report.outcome == "passed" and not hasattr(report, "wasxfail")
    return {"passed": passed, "printed": printed, "error": "".join(errors[:1])}
