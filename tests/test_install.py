"""The installer ends well whatever was there before: tried on a kit of three tiny packages, without a network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tiny_wheels

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = """\
[build-system]
requires = []
build-backend = "tiny_wheels"
backend-path = ["."]

[project]
name = "kit"
version = "1.0"
"""
pytestmark = pytest.mark.slow


class Kit:
    """A folder with the real installer and a lock of tiny packages; its own build waits until `gate` is opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        self.building = folder / "building"
        self.stamp = folder / ".venv" / "course-install.json"
        self.pins: dict[str, str] = {}
        shutil.copytree(ROOT / "tools", folder / "tools")
        shutil.copy(tiny_wheels.__file__, folder)
        (folder / "pyproject.toml").write_text(PYPROJECT)
        self.pin(torch="2.13.0", apple="1.0")
        self.open_gate()

    def pin(self, **versions: str) -> None:
        """Write the lock file and the wheels for it."""
        for name, version in versions.items():
            tiny_wheels.write_wheel(self.wheels, name, version)
        self.pins = versions
        (self.folder / "requirements.lock").write_text("".join(f"{n}=={v}\n" for n, v in versions.items()))

    def open_gate(self) -> None:
        """Let the build go on."""
        (self.folder / "gate").touch()

    def close_gate(self) -> None:
        """Let the next build wait."""
        (self.folder / "gate").unlink()
        self.building.unlink(missing_ok=True)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        """Start the installer, in a process group of its own."""
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.Popen(
            [sys.executable, "tools/install.py"],
            cwd=self.folder,
            env={**os.environ, **pip, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def install(self, **environment: str) -> tuple[int, str]:
        """Run the installer to its end: exit code and what it printed."""
        with self.start(**environment) as process:
            output, _ = process.communicate(timeout=600)
        return process.returncode, output

    def wait_for_build(self) -> None:
        """Return once pip is in the middle of building the kit itself."""
        deadline = time.monotonic() + 60
        while not self.building.exists():
            assert time.monotonic() < deadline, "the build has not begun"
            time.sleep(0.02)

    def version(self, package: str) -> str:
        """What the environment's Python imports."""
        code = f"import {package}; print({package}.version)"
        return subprocess.check_output([self.folder / ".venv/bin/python", "-c", code], text=True).strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit installed once, in a path with spaces, an umlaut and tests; those that break it mend it again."""
    kit = Kit(tmp_path_factory.mktemp("a kit") / "tests" / "Kurs für GNNs")
    code, output = kit.install()
    assert code == 0, output
    return kit


@pytest.fixture
def kit(installed: Kit) -> Iterator[Kit]:
    """The installed kit, with which pins a test before this one has left, unless they cannot be installed."""
    yield installed
    installed.open_gate()
    if not installed.stamp.exists():
        installed.pin(torch="2.13.0", apple="1.0")


def test_everything_is_there_and_a_second_run_is_silent(kit: Kit) -> None:
    assert [kit.version(name) for name in ("torch", "apple", "kit")] == ["2.13.0", "1.0", "1.0"]
    start = os.times()
    assert kit.install() == (0, "")
    end = os.times()
    assert end.children_user + end.children_system - start.children_user - start.children_system < 1


def test_what_was_installed_is_compiled_for_whoever_may_not_write_there(kit: Kit) -> None:
    kit.install()
    (site,) = (kit.folder / ".venv/lib").glob("python3*/site-packages")
    (compiled,) = (site / "__pycache__").glob("apple.*.pyc")
    compiled.unlink()
    kit.stamp.unlink()
    assert kit.install(PIP_COMPILE="0")[0] == 0  # pip's own switch
    assert not compiled.exists()
    kit.stamp.unlink()
    assert kit.install()[0] == 0
    assert compiled.exists()


def test_a_new_pin_is_installed(kit: Kit) -> None:
    kit.pin(torch="2.13.0", apple="2.0")
    assert kit.install()[0] == 0
    assert kit.version("apple") == "2.0"


def test_a_removed_package_comes_back(kit: Kit) -> None:
    kit.install()
    (site,) = (kit.folder / ".venv/lib").glob("python3*/site-packages")
    shutil.rmtree(site / f"apple-{kit.pins['apple']}.dist-info")
    (site / "apple.py").unlink()
    assert kit.install()[0] == 0
    assert kit.version("apple") == kit.pins["apple"]


def test_a_package_cut_off_by_a_kill_is_installed_again(kit: Kit) -> None:
    kit.install()
    (site,) = (kit.folder / ".venv/lib").glob("python3*/site-packages")
    (site / "apple.py").unlink()
    (site / f"apple-{kit.pins['apple']}.dist-info" / "RECORD").unlink()
    kit.stamp.unlink()
    assert kit.install()[0] == 0
    assert kit.version("apple") == kit.pins["apple"]


def test_an_environment_without_its_python_is_built_anew(kit: Kit) -> None:
    python = kit.folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert kit.install()[0] == 0
    assert kit.version("kit") == "1.0"


def test_a_copied_kit_installs_for_itself(kit: Kit, tmp_path: Path) -> None:
    kit.install()
    copy = tmp_path / "copy"
    shutil.copytree(kit.folder, copy, symlinks=True)
    kit.folder, original = copy, kit.folder
    try:
        code, output = kit.install()
    finally:
        kit.folder = original
    assert code == 0, output
    assert str(copy) in subprocess.check_output([copy / ".venv/bin/pip", "--version"], text=True)


def test_killed_in_the_middle_it_is_finished_by_the_next_run(kit: Kit) -> None:
    kit.pin(torch="2.13.0", apple="3.0")
    kit.close_gate()
    process = kit.start()
    kit.wait_for_build()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not kit.stamp.exists()
    kit.open_gate()
    assert kit.install()[0] == 0
    assert kit.version("kit") == "1.0"


def test_a_second_installer_waits_even_for_the_pip_of_a_killed_one(kit: Kit) -> None:
    kit.pin(torch="2.13.0", apple="4.0")
    kit.close_gate()
    first = kit.start()
    kit.wait_for_build()
    first.kill()
    first.wait()
    second = kit.start()
    assert second.stdout.readline().startswith("Another install of this folder is running")
    kit.open_gate()
    output, _ = second.communicate(timeout=600)
    first.communicate()
    assert (second.returncode, "this course" in output) == (0, True)
    assert kit.version("apple") == "4.0"


def test_of_two_at_once_one_does_the_work(kit: Kit) -> None:
    kit.pin(torch="2.13.0", apple="5.0")
    both = [kit.start(), kit.start()]
    outputs = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("this course" in output for output in outputs) == 1


def test_a_failure_says_what_pip_said_and_what_to_do(kit: Kit) -> None:
    kit.pin(torch="2.13.0", apple="6.0")
    (kit.wheels / "apple-6.0-py3-none-any.whl").unlink()
    code, output = kit.install()
    assert code == 1
    assert "No matching distribution found for apple==6.0" in output
    assert "The index has no package for this Python" in output.strip().splitlines()[-2]
    assert "Traceback" not in output
    assert not kit.stamp.exists()


@pytest.fixture
def online() -> dict[str, str]:
    """Variables under which pip asks an index that only a proxy reaches."""
    pip = {"NO_INDEX": "", "RETRIES": "1", "INDEX_URL": "http://index.invalid/simple", "TRUSTED_HOST": "index.invalid"}
    return {**{f"PIP_{name}": value for name, value in pip.items()}, "no_proxy": "", "NO_PROXY": ""}


def test_pip_goes_through_the_proxy_that_is_set(kit: Kit, online: dict[str, str], tmp_path: Path) -> None:
    (kit.folder / "requirements.lock").write_text("torch==2.13.0\napple==7.0\n")
    wheel = tmp_path / tiny_wheels.write_wheel(tmp_path, "apple", "7.0")

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<a href="{wheel.name}">{wheel.name}</a>'.encode()
            body = {f"http://index.invalid/simple/apple/{wheel.name}": wheel.read_bytes()}.get(self.path, page)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        code, output = kit.install(**online, HTTP_PROXY=address, http_proxy=address)
        server.shutdown()
    assert code == 0, output
    assert kit.version("apple") == "7.0"


def test_a_dead_proxy_is_named_with_its_remedy(kit: Kit, online: dict[str, str]) -> None:
    (kit.folder / "requirements.lock").write_text("torch==2.13.0\napple==8.0\n")
    code, output = kit.install(**online, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    assert code == 1
    assert "The proxy that HTTPS_PROXY names does not let pip through" in output.strip().splitlines()[-2]
    assert "Traceback" not in output


def test_a_folder_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    kit = Kit(tmp_path / "kit")
    (kit.folder / ".install.lock").mkdir()  # root may write wherever a user may not; this stops root, too
    code, output = kit.install()
    assert code == 1
    assert str(kit.folder / ".install.lock") in output
    assert "Traceback" not in output


def test_an_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    code = "import sys; sys.version_info = (3, 8, 1); exec(sys.argv.pop(1))"
    old.write_text(f'#!/bin/sh\nshift\nexec "{sys.executable}" -c "{code}" "$@"\n')
    old.chmod(0o755)
    done = subprocess.run(["make", f"PYTHON={old}", "install"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "is Python 3.8, the course needs 3.10 or newer" in done.stderr
