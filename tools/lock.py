"""Write requirements.lock: one set of exact versions for Python 3.10 to 3.14 on Linux, macOS and Windows.

Pins that still fit pyproject.toml are kept; delete the file first to take the newest of everything. The resolver (uv)
is installed for the moment, into a folder of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
TORCH = "torch==2.13.0"
# Jupyter's, not ours: from 4.25 on every process that opens a notebook parses a grammar first, 1.7 s of CPU.
OLDER = "jsonschema<4.25"
# torch is installed first, by pip, which brings what this machine's torch needs. Pinning the CUDA libraries here
# would pull gigabytes onto machines whose torch is built without them.
CUDA = re.compile(r"^(nvidia-|cuda-|triton)")
HEADER = """\
# The tested versions: `make lab` and `make test` install exactly these. Written by `make lock`, not by hand.
# Without make: pip install {torch}, then pip install -r requirements.lock, then pip install --no-deps -e .
"""


def compile_lock() -> str:
    """Resolve pyproject.toml with all its extras for every Python and platform.

    Returns:
        One `name==version ; marker` a line.
    """
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        out = Path(folder) / "requirements.lock"
        out.write_text(LOCK.read_text() if LOCK.exists() else "")
        command = [python, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.10", "--quiet"]
        options = ["--all-extras", "--no-annotate", "--no-header", "--output-file", out]
        subprocess.run(
            [*command, *options, "pyproject.toml", "-"], input=f"{TORCH}\n{OLDER}\n", text=True, cwd=ROOT, check=True
        )
        return out.read_text()


def main() -> int:
    """Write the lock file."""
    lines = [line for line in compile_lock().splitlines(keepends=True) if not CUDA.match(line)]
    LOCK.write_text(HEADER.format(torch=TORCH) + "".join(lines))
    print(f"{LOCK.name}: {len(lines)} packages. Try them: make test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
