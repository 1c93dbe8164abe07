"""Too much of everything: output, memory, processes, files. It costs its own points at most, and never the run."""

from __future__ import annotations

import re
import threading

import psutil
import pytest
from hostile import ALL_RIGHT, ALL_WRONG, LONG, RIGHT, SHORT, WRONG, HastyGrader, notebook, outcomes

SEND = """
def send(kind, content):
    kernel = get_ipython().kernel
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
"""
RAW = """
def send(content, kind="execute_reply"):
    import json
    kernel = get_ipython().kernel
    session, parent = kernel.session, kernel.get_parent()["header"]
    header = {"msg_id": "1", "msg_type": kind, "username": "", "session": "", "date": "", "version": "5.3"}
    parts = [json.dumps(header, default=str).encode(), json.dumps(parent, default=str).encode(), b"{}", content]
    signed = [b"<IDS|MSG>", session.sign(parts), *parts]
    kernel.iopub_socket.send_multipart([b"x", *signed])
    kernel.shell_stream.socket.send_multipart([*kernel._parent_ident["shell"], *signed])  # nobody leaves these unread
"""
LONG_REPLIES = """
for number in range(1_000_000):
    send(b'{"text": "%d' % number + b"x" * 1_000_000 + b'"}')
"""
SPOKEN = {
    "300 MB": "for _ in range(300):\n    print('x' * 1_000_000)",
    "many lines": "def spread(x):\n    print('a\\n' * 200_000, flush=True)\n    return 1.0",
    "a large image": SEND + "send('display_data', {'data': {'image/png': 'A' * 50_000_000}, 'metadata': {}})",
    "a message larger than memory": RAW + "send(b'{' + b'x' * 1_500_000_000)",
    "deep JSON": RAW + "send(b'{\"data\": ' + b'[' * 200_000 + b']' * 200_000 + b', \"metadata\": {}}')",
    "no UTF-8": RAW + "send(b'\\xff\\xfe')\nimport os\nos.write(1, b'\\xff\\xfe\\n')",
    "half of a pair": RAW + 'send(b\'{"status": "ok", "payload": "\\\\ud800"}\')',
    "colours and pages": "print('\\x1b[2J\\x1b]0;title\\x07<script>alert(1)</script>\\u202e\\x00\\r\\b')",
}
MAPPED = """
import mmap
held = [mmap.mmap(-1, 1 << 30) for _ in range(20)]
for one in held:
    one[:] = bytes(1 << 30)
"""
DROPPED = """
import mmap
held = mmap.mmap(-1, 1 << 30)  # shared with nobody
for start in range(0, 1 << 30, 1 << 26):
    held[start : start + (1 << 26)] = bytes(1 << 26)
    held.madvise(mmap.MADV_DONTNEED)
"""
TABLES = """
import mmap, sys
file = open(sys.executable, "rb")
held = [mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ) for _ in range(2)]
"""
SOCKETS = """
import os, socket, time
for _ in range(50):
    if os.fork() == 0:
        held = [socket.socketpair() for _ in range(80)]
        time.sleep(5)  # what could be in them counts, before it is
        for one, _ in held:
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
            try:
                while True: one.send(bytes(1 << 16))
            except OSError: pass
        time.sleep(60)
time.sleep(60)
"""
NAMELESS = """
import os
for _ in range(90):
    os.write(os.memfd_create("x"), bytes(60 << 20))
"""
THREADS = """
import threading, time
for _ in range(1000):
    threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
"""
DISK = """
for n in range(99):
    for top in ("/tmp", "/dev/shm", "."):
        open(f"{top}/{n}", "wb").write(bytes(30 << 20))
"""
BOMBS = {  # and what stops it
    "memory": ("import numpy\nheld = [numpy.empty(1 << 30, 'u1') for _ in range(20)]", "MemoryError"),
    "memory by mapping": (MAPPED, "OSError"),
    "memory that is dropped and stays": (DROPPED, "OSError"),
    "memory that the system needs to map": (TABLES, "OSError"),
    "memory in sockets": (SOCKETS, "the kernel ended"),
    "memory in files without a name": (NAMELESS, "OSError"),
    "threads": (THREADS, "RuntimeError"),
    "disk": (DISK, "OSError"),
    "a large file": ("open('large', 'wb').write(bytes(100 << 20))", "OSError"),
    "small files": ("import os\nfor n in range(50_000):\n    os.mkdir(f'/tmp/{n}')", "OSError"),
    "open files": ("held = [open('/dev/null') for _ in range(1000)]", "OSError"),
}
FORKS = """
import os, time
count = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(1000)
        count += 1
except OSError as error:
    time.sleep({})
    raise OSError(error.errno, f"{{count < 64}}")
"""
LATE_FORKS = """
import os, threading, time

def fork():
    while True:
        try:
            if os.fork() == 0:
                while True: pass
        except OSError:
            time.sleep(0.1)

def spread(x):
    threading.Thread(target=fork, daemon=True).start()
    return 1.0
"""
HEAVY_FORKS = """
import os, threading, time

def fork():
    for _ in range(8):
        if os.fork() == 0:
            held = bytearray(1 << 30)
            time.sleep(99)

aside = threading.Thread(target=fork)
aside.start()
aside.join()
time.sleep(99)
"""


@pytest.mark.parametrize("what", SPOKEN)
def test_output_of_any_kind_earns_nothing_and_stops_nothing(what, attacked):
    assert "right" not in outcomes(attacked(WRONG, SPOKEN[what]))


def test_output_of_an_odd_kind_costs_nothing_either(graded):
    for what in ("no UTF-8", "colours and pages"):
        assert outcomes(graded(RIGHT, SPOKEN[what])) == ALL_RIGHT


def test_replies_without_end_are_stopped_and_said(graded):
    """And nobody hears more of a notebook than its replies."""
    result = graded(WRONG, RAW + LONG_REPLIES, RIGHT)
    assert "code cell 2: too much output" in result.flags
    assert outcomes(result) == ALL_RIGHT


def test_an_error_can_be_stored_and_shown_whatever_it_says(graded):
    name = RAW + "import json\n"
    forged = "{'status': 'error', 'ename': '\\ud800', 'evalue': '\\x1b[31m\\x00\\u202e<b>', 'traceback': []}"
    result = graded(WRONG, f"{name}send(json.dumps({forged}).encode())")
    result.to_json().encode()
    assert result.errors == {2: "an error of its own"}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_bomb_takes_more_than_its_share(bomb, attacked):
    before = psutil.virtual_memory().available
    least = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            least.append(psutil.virtual_memory().available)

    watcher = threading.Thread(target=watch)
    watcher.start()
    source, stops = BOMBS[bomb]
    result = attacked(WRONG, source, limits=LONG)
    done.set()
    watcher.join()
    assert "right" not in outcomes(result)
    assert re.search(stops, f"{result.errors} {result.flags}")
    assert before - min(least) < 6 << 30  # of 3 that one may have, and of what others do on this machine


def test_processes_that_take_much_together_are_ended(attacked):
    result = attacked(WRONG, HEAVY_FORKS, limits=LONG)
    assert result.flags == ("code cell 2: the kernel ended",)
    assert outcomes(result) == ALL_WRONG


def test_who_forks_once_the_answer_is_given_takes_nothing_from_the_next(attacked):
    result = attacked(LATE_FORKS, limits=SHORT)
    assert "right" not in outcomes(result)


@pytest.mark.slow
def test_who_forks_without_end_takes_nothing_from_another_grader(bundle, confined, graded):
    other = HastyGrader(bundle, confined)
    other.grade("ann", notebook(RIGHT))
    results = {}
    bomb = threading.Thread(target=lambda: results.update(bomb=graded(WRONG, FORKS.format(2))))
    bomb.start()
    bystanders = []
    while bomb.is_alive():
        bystanders.append(outcomes(other.grade("ann", notebook(RIGHT))))
    other.close()
    assert bystanders == [ALL_RIGHT] * len(bystanders)
    assert "right" not in outcomes(results["bomb"])
