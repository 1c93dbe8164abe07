"""What nbval hears of a kernel that only pretends."""

from __future__ import annotations

import time
from queue import Empty
from types import SimpleNamespace

import pytest

from course_kit.grading.asking.telling import ANSWER, EXIT
from course_kit.grading.running import listening
from course_kit.grading.running.listening import FLOODED, KERNEL_ENDED, SAID, Listener


class Kernel:
    """Replies with what it is told to, then with nothing; ends when its lives are used up."""

    def __init__(self, *replies: object, every: float = 0, lives: int = 99) -> None:
        self.replies, self.every, self.lives, self.unsubscribed = list(replies), every, lives, []
        channel = SimpleNamespace(socket=SimpleNamespace(setsockopt=lambda *what: self.unsubscribed.append(what)))
        self.kc = SimpleNamespace(get_shell_msg=self.get_shell_msg, iopub_channel=channel)

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        return source

    def is_alive(self) -> bool:
        self.lives -= 1
        return self.lives > 0

    def get_shell_msg(self, timeout: float) -> dict:
        time.sleep(min(timeout, self.every))
        if not self.replies:
            time.sleep(timeout)
            raise Empty
        said = self.replies.pop(0)
        if isinstance(said, Exception):
            raise said
        return {"msg_type": "execute_reply", "parent_header": {"msg_id": "cell"}, "metadata": {}, **said}

    def stop(self) -> None:
        self.lives = 0


def reply(*payload: object, **how: object) -> dict:
    """A reply to the request "cell"."""
    return {"content": {"status": "ok", "payload": list(payload)}, **how}


def heard(listener: Listener, timeout: float = 1) -> list[tuple[str, str]]:
    """What nbval reads until the kernel says that it is idle: kind and text of each message."""
    found = []
    while True:
        message = listener.get_message("iopub", timeout)
        assert message["parent_header"]["msg_id"] == "cell"
        content = message["content"]
        if content.get("execution_state") == "idle":
            return found
        found.append((message["msg_type"], content.get("text") or f"{content.get('ename')}: {content.get('evalue')}"))


def asked(kernel: Kernel) -> Listener:
    """A listener to a kernel that has been sent a cell."""
    listener = Listener(kernel)
    kernel.execute_cell_input("cell")
    return listener


FEW = 1 << 14  # characters
ANSWERED = {"source": ANSWER, "text": "(): 1", "form": "a number"}


def test_an_answer_is_found_by_what_it_is():
    others = ({"source": "page", "text": "(): 2"}, "no payload", {"source": 5})
    listener = asked(Kernel(reply(*others, ANSWERED, *others)))
    listener.get_message("shell", 1)
    assert heard(listener) == [("stream", "(): 1\n"), ("stream", "a number")]
    assert not listener.asks_to_end


def test_a_reply_to_something_else_is_none():
    other = reply({**ANSWERED, "text": "(): 2"}, parent_header={"msg_id": "other"})
    listener = asked(Kernel(other, reply(ANSWERED)))
    listener.get_message("shell", 1)
    assert heard(listener)[0] == ("stream", "(): 1\n")


def test_nothing_that_the_notebook_publishes_is_subscribed_to():
    kernel = Kernel()
    Listener(kernel)
    assert len(kernel.unsubscribed) == 1


def test_an_error_is_told_but_not_that_a_magic_was_misused():
    for name, told in (("KeyError", [("error", "KeyError: 1")]), ("UsageError", []), (7, [("error", "7: 1")])):
        listener = asked(Kernel({"content": {"status": "error", "ename": name, "evalue": 1}}))
        listener.get_message("shell", 1)
        assert heard(listener) == told


def test_who_asks_to_end_is_known_and_how_much_was_said():
    listener = asked(Kernel(reply({"source": EXIT}, metadata={SAID: 7})))
    listener.get_message("shell", 1)
    assert (listener.asks_to_end, listener.said) == (True, 7)


def test_no_message_makes_the_time_start_anew():
    """Others' replies, and junk, every 0.1 s, for ever."""
    junk = [reply(parent_header={"msg_id": "other"}), reply(metadata=[]), {"content": 5}] * 99
    listener = asked(Kernel(*junk, every=0.1))
    start = time.monotonic()
    with pytest.raises(Empty):
        while True:
            listener.get_message("shell", 0.5)
    assert 0.5 <= time.monotonic() - start < 50


def test_what_cannot_be_read_is_passed_over():
    listener = asked(Kernel(ValueError("Invalid Signature"), KeyError("msg_id"), RecursionError(), reply(ANSWERED)))
    listener.get_message("shell", 1)
    assert heard(listener) == [("stream", "(): 1\n"), ("stream", "a number")]


def test_a_late_answer_is_none():
    kernel = Kernel()
    listener = asked(kernel)
    with pytest.raises(Empty):
        listener.get_message("shell", 0.1)
    kernel.replies.append(reply(ANSWERED))
    assert heard(listener) == []


def test_who_never_replies_is_waited_for_twice_and_no_longer():
    listener = asked(Kernel())
    start = time.monotonic()
    for stream in ("shell", "iopub"):
        with pytest.raises(Empty):
            listener.get_message(stream, 0.3)
    assert 0.6 <= time.monotonic() - start < 50


def test_an_end_is_noticed_long_before_the_time_is_over():
    listener = asked(Kernel(lives=3))
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=KERNEL_ENDED):
        listener.get_message("shell", 60)
    assert time.monotonic() - start < 50


@pytest.mark.parametrize("says", [[{"content": "x" * FEW}], [{"content": {}}] * (FEW // 256 + 2), [MemoryError()]])
def test_replies_without_end_are_stopped(says, monkeypatch):
    monkeypatch.setattr(listening, "MOST", FEW)
    kernel = Kernel(*[one if isinstance(one, Exception) else reply(parent_header={}, **one) for one in says])
    listener = asked(kernel)
    with pytest.raises(RuntimeError, match=FLOODED):
        listener.get_message("shell", 60)
    assert kernel.lives <= 0
