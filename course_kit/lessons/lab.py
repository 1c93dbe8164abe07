"""JupyterLab as the course wants it: widgets are saved with their notebook, figures follow a dark theme, no news."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
EXTENSION = "share/jupyter/labextensions/course-dark-figures"
PLACES = {  # file beside this module → its folder in the environment; pyproject.toml has the same for a wheel
    "course_lab.json": "etc/jupyter/labconfig/default_setting_overrides.d",  # Lab merges every file in there
    "dark_figures/package.json": EXTENSION,
    "dark_figures/static/style.js": f"{EXTENSION}/static",
}


def set_defaults() -> bool:
    """Put the files where the JupyterLab of this environment looks for them; a user's own settings go before them.

    An installed wheel has put the same files there; an editable installation leaves such files out.

    Returns:
        Whether they are there; not so where the environment cannot be written, as on some hubs.
    """
    are_there = [_put(HERE / name, Path(sys.prefix, folder)) for name, folder in PLACES.items()]
    return all(are_there)


def _put(file: Path, folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / file.name)
    except OSError:
        return (folder / file.name).exists()
    return True
