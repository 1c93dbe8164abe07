"""Each in a process of its own: there is no way back."""

from __future__ import annotations

import ast
import errno
import functools
import inspect
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from course_kit.grading.containment import system_calls
from course_kit.grading.containment.system_calls import (
    ALLOW,
    AND,
    ANSWER,
    ARGUMENTS_AT,
    DEEP,
    FAIL,
    IF_AT_LEAST,
    IF_EQUAL,
    KILL,
    LOAD,
    MACHINE_AT,
    MACHINES,
    MMAP,
    NUMBER_AT,
    SOCKET,
    UNCOUNTED,
    _program,
)

pytestmark = pytest.mark.skipif(platform.machine() not in MACHINES, reason="no table for this machine")
TRY = """
from course_kit.grading.containment.system_calls import forbid
import ctypes, mmap, os, socket
def libc(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
forbid()
try:
    {}
except OSError as error:
    print(error.strerror)
else:
    print("goes ahead")
"""
GONE = (  # each gives memory that nothing counts, or has let programs into the system
    *("shmget", "semget", "msgget", "mq_open", "memfd_create", "memfd_secret", "vmsplice", "io_setup"),
    *("landlock_create_ruleset", "add_key", "request_key", "keyctl", "io_uring_setup", "userfaultfd"),
    *("perf_event_open", "bpf"),
)
HEADERS = {"x86_64": "x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "asm-generic/unistd.h"}
HEADER = Path("/usr/include", HEADERS.get(platform.machine(), "none"))
GOES_AHEAD = "goes ahead"
CALLS = {
    "os.getpid()": GOES_AHEAD,
    "os.memfd_create('x')": "Function not implemented",
    "libc('vmsplice', 9, 0, 0, 0)": "Function not implemented",
    "libc('syscall', 444, 0, 0, 1)": "Function not implemented",  # asks which edition of Landlock there is
    "libc('getppid')": GOES_AHEAD,
    "socket.socket(socket.AF_INET)": GOES_AHEAD,
    "socket.socket(socket.AF_INET6)": GOES_AHEAD,
    "socket.socket(socket.AF_UNIX)": GOES_AHEAD,
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)": GOES_AHEAD,
    "socket.socketpair()": GOES_AHEAD,
    "socket.socket(40, socket.SOCK_STREAM)": "Address family not supported by protocol",  # AF_VSOCK
    "socket.socket(38, socket.SOCK_SEQPACKET)": "Address family not supported by protocol",  # AF_ALG
    "socket.socket(17, socket.SOCK_RAW)": "Address family not supported by protocol",  # AF_PACKET
    "mmap.mmap(-1, 4096)": "Cannot allocate memory",
    "mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)": GOES_AHEAD,
    "mmap.mmap(os.open(os.__file__, os.O_RDONLY), 4096, mmap.MAP_SHARED, mmap.PROT_READ)": GOES_AHEAD,
}


@pytest.mark.parametrize("call", CALLS)
def test_what_is_forbidden_fails_as_if_absent_and_the_rest_goes_ahead(call):
    done = subprocess.run([sys.executable, "-c", TRY.format(call)], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (CALLS[call], "")


def answer(call: str, *arguments: int, machine: str = "x86_64", mark: int | None = None, second: int = 0) -> int:
    """What the program answers, step by step as the system would."""
    about = MACHINES[machine]
    numbers = {**UNCOUNTED, **DEEP, **SOCKET, **MMAP, "getpid": (39, 172)}
    words = {NUMBER_AT: numbers[call][about.column] | second, MACHINE_AT: about.mark if mark is None else mark}
    words |= {ARGUMENTS_AT + 8 * place: word for place, word in enumerate(arguments)}
    program, at, loaded = list(_program(about)), 0, 0
    while True:
        what, yes, no, number = program[at]
        if what == ANSWER:
            return number
        loaded = {LOAD: words.get(number, 0), AND: loaded & number}.get(what, loaded)
        at += 1 + {IF_EQUAL: yes if loaded == number else no, IF_AT_LEAST: yes if loaded >= number else no}.get(what, 0)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_program_answers_for_every_machine(machine):
    ask = functools.partial(answer, machine=machine)
    assert ask("getpid") == ALLOW
    assert {ask(call) for call in GONE} == {FAIL | errno.ENOSYS}
    for call in SOCKET:
        assert {ask(call, family) for family in (1, 2, 10, 16)} == {ALLOW}
        assert {ask(call, family) for family in (17, 38, 40)} == {FAIL | errno.EAFNOSUPPORT}
    flags = {"shared": 0x01, "private and nameless": 0x22, "shared and nameless": 0x21}
    answers = {name: ask("mmap", 0, 0, 0, flag) for name, flag in flags.items()}
    assert [name for name in flags if answers[name] == FAIL | errno.ENOMEM] == ["shared and nameless"]
    assert ask("getpid", second=0x40000000) == FAIL | errno.ENOSYS  # x86-64's second table
    assert ask("getpid", mark=3) == KILL  # the calls of a 32-bit machine


@pytest.mark.skipif(not HEADER.exists(), reason="this system has no headers")
def test_the_numbers_are_those_of_the_systems_headers():
    words = [line.split() for line in HEADER.read_text().splitlines()]
    known = {word[1].removeprefix("__NR_"): int(word[2]) for word in words if len(word) == 3 and word[2].isdigit()}
    column = MACHINES[platform.machine()].column
    table = {name: numbers[column] for name, numbers in {**UNCOUNTED, **DEEP, **SOCKET, **MMAP}.items()}
    assert {name: known.get(name, number) for name, number in table.items()} == table


def test_nothing_of_the_course_is_needed():
    """The warm process runs a copy of this module."""
    imports = [
        node for node in ast.walk(ast.parse(inspect.getsource(system_calls))) if isinstance(node, ast.ImportFrom)
    ]
    assert not [node for node in imports if node.module.startswith("course")]
