"""What nbval hears of a kernel: the replies to its own requests, each by one deadline, and nothing else.

nbval waits for a reply and then reads everything that the kernel publishes until the kernel says that it is idle. A
notebook can publish more than anybody can read, so we do not subscribe to it. A reply says all that we need: that the
cell has ended, with which error, and what our own code tells (see `asking.telling`). From it we make the few messages
that nbval waits for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import Empty
from typing import Any

import zmq

from course_kit.grading.asking.telling import ANSWER, EXIT

KERNEL_ENDED, FLOODED = "the kernel ended", "too much output"
SLICE = 0.25  # seconds between two looks at whether the kernel lives
MOST = 16 << 20  # characters that replies may have together; a message counts for 256 at least
UNREADABLE = 4096  # characters that a message counts for which cannot be read
SAID = "said"  # where our own kernel puts, in a reply's metadata, how much the notebook has printed and shown so far
PARTS = ("content", "metadata", "parent_header")
KEYS = ("source", "text", "form")  # of a payload
Message = dict[str, Any]


class Listener:
    """Stands between nbval and one kernel.

    Args:
        kernel: nbval's `RunningKernel`, which has started.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel, self._send = kernel, kernel.execute_cell_input
        self._heard = 0
        self._expect("")
        kernel.kc.iopub_channel.socket.setsockopt(zmq.UNSUBSCRIBE, b"")
        kernel.execute_cell_input, kernel.get_message = self.execute, self.get_message

    def _expect(self, request: str) -> None:
        self._request, self._late = request, False
        self._reply: Message | None = None
        self._outputs: Iterator[Message] | None = None

    def execute(self, source: str, allow_stdin: bool | None = None) -> str:
        """Send a cell; as nbval's own function of that name."""
        self._expect(self._send(source, allow_stdin=allow_stdin))
        return self._request

    def get_message(self, stream: str, timeout: float | None = None) -> Message:
        """The reply to the last request, or what was made of it; as nbval's own function of that name.

        Args:
            stream: "shell" for the reply, "iopub" for the messages made of it.
            timeout: Seconds. No message makes them start anew.

        Raises:
            Empty: If the reply is late.
            RuntimeError: If the kernel ended, or if replies are too long.
        """
        if stream == "shell":
            self._reply = self._hear(time.monotonic() + (timeout or 0))
            return self._reply
        if self._outputs is None:
            if self._reply is None:  # nbval has interrupted the cell and gives it a last moment to end
                self._late = True
                self._reply = self._hear(time.monotonic() + (timeout or 0))
            self._outputs = self._made_of(self._reply)
        return next(self._outputs)

    @property
    def asks_to_end(self) -> bool:
        """Whether the last cell called exit or quit."""
        return any(payload["source"] == EXIT for payload in self._payloads())

    @property
    def said(self) -> int:
        """How much the notebook has printed and shown by the last reply, in characters; 0 where nobody counts."""
        said = (self._reply or {}).get("metadata", {}).get(SAID, 0)
        return said if isinstance(said, int) else 0

    def _hear(self, until: float) -> Message:
        while (left := until - time.monotonic()) > 0:
            lives = self._kernel.is_alive()
            try:
                message = self._kernel.kc.get_shell_msg(timeout=min(SLICE, left))
                self._heard += 256 + len(str(message["content"]))
            except Empty:
                if not lives:  # nor did it, before we listened for the last time
                    raise RuntimeError(KERNEL_ENDED) from None
                continue
            except MemoryError:  # one message larger than this process may be
                self._heard = MOST
            except Exception:  # a forged message that cannot be read, in any of the ways that Jupyter has to say so
                self._heard += UNREADABLE
                if not lives:
                    raise RuntimeError(KERNEL_ENDED) from None
                continue
            if self._heard >= MOST:
                self._kernel.stop()
                raise RuntimeError(FLOODED)
            if self._is_reply(message):
                return message
        raise Empty

    def _is_reply(self, message: Message) -> bool:
        if not all(isinstance(message[part], dict) for part in PARTS):  # no kernel of Jupyter's sends that
            return False
        answers = message["msg_type"] == "execute_reply" and isinstance(message["content"].get("status"), str)
        return answers and message["parent_header"].get("msg_id") == self._request

    def _payloads(self) -> Iterator[dict[str, str]]:
        """What a reply carries, as far as it has the form that it should have."""
        payloads = (self._reply or {}).get("content", {}).get("payload")
        for payload in payloads if isinstance(payloads, list) else ():
            if isinstance(payload, dict):
                yield {key: payload[key] if isinstance(payload.get(key), str) else "" for key in KEYS}

    def _made_of(self, reply: Message) -> Iterator[Message]:
        content = reply["content"]
        if content.get("status") == "error":
            if content.get("ename") != "UsageError":  # of a magic; a kernel publishes no error for it
                error = {key: str(content.get(key, "")) for key in ("ename", "evalue")}
                lines = content.get("traceback")
                error["traceback"] = [str(line) for line in lines] if isinstance(lines, list) else []
                yield self._message("error", error)
        elif not self._late:
            for payload in self._payloads():
                if payload["source"] == ANSWER:
                    yield self._message("stream", {"name": "stdout", "text": f"{payload['text']}\n"})
                    yield self._message("stream", {"name": "stderr", "text": payload["form"]})
        yield self._message("status", {"execution_state": "idle"})

    def _message(self, kind: str, content: dict[str, Any]) -> Message:
        return {"msg_type": kind, "parent_header": {"msg_id": self._request}, "content": content}
