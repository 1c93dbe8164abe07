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
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from interruptible import begin

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "notebooks/00_start_here.ipynb"
FIRST = f"my/{SOURCE}"
MINE = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("my own work")]))
COMMAND = [sys.executable, "tools/lab.py"]
SETTINGS = "/lab/api/settings/@jupyter-widgets/jupyterlab-manager:plugin"
PATHS = ("/api/status", f"/api/contents/{FIRST}", f"/lab/tree/{FIRST}", SETTINGS)
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


class Opened(NamedTuple):
    """A lab that was opened in `folder` on a port that was taken, and closed again."""

    folder: Path
    port: int
    address: str
    said: str
    answers: dict[str, tuple[int, str]]
    without_token: int


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A lab with a student's work but no data, which cannot be fetched, and apart from the user's own Jupyter."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "tools", folder / "tools")
    for path, text in ((SOURCE, nbformat.writes(nbformat.v4.new_notebook())), (FIRST, MINE)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    (folder / "a file").touch()
    environment = {"COURSE_DATA": str(folder / "a file")}
    environment |= {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running([*COMMAND, f"--port={port}"], folder, environment) as (address, _):
            answers = {path: get(address, path, token_of(address)) for path in PATHS}
            without_token = get(address, "/api/status", "")[0]
    return Opened(folder, port, address, (folder / "output.txt").read_text(), answers, without_token)


def test_lab_on_a_taken_port_without_data_or_display(opened: Opened) -> None:
    assert urlsplit(opened.address).port != opened.port
    assert urlsplit(opened.address).path == f"/lab/tree/{FIRST}"
    assert {status for status, _ in opened.answers.values()} == {200}
    assert opened.without_token == 403
    page = opened.answers[f"/lab/tree/{FIRST}"][1]
    assert "jupyter-config-data" in page
    assert '"news": {"disabled": true}' in page
    assert "The lab opens without movielens-100k" in opened.said
    assert "Open this address in a browser" in opened.said
    assert "Traceback" not in opened.said


def test_a_students_copy_outlives_an_update(opened: Opened) -> None:
    assert (opened.folder / FIRST).read_text() == MINE
    assert "00_start_here.new-edition.ipynb" in opened.said


def test_widgets_are_saved_with_their_notebook_by_default(opened: Opened) -> None:
    assert json.loads(opened.answers[SETTINGS][1])["schema"]["properties"]["saveState"]["default"] is True


def test_the_next_lab_keeps_the_private_token_and_replaces_a_home_that_cannot_be_written(opened: Opened) -> None:
    folder = opened.folder
    assert stat.S_IMODE((folder / ".lab_token").stat().st_mode) == 0o600
    homeless = {"HOME": "/dev/null/home", "COURSE_DATA": str(folder / "a file")}
    with running(COMMAND, folder, homeless) as (address, output):
        assert get(address, "/api/status", token_of(opened.address))[0] == 200
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
