"""Lessons in Google Colab, tried against a stand-in for it: nobody has run them there."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
import types
from pathlib import Path

import pytest

from course_kit.lessons import colab
from course_kit.lessons.environment import DISTRIBUTION
from course_kit.widgets import LossToy
from course_lib import __version__

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("address", ROOT / "tools/address.py")
address = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(address)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REPOSITORY = address.address((ROOT / "pyproject.toml").read_text())


class Shell:
    """What `get_ipython` returns, with the commands of the system written down and not run."""

    def __init__(self, module: str) -> None:
        self.commands: list[str] = []
        self.module = module

    def __str__(self) -> str:
        return f"<{self.module}.Shell object at 0x7f>"

    def system(self, command: str) -> None:
        self.commands.append(command)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_lesson_has_the_address_of_the_setting(path):
    notebook = json.loads(path.read_text())
    assert address.addressed(notebook, path.name, REPOSITORY, __version__) == notebook
    assert f"/notebooks/{path.name})" in "".join(notebook["cells"][0]["source"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert ["colab" in cell["metadata"].get("tags", []) for cell in code].index(True) == 0


def test_another_address_moves_the_links_and_the_wheel_and_nothing_else():
    notebook = json.loads(NOTEBOOKS[1].read_text())
    moved = address.addressed(notebook, NOTEBOOKS[1].name, "https://github.com/you/yours", "9.9")
    changed = [new for new, old in zip(moved["cells"], notebook["cells"], strict=True) if new != old]
    assert len(changed) == 2
    assert "https://mybinder.org/v2/gh/you/yours/main?" in "".join(changed[0]["source"])
    assert "https://github.com/you/yours/releases/latest/download/course_lib-9.9-" in "".join(changed[1]["source"])
    with pytest.raises(ValueError, match="Repository = "):
        address.address('Repository = "https://example.org"')


def test_the_first_cell_installs_in_colab_alone():
    cell = next(cell for cell in json.loads(NOTEBOOKS[2].read_text())["cells"] if cell["cell_type"] == "code")
    asked = {}
    for module in ("google.colab._shell", "ipykernel.zmqshell"):
        shell = Shell(module)
        exec("".join(cell["source"]), {"get_ipython": lambda shell=shell: shell})
        asked[module] = shell.commands
    wheel = address.wheel(REPOSITORY, __version__)
    assert asked == {
        "google.colab._shell": [f"pip install -q {wheel} && python -m course_kit.lessons.colab"],
        "ipykernel.zmqshell": [],
    }


def test_what_a_lesson_reads_is_laid_beside_it(tmp_path, monkeypatch):
    site = tmp_path / "lib/site-packages"
    info = site / f"{DISTRIBUTION.replace('-', '_')}-9.dist-info"
    stored = tmp_path / colab.SHARE
    for folder in (info, stored, tmp_path / "content"):
        folder.mkdir(parents=True)
    (stored / "losses.csv").write_text("loss,seed\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 9\n")
    (info / "RECORD").write_text(f"course_lib/__init__.py,,\n../../{colab.SHARE}/losses.csv,,\n")
    monkeypatch.setattr(importlib.metadata, "files", lambda _: importlib.metadata.Distribution.at(info).files)
    assert colab.lay_results(tmp_path / "content") == [tmp_path / "content/results/losses.csv"]


def test_widgets_ask_colab_to_show_them(monkeypatch):
    asked = []
    output = types.ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: asked.append("shown")
    output._widgets = types.SimpleNamespace(_installed_url="https://example.org/manager")
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    bundle = LossToy()._repr_mimebundle_()
    assert asked == ["shown"]
    assert "custom_widget_manager" in str(bundle)
