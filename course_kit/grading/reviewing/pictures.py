"""Which stored pictures a page may show: PNG and JPEG of a size that a browser can bear, and nothing else."""

from __future__ import annotations

import base64
import binascii
import struct

LARGEST = 2 << 20  # bytes of a picture
MOST_PIXELS = 16_000_000
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # marks of a JPEG after which its height and width stand
KINDS = ("image/png", "image/jpeg")


def checked(kind: str, text: str) -> str:
    """A picture as an address that holds it whole.

    Args:
        kind: What the notebook says that it is.
        text: Its bytes as base64.

    Returns:
        "data:image/png;base64,…", written anew from the decoded bytes; "" if it is something else or too large.
    """
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if kind not in KINDS or len(content) > LARGEST:
        return ""
    width, height = _size_of_png(content) if kind == "image/png" else _size_of_jpeg(content)
    if not 0 < width * height <= MOST_PIXELS:
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _size_of_png(content: bytes) -> tuple[int, int]:
    """Width and height; zeros if it is no PNG."""
    if not content.startswith(PNG) or content[12:16] != b"IHDR" or len(content) < 24:
        return 0, 0
    return struct.unpack(">II", content[16:24])


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    """Width and height; zeros if it is no JPEG."""
    if not content.startswith(JPEG):
        return 0, 0
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        mark, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if mark in SIZES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + length
    return 0, 0
