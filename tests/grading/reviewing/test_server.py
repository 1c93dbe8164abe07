"""The desk answers whoever has its address, and nobody else; it has a fixed set of pages, and no file is among them."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from refusing import refused

from course_kit.grading.handed_in.files import opened
from course_kit.grading.handed_in.table import read_table
from course_kit.grading.reviewing.desk import CHANGED, Desk
from course_kit.grading.reviewing.server import Server

from .conftest import EVIL, STUDENTS, handed_in

NOTHING, GIVEN = {"points": "", "change": "", "comment": ""}, {"points": "3", "change": "", "comment": ""}


@contextmanager
def serving(out: Path, **words: Any) -> Iterator[Server]:
    with opened(out.parent / "class") as files, Server(Desk(out, files, **words)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def server(made) -> Iterator[Server]:
    with serving(made) as server:
        yield server


def ask(server: Server, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, str, Any]:
    """Send one request as a page of the desk would, but for the headers that are named; None leaves one out."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=300)
    sent = {"Host": f"127.0.0.1:{server.server_port}", "Cookie": f"review={server.door.key}"}
    if method == "POST":
        sent |= {"Origin": server.door.origin, "X-Review": server.door.word, "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    text = None if body is None else body if isinstance(body, str) else json.dumps(body)
    connection.request(method, path, text, {name: value for name, value in sent.items() if value is not None})
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer.status, content, answer.headers


def page(server: Server, rest: str) -> str:
    status, text, _ = ask(server, f"/{server.door.room}/{rest}")
    assert status == 200, text
    return text


def save(server: Server, number: int, part: str, before: dict, after: dict, **headers: str) -> tuple[int, Any]:
    changes = {"changes": [{"part": part, "before": before, "after": after}]}
    status, text, _ = ask(server, f"/{server.door.room}/save/{number}", "POST", changes, **headers)
    return status, json.loads(text) if text.startswith("{") else text


def test_the_address_works_once_and_gives_a_cookie_for_these_pages_alone(server):
    server.door.token = "fresh"
    status, _, headers = ask(server, "/?token=fresh", Cookie=None)
    assert status == 303
    assert headers["Location"] == f"/{server.door.room}/"
    assert headers["Set-Cookie"].endswith(f"; Path=/{server.door.room}/; HttpOnly; SameSite=Strict")
    assert ask(server, "/?token=fresh", Cookie=None)[0] == 403
    assert ask(server, "/?token=", Cookie=None)[0] == 403
    mixed = "a=1; =; b c; " + headers["Set-Cookie"].partition(";")[0]
    assert ask(server, f"/{server.door.room}/", Cookie=mixed)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost"},
        {"Host": "127.0.0.1"},
        {"Cookie": None},
        {"Cookie": "review="},
        {"Cookie": "review=é"},
    ],
)
def test_a_page_is_shown_to_nobody_else(server, headers):
    status, text, _ = ask(server, f"/{server.door.room}/s/1", **headers)
    assert status == 403
    assert "ada" not in text
    assert server.door.room not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"X_Review": None},
        {"X_Review": "no"},
        {"Content_Type": "text/plain"},
        {"Cookie": None},
        {"Host": "evil.example"},
    ],
)
def test_a_write_from_elsewhere_changes_nothing(server, headers):
    assert save(server, 1, "ngcf_layer", NOTHING, GIVEN, **headers)[0] == 403
    assert ask(server, f"/{server.door.room}/item", "POST", {}, **headers)[0] == 403
    assert not (server.desk.directory / "adjust.csv").exists()


@pytest.mark.parametrize(
    "rest",
    [
        "../run.json",
        "%2e%2e/run.json",
        "..%2f..%2fetc/passwd",
        "s/1/../../private/secret",
        "//etc/passwd",
        "review.js/..",
        "templates/class.html",
        "s/0",
        "s/7",
        "s/1e0",
        "s/%D9%A1",
        "s/-1",
        "notebook/ada",
        "save/1",
    ],
)
def test_no_path_leads_to_a_file(server, rest):
    assert ask(server, f"/{server.door.room}/{rest}")[0] == 404


@pytest.mark.parametrize("path", ["/run.json", "/s/1", "//x[", "http://evil.example/", "*", "/?token", "/x/s/1"])
def test_without_the_room_there_is_nothing(server, path):
    assert ask(server, path)[0] == 403


def test_every_answer_forbids_scripts_of_others(server):
    for path in ("/", f"/{server.door.room}/", f"/{server.door.room}/s/5", f"/{server.door.room}/no"):
        headers = ask(server, path)[2]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_nothing_of_a_students_is_markup(server):
    number = STUDENTS.index("evil") + 1
    for rest in (f"s/{number}", f"notebook/{number}", ""):
        text = page(server, rest)
        assert "&lt;script&gt;document.title" in text
        assert EVIL not in text
        assert text.count("<script") == 1
        assert "<img" not in text
    assert page(server, "notebook/1").count('<img src="data:image/png;base64,') == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ({"changes": 3}, 400),
        ({"changes": [{"part": "ngcf_layer"}]}, 400),
        ({"changes": [{"part": "no", "before": {}, "after": {}}]}, 400),
        ({"changes": [{"part": "ngcf_layer", "before": [], "after": {}}]}, 400),
        ("x" * 300_000, 400),
    ],
)
def test_what_no_page_sends_is_refused_in_a_line(server, body, status):
    found, text, _ = ask(server, f"/{server.door.room}/save/1", "POST", body)
    assert found == status
    assert "\n" not in json.loads(text)["said"]
    assert not (server.desk.directory / "adjust.csv").exists()


def test_a_save_tells_the_new_scores_and_two_reviewers_do_not_overwrite_each_other(graded):
    with serving(graded, by="Kim") as server:
        status, told = save(server, 2, "ngcf_layer", NOTHING, GIVEN)
        assert (status, told["scores"]["ngcf_layer"]) == (200, "3 of 25")
        assert save(server, 2, "ngcf_layer", NOTHING, {**GIVEN, "points": "9"})[0] == 409
        words = {"points": "15", "comment": "Fine."}
        status, told = save(server, 2, "three_sentences", {"points": "", "comment": ""}, words)
        assert told["total"] == "78"  # 100 without the layer's 25, and 3 for it
        (line,) = read_table(graded / "adjust.csv")
        assert (line["student"], line["points"], line["by"]) == ("ben", "3", "Kim")
        (graded / "adjust.csv").write_text("student,function,points\nben,no,3\n")
        status, text, _ = ask(server, f"/{server.door.room}/s/2")
        assert (status, text.count("\n")) == (500, 0)
        assert "the function 'no'" in text


def test_an_anonymous_desk_names_nobody(graded):
    stored = json.loads((graded / "run.json").read_text("utf-8"))
    stored["handed_in"]["cleo"]["flags"] = ["2 notebooks; graded is cleo.ipynb", "cleo handed in twice"]
    (graded / "run.json").write_text(json.dumps(stored))
    with serving(graded, anonymous=True) as server:
        texts = [page(server, rest) for rest in ("", *(f"s/{number}" for number in range(1, 7)))]
    for text in texts:
        for student in [*STUDENTS, "Lovelace"]:
            text = text.replace(f"Words of {student}.", "")
            assert student not in text.replace("&lt;script", "")
    assert any("2 notebooks; graded is …" in text for text in texts)


def test_a_file_that_was_changed_after_grading_is_told(graded):
    (graded.parent / "class/ben.ipynb").write_bytes(handed_in("Other words."))
    (graded.parent / "class/dan.ipynb").unlink()
    with serving(graded) as server:
        assert CHANGED not in page(server, "s/1")
        assert CHANGED in page(server, "s/2")
        assert "not in the submissions any more" in page(server, "s/4")
        assert "nothing was handed in" in page(server, f"s/{server.desk.number['gone']}")


def test_points_for_other_words_are_not_shown_as_given(graded):
    (graded / "written.csv").write_text("student,part,points,comment,version\nada,three_sentences,9,Good.,vold\n")
    with serving(graded) as server:
        text = page(server, "s/1?in=w0")
        assert "Another text was read before this one" in text
        assert 'value="9"' not in text
        before = {"points": "9", "comment": "Good."}
        assert save(server, 1, "three_sentences", before, {"points": "4", "comment": ""})[0] == 200
        assert "Another text" not in page(server, "s/1")


def test_a_port_that_is_taken_is_one_line(server):
    with refused(f"--port {server.server_port} cannot be used: .*name another"):
        Server(server.desk, server.server_port)
