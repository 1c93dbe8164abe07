"""Jupyter asks here for a kernel; it comes from the warm process, and its sockets lie where only it can write."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
from typing import Any

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import List, Unicode, default

from course_kit.grading.containment.warm import INTERRUPT, KILL

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
LARGEST = 256 << 20  # bytes of one message; a longer one closes the line


class OnceConnected(BlockingKernelClient):
    """Connects to a kernel before its notebook runs, and never again.

    A notebook can put something else where the kernel's sockets lie, a link to a socket of this machine, say. Whoever
    connected once more would be led there with the rights of the grader.
    """

    @default("context")
    def _lasting(self) -> zmq.Context:
        context = zmq.Context()
        context.setsockopt(zmq.RECONNECT_IVL, -1)
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST)
        return context

    def start_channels(self, *args: Any, **how: Any) -> None:
        """Open two lines: one for requests and one that tells when the kernel is ready. A heartbeat reconnects."""
        super().start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)


class SandboxProvisioner(KernelProvisionerBase):
    """Starts kernels by asking the warm process, over the unix socket that the kernelspec names."""

    address = Unicode(help="the warm process's socket").tag(config=True)
    home = Unicode(help="the kernel's working folder, as it sees it").tag(config=True)
    seen_from = Unicode(help="where that folder is for us; {pid} is the kernel").tag(config=True)
    readable = List(Unicode(), help="more folders that the kernel may read").tag(config=True)
    _control: socket.socket | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self._control is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Have the sockets in the file system."""
        self.parent.transport = "ipc"
        self.parent.client_class = f"{__name__}.{OnceConnected.__name__}"
        return {**await super().pre_launch(**kwargs), "cmd": []}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Ask for a kernel and wait until it listens."""
        info = {**dict(zip(PORTS, range(1, 6), strict=True)), "transport": "ipc", "ip": f"{self.home}/k"}
        info |= {"key": self.parent.session.key.decode(), "signature_scheme": self.parent.session.signature_scheme}
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control.connect(self.address)
        request = {"connection": info, "home": self.home, "readable": self.readable}
        self._control.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self._control.makefile().readline())
        seen = self.seen_from.format(pid=answer["pid"])
        self.connection_info = {**info, "ip": f"{seen}/k", "key": info["key"].encode()}
        return self.connection_info

    async def poll(self) -> int | None:
        """None while the kernel lives; whoever stands before it closes the line when it has ended."""
        try:
            return (
                0 if self._control is None or not self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) else None
            )
        except BlockingIOError:
            return None
        except OSError:
            return 1

    async def wait(self) -> int | None:
        """Wait for the end, which comes within a moment of `kill`."""
        if self._control is not None:
            self._control.settimeout(5)
            with contextlib.suppress(OSError):
                self._control.recv(1)
        await self.cleanup()
        return 0

    async def send_signal(self, signum: int) -> None:
        """Pass on an interrupt; anything else kills."""
        if self._control is not None:
            with contextlib.suppress(OSError):  # it has ended
                self._control.send(INTERRUPT if signum == signal.SIGINT else KILL)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and all that it started."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Kill as well: a submission has nothing to tidy up."""
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Close the line, on which the kernel dies if it has not yet."""
        if self._control is not None:
            self._control.close()
            self._control = None
