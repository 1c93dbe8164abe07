"""The files around the library agree with each other, and imports run downwards."""

from __future__ import annotations

import ast
import graphlib
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
NOT_NEEDED = {"torch-scatter", "torch-sparse", "torch-cluster", "torch-spline-conv", "pyg-lib"}
FLOORS = {
    0: {"graph", "datasets", "metrics", "losses", "diffusion", "walks", "negatives"}
    | {"campus", "download", "origins", "arguments", "environment", "practice", "features", "growth"},
    1: {"models"},
    2: {"training", "retrieval", "cluster"},
    3: {"figures", "evaluation", "comparison"},
    4: {"widgets", "grading", "site"},
    5: {"cli"},
}
FLOOR_OF = {part: floor for floor, parts in FLOORS.items() for part in parts}


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project() -> dict:
    """The table [project] of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lock() -> list[Requirement]:
    """The pins of requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def asked_for(*extras: str) -> dict[str, str]:
    """Name to version range of what pyproject.toml asks for."""
    lines = project()["dependencies"] + [line for extra in extras for line in project()["optional-dependencies"][extra]]
    return {canonical(r.name): str(r.specifier) for r in map(Requirement, lines)}


def imports(file: Path, package: Path) -> Iterator[str]:
    """Full names that a module imports from its own package, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            here = [package.name, *file.relative_to(package).parent.parts]
            start = ".".join(here[: len(here) - node.level + 1]) + "." if node.level else ""
            base = (start + (node.module or "")).rstrip(".")
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == package.name)


def import_graph(package: Path) -> dict[str, set[str]]:
    """Module to the modules of the same package that it imports."""
    names = {}
    for file in package.rglob("*.py"):
        parts = file.relative_to(package.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    graph = {}
    for name, file in names.items():
        targets = {full if full in names else full.rpartition(".")[0] for full in imports(file, package)}
        graph[name] = targets - {name}
    return graph


def upward(graph: dict[str, set[str]]) -> list[str]:
    """The imports that run up a floor, or from one wing to the other."""
    wrong = []
    for module, targets in graph.items():
        for target in targets:
            parts = [[*name.split("."), ""][1] for name in (module, target)]
            source, sink = (FLOOR_OF.get(part, -1) for part in parts)
            if sink > source or (set(parts) == {"widgets", "grading"}):
                wrong.append(f"{module} imports {target}")
    return wrong


@pytest.mark.parametrize("name", sorted(NOT_NEEDED))
def test_compiled_companions_of_pyg_are_not_needed(name: str) -> None:
    everything = asked_for(*project()["optional-dependencies"])
    assert name not in everything
    assert name not in {canonical(pin.name) for pin in lock()}
    assert name not in {canonical(d.metadata["Name"]) for d in importlib.metadata.distributions()}
    pattern = re.compile(rf"^\s*(import|from) .*\b{name.replace('-', '_')}\b", re.MULTILINE)
    assert [file.name for file in ROOT.glob("course_lib/**/*.py") if pattern.search(file.read_text())] == []


def test_lock_pins_exactly() -> None:
    for pin in lock():
        assert re.fullmatch(r"==[^,*]+", str(pin.specifier)), pin
        assert pin.url is None
        assert not canonical(pin.name).startswith(("nvidia-", "cuda-", "triton")), "torch brings what its build needs"


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_lock_answers_pyproject_on_every_python(version: str, system: str) -> None:
    where = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": system}
    pinned = [pin for pin in lock() if pin.marker is None or pin.marker.evaluate(where)]
    assert len(pinned) == len({pin.name for pin in pinned}), "one version each"
    versions = {canonical(pin.name): str(pin.specifier)[2:] for pin in pinned}
    for name, wanted in asked_for(*project()["optional-dependencies"]).items():
        assert Requirement(f"{name}{wanted}").specifier.contains(versions[name]), name


def test_conda_route_asks_for_the_same() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = {canonical(r.name): str(r.specifier) for r in (Requirement(e) for e in entries if isinstance(e, str))}
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    assert conda.pop("python") == project()["requires-python"]
    conda["torch"] = conda.pop("pytorch")
    conda["torch-geometric"] = conda.pop("pytorch-geometric")
    by_pip = {canonical(r.name): str(r.specifier) for r in map(Requirement, (line for line in pip if line != "-e ."))}
    assert "-e ." in pip
    assert conda | by_pip == asked_for(*project()["optional-dependencies"])


def test_every_module_has_a_floor() -> None:
    parts = {name.split(".")[1] for name in import_graph(ROOT / "course_lib") if "." in name}
    assert parts <= set(FLOOR_OF)


def test_imports_run_downwards() -> None:
    assert upward(import_graph(ROOT / "course_lib")) == []


def test_imports_have_no_circle() -> None:
    graphlib.TopologicalSorter(import_graph(ROOT / "course_lib")).prepare()


def test_a_wrong_import_would_be_found(tmp_path: Path) -> None:
    package = tmp_path / "course_lib"
    for name, text in {
        "__init__": "",
        "graph": "def f():\n    from course_lib.models.shallow import Model",
        "models/__init__": "from course_lib.models.shallow import Model",
        "models/shallow": "from .. import graph\nfrom course_lib import training",
        "training": "import course_lib.graph",
        "widgets/__init__": "from course_lib import grading",
        "grading": "import course_lib.metrics",
        "metrics": "import numpy",
    }.items():
        file = package / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    graph = import_graph(package)
    assert sorted(upward(graph)) == [
        "course_lib.graph imports course_lib.models.shallow",
        "course_lib.models.shallow imports course_lib.training",
        "course_lib.widgets imports course_lib.grading",
    ]
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()
