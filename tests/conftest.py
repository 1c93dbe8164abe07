"""What every test may rely on."""

from __future__ import annotations

import os
import shutil

import psutil
import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool the system lacks; in CI that is a failure, or nobody would notice."""
    missing = [mark.args[0] for mark in item.iter_markers("needs") if shutil.which(mark.args[0]) is None]
    if missing:
        reason = f"the system has no {', '.join(missing)}: `make system` installs it or says how"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


# What takes longest with several workers, by computing or by waiting in turn: begun first, or one of them ends last.
LONGEST = (
    *("tests/grading/test_processors.py", "attacks/test_levels.py", "claims/test_comparison.py"),
    *("grading/test_assignments.py", "attacks/test_lasting.py", "notebooks/04_ngcf.ipynb", "tests/test_portable.py"),
    "tests/test_instructions.py",
    *("claims/test_negatives.py", "attacks/test_flooding.py", "benchmarks/test_gowalla.py", "cli/test_grade.py"),
    *("tests/test_cluster.py", "cli/test_check.py", "tests/test_install.py", "attacks/test_containing.py"),
    *("notebooks/01_recommender_graph.ipynb", "notebooks/05_lightgcn.ipynb", "site/test_pages.py"),
    *("notebooks/06_fair_comparison.ipynb", "notebooks/08_negatives_and_curriculum.ipynb", "widgets/test_lab.py"),
    *("notebooks/03_shallow_collaborative_filtering.ipynb", "notebooks/07_pinsage_walks.ipynb", "cli/test_release.py"),
    *("notebooks/09_text_or_behaviour.ipynb", "widgets/test_next_day.py", "claims/test_lightgcn.py"),
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the files, put the longest first; one alone keeps folders together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: [not item.path.as_posix().endswith(name) for name in LONGEST])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers a core, since half of the time a test waits; each wants two gigabytes, for it may hold a browser."""
    return max(1, min(2 * (os.cpu_count() or 1), psutil.virtual_memory().total // 2**31))
