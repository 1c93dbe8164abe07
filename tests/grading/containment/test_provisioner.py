"""Against a warm process that only pretends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import threading

import pytest
import zmq
from jupyter_client.manager import KernelManager

from course_kit.grading.containment import provisioner
from course_kit.grading.containment.provisioner import OnceConnected, SandboxProvisioner
from course_kit.grading.containment.warm import INTERRUPT, KILL


@pytest.fixture
def door(tmp_path):
    """Where kernels are asked for, and the other ends of who asked."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "warm"))
        listening.listen()
        ends, requests = [], []

        def serve() -> None:
            end, _ = listening.accept()
            requests.append(json.loads(end.makefile().readline()))
            end.sendall(b'{"pid": 7}\n')
            ends.append(end)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield str(tmp_path / "warm"), ends, requests, server


def test_whoever_was_connected_once_never_is_again(tmp_path):
    """What comes to lie where the kernel's socket lay may be a link to somebody else's."""
    address = f"ipc://{tmp_path / 'k-1'}"
    with zmq.Context() as theirs, OnceConnected().context as ours, ours.socket(zmq.DEALER) as line:
        line.linger = 0
        with theirs.socket(zmq.ROUTER) as first:
            first.bind(address)
            line.connect(address)
            line.send(b"hello")
            assert first.poll(60_000)
        with theirs.socket(zmq.ROUTER) as second:
            second.bind(address)
            with contextlib.suppress(zmq.Again):  # the line may have noticed its end by now, or not
                line.send(b"hello", zmq.DONTWAIT)
            assert not second.poll(500)


def test_a_message_longer_than_the_listener_could_hold_closes_the_line(tmp_path, monkeypatch):
    monkeypatch.setattr(provisioner, "LARGEST", 1000)
    with zmq.Context() as theirs, OnceConnected().context as ours, ours.socket(zmq.DEALER) as line:
        line.linger = 0
        with theirs.socket(zmq.DEALER) as other:
            other.linger = 0
            other.bind(f"ipc://{tmp_path / 'k-1'}")
            line.connect(f"ipc://{tmp_path / 'k-1'}")
            other.send(b"x" * 900)
            assert line.poll(60_000)
            assert len(line.recv()) == 900
            other.send(b"x" * 1100)
            assert not line.poll(500)


def test_a_kernel_is_asked_for_interrupted_killed_and_gone(door):
    address, ends, requests, server = door
    manager = KernelManager()
    told = {"address": address, "home": "/home/student", "seen_from": "/proc/{pid}/root/home", "readable": ["/in"]}
    asking = SandboxProvisioner(parent=manager, **told)

    async def live() -> None:
        assert await asking.poll() == 0
        info = await asking.launch_kernel([])
        server.join()
        assert (info["transport"], info["ip"]) == ("ipc", "/proc/7/root/home/k")
        assert requests[0]["connection"]["ip"] == "/home/student/k"
        assert requests[0]["connection"]["key"] == manager.session.key.decode()
        assert requests[0]["readable"] == ["/in"]
        assert asking.has_process
        assert await asking.poll() is None
        for send in (
            asking.send_signal(signal.SIGINT),
            asking.send_signal(signal.SIGTERM),
            asking.kill(),
        ):
            await send
        assert ends[0].recv(9) == INTERRUPT + KILL + KILL
        ends[0].close()
        assert await asking.poll() is not None
        await asking.wait()
        assert not asking.has_process

    asyncio.run(live())
