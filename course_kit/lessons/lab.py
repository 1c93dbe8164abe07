"""Defaults of JupyterLab for the course: widgets are saved with their notebook, and nothing asks for news."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

DEFAULTS = Path(__file__).with_name("course_lab.json")
MERGED = "etc/jupyter/labconfig/default_setting_overrides.d"  # Lab merges every file in there


def set_defaults() -> bool:
    """Put the defaults where the JupyterLab of this environment looks for them; a user's own settings go before them.

    An installed wheel has put the same file there; an editable installation leaves such files out.

    Returns:
        Whether they are there; not so where the environment cannot be written, as on some hubs.
    """
    folder = Path(sys.prefix, MERGED)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DEFAULTS, folder / DEFAULTS.name)
    except OSError:
        return (folder / DEFAULTS.name).exists()
    return True
