"""Who may talk to the desk: whoever opened the address that the terminal shows, in the browser where it was opened.

The address holds a token that works once and is exchanged for a cookie. Pages lie under a path that nobody can guess,
and the cookie is sent nowhere else, since browsers give cookies to all programs on this machine whatever their port.
A write needs a word as well, which stands in the pages and which no other site can read.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

COOKIE = "review"


def _drawn() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class Door:
    """What has to be shown to come in.

    Args:
        origin: The desk's own address, "http://127.0.0.1:8000".
        token: Opens the first page, once.
        room: The first part of every path.
        word: What a write has to name.
        key: The cookie's value.
    """

    origin: str
    token: str = field(default_factory=_drawn)
    room: str = field(default_factory=_drawn)
    word: str = field(default_factory=_drawn)
    key: str = field(default_factory=_drawn)

    @property
    def address(self) -> str:
        """What a reviewer opens."""
        return f"{self.origin}/?token={self.token}"

    def exchange(self, token: str) -> str:
        """The cookie for a token, which is used up; "" if it is not the right one."""
        if not (self.token and secrets.compare_digest(token.encode(), self.token.encode())):
            return ""
        self.token = ""
        return f"{COOKIE}={self.key}; Path=/{self.room}/; HttpOnly; SameSite=Strict"

    def is_here(self, headers: Mapping[str, str]) -> bool:
        """Whether a request was made to this address, and not to a name that somebody lets point here."""
        return f"http://{headers.get('Host', '')}" == self.origin

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether the browser has the cookie."""
        pairs = (pair.strip().partition("=") for pair in headers.get("Cookie", "").split(";"))
        found = next((value for name, _, value in pairs if name == COOKIE), "")
        return secrets.compare_digest(found.encode(), self.key.encode())

    def may_write(self, headers: Mapping[str, str]) -> bool:
        """Whether a write comes from a page of the desk."""
        named = headers.get("X-Review", "").encode("utf-8", "replace")
        is_json = headers.get("Content-Type", "") == "application/json"
        return headers.get("Origin") == self.origin and is_json and secrets.compare_digest(named, self.word.encode())
