"""Put a file in place in one step, so that a run which is killed never leaves half of one."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, content: str | bytes) -> Path:
    """Write beside the file, then rename: a reader finds the old content or the new, never a part of it.

    Args:
        path: The file; folders that are missing are made.
        content: All of it; text is stored as UTF-8.

    Returns:
        The path.

    Raises:
        OSError: If it cannot be written; the error names the path, also where the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
    return path
