"""What grading a submission costs: CPU seconds, wall seconds and memory, of this course's grader and of its peers.

    python benchmarks/grading.py
    python benchmarks/grading.py --peers --submissions 10 --json
    python benchmarks/grading.py --workers 2 --submissions 600   # `course grade` on a made-up class, start to end

Each row grades the same submissions, which import torch and torch_geometric, on one core and with one thread. CPU
seconds are those of all processes that are started, also of those that have ended. Memory is the most that all have
together at one time (PSS, looked at five times a second). Ours is at steady state: what comes before the second
submission has a line of its own. Peers are installed into `.cache/peers`; torch comes first, so that all have the same,
and little else lies there, which makes their import of torch_geometric shorter than in the course's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import torch
from grading_peers import PEERS, POINTS, Peer, Student, environment, filled_in, our_solution, students
from tqdm import tqdm

from course_kit.grading.authoring.release import release
from course_kit.grading.containment.confine import TAKE_ORPHANS, libc
from course_kit.grading.containment.levels import best_level
from course_kit.grading.marking.bundle import draw_bundle
from course_kit.grading.marking.grader import Grader
from course_lib import __version__

ROOT = Path(__file__).resolve().parent.parent
TORCH = "torch==2.13.0"
EVERY = 0.2  # seconds between two looks at memory
SECRET = b"a secret for the benchmark"
Row = dict[str, Any]


class Meter:
    """What all processes below this one use while the block runs; orphans come back to this one, and count."""

    def __enter__(self) -> Meter:
        if sys.platform == "linux":
            libc.prctl(TAKE_ORPHANS, 1, 0, 0, 0)
        self.megabytes: Counter[str] = Counter()
        self._done, self._watcher = threading.Event(), threading.Thread(target=self._watch)
        self._watcher.start()
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()
        return self

    def __exit__(self, *problem: object) -> None:
        self.cpu, self.wall = cpu_seconds() - self._cpu, time.perf_counter() - self._wall
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        if hasattr(os, "sched_setaffinity"):  # of this thread alone: out of the way of what is measured
            os.sched_setaffinity(0, range(os.cpu_count()))
        while not self._done.wait(EVERY):
            self.megabytes = max(self.megabytes, memory(), key=Counter.total)


def cpu_seconds() -> float:
    """Of all descendants, those included that have ended: whoever waits for a process takes over its seconds."""
    ended = os.times()
    total = ended.children_user + ended.children_system
    for process in psutil.Process().children(recursive=True):
        try:
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
        except psutil.NoSuchProcess:
            continue
    return total


def memory() -> Counter[str]:
    """Megabytes of all descendants by what they are; what is shared counts once."""
    roles: dict[int, str] = {os.getpid(): ""}
    held: Counter[str] = Counter()
    for process in psutil.Process().children(recursive=True):
        try:
            role = roles[process.pid] = _role(roles.get(process.ppid(), ""), " ".join(process.cmdline()))
            held[role] += process.memory_full_info().pss / 1e6
        except psutil.NoSuchProcess:
            continue
    return held


def _role(parent: str, command: str) -> str:
    if parent in ("warm", "kernel"):
        return "kernel"
    if "course_kit.grading.containment.warm" in command:
        return "warm"
    if parent == "grader":
        return "listener"
    return "grader" if "course_kit.grading.marking.grader" in command else "main"


def own_code(everyone: Sequence[Student]) -> float:
    """CPU seconds of a student's cells alone, run plainly where all they import is there already; the mean."""
    for _ in range(2):  # the first time imports
        start = time.thread_time()
        for student in everyone:
            names: dict[str, Any] = {}
            for source in student.sources:
                exec(compile(source, "<cell>", "exec"), names)
    return (time.thread_time() - start) / len(everyone)


def row(title: str, meter: Meter, everyone: Sequence[Student], points: Sequence[float], **more: Any) -> Row:
    """A line of the table."""
    right = sum(abs(got - student.points) < 0.01 for got, student in zip(points, everyone, strict=True))
    size = len(everyone)
    shares = {role: round(megabytes) for role, megabytes in sorted(meter.megabytes.items())}
    costs = {"cpu": meter.cpu / size, "wall": meter.wall / size, "megabytes": round(meter.megabytes.total())}
    return {"grader": title, **costs, "right": right, "of": size, "memory": shares, **more}


def ours(everyone: Sequence[Student], folder: Path) -> Row:
    """`course grade`'s own grader, warm."""
    solution = folder / "a9_bench.ipynb"
    solution.write_text(our_solution())
    (folder / "empty").mkdir()
    level = best_level(folder / "empty")
    released = release(solution, folder / "released").read_text()
    contents = [filled_in(released, student).encode() for student in everyone]
    with Meter() as building:
        bundle = draw_bundle(solution, SECRET, folder, progress=False)
    grader = Grader(bundle, level)
    try:
        with Meter() as starting:
            grader.grade("first", contents[0])
        with Meter() as meter:
            bar = tqdm(zip(everyone, contents, strict=True), "course grade", len(everyone), ncols=100)
            results = [grader.grade(student.name, content) for student, content in bar]
        time.sleep(1)  # the last kernel ends
        rest = round(memory().total())
    finally:
        grader.close()
    points = [result.points * POINTS / 100 for result in results]
    once = {
        "variants": {"cpu": building.cpu, "wall": building.wall},
        "start": {"cpu": starting.cpu - meter.cpu / len(everyone), "wall": starting.wall - meter.wall / len(everyone)},
    }
    return row(f"course grade, {level}", meter, everyone, points, version=__version__, once=once, rest=rest)


class Skipped(Exception):
    """Why a peer has no figures."""


def installed(package: str) -> Path:
    """Where the programs of a peer are, in an environment of its own."""
    folder = ROOT / ".cache/peers" / f"grading-{package}"
    programs = folder / "bin"
    stamp = folder / "installed"
    if not stamp.exists():
        venv.create(folder, clear=True, with_pip=True)
        for packages in ((TORCH,), ("torch_geometric",), (package, "ipykernel", "pytest")):
            command = [programs / "python", "-m", "pip", "install", "-q", *packages]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode:
                raise Skipped(([*done.stderr.strip().splitlines()] or ["no word why"])[-1])
        stamp.touch()
    return programs


def peer_row(kind: type[Peer], title: str, package: str, everyone: Sequence[Student], folder: Path) -> Row:
    """A peer's line of the table."""
    programs = installed(package)
    peer = kind(title, package, programs, folder)
    peer.prepare(everyone)
    shown = [programs / "python", "-c", f"from importlib.metadata import version; print(version({package!r}))"]
    number = subprocess.run(shown, capture_output=True, text=True).stdout.strip()
    commands = [*peer.commands(everyone)]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with Meter() as meter:
        for command in tqdm(commands, title, unit="command", ncols=100):
            subprocess.run(command, cwd=folder, env=environment(programs), **quiet)
    return row(title, meter, everyone, peer.points(everyone), version=number)


def steady(number: int, with_peers: bool) -> Iterator[Row]:
    """The table's rows."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    everyone = students(number)
    yield {"grader": "the cells alone, warm", "cpu": own_code(everyone)}
    bare = [sys.executable, "-c", "import torch, torch_geometric"]
    with Meter() as meter:
        subprocess.run(bare, env=environment(Path(sys.executable).parent), check=True)
    yield {"grader": "a bare import of both", "version": "", "cpu": meter.cpu, "wall": meter.wall}
    with tempfile.TemporaryDirectory() as folder:
        yield ours(everyone, Path(folder))
    for kind, title, package in PEERS if with_peers else ():
        try:
            with tempfile.TemporaryDirectory() as folder:
                yield peer_row(kind, title, package, everyone, Path(folder))
        except (Skipped, OSError) as error:
            tqdm.write(f"{title} is left out: {error}", file=sys.stderr)


def class_run(number: int, workers: int) -> Row:
    """`course grade a1` for a class, a twentieth of it broken files and a twentieth attacks: everything counts."""
    with tempfile.TemporaryDirectory() as folder:
        handed_in, out = Path(folder, "class"), Path(folder, "out")
        make = [sys.executable, "tools/submissions.py", "a1", "--students", str(number), "--out", handed_in]
        subprocess.run([*make, "--broken", "0.05", "--hostile", "0.05", "--seed", "7"], cwd=ROOT, check=True)
        grade = [Path(sys.executable).with_name("course"), "grade", "a1", handed_in, "--out", out]
        with Meter() as meter:
            subprocess.run([*grade, "--workers", str(workers)], cwd=ROOT, check=True)
        results = [json.loads(path.read_text("utf-8")) for path in out.glob("results/*.json")]
    return {
        "submissions": len(results),
        "flagged": sum(bool(result["flags"]) for result in results),
        "workers": workers,
        "cpu": meter.cpu,
        "wall": meter.wall,
        "memory": {role: round(megabytes) for role, megabytes in sorted(meter.megabytes.items())},
    }


def print_table(rows: Sequence[Row]) -> None:
    """The rows in words."""
    own, (us,) = rows[0]["cpu"], [one for one in rows if "once" in one]
    print(f"{'':26} {'version':11} {'CPU s':>6} {'× ours':>6} {'wall s':>6} {'MB':>5}  as expected")
    for one in rows[1:]:
        over = one["cpu"] - own
        print(f"{one['grader']:26} {one['version']:11} {over:6.2f} {over / (us['cpu'] - own):6.1f}", end="")
        print(f" {one['wall']:6.1f}", end="")
        print(f" {one['megabytes']:5}  {one['right']} of {one['of']}" if "right" in one else "")
    print(f"CPU: a submission, over the student's own cells, which take {own:.4f} s where all they import is there")
    print("ours, most memory at one time:", ", ".join(f"{role} {size} MB" for role, size in us["memory"].items()))
    print(f"ours, memory between two submissions: {us['rest']} MB")
    for what, cost in us["once"].items():
        print(f"ours, once: {what}, {cost['cpu']:.1f} CPU s, {cost['wall']:.1f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=10)
    parser.add_argument("--peers", action="store_true", help="also nbgrader, otter and plain nbval")
    parser.add_argument("--workers", type=int, help="instead: `course grade a1` for a made-up class")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    if args.workers:
        ran = class_run(args.submissions, args.workers)
        each = {what: ran[what] / ran["submissions"] for what in ("cpu", "wall")}
        print(json.dumps(ran | {f"{what} each": value for what, value in each.items()}, indent=2))
        return
    rows = [*steady(args.submissions, args.peers)]
    if args.json:
        versions = {name: version(name) for name in ("torch", "torch_geometric", "pytest", "nbval", "ipykernel")}
        print(json.dumps({"submissions": args.submissions, "versions": versions, "rows": rows}, indent=2))
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
