"""What a submission can find to read: nothing that says an answer, nothing of anybody else's.

A probe raises if it finds something; so the errors of a submission's own cells say which probes did.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import psutil
import pytest
from hostile import ALL_RIGHT, ALL_WRONG, LONG, MARKS, RIGHT, WRONG, HastyGrader, Stock, notebook, outcomes
from processes import living

import course_lib.metrics

ROOT = Path(course_lib.__file__).parents[1]
SCAN = """
import glob, hashlib, re

def found_in_memory(prefix, length, digest):
    \"\"\"Whether a text that starts so and has this digest lies in the memory of any process.\"\"\"
    pattern = re.compile(prefix.encode()[:6] + b"(?=" + re.escape(prefix.encode()[6:]) + b")")
    for memory in glob.glob("/proc/[0-9]*/mem"):
        try:
            parts = [line.split() for line in open(memory.replace("mem", "maps")) if " rw" in line]
            file = open(memory, "rb", buffering=0)
        except OSError:
            continue
        for part in parts:
            start, end = (int(number, 16) for number in part[0].split("-"))
            try:
                file.seek(start)
                read = file.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            for match in pattern.finditer(read):
                if hashlib.sha256(read[match.start() : match.start() + length]).hexdigest() == digest:
                    return True
    return False
"""
PROBES = {
    "files of others": """
        import os
        for path in {paths!r}:
            assert not os.path.exists(path), path""",
    "notebooks, bundles, passwords and other kernels, anywhere": """
        import os, sys
        known = ("/usr", "/proc", "/sys", "/dev", sys.prefix, sys.base_prefix)
        for folder, folders, files in os.walk("/"):
            folders[:] = [name for name in folders if not os.path.join(folder, name).startswith(known)]
            for name in files:
                mine = folder == "/home/student" and name == "connection.json"
                found = name.endswith((".ipynb", ".pickle", "shadow")) or name in ("connection.json", "warm")
                assert mine or not found, os.path.join(folder, name)""",
    "files beside the inputs": """
        import os, re
        mounted = re.findall(r" (/\\S+)/inputs ", open("/proc/self/mountinfo").read()) or {jobs!r}
        for folder in mounted:
            assert set(os.listdir(folder)) <= {{"inputs"}}, os.listdir(folder)""",
    "working folders of processes": """
        import glob, os
        for link in glob.glob("/proc/[0-9]*/cwd") + glob.glob("/proc/[0-9]*/root"):
            for place in (link, os.path.join(link, "..")):
                try:
                    there = os.listdir(place)
                except OSError:
                    continue
                assert not [name for name in there if name.endswith(".ipynb") or name == "solutions"], there""",
    "other processes": """
        import glob
        found = glob.glob("/proc/[0-9]*/cmdline")
        assert len(found) == 1, found""",
    "environment": """
        import glob, os
        told = [str(dict(os.environ))]
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                told.append(open(path).read())
            except OSError:
                pass
        assert "mark-of-the-" + "token" not in " ".join(told)""",
    "open files": """
        import os, socket, stat
        for number in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink(f"/proc/self/fd/{{number}}")
                is_socket = stat.S_ISSOCK(os.fstat(int(number)).st_mode)
            except OSError:
                continue
            if is_socket:
                end = socket.socket(fileno=os.dup(int(number)))
                if end.family == socket.AF_UNIX:
                    target = end.getsockname() or end.getpeername() or "/dev/null"
                    target = target if isinstance(target, str) else target.decode()
                else:
                    target = "/dev/null"
            mine = ("/dev/null", "/proc", "/home/student")
            assert not target.startswith("/") or target.startswith(mine), target""",
    "memory": SCAN + "\nassert not found_in_memory({mark!r}, {length}, {digest!r})",
}
OUTSIDE = """
import os, socket, sys, tempfile
os.chdir(tempfile.mkdtemp())
open("merged.ipynb", "w").close()
kept = open("merged.ipynb")
for name, source in PROBES.items():
    try:
        exec(source, {})
    except AssertionError:
        continue
    print("found nothing:", name)
"""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def probes(tmp_path_factory) -> dict[str, str]:
    """The probes, told what outside would be worth finding."""
    job = tmp_path_factory.mktemp("job")
    (job / "private").mkdir()
    told = {
        "paths": [
            "/etc/shadow",
            "/var/log",
            "/sys/kernel",
            *(str(ROOT / name) for name in ("solutions", "course_lib")),
        ],
        "jobs": [str(job)],
        "mark": MARKS["token"][:17],
        "length": len(MARKS["token"]),
        "digest": digest(MARKS["token"]),
    }
    return {name: textwrap.dedent(source).format(**told) for name, source in PROBES.items() if name != "memory"} | {
        "memory": SCAN + PROBES["memory"].removeprefix(SCAN).format(**told)
    }


def test_inside_nothing_is_found(attacked, probes):
    result = attacked(*probes.values(), WRONG)
    assert result.errors == {}
    assert outcomes(result) == ALL_WRONG


def test_outside_every_probe_finds_something(probes):
    """Or the test above could not fail."""
    source = f"PROBES = {probes!r}\n{OUTSIDE}"
    environment = {**os.environ, "COURSE_TOKEN": MARKS["token"]}
    done = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("mark", ["secret", "solution", "right answer"])
def test_no_memory_holds_the_(mark, bundle, graded):
    text = {**MARKS, "right answer": bundle.variant("mallory")[-1].right}[mark]
    found = f"found_in_memory({text[:9]!r}, {len(text)}, {digest(text)!r})"
    own = f"{SCAN}\nassert not {found}"
    asked = f"def spread(x):\n    raise KeyError if {found} else ValueError"
    result = graded(WRONG, own, asked)
    assert result.errors == {}
    assert outcomes(result) == ["raised ValueError", "raised ValueError", "wrong"]


def test_no_process_of_the_grader_can_be_reached(grader, graded):
    """Neither the warm process's socket, nor one of those that all processes of this machine could see."""
    command = next(p.cmdline() for p in living(psutil.Process(grader.pid).children()) if "warm" in p.cmdline()[2])
    address = json.loads(command[3])["address"]
    assert Path(address).is_socket()
    knock = f"import socket\nsocket.socket(socket.AF_UNIX).connect({address!r})"
    assert graded(knock).errors[1].startswith("FileNotFoundError: socket.socket(")


FIND = """import subprocess
words = ["find", "/", "-path", "/proc", "-prune", "-o", "-path", "*course_lib/*.py*", "-print"]
found = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
assert "/losses." in found and "/metrics." not in found, found"""


def test_a_withheld_module_is_nowhere(graded):
    source = Path(course_lib.metrics.__file__).read_text()
    line = next(line for line in source.splitlines() if line.startswith("def "))
    start = source.index(line)
    body = source[start : start + 200]
    result = graded(
        "import course_lib.losses",
        "import course_lib.metrics",
        f"{SCAN}\nassert not found_in_memory({body[:12]!r}, 200, {digest(body)!r})",
        FIND,
        limits=LONG,
    )
    assert result.errors == {2: "ModuleNotFoundError: import course_lib.metrics"}


@pytest.mark.slow
def test_a_withheld_module_is_nowhere_if_the_course_is_installed_beside_other_packages(bundle, confined):
    with tempfile.TemporaryDirectory(dir=sys.prefix) as site:
        shutil.copytree(ROOT / "course_lib", Path(site, "course_lib"))
        Path(site, "other.py").touch()
        Path(site).chmod(0o755)
        grader = HastyGrader(bundle, confined, PYTHONPATH=site)
        look = f"import os\nassert sorted(os.listdir({site!r})) == ['course_lib', 'other.py']\n"
        look += f"assert os.listdir({site!r} + '/course_lib') == []"
        result = grader.grade("mallory", notebook(look, "import course_lib.metrics", RIGHT))
        grader.close()
    assert result.errors == {2: "ModuleNotFoundError: import course_lib.metrics"}
    assert outcomes(result) == ALL_RIGHT


REPLAY = """
import builtins, glob, json
stored = glob.glob("*.ipynb") or glob.glob("/proc/*/cwd/*.ipynb") or glob.glob("/tmp/*/*/*/private/*.ipynb")
cells = [cell for path in stored for cell in json.load(open(path))["cells"]]
outputs = iter([output["text"] for cell in cells for output in cell.get("outputs", [])])
honest = print
builtins.print = lambda *args, **how: honest(next(outputs), end="")
"""


def test_stock_nbval_loses_to_who_reads_the_merged_notebook(stock_nbval):
    """nbval starts a kernel in the folder of the notebook, and the right outputs stand in it."""
    assert stock_nbval(WRONG, REPLAY) == Stock(["PASSED"] * 3, 0)


def test_there_is_no_notebook_to_replay(attacked):
    assert "right" not in outcomes(attacked(WRONG, REPLAY))


LOOK_UP = """
import builtins, os, re
parts = [line.split()[0].split("-") for line in open(f"/proc/{os.getppid()}/maps") if " rw" in line]
with open(f"/proc/{os.getppid()}/mem", "rb", buffering=0) as memory:
    for start, end in parts:
        memory.seek(int(start, 16))
        read = memory.read(int(end, 16) - int(start, 16))
        if match := re.search(rb"([(]5,[)]: [-0-9. ]{9,99})\\n", read):
            text = match[1].decode()
            break
honest = print
builtins.print = lambda *args, **how: honest(text if "(5,)" in str(args) else args[0], **how)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a kernel of root can look into any process")
def test_stock_nbval_loses_to_who_reads_its_memory(stock_nbval):
    assert stock_nbval(WRONG, LOOK_UP) == Stock(["FAILED", "FAILED", "PASSED"], 1)


def test_there_is_no_parent_to_look_into(graded):
    result = graded(WRONG, LOOK_UP)
    assert outcomes(result) == ALL_WRONG
    assert result.errors[2].startswith("FileNotFoundError")


def test_of_the_kit_only_what_asks_can_be_imported(graded):
    there = ["course_lib.losses", "course_kit.grading.asking.check"]
    rooms = ["authoring.assignment", "containment.warm", "containment.sandbox", "marking.grade", "reports.feedback"]
    absent = ["course_kit.widgets", "course_kit.lessons.practice", *(f"course_kit.grading.{room}" for room in rooms)]
    look = f"""import importlib, sys
assert not [name for name in sys.modules if "containment" in name]
for name in {there}:
    importlib.import_module(name)
for name in {absent}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    raise AssertionError(name)"""
    result = graded(RIGHT, look)
    assert result.errors == {}
    assert outcomes(result) == ALL_RIGHT
