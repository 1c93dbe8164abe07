"""A file is there whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from course_kit.storing import replace


@pytest.mark.parametrize("content", ["ä\n", b"\xff\r\n"], ids=["text", "bytes"])
def test_content_arrives_as_it_is(tmp_path: Path, content: str | bytes) -> None:
    path = replace(tmp_path / "new" / "a.txt", content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


def test_a_full_disk_leaves_the_old_file_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = replace(tmp_path / "a.txt", "old")

    def full(part: Path, content: bytes) -> None:
        part.open("wb").write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"):
        replace(path, "new")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a.txt": "old"}
