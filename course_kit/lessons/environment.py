"""Is this machine ready for the course? What is wrong, and the one line that mends it."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTION = "course-lib"
PYTHON_NEEDED = (3, 10)
INSTALL = "Run `make lab` in the course folder, then restart the kernel."


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what was looked at, such as `numpy`.
        found: what is there.
        wanted: what the course needs.
        ok: whether that is good enough.
        remedy: the one line that mends it; empty if ok.
    """

    name: str
    found: str
    wanted: str
    ok: bool
    remedy: str


def check_environment() -> list[Finding]:
    """Look at Python, the kernel, the packages, the lab and the data folder; nothing heavy is imported.

    Returns:
        What was looked at, in a fixed order; those with `ok=False` say how to mend it.
    """
    packages = [_package(name, specifier) for name, specifier in _requirements(DISTRIBUTION).items()]
    return [_python(), _kernel(), *packages, _widgets(), _lab(), _data_folder()]


def report(findings: list[Finding]) -> str:
    """Lay findings out as a table, the remedies below it.

    Args:
        findings: from `check_environment`.

    Returns:
        Text: a line per finding, ✓ or ✗ in front, then a line per remedy, or one that all is well.
    """
    name, found = (max((len(getattr(f, column)) for f in findings), default=0) for column in ("name", "found"))
    rows = [f"{'✓' if f.ok else '✗'} {f.name:<{name}}  {f.found:<{found}}  {f.wanted}" for f in findings]
    remedies = [f"✗ {f.name}: {f.remedy}" for f in findings if not f.ok]
    return "\n".join([*rows, "", *(remedies or ["All is well."])])


def _finding(name: str, found: str, wanted: str, ok: bool, remedy: str) -> Finding:
    return Finding(name, found, wanted, ok, "" if ok else remedy)


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _requirements(name: str) -> dict[str, str]:
    """What an installed distribution asks for on this machine, extras left out: name to version range."""
    from packaging.requirements import Requirement

    try:
        requirements = [Requirement(line) for line in importlib.metadata.requires(name) or []]
    except importlib.metadata.PackageNotFoundError:
        return {}
    return {r.name: str(r.specifier) for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})}


def _short(path: Path) -> str:
    """A path for a table: below ~ where it can be, else its last two parts."""
    if path.is_relative_to(Path.home()):
        return str(Path("~", path.relative_to(Path.home())))
    return str(Path("…", *path.parts[-2:])) if len(path.parts) > 3 else str(path)


def _package(name: str, specifier: str) -> Finding:
    from packaging.specifiers import SpecifierSet

    found = _installed(name)
    ok = found is not None and SpecifierSet(specifier).contains(found, prereleases=True)
    return _finding(name, found or "missing", specifier, ok, INSTALL)


def _python() -> Finding:
    found, wanted = (".".join(map(str, version)) for version in (sys.version_info[:3], PYTHON_NEEDED))
    remedy = f"Install Python {wanted} or newer; then, in the course folder: make clean; make lab PYTHON=python3.12"
    return _finding("Python", found, f">={wanted}", sys.version_info >= PYTHON_NEEDED, remedy)


def _kernel() -> Finding:
    """The kernel runs where the course is installed, not in some other Python that the notebook happened to pick."""
    ok = _installed(DISTRIBUTION) is not None
    remedy = "Another Python runs this kernel: start the lab with `make lab`, then Kernel > Change Kernel > Python 3."
    return _finding("kernel", _short(Path(sys.prefix)), "has the course installed", ok, remedy)


def _widgets() -> Finding:
    """The browser's half of ipywidgets fits the kernel's half."""
    wanted = {name.replace("-", "_"): specifier for name, specifier in _requirements("ipywidgets").items()}
    return _package("jupyterlab_widgets", wanted.get("jupyterlab_widgets", ""))


def _lab() -> Finding:
    """The lab that started this kernel lives in the same environment; in another one, sliders print as text."""
    prefix = _server_prefix()
    ok = prefix is None or prefix == Path(sys.prefix).resolve()
    remedy = f"Sliders will print as text: close the lab, and start it with `make lab` (the kernel is in {sys.prefix})."
    return _finding("lab", _short(prefix) if prefix else "not seen from here", "the kernel's environment", ok, remedy)


def _server_prefix() -> Path | None:
    """The environment of the Python that started this kernel; None where that cannot be told."""
    import psutil

    if sys.platform == "win32":  # there JPY_PARENT_PID is a handle, not a process
        return None
    try:
        server = psutil.Process(int(os.environ["JPY_PARENT_PID"]))
        python = Path(server.cmdline()[0])
        folder = Path(server.cwd(), python).parent
    except (KeyError, ValueError, IndexError, psutil.Error):
        return None
    # Run by a bare name, or by a program that is no Python (an editor): its command line does not say where it lives.
    is_told = len(python.parts) > 1 and python.name.startswith("python")
    return folder.parent.resolve() if is_told else None


def _data_folder() -> Finding:
    """The folder that data is fetched into, or, before there is one, its nearest parent, can be written."""
    from course_lib.download import data_root

    folder = Path(data_root())
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    ok = existing.is_dir() and os.access(existing, os.W_OK)
    remedy = "Before starting the lab, name a folder of your own: export COURSE_DATA=$HOME/course-data"
    return _finding("data folder", _short(folder), "can be written", ok, remedy)
