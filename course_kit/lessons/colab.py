"""Google Colab opens a notebook alone: what else a lesson reads is laid beside it.

`python -m course_kit.lessons.colab` is what the lessons call there.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

from course_kit.lessons.environment import DISTRIBUTION

SHARE = "share/course-lib/results"  # where the wheel puts the stored results; pyproject.toml names it


def lay_results(folder: Path) -> list[Path]:
    """Copy the stored results that an installed wheel brings into `folder/results`, where the lessons look for them.

    Returns:
        What was copied; nothing for an editable installation, whose results lie beside its lessons.
    """
    stored = [file for file in importlib.metadata.files(DISTRIBUTION) or () if SHARE in file.as_posix()]
    place = folder / "results"
    place.mkdir(exist_ok=True)
    return [Path(shutil.copy(file.locate(), place)) for file in stored]


if __name__ == "__main__":
    lay_results(Path())
