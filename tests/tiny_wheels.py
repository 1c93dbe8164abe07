"""Wheels of a few bytes, and a build backend that makes one: an installation can be tried in seconds, off line."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel with one module that holds its version.

    Args:
        folder: where it goes.
        name: distribution and module name, without a dash.
        version: its version.

    Returns:
        The file's name.
    """
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel.name


def build_editable(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    """The hook that pip calls: says that it has begun, waits for the file `gate`, then writes the wheel."""
    Path("building").touch()
    while not Path("gate").exists():
        time.sleep(0.02)
    return write_wheel(Path(wheel_directory), "kit", "1.0")
