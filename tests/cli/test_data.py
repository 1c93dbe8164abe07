"""`course data`, and what every subcommand owes to its user: one line, the right exit code, a light start."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from interruptible import begin

from course_kit.cli import main
from course_lib import download, origins

RUN = "import sys; from course_kit.cli import main; code = main(); print('torch' in sys.modules); sys.exit(code)"


@pytest.fixture
def small_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both list sets, small, from a folder of this machine; returns the data folder they go to."""
    source_folder = tmp_path / "source"
    source_folder.mkdir()
    files = {"train.txt": b"0 1 2\n1 0\n", "test.txt": b"0 0\n"}
    for name, content in files.items():
        (source_folder / name).write_bytes(content)
    checksums = {name: (hashlib.sha256(content).hexdigest(),) for name, content in files.items()}
    source = download.Source(source_folder.as_uri() + "/", tuple(files), lambda *bodies: bodies)
    for name in ("lastfm", "gowalla"):
        monkeypatch.setitem(origins.ORIGINS, name, download.Origin(checksums, (source,)))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_data_prints_a_line_a_set(small_lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "lastfm", "gowalla"]) == 0
    lines = [f"{name}: complete, 0.0 MiB in {small_lists / name}" for name in ("lastfm", "gowalla")]
    assert capsys.readouterr().out.splitlines() == lines
    assert (small_lists / "lastfm" / "train.txt").read_bytes() == b"0 1 2\n1 0\n"


def test_data_as_json(small_lists: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "--json", "lastfm"]) == 0
    folder = small_lists / "lastfm"
    assert json.loads(capsys.readouterr().out) == [{"name": "lastfm", "folder": str(folder), "bytes": 14}]


def test_data_without_names_is_movielens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    movielens = origins.ORIGINS["movielens-100k"]
    monkeypatch.setitem(
        origins.ORIGINS,
        "movielens-100k",
        replace(movielens, sources=(replace(movielens.sources[0], base="file:///-/"),)),
    )
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert main(["data"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("course: movielens-100k is not here and could not be fetched; tried file:///-/ml-100k.zip (")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["data", "movielens"], "wanted one of movielens-100k, lastfm, gowalla; did you mean 'movielens-100k'?"),
        (["data", "toy"], "toy and campus need no files"),
        (["data", "lastfm", "nothing"], "got 'nothing'"),
        (["data", "--jsn"], "see `course data --help`"),
        (["dota"], "invalid choice: 'dota'"),
        ([], "COMMAND"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], wanted: str, small_lists: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("course: ")
    assert printed.err.count("\n") == 1
    assert wanted in printed.err
    assert not small_lists.exists()  # nothing is fetched before every word is right


def test_a_data_folder_that_cannot_be_written_is_one_line(
    small_lists: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_lists.write_text("a file where the folder should be")
    assert main(["data", "lastfm"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("course: lastfm has to be fetched, but ")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], ["data", "--help"]])
def test_help_has_an_example_and_starts_without_torch(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
    assert done.returncode == 0
    assert "example: course data movielens-100k" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"


def test_data_fetches_without_torch(small_lists: Path) -> None:
    """The cached set is checked by a fresh process that knows the real checksums, and refuses it, torch unseen."""
    assert main(["data", "lastfm"]) == 0
    done = subprocess.run(
        [sys.executable, "-c", RUN, "data", "lastfm"],
        capture_output=True,
        text=True,
        env=os.environ | {"https_proxy": "http://127.0.0.1:1"},
    )
    assert done.returncode == 2
    assert f"tried {small_lists / 'lastfm'} (train.txt does not have the right checksum)" in done.stderr
    assert done.stdout == "False\n"


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt as Unix sends it")
def test_ctrl_c_is_one_line_and_exit_code_130(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and never says a word
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = begin(
            [sys.executable, "-c", RUN, "data"],
            env=os.environ | {"COURSE_DATA": str(tmp_path), "https_proxy": proxy, "no_proxy": ""},
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(300)
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said == "course: interrupted\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_reader_that_leaves_early_is_no_mistake() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = "import sys; from course_kit.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "--limits"], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
