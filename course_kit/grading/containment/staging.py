"""What a submission may import: a copy of the course without the modules under test."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import course_kit
import course_lib

ENGINE = "grading/containment"  # of the kit: what the warm process itself runs
KIT = (
    *("__init__.py", "grading/__init__.py", "grading/asking"),
    *(f"{ENGINE}/{name}.py" for name in ("__init__", "cgroup", "confine", "kernel", "system_calls", "warm")),
)


def stage(folder: Path, withheld: Sequence[str]) -> None:
    """Copy what a submission may import: the library without the modules under test, and of the kit what asks.

    What the warm process itself runs is copied too; kernels in namespaces do not see that folder.

    Args:
        folder: Where the copy goes.
        withheld: Full names of modules and packages to leave out.
    """
    for package, kept in ((Path(course_lib.__file__).parent, [""]), (Path(course_kit.__file__).parent, KIT)):
        root = package.parent
        out = {root.joinpath(*name.split(".")) for name in withheld}
        for file in (file for part in kept for file in sorted([package / part, *(package / part).rglob("*")])):
            if file.is_file() and file.suffix == ".py" and not out & {file.with_suffix(""), *file.parents}:
                target = folder / file.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
