"""`make lab`: the launcher in the present environment, and the whole way from a fresh clone."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from interruptible import begin

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "notebooks/00_start_here.ipynb"
FIRST = f"my/{SOURCE}"
pytestmark = pytest.mark.slow


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A lab started by `command`; gives its address and what it printed, and closes it by Ctrl-C."""
    log = folder / "output.txt"
    with log.open("w") as out:
        keep = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment = keep | environment
        process = begin(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 900
        while not (found := re.search(r"http://\S+token=\w+", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield found[0], log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=300)


@pytest.fixture
def lab(tmp_path: Path) -> tuple[list[str], Path, dict[str, str]]:
    """Command, folder and environment of a lab whose data cannot be fetched, apart from the user's own Jupyter."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / SOURCE)
    (tmp_path / "a file").touch()
    environment = {"COURSE_DATA": str(tmp_path / "a file")}
    environment |= {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    return [sys.executable, "tools/lab.py"], tmp_path, environment


def get(address: str, path: str, token: str) -> tuple[int, str]:
    """Status and text of a page of the server."""
    url = urlsplit(address)._replace(path=path, query=f"token={token}" if token else "").geturl()
    try:
        with urllib.request.urlopen(url, timeout=300) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def token_of(address: str) -> str:
    """The password in an address."""
    return parse_qs(urlsplit(address).query)["token"][0]


def test_lab_on_a_taken_port_without_data_or_display(lab: tuple[list[str], Path, dict[str, str]]) -> None:
    command, folder, environment = lab
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running([*command, f"--port={port}"], folder, environment) as (address, output):
            assert urlsplit(address).port != port
            assert urlsplit(address).path == f"/lab/tree/{FIRST}"
            assert get(address, "/api/status", token_of(address))[0] == 200
            assert get(address, "/api/status", "")[0] == 403
            assert get(address, f"/api/contents/{FIRST}", token_of(address))[0] == 200
            status, page = get(address, f"/lab/tree/{FIRST}", token_of(address))
            assert (status, "jupyter-config-data" in page) == (200, True)
            assert '"news": {"disabled": true}' in page
        output = (folder / "output.txt").read_text()
    assert "The lab opens without movielens-100k" in output
    assert "Open this address in a browser" in output
    assert "Traceback" not in output


def test_token_is_kept_and_private(lab: tuple[list[str], Path, dict[str, str]]) -> None:
    command, folder, environment = lab
    with running(command, folder, environment) as (first, _):
        pass
    assert stat.S_IMODE((folder / ".lab_token").stat().st_mode) == 0o600
    with running(command, folder, environment) as (second, _):
        assert get(second, "/api/status", token_of(first))[0] == 200


def test_a_students_copy_outlives_an_update(lab: tuple[list[str], Path, dict[str, str]]) -> None:
    command, folder, environment = lab
    (folder / FIRST).parent.mkdir(parents=True)
    (folder / FIRST).write_text("my own work")
    with running(command, folder, environment) as (_, output):
        assert (folder / FIRST).read_text() == "my own work"
        assert "00_start_here.new-edition.ipynb" in output


def test_widgets_are_saved_with_their_notebook_by_default(lab: tuple[list[str], Path, dict[str, str]]) -> None:
    command, folder, environment = lab
    plugin = "@jupyter-widgets/jupyterlab-manager:plugin"
    with running(command, folder, environment) as (address, _):
        status, text = get(address, f"/lab/api/settings/{plugin}", token_of(address))
    assert status == 200
    assert json.loads(text)["schema"]["properties"]["saveState"]["default"] is True


def test_a_home_that_cannot_be_written_is_replaced(lab: tuple[list[str], Path, dict[str, str]]) -> None:
    command, folder, environment = lab
    homeless = {"HOME": "/dev/null/home", "COURSE_DATA": environment["COURSE_DATA"]}
    with running(command, folder, homeless) as (address, output):
        assert get(address, f"/api/contents/{FIRST}", token_of(address))[0] == 200
        assert "/dev/null/home cannot be written: settings, and data" in output
        assert list((folder / ".home").rglob("jpserver-*.json"))
        assert "Traceback" not in output


def test_the_address_waits_for_the_whole_note_of_the_server(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The server makes the file before it writes into it."""
    note = tmp_path / "jpserver.json"
    note.touch()
    announce = runpy.run_path(str(ROOT / "tools/lab.py"))["announce"]
    waiting = threading.Thread(target=announce, args=(note, "secret"), daemon=True)
    waiting.start()
    waiting.join(timeout=0.3)
    assert waiting.is_alive()
    note.write_text('{"url": "http://localhost:1/"}')
    waiting.join(timeout=300)
    assert f"http://localhost:1/lab/tree/{FIRST}?token=secret" in capsys.readouterr().out


@pytest.mark.needs("git")
@pytest.mark.needs("make")
@pytest.mark.skipif(
    not {os.environ.get("CI"), os.environ.get("RUN_INSTALL")} & {"true", "1"},
    reason="installs everything, which takes minutes: set RUN_INSTALL=1",
)
def test_from_a_fresh_clone_to_the_first_notebook(tmp_path: Path) -> None:
    folder = tmp_path / "Kurs für GNNs"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    environment = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment["PIP_COMPILE"] = "0"  # of thousands of modules this test imports a few
    with running(["make", "lab"], folder, environment) as (address, output):
        assert get(address, f"/api/contents/{FIRST}", token_of(address))[0] == 200
        assert "opens without" not in output
    with running(["make", "lab"], folder, environment) as (again, output):
        assert "Installing" not in output
        assert token_of(again) == token_of(address)
