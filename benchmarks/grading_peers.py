"""One small assignment in the form that each grader wants, and how each is run: nbgrader, otter, plain nbval.

Five checks of one point each on three functions. Every grader gets the same cells of the same students, asks the same
five calls and compares numbers to four digits; course_lib draws its inputs anew, of the same sizes.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETUP = "import torch\nimport torch_geometric\nfrom torch_geometric.utils import degree, scatter"
STUB = "    raise NotImplementedError"
EDGES = "torch.randint({n}, (2, {m}), generator=torch.Generator().manual_seed({seed}))"
SCORES = "torch.rand({n}, {m}, generator=torch.Generator().manual_seed({seed}))"


@dataclass(frozen=True)
class Exercise:
    """A function that a student writes.

    Args:
        name: Its name.
        right: A right body.
        wrong: A wrong body.
        calls: What the peers ask.
        probe: What course_lib asks.
    """

    name: str
    head: str
    right: str
    wrong: str
    calls: tuple[str, ...]
    probe: str

    def source(self, body: str, name: str = "") -> str:
        """The function with a body."""
        return f"def {name or self.name}({self.head}):\n{body}"


EXERCISES = (
    Exercise(
        "edge_weights",
        "edges, num_nodes",
        "    size = degree(edges[0], num_nodes)\n    return 1 / (size[edges[0]] * size[edges[1]]).clamp(min=1).sqrt()",
        "    size = degree(edges[0], num_nodes)\n    return 1 / size[edges[0]].clamp(min=1)",
        tuple(f"edge_weights({EDGES.format(n=n, m=n * 8, seed=n)}, {n})" for n in (5, 60)),
        "    edges = lambda n: torch.from_numpy(rng.randint(n, size=(2, n * 8)))\n"
        '    return {"small": f(edges(5), 5), "larger": f(edges(60), 60)}',
    ),
    Exercise(
        "mean_of_neighbors",
        "edges, x",
        '    return scatter(x[edges[0]], edges[1], dim_size=len(x), reduce="mean")',
        '    return scatter(x[edges[0]], edges[1], dim_size=len(x), reduce="sum")',
        tuple(
            f"mean_of_neighbors({EDGES.format(n=n, m=n * 8, seed=n)}, {SCORES.format(n=n, m=4, seed=n)})"
            for n in (5, 60)
        ),
        "    edges = lambda n: torch.from_numpy(rng.randint(n, size=(2, n * 8)))\n"
        "    x = lambda n: torch.from_numpy(rng.rand(n, 4)).float()\n"
        '    return {"small": f(edges(5), x(5)), "larger": f(edges(60), x(60))}',
    ),
    Exercise(
        "spread",
        "scores",
        "    return scores.max(dim=1).values - scores.min(dim=1).values",
        "    return scores.max(dim=0).values - scores.min(dim=0).values",
        (f"spread({SCORES.format(n=30, m=20, seed=1)})",),
        '    return {"users": f(torch.from_numpy(rng.rand(30, 20)).float())}',
    ),
)
POINTS = sum(len(exercise.calls) for exercise in EXERCISES)
# which exercises are wrong: four students in ten make no mistake, one gets nothing right
MIXTURE = ((), (0,), (1,), (), (0,), (), (1,), (0,), (), (0, 1, 2))


@dataclass(frozen=True)
class Student:
    """A student and what is right of hers.

    Args:
        name: Her name.
        sources: Her code cells.
        points: What she has earned.
    """

    name: str
    sources: tuple[str, ...]
    points: int


def students(number: int) -> list[Student]:
    """A class of the mixture."""
    return [_student(f"student{n:03}", MIXTURE[n % len(MIXTURE)]) for n in range(number)]


def _student(name: str, wrong: Sequence[int]) -> Student:
    bodies = [exercise.wrong if n in wrong else exercise.right for n, exercise in enumerate(EXERCISES)]
    cells = [exercise.source(body) for exercise, body in zip(EXERCISES, bodies, strict=True)]
    points = sum(len(exercise.calls) for n, exercise in enumerate(EXERCISES) if n not in wrong)
    return Student(name, (SETUP, *cells), points)


def code(source: str, **metadata: Any) -> dict[str, Any]:
    """A code cell that has not run."""
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def notebook(cells: Sequence[dict[str, Any]]) -> str:
    """A notebook of cells."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [{"id": f"c{number:03}", **cell} for number, cell in enumerate(cells)]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def our_solution() -> str:
    """The assignment as a solution notebook of this course."""
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# Three functions"}, code(SETUP, tags=["setup"])]
    for exercise in EXERCISES:
        points = len(exercise.calls) * 100 // POINTS
        told = f'    """You took the other of the two ways."""\n{exercise.wrong}'
        cells += [
            {"cell_type": "markdown", "metadata": {}, "source": f"## {exercise.name}\n\nWrite it."},
            code(exercise.source(STUB), tags=["stub", f"points:{points}"]),
            code(exercise.source(exercise.right), tags=["solution"]),
            code(exercise.source(told, "other_way"), tags=["mistakes"]),
            code(f"import torch\n\n\ndef probe(f, rng):\n{exercise.probe}", tags=["probe"]),
        ]
    return notebook(cells)


def filled_in(released: str, student: Student) -> str:
    """A student's copy of the notebook that this course hands out, checks included."""
    plain = json.loads(released)
    stubs = [exercise.source(STUB) for exercise in EXERCISES]
    for cell in plain["cells"]:
        if (source := "".join(cell["source"])) in stubs:
            cell["source"] = student.sources[1 + stubs.index(source)]
    return json.dumps(plain)


def expected_numbers() -> dict[str, list[float]]:
    """Call → the right numbers, in one row."""
    names: dict[str, Any] = {}
    exec("\n\n".join([SETUP, *(exercise.source(exercise.right) for exercise in EXERCISES)]), names)
    calls = [call for exercise in EXERCISES for call in exercise.calls]
    return {call: [round(number, 4) for number in eval(call, names).flatten().tolist()] for call in calls}


def asserted(call: str, numbers: list[float]) -> str:
    """A check as nbgrader and otter have it."""
    return f"assert torch.allclose({call}.flatten(), torch.tensor({numbers}), atol=1e-4)"


@dataclass(frozen=True)
class Peer:
    """A grader that lies in an environment of its own.

    Args:
        title: What the table calls it.
        package: What pip installs, beside torch and torch_geometric.
        programs: Where its programs are.
        folder: A folder to work in.
    """

    title: str
    package: str
    programs: Path
    folder: Path

    def prepare(self, everyone: Sequence[Student]) -> None:
        """Write the assignment and all submissions."""
        raise NotImplementedError

    def commands(self, everyone: Sequence[Student]) -> Iterator[list[str | Path]]:
        """What grades them: a command each, or one for all."""
        raise NotImplementedError

    def points(self, everyone: Sequence[Student]) -> list[float]:
        """What each got."""
        raise NotImplementedError

    def call(self, *command: str | Path) -> None:
        """Run a command of the preparation.

        Raises:
            OSError: If it fails.
        """
        done = subprocess.run(command, cwd=self.folder, env=environment(self.programs), capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"{Path(command[0]).name}: {([*done.stderr.strip().splitlines()] or ['no word why'])[-1]}")


def environment(programs: Path) -> dict[str, str]:
    """What a peer's processes see: one thread, their own programs first."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON", "JUPYTER"))}
    return {**kept, "PATH": f"{programs}{os.pathsep}{kept['PATH']}", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


class Nbgrader(Peer):
    """`nbgrader autograde`: one process for the class, a kernel for each."""

    def prepare(self, everyone: Sequence[Student]) -> None:
        """A course folder with one assignment and what was handed in."""

        def ruled(source: str, name: str, **rules: Any) -> dict[str, Any]:
            base = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": False}
            return code(source, nbgrader={**base, "task": False, **rules})

        def cells(sources: Sequence[str]) -> list[dict[str, Any]]:
            made = [code(sources[0])]
            for exercise, source in zip(EXERCISES, sources[1:], strict=True):
                made.append(ruled(source, exercise.name, solution=True))
                for number, call in enumerate(exercise.calls):
                    check = asserted(call, expected[call])
                    made.append(ruled(check, f"{exercise.name}-{number}", grade=True, locked=True, points=1))
            return made

        expected = expected_numbers()
        solution = [SETUP, *(exercise.source(exercise.right) for exercise in EXERCISES)]
        (self.folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'bench'\n")
        for place, sources in [
            ("source/a", solution),
            *((f"submitted/{student.name}/a", student.sources) for student in everyone),
        ]:
            (self.folder / place).mkdir(parents=True)
            (self.folder / place / "a.ipynb").write_text(notebook(cells(sources)))
        self.call(self.programs / "nbgrader", "generate_assignment", "a")

    def commands(self, everyone: Sequence[Student]) -> Iterator[list[str | Path]]:
        """One for all."""
        yield [self.programs / "nbgrader", "autograde", "a"]

    def points(self, everyone: Sequence[Student]) -> list[float]:
        """From its export."""
        self.call(self.programs / "nbgrader", "export")
        with (self.folder / "grades.csv").open() as file:
            scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
        return [scores.get(student.name, -1) for student in everyone]


class Otter(Peer):
    """`otter run`: a process each, without Docker."""

    def prepare(self, everyone: Sequence[Student]) -> None:
        """An autograder from otter's own format of notebook."""
        expected = expected_numbers()

        def raw(text: str) -> dict[str, Any]:
            return {"cell_type": "raw", "metadata": {}, "source": text}

        cells = [raw("# ASSIGNMENT CONFIG\nrequirements: []"), code(SETUP)]
        for exercise in EXERCISES:
            cells += [
                raw(f"# BEGIN QUESTION\nname: {exercise.name}\npoints: {len(exercise.calls)}"),
                raw("# BEGIN SOLUTION"),
                code(exercise.source(exercise.right)),
                raw("# END SOLUTION"),
                raw("# BEGIN TESTS"),
                *(code(asserted(call, expected[call])) for call in exercise.calls),
                raw("# END TESTS"),
                raw("# END QUESTION"),
            ]
        (self.folder / "a.ipynb").write_text(notebook(cells))
        self.call(self.programs / "otter", "assign", "a.ipynb", "dist", "--no-run-tests")
        for student in everyone:
            sources = ['import otter\n\ngrader = otter.Notebook("a.ipynb")', student.sources[0]]
            for exercise, source in zip(EXERCISES, student.sources[1:], strict=True):
                sources += [source, f'grader.check("{exercise.name}")']
            (self.folder / student.name).mkdir()
            (self.folder / student.name / "a.ipynb").write_text(notebook([*map(code, sources)]))

    def commands(self, everyone: Sequence[Student]) -> Iterator[list[str | Path]]:
        """One each."""
        (archive,) = self.folder.glob("dist/autograder/*.zip")
        for student in everyone:
            place = self.folder / student.name
            yield [self.programs / "otter", "run", "-a", archive, "-o", place, place / "a.ipynb"]

    def points(self, everyone: Sequence[Student]) -> list[float]:
        """From results.json."""
        results = [json.loads((self.folder / student.name / "results.json").read_text()) for student in everyone]
        return [sum(test.get("score", 0) for test in result["tests"]) for result in results]


class Nbval(Peer):
    """`pytest --nbval`: a process each; checks are cells whose printed numbers are compared."""

    def prepare(self, everyone: Sequence[Student]) -> None:
        """Submissions with the checks in them."""
        checks = []
        for number, (call, numbers) in enumerate(expected_numbers().items(), 1):
            source = f"print([round(number, 4) for number in {call}.flatten().tolist()])"
            output = {"output_type": "stream", "name": "stdout", "text": f"{numbers}\n"}
            checks.append({**code(source), "execution_count": number, "outputs": [output]})
        for student in everyone:
            cells = [*map(code, student.sources), *checks]
            (self.folder / f"{student.name}.ipynb").write_text(notebook(cells))

    def commands(self, everyone: Sequence[Student]) -> Iterator[list[str | Path]]:
        """One each."""
        for student in everyone:
            file = self.folder / f"{student.name}.ipynb"
            junit = f"--junit-xml={file.with_suffix('.xml')}"
            yield [self.programs / "python", "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", junit, file]

    def points(self, everyone: Sequence[Student]) -> list[float]:
        """From pytest's report: the last five cells."""
        from xml.etree import ElementTree

        reports = [ElementTree.parse(self.folder / f"{student.name}.xml") for student in everyone]
        return [sum(len(case) == 0 for case in [*report.iter("testcase")][-POINTS:]) for report in reports]


PEERS: tuple[tuple[type[Peer], str, str], ...] = (
    (Nbgrader, "nbgrader autograde", "nbgrader"),
    (Otter, "otter run", "otter-grader"),
    (Nbval, "nbval, a pytest each", "nbval"),
)
