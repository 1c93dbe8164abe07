"""Stored figures as a page holds them: with their sides, and as light as they get without losing a point."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from io import BytesIO

from PIL import Image


def picture(kind: str, content: str, size: Mapping[str, int]) -> str:
    """An image element with the image in it.

    Args:
        kind: MIME type.
        content: The text of an SVG, or base64.
        size: Its "width" and "height", as far as the notebook says them.
    """
    data = base64.b64encode(content.encode()).decode() if kind == "image/svg+xml" else "".join(content.split())
    if kind == "image/png":
        kind, data, size = _as_webp(data, size)
    sides = "".join(f' {side}="{int(size[side])}"' for side in ("width", "height") if side in size)
    return f'<img src="data:{kind};base64,{data}" alt="Figure drawn by the code above"{sides}>'


def _as_webp(png: str, size: Mapping[str, int]) -> tuple[str, str, Mapping[str, int]]:
    """A third of the bytes for the same points; what is no PNG stays what it is, as a notebook shows it."""
    file = BytesIO()
    try:
        image = Image.open(BytesIO(base64.b64decode(png)))
        image.save(file, "webp", lossless=True)
    except (OSError, ValueError):
        return "image/png", png, size
    own = {"width": image.width, "height": image.height}  # with them a page knows the place before it has the picture
    return "image/webp", base64.b64encode(file.getvalue()).decode(), size or own
