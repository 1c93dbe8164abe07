"""Judge an answer in a process of its own, which no number that a submission says can make large or slow."""

from __future__ import annotations

import os
import resource
import select
import signal

from course_kit.grading.asking.judging import JUDGED_WRONG, SECONDS
from course_kit.grading.asking.probe import names_in
from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.containment.confine import MIB, cap, die_with_parent
from course_kit.grading.marking.bundle import ExamCase, verdict_on

MEMORY = 4096 * MIB
LONGEST = 4096  # bytes of a verdict


def judge(assignment: Assignment, one: ExamCase, text: str) -> str:
    """The verdict on what a submission told, see `judging.judged`; a judge that ends or hangs over it fails it.

    Args:
        assignment: Where the judge stands.
        one: What was asked.
        text: What came.
    """
    source = assignment.probe_source(assignment.exercises[one.exercise], hidden=True)
    names_in(source)  # imports here, once, what each of the processes needs
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            die_with_parent()
            cap(resource.RLIMIT_DATA, MEMORY)
            os.write(writing, verdict_on(one, text, source).encode())
        finally:
            os._exit(0)
    os.close(writing)
    try:
        answered, _, _ = select.select([reading], [], [], SECONDS + 5)
        return (os.read(reading, LONGEST) if answered else b"").decode() or JUDGED_WRONG
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
