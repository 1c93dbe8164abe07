"""What the claims share: data, trained models, and the way a figure gets into docs/claims.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import pytest
from claims.frame import DOCUMENT, Claim, declared, document, kept
from torch import Tensor

from course_lib.datasets import Dataset, load
from course_lib.download import DownloadError
from course_lib.features import item_texts, text_features


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-claims", action="store_true", help="write docs/claims.md from what the claims measured")
    parser.addoption(
        "--keep-figures", action="store_true", help="of unchanged claims that did not run, keep the figure"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "claim(claim): decides a claim of the lecture, see tests/claims/frame.py")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With every claim decided, in this run or an earlier one, write the document."""
    if not config.getoption("write_claims", default=False):
        return
    passed = terminalreporter.getreports("passed")
    recorded = (value for report in passed for name, value in report.user_properties if name == "claim")
    figures = kept(DOCUMENT.read_text(encoding="utf-8")) if config.getoption("keep_figures") else {}
    figures |= {Claim(*claim): figure for claim, figure in recorded}
    if terminalreporter.getreports("failed") or terminalreporter.getreports("error"):
        raise pytest.UsageError("docs/claims.md stays as it was: a test failed")
    if left := set(declared()) - set(figures):
        rows = ", ".join(str(row) for row in sorted({claim.row for claim in left}))
        raise pytest.UsageError(f"docs/claims.md stays as it was: rows {rows} failed, were skipped or measured nothing")
    DOCUMENT.write_text(document({claim: figures[claim] for claim in declared()}), encoding="utf-8")


@pytest.fixture
def measured(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes the figure that docs/claims.md shows beside the verdict."""
    claim = request.node.get_closest_marker("claim").args[0]
    return lambda figure: record_property("claim", (astuple(claim), figure))  # plain: it may come from another process


@pytest.fixture(scope="session")
def campus() -> Dataset:
    return load("campus")


@pytest.fixture(scope="session")
def films() -> Dataset:
    try:
        return load("movielens-100k")
    except DownloadError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def film_text(films: Dataset) -> Tensor:
    """What the encoder makes of title and genres, (I, 384)."""
    return text_features(item_texts(films.titles, films.genres), progress=False)
