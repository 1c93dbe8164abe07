"""What every test may rely on."""

from __future__ import annotations

import os
import shutil

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool the system lacks; in CI that is a failure, or nobody would notice."""
    missing = [mark.args[0] for mark in item.iter_markers("needs") if shutil.which(mark.args[0]) is None]
    if missing:
        reason = f"the system has no {', '.join(missing)}: `make system` installs it or says how"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers a core, at most four: half of the time a test waits; some hold a browser and a gigabyte."""
    return min(4, 2 * (os.cpu_count() or 1))
