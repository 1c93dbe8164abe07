"""Made-up submissions to an assignment, to try the grader on: right answers in many styles, known mistakes, gaps.

    python tools/submissions.py a1 --students 30 --out submissions
    python tools/submissions.py a1 --students 600 --broken 0.05 --hostile 0.05 --seed 7 --out submissions

Writes `<student>.ipynb` for each, and beside the folder a class list, `<folder>.csv`, with some who handed in nothing.
The hostile ones mean it: they fork, flood, kill and sleep. Run them in the grader's sandbox and nowhere else.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from course_kit.grading.authoring.assignment import Assignment, cells_of, read, solution_named
from course_kit.grading.handed_in.table import to_csv

ROOT = Path(__file__).resolve().parent.parent
DUE = datetime(2026, 11, 30, 18, tzinfo=timezone.utc)
FIRST = (
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eve",
    "Fay",
    "Gus",
    "Hal",
    "Ida",
    "Jan",
    "Kai",
    "Lea",
    "Mia",
    "Noé",
    "Ole",
    "Pia",
)
LAST = ("Abel", "Bach", "Cohen", "Diaz", "Ekberg", "Fermi", "García", "Hopper", "Ito", "Kant", "Maas", "Núñez")
WORDS = (
    "EASE is ahead of NGCF by 0.05 ± 0.01 in 5 of 5 splits.",
    "- The means of NGCF and GCN differ,\n- but one collapsed run makes it so.\n- It cannot tell about cold items.",
    "=1+1 is the number of models that matter. <b>Trust me.</b>",
)
HOSTILE = {
    "sleeps": "import time\ntime.sleep(10**6)",
    "never ends": "while True:\n    pass",
    "leaves": "import os\nos._exit(0)",
    "ends itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "forks": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    "threads": "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(999,)).start()",
    "eats memory": "hoard = []\nwhile True:\n    hoard.append(bytearray(2**28))",
    "floods": "while True:\n    print('x' * 10**6)",
    "fills the disk": "with open('/tmp/full', 'wb') as file:\n    while True:\n        file.write(bytes(2**24))",
    "patches print": "import builtins\nbuiltins.print = lambda *words, **how: None",
    "patches torch": "import torch\ntorch.allclose = torch.equal = lambda *tensors, **how: True",
    "replaces the shell": "shell = get_ipython()\nshell.run_cell = lambda *code, **how: None",
    "reads files": "import pathlib\nfor folder in ('.', '..', '/tmp', '/proc/1/root', '/proc/1/cwd'):\n"
    "    for path in pathlib.Path(folder).rglob('*.ipynb'):\n        print(path, path.read_text())",
    "reads secrets": "import os\nprint(dict(os.environ))\nprint(open('/proc/1/environ').read())",
    "goes online": "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=5)",
    "stays on": "import os\nos.makedirs(os.path.expanduser('~/.ipython/profile_default/startup'), exist_ok=True)\n"
    "open(os.path.expanduser('~/.ipython/profile_default/startup/x.py'), 'w').write('raise SystemExit')",
    "ignores signals": "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(10**6)",
}
BROKEN: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    lambda content, draw: content[: draw.randrange(100, len(content))],
    lambda content, draw: b"<<<<<<< HEAD\n" + content + b"=======\n{}\n>>>>>>> mine\n",
    lambda content, draw: b"",
    lambda content, draw: b"%PDF-1.7\n" + draw.randbytes(2000),
    lambda content, draw: content.replace(b'"source": [', b'"source": [7, ', 4),
    lambda content, draw: json.dumps({"cells": {"a": 1}, "nbformat": 4}).encode(),
    lambda content, draw: b'{"cells": ' + b"[" * 10**5,
    lambda content, draw: content.replace(b"import torch", b"import t\xffrch", 1),
    lambda content, draw: json.dumps(_as_v3(json.loads(content))).encode(),
)


class _Rename(ast.NodeTransformer):
    """Give functions and variables other names."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self.names.get(node.name, node.name)
        if ast.get_docstring(node) is not None and len(node.body) > 1:
            del node.body[0]
        return self.generic_visit(node)

    visit_ClassDef = visit_FunctionDef


def cell(wanted: str, name: str, *sources: str) -> str:
    """Source of a cell that defines a function as another one of the sources is written, with all that one needs."""
    nodes = [node for source in sources for node in ast.parse(source).body]
    defined = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    needed, left = set(), [wanted]
    while left:
        found = left.pop()
        if found in defined and found not in needed:
            needed.add(found)
            left += [node.id for node in ast.walk(defined[found]) if isinstance(node, ast.Name)]
    imports = [
        n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) and getattr(n, "module", "") != "__future__"
    ]
    body = imports + [node for node in nodes if getattr(node, "name", "") in needed]
    return ast.unparse(_Rename({wanted: name}).visit(ast.Module(body, [])))


def answers(assignment: Assignment) -> dict[str, tuple[list[str], list[str]]]:
    """Function → cells with right answers, cells with known mistakes."""
    styles = (ROOT / f"tests/grading/right_answers/{assignment.name}.py").read_text("utf-8")
    right = next(n.value for n in ast.parse(styles).body if isinstance(n, ast.Assign) and n.targets[0].id == "RIGHT")
    found = {}
    for key, value in zip(right.keys, right.values, strict=True):
        name = ast.literal_eval(key)
        exercise = assignment.exercises[name]
        others = [cell(style.id, name, styles) for style in value.elts if isinstance(style, ast.Name)]
        true = ast.unparse(_Rename({name: f"_{name}"}).visit(ast.parse(exercise.solution)))
        mistaken = ast.unparse(_Rename({name: f"_{name}"}).visit(ast.parse(exercise.mistakes)))
        found[name] = (
            [exercise.solution, *others],
            [cell(mistake, name, true, mistaken) for mistake in exercise.hints],
        )
    return found


def notebook(assignment: Assignment, cells: dict[str, tuple[list[str], list[str]]], draw: random.Random) -> list[dict]:
    """The cells of a student of some ability."""
    ability = draw.betavariate(4, 2)
    filled = []
    for released in cells_of(ROOT / "assignments" / f"{assignment.name}.ipynb"):
        name = next(
            (name for name, exercise in assignment.exercises.items() if exercise.stub == released["source"]), ""
        )
        if name:
            right, wrong = cells[name]
            kind = draw.choices(["wrong", "stub", "gone", "torn"], [70, 15, 8, 7])[0]
            if draw.random() < ability:
                released["source"] = draw.choice([right[0], *right])
            elif kind == "gone":
                continue
            elif kind == "torn":
                released["source"] = right[0].replace("(", "((", 1)
            elif kind == "wrong":
                released["source"] = draw.choice(wrong)
        elif any(tag.startswith("written:") for tag in _tags(assignment, released["id"])) and draw.random() < 0.9:
            released["source"] = draw.choice(WORDS)
        filled.append(released)
    return filled


def disguised(cells: Iterable[dict]) -> list[dict]:
    """Somebody else's cells with new names for the variables."""
    copied = json.loads(json.dumps(list(cells)))
    for one in copied:
        if one["cell_type"] == "code" and one["source"].startswith(("def ", "class ")):
            try:
                tree = ast.parse(one["source"])
            except SyntaxError:
                continue
            stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            stored -= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
            one["source"] = ast.unparse(_Rename({name: f"my_{name}" for name in stored}).visit(tree))
    return copied


def write(assignment: Assignment, folder: Path, students: int, broken: float, hostile: float, seed: int) -> None:
    """Write the notebooks and the class list; the same for the same seed."""
    folder.mkdir(parents=True, exist_ok=True)
    draw, cells = random.Random(seed), answers(assignment)
    before, roster = [], []
    for number in range(1, students + 1):
        student = f"s{number:04}"
        roster.append([student, f"{draw.choice(FIRST)} {draw.choice(LAST)}"])
        lot = draw.random()
        theirs = notebook(assignment, cells, draw)
        if before and draw.random() < 0.03:
            theirs = disguised(before)
        before = theirs
        if broken <= lot < broken + hostile:
            name = draw.choice(list(HOSTILE))
            trap = {"cell_type": "code", "id": "mine", "metadata": {}, "source": f"# {name}\n{HOSTILE[name]}"}
            theirs = [*theirs, trap] if draw.random() < 0.5 else [theirs[0], trap, *theirs[1:]]
        content = json.dumps(_stored(theirs), indent=1, ensure_ascii=False).encode()
        if lot < broken:
            content = draw.choice(BROKEN)(content, draw)
        if lot < 0.98:
            path = folder / f"{student}.ipynb"
            path.write_bytes(content)
            time = (
                DUE + timedelta(hours=draw.choice([-50, -20, -5, -1, -1, 1, 30]), minutes=draw.randrange(60))
            ).timestamp()
            os.utime(path, (time, time))
    folder.with_suffix(".csv").write_text(to_csv(["student", "name"], roster), "utf-8")


def _tags(assignment: Assignment, name: str) -> list[str]:
    return next((one["metadata"].get("tags", []) for one in assignment.cells if one.get("id") == name), [])


def _stored(cells: list[dict]) -> dict:
    cells = [{**one, "source": one["source"].splitlines(keepends=True)} for one in cells]
    return {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


def _as_v3(plain: dict) -> dict:
    cells = [
        {**one, "input": one["source"], "language": "python", "outputs": []} if one["cell_type"] == "code" else one
        for one in plain["cells"]
    ]
    return {"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="NAME", help="the assignment: a1, say")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--broken", type=float, default=0.0, help="share of files that are no good notebooks")
    parser.add_argument("--hostile", type=float, default=0.0, help="share of notebooks that attack the grader")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    assignment = read(solution_named(asked.name, ROOT / "solutions"))
    write(assignment, asked.out, asked.students, asked.broken, asked.hostile, asked.seed)


if __name__ == "__main__":
    main()
