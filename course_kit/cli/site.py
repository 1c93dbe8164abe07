"""`course site`: pages, and slides, that open from disk without a network."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

PICTURE = Path("docs/course.svg")
PAPERS, README = Path("docs/papers.md"), Path("README.md")
PEERS = re.compile(r"^\*\*Beside its peers\*\*: *(.*?)^<!-- end of gowalla -->", re.DOTALL | re.MULTILINE)
DOCUMENTS = tuple(Path("docs", f"{name}.md") for name in ("glossary", "lecture_map", "claims", "lecturer"))


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course site` to the command's parser."""
    parser = subparsers.add_parser(
        "site",
        help="pages and slides that open from disk",
        description="Make a page of each executed notebook in notebooks/, with its figures and live widgets in it, and "
        "an index. The pages need no kernel and no network. In slides, the arrow keys turn the page and n opens the "
        "notes.",
        epilog="example: course site --slides --out site",
    )
    parser.add_argument("--slides", action="store_true", help="make slides of the notebooks, too")
    parser.add_argument(
        "--pdf", action="store_true", help="make slides, and print lessons and slides to PDF (Chromium)"
    )
    parser.add_argument("--out", type=Path, default=Path("site"), metavar="DIR", help="default: site")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build the site and print which file to open."""
    notebooks = sorted(Path("notebooks").glob("*.ipynb"))
    if not notebooks:
        raise ValueError("no notebooks/*.ipynb here; go to the course's folder")
    if arguments.out.exists() and not arguments.out.is_dir():
        raise ValueError(f"--out {arguments.out} is a file; name a folder")
    from course_kit.site import build
    from course_kit.site.pdf import browser, print_pages

    program = browser() if arguments.pdf else ""
    picture = PICTURE.read_text("utf-8") if PICTURE.exists() else ""
    documents = [path for path in DOCUMENTS if path.exists()]
    written = build(
        notebooks,
        arguments.out,
        picture,
        documents,
        arguments.slides or arguments.pdf,
        assignments=sorted(Path("assignments").glob("*.ipynb")),
        tables=tables(),
    )
    if program:
        stems = {path.stem for path in notebooks}
        printed = print_pages([page for page in written if page.name.partition(".")[0] in stems], program)
        print(f"✓ {len(printed)} PDF files beside their pages")
    print(f"✓ {len(written)} pages; open {written[0].resolve()}")
    return 0


def tables(folder: Path = Path()) -> list[str]:
    """What the index tells out of the course's other files, as markdown: the papers, and the library beside its peers.

    Args:
        folder: The course's folder.
    """
    found = [f"#{(folder / PAPERS).read_text('utf-8')}"] if (folder / PAPERS).exists() else []
    readme = (folder / README).read_text("utf-8") if (folder / README).exists() else ""
    return found + [
        f"## The library beside its peers\n\n{peers[:1].upper()}{peers[1:]}" for peers in PEERS.findall(readme)
    ]
