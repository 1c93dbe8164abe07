"""What the course needs from the operating system: installed on Debian and Ubuntu as root, elsewhere named.

Run as a script it looks after what the tests need. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# Command that must be on the PATH -> package of Debian and Ubuntu that brings it. A test that needs one says
# @pytest.mark.needs("git"): without it the test is skipped, and in CI it fails.
TEST_NEEDS = {"git": "git", "make": "make", "chromium": "chromium", "bwrap": "bubblewrap"}


def install_packages(packages: list[str]) -> bool:
    """Install Debian packages where that can be done without asking, else print the line that does it.

    Args:
        packages: names of Debian packages.

    Returns:
        True if they are installed now.
    """
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        print(f"Missing: {', '.join(packages)} (names as on Debian). Install with your system's package manager.")
        return False
    if os.geteuid() != 0:
        print(f"Missing: {', '.join(packages)}. Run:  sudo apt-get install -y {' '.join(packages)}")
        return False
    print(f"Installing with apt-get: {', '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-qq"], command):
        done = subprocess.run(step, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{done.stdout}{done.stderr}".strip())
        print(f"apt-get failed. Run it by hand:  {' '.join(command)}")
    return done.returncode == 0


def main() -> int:
    """Install what the tests need; a missing tool is an error only in CI."""
    missing = [package for tool, package in TEST_NEEDS.items() if shutil.which(tool) is None]
    if not missing or install_packages(missing):
        return 0
    print("The tests that need them are skipped.")
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
