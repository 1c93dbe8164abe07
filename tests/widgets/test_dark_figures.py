"""A figure in a dark JupyterLab, where no widget has brought its style sheet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from course_kit.lessons.lab import set_defaults
from widgets.browser import Lab, Watched, lab_server

CELLS = ["import matplotlib.pyplot as plt", "plt.plot([0, 1]);"]
FILTER = "image => getComputedStyle(image).filter"
pytestmark = pytest.mark.slow


def test_a_figure_follows_the_theme(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "prefix", str(tmp_path / "environment"))
        assert set_defaults()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "environment/share/jupyter"))
    with lab_server(tmp_path, CELLS) as address:
        watched = Watched(browser)
        lab = Lab(watched.page, address, "test.ipynb")
        lab.command("notebook:run-all-cells")
        figure = watched.page.locator(".jp-RenderedImage img")
        figure.wait_for()
        assert figure.evaluate(FILTER) == "none"
        lab.theme("Dark")
        assert figure.evaluate(FILTER).startswith("invert(0.93)")
        watched.check()
