"""Take system calls away from this process and its children, as if this system did not have them.

The system runs a small program before each call (see seccomp in Linux's documentation). The program reads the number
of the call and its arguments, and answers whether the call goes ahead, fails or ends the process.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import platform
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

# A call's name → its number on x86-64 and on 64-bit ARM.
UNCOUNTED = {  # they give memory that belongs to no process and that no limit counts
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "vmsplice": (278, 75),  # a huge page stays for as long as a pipe holds a piece of it
    "io_setup": (206, 0),
    "landlock_create_ruleset": (444, 444),  # rules without an end
}
DEEP = {  # nobody's homework needs them, and they have let programs into the system itself
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
}
SOCKET = {"socket": (41, 198), "socketpair": (53, 199)}
MMAP = {"mmap": (9, 222)}
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # 16: AF_NETLINK; others reach beyond a namespace
SHARED_AND_NAMELESS = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS  # pages that stay, uncounted, when a process drops them

NUMBER_AT, MACHINE_AT, ARGUMENTS_AT = 0, 4, 16  # where the program finds them; an argument has eight bytes
LOAD, AND, IF_EQUAL, IF_AT_LEAST, ANSWER = 0x20, 0x54, 0x15, 0x35, 0x06  # the program's five instructions
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x50000  # answers; to the last an error's number is added
OTHER_TABLE = 0x40000000  # numbers from here on are x86-64's second table, with other numbers for the same calls
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, WITH_A_PROGRAM = 38, 22, 2
Step = tuple[int, int, int, int]


@dataclass(frozen=True)
class Machine:
    """A kind of machine.

    Args:
        mark: What the system calls it.
        column: Which number of each call is its.
    """

    mark: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}


def forbid() -> None:
    """Take the calls away; on machines that are not in the table, take none."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return
    program = list(_program(machine))
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    whole = struct.pack("HP", len(program), ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    for what in ((SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_SECCOMP, WITH_A_PROGRAM, whole, 0, 0)):
        if libc.prctl(*what):
            raise OSError(ctypes.get_errno(), "the system takes no filter of system calls")


def _program(machine: Machine) -> Iterator[Step]:
    """Instructions: what to do, how many steps to skip if it holds and if it does not, and a number."""
    yield from [(LOAD, 0, 0, MACHINE_AT), (IF_EQUAL, 1, 0, machine.mark), (ANSWER, 0, 0, KILL)]
    yield from [(LOAD, 0, 0, NUMBER_AT), (IF_AT_LEAST, 0, 1, OTHER_TABLE), _fail(errno.ENOSYS)]
    for numbers in (*UNCOUNTED.values(), *DEEP.values()):
        yield from _where(numbers[machine.column], [_fail(errno.ENOSYS)])
    families = [(IF_EQUAL, len(FAMILIES) - place, 0, family) for place, family in enumerate(FAMILIES)]
    for numbers in SOCKET.values():
        checks = [(LOAD, 0, 0, ARGUMENTS_AT), *families, _fail(errno.EAFNOSUPPORT), (ANSWER, 0, 0, ALLOW)]
        yield from _where(numbers[machine.column], checks)
    flags = [(LOAD, 0, 0, ARGUMENTS_AT + 3 * 8), (AND, 0, 0, SHARED_AND_NAMELESS)]
    checks = [*flags, (IF_EQUAL, 0, 1, SHARED_AND_NAMELESS), _fail(errno.ENOMEM), (ANSWER, 0, 0, ALLOW)]
    yield from _where(MMAP["mmap"][machine.column], checks)
    yield (ANSWER, 0, 0, ALLOW)


def _where(number: int, steps: list[Step]) -> list[Step]:
    """Steps for one call, which end with an answer, and are skipped for any other."""
    return [(IF_EQUAL, 0, len(steps), number), *steps]


def _fail(error: int) -> Step:
    return (ANSWER, 0, 0, FAIL | error)
