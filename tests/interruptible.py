"""Commands that Ctrl-C reaches as in a shell of a person's: where tests run in the background, it is ignored by all."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from typing import Any


def begin(command: Sequence[str], **options: Any) -> subprocess.Popen:
    """Start a command, with what `subprocess.Popen` takes."""
    return subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options)
