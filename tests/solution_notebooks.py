"""Small solution notebooks, sound or with one flaw, for tests of the authoring format and of release."""

from __future__ import annotations

import json
from pathlib import Path

STUB = 'def spread(x):\n    """Largest minus smallest."""\n    raise NotImplementedError'
SOUND = {
    "setup": "import numpy as np",
    "tools": "import numpy as np",
    "stub points:100 read:00_start_here read:04_ngcf": STUB,
    "solution": "def spread(x):\n    return x.max() - x.min()",
    "mistakes": 'def smallest(x):\n    """You forgot the largest."""\n    return x.min()',
    "probe": "def probe(f, rng):\n    return {'five': f(rng.randn(5)), 'nine': f(rng.randn(9))}",
}
TEXT = """## 1 · The spread

> ★☆☆ · 5 minutes · **100 points**

How **far** apart are $x_1$
and `x[2]`, in units of 1.5 m? This far."""


def write(path: Path, **changed: str | None) -> Path:
    """Write the sound notebook with some parts changed, under their first tag; None leaves a part out."""
    parts = {tags: changed.get(tags.split()[0], source) for tags, source in SOUND.items()}
    parts |= {tags: source for tags, source in changed.items() if tags not in {key.split()[0] for key in SOUND}}
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {"tags": tags.split()}, "outputs": [], "source": source}
        for n, (tags, source) in enumerate(parts.items())
        if source is not None
    ]
    text = [
        {"cell_type": "markdown", "id": name, "metadata": {}, "source": source.splitlines(keepends=True)}
        for name, source in (("title", "# A9 · A lesson\n\nIts goals."), ("about", TEXT))
    ]
    path.write_text(json.dumps({"cells": [*text, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path
