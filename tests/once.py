"""What takes long to make and nobody changes is made once, by whichever worker needs it first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that all workers of this run share.

    Args:
        factory: Pytest's maker of temporary folders.
        name: Name of the folder.
        make: Fills it; called with another, empty folder, which takes this name once it is whole.
    """
    top = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        top = top.parent
    folder, making = top / name, top / f"{name} in the making"
    with FileLock(top / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(folder)
    return folder
