"""From a folder of executed notebooks to a folder of pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from course_kit.site.front import index
from course_kit.site.lesson import read
from course_kit.site.pages import document, page, searching
from course_kit.site.slides import slides as slides_of


def build(
    notebooks: Sequence[Path],
    out: Path,
    picture: str = "",
    documents: Sequence[Path] = (),
    slides: bool = False,
    progress: bool = True,
    assignments: Sequence[Path] = (),
) -> list[Path]:
    """Write an index and a self-contained page for each notebook and document.

    Args:
        notebooks: Executed notebooks, in the order of the course.
        out: Folder to write to; made if it is not there, and nothing in it is removed.
        picture: The way through the course, as SVG, for the index.
        documents: Markdown files that get a page each; where there are slides, a lecturer's links lead to them.
        slides: Whether to write slides, too.
        progress: Whether to show a bar over the notebooks.
        assignments: Assignment notebooks, which the index names.

    Returns:
        What was written, the index first.

    Raises:
        ValueError: If a file is no notebook or has no title, or a formula cannot be shown.
    """
    names = [path.stem for path in (*notebooks, *documents)]
    with tqdm(notebooks, desc="site", unit="notebook", leave=False, ncols=100, disable=not progress) as bar:
        lessons = [read(path, names) for path in bar]
    texts = {f"{lesson.name}.html": page(lesson, lessons, documents, slides) for lesson in lessons}
    texts |= {f"{path.stem}.html": document(path, lessons, documents, slides) for path in documents}
    files = {
        "index.html": index(lessons, [read(path, names) for path in assignments], picture, documents, slides),
        **texts,
        "search.html": searching(texts),
    }
    if slides:
        files |= {f"{lesson.name}.slides.html": slides_of(lesson) for lesson in lessons}
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    return [out / name for name in files]
