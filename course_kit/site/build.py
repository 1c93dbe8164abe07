"""From a folder of executed notebooks to a folder of pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from course_kit.site.front import TASTE_FILE, index, taste_script
from course_kit.site.lesson import read
from course_kit.site.markdown import to_html
from course_kit.site.pages import document, heading, page, searching
from course_kit.site.slides import slides as slides_of
from course_kit.site.tables import stacked

TO_READ = """<p>This page is for reading. To work on the assignment, open <code>my/assignments/{name}.ipynb</code>,
which <code>make lab</code> puts there; in it, a check answers below each function.</p>"""


def build(
    notebooks: Sequence[Path],
    out: Path,
    picture: str = "",
    documents: Sequence[Path] = (),
    slides: bool = False,
    progress: bool = True,
    assignments: Sequence[Path] = (),
    tables: Sequence[str] = (),
) -> list[Path]:
    """Write an index and a self-contained page for each notebook and document.

    Args:
        notebooks: Executed notebooks, in the order of the course.
        out: Folder to write to; made if it is not there, and nothing in it is removed.
        picture: The way through the course, as SVG, for the index.
        documents: Markdown files that get a page each; where there are slides, a lecturer's links lead to them.
        slides: Whether to write slides, too.
        progress: Whether to show a bar over the notebooks.
        assignments: Assignment notebooks, whose text gets a page each.
        tables: Sections of the index, as markdown whose links are those of a file in a folder beside the notebooks.

    Returns:
        The pages, the index first. Beside them stands the script that the index loads.

    Raises:
        ValueError: If a file is no notebook or has no title, or a formula cannot be shown.
    """
    names = [path.stem for path in (*notebooks, *assignments, *documents)]
    with tqdm(notebooks, desc="site", unit="notebook", leave=False, ncols=100, disable=not progress) as bar:
        lessons = [read(path, names) for path in bar]
    tasks = [read(path, names) for path in assignments]
    contents = [(lesson.name, lesson.title) for lesson in (*lessons, *tasks)]
    contents += [(path.stem, heading(path)) for path in documents]
    texts = {f"{lesson.name}.html": page(lesson, lessons, contents, slides) for lesson in lessons}
    texts |= {f"{task.name}.html": page(task, tasks, contents, False, TO_READ.format(name=task.name)) for task in tasks}
    texts |= {f"{path.stem}.html": document(path, contents, slides) for path in documents}
    sections = [stacked(to_html(table, Path("docs"), names)) for table in tables]
    files = {
        "index.html": index(lessons, tasks, picture, documents, sections, slides),
        **texts,
        "search.html": searching(texts),
    }
    if slides:
        files |= {f"{lesson.name}.slides.html": slides_of(lesson) for lesson in lessons}
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    if beside := taste_script(lessons):
        (out / TASTE_FILE).write_text(beside, encoding="utf-8")
    return [out / name for name in files]
