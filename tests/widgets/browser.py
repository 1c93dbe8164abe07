"""Chromium through Playwright, closed off from the network, and JupyterLab in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, Route

from course_kit.lessons.lab import set_defaults

ELSEWHERE = re.compile(r"^https?://(?!(127\.0\.0\.1|localhost)[:/])")  # asked of each request by Playwright itself
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # cells out of sight stay in the page
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
}


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium; root needs to leave the sandbox off."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)


class Watched:
    """A page whose requests off this machine are stopped and noted, and so are the errors in its console."""

    def __init__(self, browser: Browser, scheme: str = "light", motion: str = "no-preference") -> None:
        size = {"width": 1024, "height": 768}
        self.page: Page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion=motion)
        self.page.set_default_timeout(300_000)
        self.left: list[str] = []
        self.errors: list[str] = []
        self.page.route(ELSEWHERE, self._stop)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def _stop(self, route: Route) -> None:
        self.left.append(route.request.url)
        route.abort()

    def check(self) -> None:
        """Fail if anything left the page or went wrong in it since the last check."""
        (left, self.left), (errors, self.errors) = (self.left, []), (self.errors, [])
        assert left == [], left
        assert errors == [], errors


class Lab:
    """A notebook open in JupyterLab."""

    def __init__(self, page: Page, address: str, notebook: str) -> None:
        self.page = page
        page.goto(f"{address}/lab/workspaces/auto-test/tree/{notebook}?reset")
        self._wait_for(notebook)

    def _wait_for(self, notebook: str) -> None:
        for true in (
            f"context?.path === '{notebook}'",
            "context.isReady",
            "sessionContext.session?.kernel?.status === 'idle'",
        ):
            self.page.wait_for_function(f"() => window.jupyterapp?.shell.currentWidget?.{true}", timeout=300_000)

    def open(self, notebook: str) -> None:
        """Change to another notebook in the same page."""
        self.command("docmanager:save-all")
        self.command("application:close-all")
        self.command("docmanager:open", path=notebook)
        self._wait_for(notebook)

    def command(self, name: str, **arguments: object) -> None:
        """Run one of JupyterLab's commands and wait for its end."""
        self.page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments])

    def cell(self, source: str) -> Locator:
        """The code cell with this text in it."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".jp-InputArea", has_text=source)).first

    def sources(self) -> list[str]:
        """Source of every cell."""
        return self.page.evaluate(
            "() => [...jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.sharedModel.source)"
        )

    def texts(self, source: str) -> str:
        """What the cells with exactly this source have printed."""
        outputs = self.page.evaluate(
            """source => [...jupyterapp.shell.currentWidget.content.model.cells]
                .filter(cell => cell.sharedModel.source === source).flatMap(cell => cell.outputs.toJSON())""",
            source,
        )
        return "".join("".join(output.get("text", "")) + output.get("evalue", "") for output in outputs)

    def theme(self, name: str) -> None:
        """Change to "Light" or "Dark"."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.wait_for_selector(
            f"body[data-jp-theme-light={'true' if name == 'Light' else 'false'}]", state="attached"
        )


def until(true: Callable[[], bool], pause: Callable[[float], object] = lambda ms: time.sleep(ms / 1000)) -> None:
    """Wait until something is true; a page goes on meanwhile if `pause` is its `wait_for_timeout`."""
    end = time.monotonic() + 300
    while not true():
        assert time.monotonic() < end
        pause(10)


@contextmanager
def lab_server(folder: Path, **notebooks: list[str]) -> Iterator[str]:
    """JupyterLab with the course's defaults, apart from the user's own Jupyter; gives its address.

    Args:
        folder: Its notebooks are in `work` in there.
        notebooks: Name → the cells of a notebook.
    """
    (folder / "work").mkdir()
    for name, cells in notebooks.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / "work" / f"{name}.ipynb")
    prefix = folder / "environment"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "prefix", str(prefix))
        assert set_defaults()
    kinds = ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS", "JUPYTERLAB_WORKSPACES")
    environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython"), "OMP_NUM_THREADS": "1"}
    environment |= {f"{kind}_DIR": str(folder / kind) for kind in kinds}
    environment |= {"JUPYTER_PATH": str(prefix / "share/jupyter"), "JUPYTER_CONFIG_PATH": str(prefix / "etc/jupyter")}
    for plugin, values in SETTINGS.items():
        path = folder / "JUPYTERLAB_SETTINGS" / f"{plugin.replace(':', '/')}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (
        f"--port={port} --ip=127.0.0.1 --no-browser --allow-root --IdentityProvider.token= --LabApp.news_url=None"
        " --ServerApp.disable_check_xsrf=True --LabApp.expose_app_in_browser=True --LabApp.extension_manager=readonly"
        f" --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --ServerApp.root_dir={folder / 'work'}"
    )
    with (folder / "lab.log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options.split(" ")]
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def _stop(process: subprocess.Popen) -> None:
    """End a server; one that does not end by itself, because a thread of it waits for work for ever, is killed."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer at {url}")
