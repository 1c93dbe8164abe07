"""A claim of the lecture, declared beside the test that decides it, and the document made of all of them."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "claims.md"
KINDS = {"holds": "hold", "holds …": "hold under a condition", "does not hold here": "do not hold here"}

WITHOUT_CLAIM = {
    39: "names what comes: whether it improves on shallow encoders is rows 52 and 68",
    40: "defines the shallow encoder; what one step moves is row 41",
    44: "names the idea: whether the embeddings know the graph is row 52",
    46: "defines the first layer",
    49: "the slide leaves open whether users and items share the layer; here they do",
    55: "defines A; `test_graph.py` and `test_diffusion.py` hold it entry by entry",
    56: "defines E",
    58: "defines the layer of a GCN; `test_gcn.py` holds it",
    63: "defines LightGCN; `test_lightgcn.py` holds it against PyG, number for number",
    64: "defines the score",
    72: "names another task, items for an item and not for a user",
    86: "says that hard negatives come beside shared ones: how many in all is row 84",
    88: "shows pictures, which lesson 07 imitates with films; the paper's user study and live test cannot be run here",
}
"""Rows of the map that state nothing which could fail, and why."""

HEADER = """\
# The lecture's claims, run

Every statement of the slides that can be checked is a test in [`tests/claims/`](../tests/claims). The test asserts the
verdict below, so a verdict that ceases to be true breaks the build; a claim that does not hold as stated is tested as
what does hold. `make claims` runs them all and writes this file: the figures are from such a run (mean ± standard
deviation over seeds), claims and verdicts from the tests. The rows number the statements of the lecture, as in the
[lecture map](lecture_map.md). Real data is MovieLens-100K, and LastFM, whose figures come from the stored tables of
lesson 06; *campus* is the generated world, whose truth is known. "Here" means on these data, at these sizes.
"(Implied)" marks what follows from a slide without standing there.
"""


@dataclass(frozen=True)
class Claim:
    """What the lecture says, and what became of it here.

    Args:
        row: Row of the lecture map.
        says: The statement, in few words.
        verdict: "holds", "holds for …" or "holds when …", "does not hold here"; after a comma or colon, what is to add.
        shown: Number of the notebook and heading of the section that shows it.
    """

    row: int
    says: str
    verdict: str
    shown: tuple[str, str]

    @property
    def kind(self) -> str:
        """Which of ``KINDS`` the verdict is of."""
        if self.verdict.startswith("does not hold here"):
            return "does not hold here"
        return "holds …" if self.verdict.startswith("holds ") else "holds"


def claim(row: int, says: str, verdict: str, shown: tuple[str, str]) -> pytest.MarkDecorator:
    """Mark a test as the one that decides a claim; it reports its figure through the fixture ``measured``."""
    return pytest.mark.claim(Claim(row, says, verdict, shown))


def declared() -> list[Claim]:
    """All claims of this folder, by row, then as the files have them."""
    modules = [
        importlib.import_module(f"claims.{path.stem}") for path in sorted(Path(__file__).parent.glob("test_*.py"))
    ]
    tests = [value for module in modules for name, value in vars(module).items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", []) if mark.name == "claim"]
    return sorted((mark.args[0] for mark in marks), key=lambda claim: claim.row)


def document(figures: Mapping[Claim, str]) -> str:
    """The text of docs/claims.md.

    Args:
        figures: What each claim's test measured, in the order of the rows.
    """
    count = Counter(claim.kind for claim in figures)
    lines = [
        HEADER,
        f"Of {len(figures)} claims, " + ", ".join(f"{count[kind]} {verb}" for kind, verb in KINDS.items()) + ".\n",
        "| row | the lecture says | verdict | measured | shown in |",
        "|---|---|---|---|---|",
        *(_line(claim, figure) for claim, figure in figures.items()),
        "\n## Rows without a claim\n",
        "| row | why |",
        "|---|---|",
        *(f"| {row} | {why} |" for row, why in WITHOUT_CLAIM.items()),
    ]
    return "\n".join(lines) + "\n"


def _line(claim: Claim, figure: str) -> str:
    number, heading = claim.shown
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    kind = claim.kind.removesuffix(" …")
    verdict = claim.verdict.replace(kind, f"**{kind}**", 1)
    return f"| {claim.row} | {claim.says} | {verdict} | {figure} | [{number}](../notebooks/{path.name}) {heading} |"


def written(text: str) -> Iterator[str]:
    """The figures that a document holds, from top to bottom."""
    for cells in _rows(text):
        yield cells[3]


def kept(text: str) -> dict[Claim, str]:
    """Figures of the claims that a document holds just as they are declared: same row, same words, same verdict."""
    figures = {tuple(cells[:3]): cells[3] for cells in _rows(text)}
    lines = {claim: next(_rows(_line(claim, "figure"))) for claim in declared()}
    return {claim: figures[tuple(cells[:3])] for claim, cells in lines.items() if tuple(cells[:3]) in figures}


def _rows(text: str) -> Iterator[list[str]]:
    """The cells of each line of the table of claims."""
    for line in text.split("\n## ")[0].splitlines():
        if line.startswith("| ") and line[2].isdigit():
            yield line.split(" | ")


def stored_runs(dataset: str, table: str = "comparison") -> pd.DataFrame:
    """The runs on a data set in a stored table of lesson 06: a row for each model and seed."""
    runs = pd.read_csv(ROOT / "notebooks" / "results" / f"{table}.csv").query("dataset == @dataset")
    return runs.set_index(["model", "seed"]).drop(columns="dataset")


def stored_gain(dataset: str, first: str, second: str, table: str = "comparison") -> pd.Series:
    """How far a model is ahead of another by recall@20 on each split of a data set, in a stored table of lesson 06."""
    recall = stored_runs(dataset, table)["recall@20"]
    return recall[first] - recall[second]


def mean_sd(values: Sequence[float]) -> str:
    """Mean ± standard deviation over seeds, three decimals."""
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"
