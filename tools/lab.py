"""Open the course: fetch the data, copy the lessons, start JupyterLab. Run by `make lab` with .venv's Python.

Further arguments go to JupyterLab: make lab ARGS="--ip=0.0.0.0 --port=9000".
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COPIES = "my"
FIRST_NOTEBOOK = f"{COPIES}/notebooks/00_start_here.ipynb"
TOKEN_FILE = ROOT / ".lab_token"
HOME_HERE = ROOT / ".home"
DATA = "movielens-100k"


def have_a_home() -> None:
    """Where the home folder cannot be written, use one in the course: Jupyter, IPython and the data need a place."""
    home = Path(os.path.expanduser("~"))
    if not (home.is_dir() and os.access(home, os.W_OK | os.X_OK)):
        HOME_HERE.mkdir(exist_ok=True)
        os.environ["HOME"] = str(HOME_HERE)
        print(f"{home} cannot be written: settings, and data unless COURSE_DATA is set, go to {HOME_HERE}", flush=True)


def fetch_data() -> None:
    """Fetch the notebooks' data; without it the lab opens all the same."""
    command = [str(Path(sys.executable).with_name("course")), "data", DATA]
    try:
        fetched = subprocess.run(command).returncode == 0
    except OSError as error:
        print(error)
        fetched = False
    if not fetched:
        print(f"The lab opens without {DATA}. To try again:  .venv/bin/course data {DATA}", flush=True)


def prepare() -> None:
    """Make the lessons that the lab opens, or bring them up to date; what a student changed stays as it is."""
    from course_kit.lessons import copies, lab

    lab.set_defaults()
    if copies.make_copies(ROOT, ROOT / COPIES):
        print(copies.news(ROOT / COPIES), flush=True)


def kept_token() -> str:
    """The lab's password, made once and kept in a file that only its owner reads, so that an old tab still works."""
    try:
        if token := TOKEN_FILE.read_text().strip():
            return token
    except FileNotFoundError:
        pass
    token = secrets.token_hex(24)
    TOKEN_FILE.unlink(missing_ok=True)
    with os.fdopen(os.open(TOKEN_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    return token


def has_display() -> bool:
    """Whether a browser can open a window here."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def whole(note: Path) -> dict[str, Any]:
    """What a note says; nothing while it is not there, or its writer is still at it."""
    try:
        return json.loads(note.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def announce(server_file: Path, token: str) -> None:
    """Print the lab's address once the server has written down where it listens.

    Args:
        server_file: the server's own note, written when its socket is open.
        token: the password, part of the address.
    """
    while not (note := whole(server_file)):
        time.sleep(0.1)
    url = note["url"]
    opens = "It opens in your browser." if has_display() else "Open this address in a browser:"
    print(f"\n  The course is running. {opens}\n\n    {url}lab/tree/{FIRST_NOTEBOOK}?token={token}\n")
    print("  Ctrl-C here closes it.\n", flush=True)


def main() -> None:
    """Fetch the data, make the copies and serve the lab until it is closed."""
    have_a_home()
    fetch_data()
    prepare()
    from jupyter_core.paths import jupyter_runtime_dir
    from jupyterlab.labapp import LabApp

    token = kept_token()
    server_file = Path(jupyter_runtime_dir(), f"jpserver-{os.getpid()}.json")
    server_file.unlink(missing_ok=True)
    threading.Thread(target=announce, args=(server_file, token), daemon=True).start()
    options = [
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}",
        "--ServerApp.allow_root=True",
        "--ServerApp.answer_yes=True",  # Ctrl-C closes at once
        "--Application.log_level=WARN",
        # Nothing asks the network for news, updates or extensions.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    LabApp.launch_instance([*options, *([] if has_display() else ["--no-browser"]), *sys.argv[1:]])
    # The server has cleaned up. A worker thread that was busy at Ctrl-C would keep the process, and its port, for ever.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
