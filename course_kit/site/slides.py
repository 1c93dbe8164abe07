"""A lesson as slides, by the slide tags of its cells, shown by reveal.js (MIT, in ``reveal/``)."""

from __future__ import annotations

from collections.abc import Iterable

from course_kit.site.lesson import Cell, Lesson
from course_kit.site.pages import HERE, NOTICE, POLICY, frame, styles
from course_kit.widgets import static

BODY = """<div class="reveal">
<div class="slides">
{columns}
</div>
</div>
<footer class="notice"><a href="{name}.html">page</a> · {notice}</footer>
<script>
{reveal}
</script>
<script>
{notes}
</script>
<script>
{start}
</script>
{widgets}"""


def slides(lesson: Lesson) -> str:
    """A lesson as an HTML document of slides; what its tags skip is left out."""
    columns = "\n".join(f"<section>\n{''.join(map(_section, column))}</section>" for column in columns_of(lesson.cells))
    body = BODY.format(
        columns=columns,
        name=lesson.name,
        notice=NOTICE,
        reveal=(HERE / "reveal" / "reveal.js").read_text("utf-8"),
        notes=(HERE / "reveal" / "notes.js").read_text("utf-8").replace("</script", "<\\/script"),
        start=(HERE / "slides.js").read_text("utf-8"),
        widgets=static.scripts(lesson.states) if lesson.states else "",
    )
    style = styles("reveal/reveal.css", "site.css", "slides.css")
    return frame(f"{lesson.title} (slides)", body, style, f"{POLICY}; frame-src *")  # notes show the slides in frames


def columns_of(cells: Iterable[Cell]) -> list[list[list[Cell]]]:
    """Cells by column (a "slide" and its subslides, which lie below it) and by slide."""
    columns: list[list[list[Cell]]] = []
    for cell in cells:
        if cell.slide == "skip":
            continue
        if cell.slide == "slide" or not columns:
            columns.append([[]])
        elif cell.slide == "subslide":
            columns[-1].append([])
        columns[-1][-1].append(cell)
    return columns


def _section(cells: list[Cell]) -> str:
    shown = "\n".join(
        f'<div class="fragment">\n{cell.html}\n</div>' if cell.slide == "fragment" else cell.html
        for cell in cells
        if not _for_presenter(cell)
    )
    notes = "\n".join(cell.html for cell in cells if _for_presenter(cell))
    return f'<section>\n{shown}\n<aside class="notes">{notes}</aside>\n</section>\n'


def _for_presenter(cell: Cell) -> bool:
    return cell.presenter or cell.slide == "notes"
