"""Fetching against a real local server that behaves badly, real archives, real processes."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_lib import download, origins
from course_lib.download import DownloadError, Origin, data_root, fetch

RATINGS = b"1\t2\t5\t881250949\n" * 20_000
FILMS = "1|Amélie's Shop (1994)|01-Jan-1994||http://x/|0|1|1" + "|0" * 16 + "\n"
MOVIELENS = origins.ORIGINS["movielens-100k"]


@dataclass
class Server:
    """What is answered at each path; a path's behaviour is the name of a method below."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    behaviour: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    address: str = ""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append(self.path)
            body = server.bodies.get(self.path)
            behaviour = server.behaviour.get(self.path, "answer" if body is not None else "missing")
            getattr(self, behaviour)(body)

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def missing(self, body: bytes) -> None:
            self.send_error(404)

        def truncate(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])

        def corrupt(self, body: bytes) -> None:
            middle = len(body) // 2
            self.answer(body[:middle] + bytes([body[middle] ^ 255]) + body[middle + 1 :])

        def replace_by_page(self, body: bytes) -> None:
            self.answer(b"<html>Please log in to this network</html>")

        def stall(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            server.released.wait(300)

        def drip(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in range(0, len(body), len(body) // 3):
                self.wfile.write(body[byte : byte + len(body) // 3])
                time.sleep(0.1)

        def say_nothing(self, body: bytes) -> None:
            server.released.wait(300)

        def hang_up(self, body: bytes) -> None:
            self.close_connection = True

        def never_end(self, body: bytes) -> None:
            self.send_response(200)
            self.end_headers()
            while not server.released.is_set():
                self.wfile.write(bytes(2**16))

        def redirect(self, body: bytes) -> None:
            self.send_response(302)
            self.send_header("Location", "/moved" + self.path)
            self.end_headers()

        def redirect_in_a_circle(self, body: bytes) -> None:
            self.send_response(302)
            self.send_header("Location", self.path)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # a client that hangs up is what some tests are about
    served.address = f"http://127.0.0.1:{http.server_address[1]}/"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.released.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_zip(members: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return archive.getvalue()


@pytest.fixture
def official(server: Server) -> Origin:
    """MovieLens' own origin, pointed at a small zip on the local server, with no second source."""
    films = FILMS.encode("latin-1")
    server.bodies["/ml-100k.zip"] = make_zip(
        {"ml-100k/README": b"x", "ml-100k/u.data": RATINGS, "ml-100k/u.item": films, "../u.data": b"evil"}
    )
    files = {"u.data": (sha256(RATINGS),), "u.item": (sha256(films),)}
    return replace(MOVIELENS, files=files, sources=(replace(MOVIELENS.sources[0], base=server.address),))


def fetch_small(origin: Origin, timeout: float = 5) -> Path:
    return fetch("movielens-100k", origin, timeout=timeout, progress=False)


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_official_zip_is_unpacked_by_exact_name(official: Origin, root: Path) -> None:
    folder = fetch_small(official)
    assert folder == root / "movielens-100k"
    assert everything_in(root.parent) == {"data/movielens-100k/u.data", "data/movielens-100k/u.item"}
    assert (folder / "u.data").read_bytes() == RATINGS
    assert (folder / "u.item").read_bytes() == FILMS.encode("latin-1")


def test_what_is_there_is_not_fetched_again(official: Origin, server: Server, root: Path) -> None:
    fetch_small(official)
    fetch_small(official)
    assert server.requests == ["/ml-100k.zip"]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("missing", "404 Not Found"),
        ("truncate", "cut off after"),
        ("corrupt", ""),  # the zip's own check, zlib or our checksum: whichever notices first
        ("replace_by_page", "not a zip file"),
        ("stall", "no answer in time"),
        ("say_nothing", "no answer in time"),
        ("hang_up", "closed connection without response"),
        ("redirect_in_a_circle", "302"),
    ],
)
def test_a_bad_answer_leaves_nothing_and_says_what_was_tried(
    behaviour: str, reason: str, official: Origin, server: Server, root: Path
) -> None:
    server.behaviour["/ml-100k.zip"] = behaviour
    start = time.monotonic()
    with pytest.raises(DownloadError) as failure:
        fetch_small(official, timeout=0.3)
    assert time.monotonic() - start < 60
    message = str(failure.value)
    assert f"{server.address}ml-100k.zip (" in message
    assert reason in message
    assert "`course data movielens-100k`" in message
    assert f"put u.data and u.item into {root / 'movielens-100k'}" in message
    assert "COURSE_DATA" in message
    assert "\n" not in message
    assert everything_in(root) == set()
    server.behaviour.clear()
    fetch_small(official)
    assert everything_in(root) == {"movielens-100k/u.data", "movielens-100k/u.item"}


def test_a_refused_connection_is_named(official: Origin, root: Path) -> None:
    closed = replace(official.sources[0], base="http://127.0.0.1:1/")
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:1/ml-100k\.zip \(.*refused"):
        fetch_small(replace(official, sources=(closed,)))


def test_wrong_content_in_a_sound_zip_is_refused(official: Origin, server: Server, root: Path) -> None:
    films = FILMS.encode("latin-1")
    server.bodies["/ml-100k.zip"] = make_zip({"ml-100k/u.data": RATINGS[:-1], "ml-100k/u.item": films})
    with pytest.raises(DownloadError, match=r"u\.data does not have the right checksum"):
        fetch_small(official)
    server.bodies["/ml-100k.zip"] = make_zip({"ml-100k/u.data": RATINGS})
    with pytest.raises(DownloadError, match=r"no item named 'ml-100k/u\.item'"):
        fetch_small(official)
    assert everything_in(root) == set()


def test_a_body_without_end_is_given_up(
    official: Origin, server: Server, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 2**20)
    server.behaviour["/ml-100k.zip"] = "never_end"
    with pytest.raises(DownloadError, match="more than 1,048,576 bytes"):
        fetch_small(official)


def test_a_zip_bomb_is_not_unpacked(official: Origin, server: Server, root: Path) -> None:
    bomb = make_zip({"ml-100k/u.data": bytes(download.MAX_BYTES + 1), "ml-100k/u.item": b""})
    assert len(bomb) < 2**17
    server.bodies["/ml-100k.zip"] = bomb
    with pytest.raises(DownloadError, match=r"ml-100k/u\.data has more than"):
        fetch_small(official)


def test_a_redirect_is_followed(official: Origin, server: Server, root: Path) -> None:
    server.bodies["/moved/ml-100k.zip"] = server.bodies["/ml-100k.zip"]
    server.behaviour["/ml-100k.zip"] = "redirect"
    fetch_small(official)
    assert server.requests == ["/ml-100k.zip", "/moved/ml-100k.zip"]


def test_the_next_source_is_tried(official: Origin, server: Server, root: Path) -> None:
    server.bodies["/mirror/ml-100k.zip"] = server.bodies.pop("/ml-100k.zip")
    mirror = replace(official.sources[0], base=server.address + "mirror/")
    fetch_small(replace(official, sources=(official.sources[0], mirror)))
    assert server.requests == ["/ml-100k.zip", "/mirror/ml-100k.zip"]


@pytest.mark.parametrize("harm", ["damage", "remove"])
def test_a_damaged_cache_is_mended(harm: str, official: Origin, root: Path) -> None:
    films = fetch_small(official) / "u.item"
    films.write_bytes(b"") if harm == "damage" else films.unlink()
    fetch_small(official)
    assert films.read_bytes() == FILMS.encode("latin-1")


def test_a_damaged_cache_is_named_when_nothing_can_be_fetched(official: Origin, server: Server, root: Path) -> None:
    folder = fetch_small(official)
    (folder / "u.data").write_bytes(RATINGS[:100])
    server.behaviour["/ml-100k.zip"] = "missing"
    with pytest.raises(DownloadError, match=rf"tried {folder} \(u\.data does not have the right checksum\); http"):
        fetch_small(official)


def test_progress_names_the_set_and_counts_bytes(
    official: Origin, server: Server, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behaviour["/ml-100k.zip"] = "drip"
    fetch("movielens-100k", official, progress=False)
    assert capsys.readouterr() == ("", "")
    (root / "movielens-100k" / "u.data").unlink()
    fetch("movielens-100k", official)
    printed = capsys.readouterr()
    assert printed.out == ""
    size = len(server.bodies["/ml-100k.zip"]) / 1024
    assert "movielens-100k: 100%" in printed.err
    assert f"{size:.2f}k/{size:.2f}k" in printed.err


FETCH_IN_A_PROCESS = """
import sys
from dataclasses import replace
from course_lib import download, origins
base, ratings, films = sys.argv[1:]
source = replace(origins.ORIGINS["movielens-100k"].sources[0], base=base)
origin = download.Origin({"u.data": (ratings,), "u.item": (films,)}, (source,))
download.fetch("movielens-100k", origin, progress=False)
"""


def start_fetch(server: Server, origin: Origin) -> subprocess.Popen[bytes]:
    checksums = [accepted[0] for accepted in origin.files.values()]
    return subprocess.Popen([sys.executable, "-c", FETCH_IN_A_PROCESS, server.address, *checksums])


def test_a_kill_in_the_middle_leaves_no_half_file(official: Origin, server: Server, root: Path) -> None:
    server.behaviour["/ml-100k.zip"] = "stall"
    process = start_fetch(server, official)
    deadline = time.monotonic() + 20
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)  # half of the body is on its way
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert everything_in(root) == set()
    server.behaviour.clear()
    fetch_small(official)
    assert everything_in(root) == {"movielens-100k/u.data", "movielens-100k/u.item"}


def test_what_a_killed_writer_left_is_swept_up_once_it_is_old(official: Origin, root: Path) -> None:
    folder = root / "movielens-100k"
    folder.mkdir(parents=True)
    for name, age in ((".u.data.old.part", 7200), (".u.data.new.part", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    fetch_small(official)
    assert {path.name for path in folder.iterdir()} == {"u.data", "u.item", ".u.data.new.part"}


def test_a_part_that_another_process_renames_meanwhile_is_no_error(official: Origin, root: Path) -> None:
    folder = root / "movielens-100k"
    folder.mkdir(parents=True)
    (folder / ".u.data.theirs.part").symlink_to(folder / "renamed")  # listed, and gone when it is looked at
    assert fetch_small(official) == folder


def test_processes_that_fetch_at_once_do_not_disturb_each_other(official: Origin, server: Server, root: Path) -> None:
    processes = [start_fetch(server, official) for _ in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    assert everything_in(root) == {"movielens-100k/u.data", "movielens-100k/u.item"}
    assert sha256((root / "movielens-100k" / "u.data").read_bytes()) in official.files["u.data"]


def test_a_folder_that_cannot_be_made_is_one_line(
    official: Origin, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file" / "data"))
    with pytest.raises(DownloadError, match=r"cannot be written \(Not a directory\); set COURSE_DATA"):
        fetch_small(official)
    assert server.requests == []  # nothing is downloaded in vain


def say_as_somebody_else(origin: Origin) -> str:
    """What `fetch` says in a child process; where this process is root, the child gives up its rights first."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            said = str(fetch_small(origin))
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as said:
        return said.read()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="read-only folders as Unix has them")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_read_only_cache_serves_what_it_has_and_says_what_it_lacks(
    official: Origin, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as root:  # pytest's own folders are closed to other users
        monkeypatch.setenv("COURSE_DATA", root)
        folder = fetch_small(official)
        server.requests.clear()
        Path(root).chmod(0o755)
        folder.chmod(0o555)
        assert say_as_somebody_else(official) == str(folder)
        folder.chmod(0o755)
        (folder / "u.item").unlink()
        folder.chmod(0o555)
        said = say_as_somebody_else(official)
        folder.chmod(0o755)
    wanted = f"{folder} cannot be written (no permission to write); set COURSE_DATA to a folder of yours"
    assert said == f"DownloadError: movielens-100k has to be fetched, but {wanted}"
    assert server.requests == []


def make_recbole(folder: Path, ratings: bytes, films: str) -> None:
    """A wheel that pip accepts, with MovieLens in RecBole's form."""
    info = "recbole-1.2.1.dist-info"
    header = b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    wheel = make_zip(
        {
            "recbole/dataset_example/ml-100k/ml-100k.inter": header + ratings,
            "recbole/dataset_example/ml-100k/ml-100k.item": ("item_id:token\tand so on\n" + films).encode(),
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\n",
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }
    )
    (folder / "recbole-1.2.1-py3-none-any.whl").write_bytes(wheel)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip sees."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


def test_wheel_gives_the_same_ratings_and_films_in_grouplens_form(official: Origin, wheels: Path, root: Path) -> None:
    films = (
        "1\tAmélie's Shop\t1994\tunknown Action\n"
        "2\tNight (Noche)\t1990\tWestern\n"
        "3\tunkonwn\tunkonwn\tunknown\n"
        "4\tPart III (1995)\tV\tDrama\n"
    )
    rows = [
        "1|Amélie's Shop (1994)||||1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
        "2|Night (Noche) (1990)||||0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1",
        "3|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0",
        "4|Part III (1995) (V)||||0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0",
    ]
    wanted = "".join(row + "\n" for row in rows).encode("latin-1")
    make_recbole(wheels, RATINGS, films)
    files = {"u.data": (sha256(RATINGS),), "u.item": (sha256(wanted),)}
    folder = fetch("movielens-100k", replace(MOVIELENS, files=files, sources=MOVIELENS.sources[1:]), progress=False)
    assert (folder / "u.data").read_bytes() == RATINGS
    assert (folder / "u.item").read_bytes() == wanted


def test_pip_is_not_led_astray_by_files_beside_the_notebook(
    wheels: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('a student wrote this')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DownloadError, match="No matching distribution found"):
        fetch_small(replace(MOVIELENS, sources=MOVIELENS.sources[1:]))


def test_a_wheel_that_pip_cannot_find_is_named(wheels: Path, root: Path) -> None:
    origin = replace(MOVIELENS, sources=MOVIELENS.sources[1:])
    with pytest.raises(DownloadError, match=r"pip:recbole==1\.2\.1 \(No matching distribution found for recbole"):
        fetch_small(origin)
    assert everything_in(root) == set()


@pytest.mark.slow
def test_the_real_wheel_holds_the_official_ratings(root: Path) -> None:
    folder = fetch("movielens-100k", replace(MOVIELENS, sources=MOVIELENS.sources[1:]), progress=False)
    assert sha256((folder / "u.data").read_bytes()) == MOVIELENS.files["u.data"][0]
    assert len((folder / "u.item").read_bytes().splitlines()) == 1682


def edges(content: bytes) -> set[tuple[int, int]]:
    rows = [list(map(int, line.split())) for line in content.splitlines()]
    return {(user, item) for user, *items in rows for item in items}


def test_lastfm_comes_as_weighted_edges_that_count_from_1(server: Server, root: Path) -> None:
    server.bodies["/data1.txt"] = b"2\t1\t993\r\n1\t3\t3.2466e+05\r\n2\t5\t1\r\n"
    server.bodies["/test1.txt"] = b"3\t1\t7\r\n"
    lastfm = origins.ORIGINS["lastfm"]
    checksums = {"train.txt": (lastfm.checksum(b"0 2\n1 0 4\n"),), "test.txt": (lastfm.checksum(b"2 0\n"),)}
    origin = replace(lastfm, files=checksums, sources=(replace(lastfm.sources[0], base=server.address),))
    folder = fetch("lastfm", origin, progress=False)
    assert edges((folder / "train.txt").read_bytes()) == {(1, 0), (0, 2), (1, 4)}
    assert edges((folder / "test.txt").read_bytes()) == {(2, 0)}


def test_gowalla_falls_back_on_the_split_with_a_validation_part(server: Server, root: Path) -> None:
    server.bodies |= {"/a/train.txt": b"0 1 2", "/a/test.txt": b"1 0\n"}  # cut short: still lists, not the right ones
    server.bodies |= {"/b/train.txt": b"0 1 2", "/b/valid.txt": b"0 3\n1 4\n", "/b/test.txt": b"1 0\n"}
    gowalla = origins.ORIGINS["gowalla"]
    checksums = {"train.txt": (gowalla.checksum(b"1 4\n0 3 2 1\n"),), "test.txt": (gowalla.checksum(b"1 0\n"),)}
    bases = (server.address + "a/", server.address + "b/")
    sources = tuple(replace(source, base=base) for source, base in zip(gowalla.sources, bases, strict=True))
    folder = fetch("gowalla", replace(gowalla, files=checksums, sources=sources), progress=False)
    assert edges((folder / "train.txt").read_bytes()) == {(0, 1), (0, 2), (0, 3), (1, 4)}


def test_the_checksum_of_lists_is_of_their_edges() -> None:
    checksum = origins.ORIGINS["gowalla"].checksum
    assert checksum(b"0 5 3\n2 1\n") == checksum(b"2 1\r\n\n0 3\n0 5") == checksum(b"1\n0 3 5\n2 1\n")
    others = [b"0 5\n2 1\n", b"0 5 3\n2 2\n", b"0 5 3\n1 1\n", b"0 5 3 3\n2 1\n", b"1 4 2\n2 1\n"]
    assert checksum(b"0 5 3\n2 1\n") not in map(checksum, others)


def test_data_root_is_course_data_or_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_DATA", "~/somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert data_root() == tmp_path / "somewhere"
    monkeypatch.setenv("COURSE_DATA", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data_root() == tmp_path / "xdg" / "course_lib"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data_root() == tmp_path / ".cache" / "course_lib"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert data_root() == tmp_path / "Library" / "Caches" / "course_lib"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_root() == tmp_path / "local" / "course_lib"


def test_fetching_needs_neither_torch_nor_numpy() -> None:
    code = "import sys, course_lib.download; sys.exit(bool({'torch', 'numpy', 'tqdm'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
