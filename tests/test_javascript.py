"""The widgets' JavaScript and the pages' is linted, and the linter looks at all of it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIOME = Path(sysconfig.get_path("scripts"), "biome")
HAS_WHEEL = sys.platform == "linux" and platform.machine() == "x86_64"
pytestmark = pytest.mark.skipif(not HAS_WHEEL and not BIOME.exists(), reason="the linter has no wheel for this machine")


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run([BIOME, "lint", *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_no_finding():
    done = lint(ROOT, "--error-on-warnings")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_would_be_told(tmp_path):
    (tmp_path / "biome.json").write_text((ROOT / "biome.json").read_text())
    widgets = tmp_path / "course_kit/widgets/js"
    widgets.mkdir(parents=True)
    (widgets / "bad.js").write_text("export const area = (width, height) => width * width;\n")
    done = lint(tmp_path, "--error-on-warnings")
    assert done.returncode == 1
    assert "noUnusedFunctionParameters" in done.stdout + done.stderr
