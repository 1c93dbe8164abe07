"""What the kernel of a submission counts."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_kit.grading.containment.kernel import PIECE, Sink

THREADS, WRITES = 4, 20_000


@pytest.mark.parametrize("length", [1, 1000])
def test_what_many_threads_write_at_the_same_time_is_counted_to_the_last_character(length):
    def talk(sink: Sink) -> None:
        for _ in range(WRITES):
            sink.write("x" * length)

    before, interval = Sink.said(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(talk, [Sink() for _ in range(THREADS)]))
    finally:
        sys.setswitchinterval(interval)
    assert Sink.said() - before == THREADS * WRITES * max(PIECE, length)
