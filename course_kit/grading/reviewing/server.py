"""The desk on this machine's own address, 127.0.0.1: a fixed set of pages, and no file of the disk among them."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from course_kit.grading.reviewing import pages
from course_kit.grading.reviewing.desk import Desk
from course_kit.grading.reviewing.door import Door
from course_kit.grading.reviewing.rows import ChangedMeanwhile

HOST = "127.0.0.1"
LARGEST = 200_000  # bytes of what a page sends
PATIENCE = 60  # seconds for a browser that has gone silent
HTML, PLAIN, JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
WRONG_ADDRESS = "Open the address that the terminal shows, just as it stands there.\n"
NO_KEY = "The address that the terminal shows works once. Stop the command with Ctrl-C and start it again.\n"


@dataclass(frozen=True)
class Answer:
    """What a request gets.

    Args:
        status: The HTTP status.
        text: The body.
        kind: What the body is.
        headers: More headers.
    """

    status: int
    text: str
    kind: str = HTML
    headers: dict[str, str] = field(default_factory=dict)


class Server(ThreadingHTTPServer):
    """The desk, served one request at a time; connections that wait have threads of their own.

    Args:
        desk: The class.
        port: Where; 0 takes a free one.

    Raises:
        ValueError: If the port is taken, or may not be used.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", "") or error
            raise ValueError(f"--port {port} cannot be used: {why}; name another, or none") from error
        self.desk, self.one = desk, threading.Lock()
        self.door = Door(f"http://{HOST}:{self.server_port}")
        self.saved = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what is an error of the desk's; a browser that goes away in the middle of an answer is none."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "course", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        self._send(self._guarded(self._page))

    def do_POST(self) -> None:
        self._send(self._guarded(self._write))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _guarded(self, answer: Callable[[str, str], Answer]) -> Answer:
        """What is behind the door, for whoever may come in."""
        door, (path, _, query) = self.server.door, self.path.partition("?")
        if not door.is_here(self.headers):
            return Answer(403, WRONG_ADDRESS, PLAIN)
        if path == "/" and self.command == "GET":
            cookie = door.exchange(parse_qs(query).get("token", [""])[0])
            headers = {"Set-Cookie": cookie, "Location": f"/{door.room}/"}
            return Answer(303, "", PLAIN, headers) if cookie else Answer(403, NO_KEY, PLAIN)
        room, rest = path[: len(door.room) + 2], path[len(door.room) + 2 :]
        if room != f"/{door.room}/" or not door.knows(self.headers):
            return Answer(403, NO_KEY, PLAIN)
        try:
            with self.server.one:
                return answer(rest, query)
        except ChangedMeanwhile as error:
            return self._told(409, error)
        except (ValueError, OSError) as error:
            return self._told(400, error)

    def _told(self, status: int, error: Exception) -> Answer:
        said = str(error)
        return Answer(status, json.dumps({"said": said}), JSON) if self.command == "POST" else Answer(500, said, PLAIN)

    def _page(self, rest: str, query: str) -> Answer:
        desk, door = self.server.desk, self.server.door
        if rest in ("review.css", "review.js"):
            style = rest == "review.css"
            text, kind = (pages.STYLE, "text/css") if style else (pages.SCRIPT, "text/javascript")
            return Answer(200, text, f"{kind}; charset=utf-8")
        if rest == "":
            return Answer(200, pages.class_page(desk, door.room, door.word))
        found = re.fullmatch(r"(s|notebook)/([0-9]{1,6})", rest)
        if not found or not 1 <= int(found[2]) <= len(desk.order):
            return Answer(404, "There is no such page.\n", PLAIN)
        student = desk.order[int(found[2]) - 1]
        if found[1] == "notebook":
            return Answer(200, pages.notebook_page(desk, door.room, door.word, student))
        key = parse_qs(query).get("in", [""])[0]
        return Answer(200, pages.submission_page(desk, door.room, door.word, student, key))

    def _write(self, rest: str, query: str) -> Answer:
        desk = self.server.desk
        if not self.server.door.may_write(self.headers):
            return Answer(403, json.dumps({"said": "this did not come from a page of the desk"}), JSON)
        asked = self._asked()
        found = re.fullmatch(r"save/([0-9]{1,6})", rest)
        try:
            if rest == "item":
                return Answer(200, pages.keep_item(desk, asked), JSON)
            if found and 1 <= int(found[1]) <= len(desk.order):
                text = pages.save(desk, desk.order[int(found[1]) - 1], asked)
                self.server.saved += 1
                return Answer(200, text, JSON)
        except (KeyError, TypeError, AttributeError):
            return Answer(400, json.dumps({"said": "not what a page of the desk sends"}), JSON)
        return Answer(404, json.dumps({"said": "there is nothing to save here"}), JSON)

    def _asked(self) -> Any:
        """The body of the request.

        Raises:
            ValueError: If it is too long, or no JSON.
        """
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length[:9]) > LARGEST:
            self.close_connection = True
            raise ValueError(f"a comment is too long: at most {LARGEST:,} bytes are stored at a time")
        return json.loads(self.rfile.read(int(length)))

    def _send(self, answer: Answer) -> None:
        body = answer.text.encode("utf-8", "replace")
        if answer.status == 403:
            self.close_connection = True  # what else was sent is not read
        self.send_response(answer.status)
        for name, value in {**HEADERS, "Content-Type": answer.kind, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        self.wfile.write(body)
