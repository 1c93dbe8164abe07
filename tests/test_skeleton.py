"""The files around the library agree with each other, and imports run downwards."""

from __future__ import annotations

import ast
import graphlib
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from course_kit.cli import GROUP_OF

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
NOT_FOR_ASKING = {"torch", "scipy", "IPython", "pandas", "pytest", "nbval", "nbformat", "jupyter_client", "jinja2"}
NOT_NEEDED = {"torch-scatter", "torch-sparse", "torch-cluster", "torch-spline-conv", "pyg-lib"}
# Package → its parts by floor: a part imports those of lower floors and of its own.
FLOORS = {
    "course_lib": [
        {"graph", "datasets", "metrics", "losses", "diffusion", "walks", "negatives"}
        | {"campus", "download", "origins", "arguments", "features", "growth"},
        {"models"},
        {"training", "retrieval", "cluster", "newcomer"},
        {"figures", "evaluation", "comparison"},
    ],
    "course_kit": [{"lessons", "storing"}, {"widgets", "grading"}, {"site"}, {"cli"}],
    "course_kit.grading": [
        {"asking"},
        {"authoring"},
        {"running", "containment", "handed_in"},
        {"marking"},
        {"reports"},
        {"platforms", "reviewing"},
    ],
}
# Parts that a part must not import although their floors would allow it; a package named here counts with all in it.
APART = {
    "course_lib": {"course_kit"},
    "course_kit.lessons": {"course_kit.grading", "course_kit.widgets"},
    "course_kit.widgets": {"course_kit.grading"},
    "course_kit.grading": {"course_kit.widgets", "course_kit.lessons"},
    "course_kit.site": {"course_kit.grading"},
}


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


def asked_for(*extras: str, where: dict[str, str] | None = None) -> dict[str, str]:
    """Name to version range of what pyproject.toml asks for, on every machine or on the one described by `where`."""
    lines = project()["dependencies"] + [line for extra in extras for line in project()["optional-dependencies"][extra]]
    return {
        canonical(r.name): str(r.specifier)
        for r in map(Requirement, lines)
        if where is None or r.marker is None or r.marker.evaluate(where)
    }


def distributions_of() -> dict[str, set[str]]:
    """Module to the distributions that bring it. What Python 3.10 has for this knows few modules."""
    found: dict[str, set[str]] = {}
    for distribution in importlib.metadata.distributions():
        name = canonical(distribution.metadata["Name"])
        for module in {Path(file.parts[0]).stem for file in distribution.files or () if file.suffix == ".py"}:
            found.setdefault(module, set()).add(name)
    return found


def imported(file: Path, module: str) -> Iterator[str]:
    """Full names that a module imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = (module if file.name == "__init__.py" else module.rpartition(".")[0]).split(".")
            start = ".".join(here[: len(here) - node.level + 1]) + "." if node.level else ""
            base = (start + (node.module or "")).rstrip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def modules(root: Path) -> dict[str, Path]:
    """Full name of every module of the packages below a folder → its file."""
    found = {}
    for file in (file for name in ("course_lib", "course_kit") for file in (root / name).rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def import_graph(root: Path) -> dict[str, set[str]]:
    """Module to the modules of the course that it imports."""
    files = modules(root)
    graph = {}
    for name, file in files.items():
        targets = {full if full in files else full.rpartition(".")[0] for full in imported(file, name)}
        graph[name] = targets & set(files) - {name}
    return graph


def is_in(module: str, part: str) -> bool:
    """Whether a module is a part, or lies in it."""
    return f"{module}.".startswith(f"{part}.")


def floor_of(module: str, package: str) -> int | None:
    """The floor of a package's part that a module lies in; None for the package itself and for what lies outside."""
    for number, parts in enumerate(FLOORS[package]):
        if any(is_in(module, f"{package}.{part}") for part in parts):
            return number
    return None


def wrong_imports(graph: dict[str, set[str]]) -> list[str]:
    """The imports that run up a floor, or between parts that stay apart."""
    wrong = set()
    for module, target in ((module, target) for module, targets in graph.items() for target in targets):
        for package in FLOORS:
            source, sink = floor_of(module, package), floor_of(target, package)
            if source is not None and sink is not None and sink > source:
                wrong.add(f"{module} imports {target}")
        for part, others in APART.items():
            if is_in(module, part) and any(is_in(target, other) for other in others):
                wrong.add(f"{module} imports {target}")
    return sorted(wrong)


@pytest.mark.parametrize("name", sorted(NOT_NEEDED))
def test_compiled_companions_of_pyg_are_not_needed(name: str) -> None:
    everything = asked_for(*project()["optional-dependencies"])
    assert name not in everything
    assert name not in {canonical(pin.name) for pin in lock()}
    assert name not in {canonical(d.metadata["Name"]) for d in importlib.metadata.distributions()}
    pattern = re.compile(rf"^\s*(import|from) .*\b{name.replace('-', '_')}\b", re.MULTILINE)
    assert [name for name, file in modules(ROOT).items() if pattern.search(file.read_text())] == []


def test_lock_pins_exactly() -> None:
    for pin in lock():
        assert re.fullmatch(r"==[^,*]+", str(pin.specifier)), pin
        assert pin.url is None
        assert not canonical(pin.name).startswith(("nvidia-", "cuda-", "triton")), "torch brings what its build needs"


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_lock_answers_pyproject_on_every_python(version: str, system: str) -> None:
    where = {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": system}
    where["platform_machine"] = "x86_64"
    pinned = [pin for pin in lock() if pin.marker is None or pin.marker.evaluate(where)]
    assert len(pinned) == len({pin.name for pin in pinned}), "one version each"
    versions = {canonical(pin.name): str(pin.specifier)[2:] for pin in pinned}
    for name, wanted in asked_for(*project()["optional-dependencies"], where=where).items():
        assert Requirement(f"{name}{wanted}").specifier.contains(versions[name]), name


def test_the_command_names_the_group_of_each_package_that_a_plain_install_lacks() -> None:
    """What the kit and the library import, a plain install brings, or `course` says which group does."""
    brought = {"course_lib", "course_kit"} | set(sys.stdlib_module_names)
    bringers = distributions_of()
    brought |= {module for module, names in bringers.items() if names & set(asked_for())}
    files = modules(ROOT).items()
    used = {full.partition(".")[0] for module, file in files for full in imported(file, module)}
    come_along = {"IPython", "PIL", "ipykernel", "matplotlib_inline", "pytest", "traitlets", "markupsafe", "zmq"}
    come_along |= {"sentence_transformers", "transformers"}
    assert used - brought - come_along == set(GROUP_OF)
    for module, group in GROUP_OF.items():
        assert bringers[module] & set(asked_for(group)) - set(asked_for())


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


@pytest.mark.parametrize("package", FLOORS)
def test_every_module_has_a_floor(package: str) -> None:
    inside = {name for name in modules(ROOT) if is_in(name, package) and name != package}
    assert {name for name in inside if floor_of(name, package) is None} == set()


def test_imports_run_downwards() -> None:
    assert wrong_imports(import_graph(ROOT)) == []


def test_imports_have_no_circle() -> None:
    graphlib.TopologicalSorter(import_graph(ROOT)).prepare()


def test_grading_uses_one_module_of_the_lecture() -> None:
    graph = import_graph(ROOT)
    used = {target for name in graph if is_in(name, "course_kit.grading") for target in graph[name]}
    assert {name for name in used if is_in(name, "course_lib")} == {"course_lib", "course_lib.arguments"}


def test_what_asks_needs_numpy_and_nothing_else_to_start() -> None:
    others = sorted(NOT_FOR_ASKING)
    code = f"import sys; sys.modules.update(dict.fromkeys({others}))\n"
    code += "".join(f"import {name}\n" for name in modules(ROOT) if is_in(name, "course_kit.grading.asking"))
    code += "print(*{name for name in sys.modules if name.startswith('course_')})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    allowed = ("course_kit.grading.asking", "course_lib.arguments")
    parents = {"course_lib", "course_kit", "course_kit.grading"}
    assert [name for name in done.stdout.split() if name not in parents and not name.startswith(allowed)] == []


def test_a_wrong_import_would_be_found(tmp_path: Path) -> None:
    for name, text in {
        "course_lib/__init__": "",
        "course_lib/graph": "def f():\n    from course_lib.models.shallow import Model",
        "course_lib/models/__init__": "from course_lib.models.shallow import Model",
        "course_lib/models/shallow": "from .. import graph\nfrom course_lib import training",
        "course_lib/training": "import course_lib.graph",
        "course_lib/metrics": "import numpy\nfrom course_kit.lessons import practice",
        "course_kit/__init__": "",
        "course_kit/lessons/__init__": "",
        "course_kit/lessons/practice": "from course_lib.metrics import recall_at_k",
        "course_kit/widgets/__init__": "from course_kit import grading",
        "course_kit/grading/__init__": "",
        "course_kit/grading/asking/__init__": "from ..marking import grade",
        "course_kit/grading/marking/__init__": "import course_kit.grading.asking",
        "course_kit/grading/marking/grade": "",
    }.items():
        file = tmp_path / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    graph = import_graph(tmp_path)
    assert wrong_imports(graph) == [
        "course_kit.grading.asking imports course_kit.grading.marking.grade",
        "course_kit.widgets imports course_kit.grading",
        "course_lib.graph imports course_lib.models.shallow",
        "course_lib.metrics imports course_kit.lessons.practice",
        "course_lib.models.shallow imports course_lib.training",
    ]
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()
