"""Lessons and documents as pages, one for each, and an index with the way through the course."""

from __future__ import annotations

import html
import re
from collections.abc import Container, Sequence
from functools import cache
from pathlib import Path

from pygments.formatters import HtmlFormatter

from course_kit.site.formulas import font
from course_kit.site.lesson import Cell, Lesson
from course_kit.site.markdown import to_html
from course_kit.widgets import static

HERE = Path(__file__).parent
LECTURER = "lecturer"  # stem of the document that a lecturer shows from
COURSE = "GNNs for recommender systems"
NOTICE = (
    "Course kit for a lecture of Stanford CS224W, Jure Leskovec, "
    '<a href="http://cs224w.stanford.edu">http://cs224w.stanford.edu</a>'
)
# What the page may load: nothing but what is in it. A widget's module is a blob.
POLICY = (
    "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline' blob:"
)
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""
PAGE = """<a class="skip" href="#main">To the content</a>
<header><nav aria-label="Course">{nav}</nav></header>
<main id="main" tabindex="-1">
{main}
</main>
<footer>
<nav aria-label="Neighbours">{nav}</nav>
<p>{notice}</p>
</footer>
{scripts}"""


@cache
def styles(*names: str) -> str:
    """Style sheets of the site, after the colours of code in light and in dark."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("xcode", "github-dark"))
    code = re.sub(r"^.*background.*\n|^(pre|td|span).*\n", "", f"{light}\n", flags=re.MULTILINE)
    night = re.sub(r"^.*background.*\n|^(pre|td|span).*\n", "", f"{dark}\n", flags=re.MULTILINE)
    sheets = "\n".join((HERE / name).read_text("utf-8") for name in names)
    return f"{code}@media screen and (prefers-color-scheme: dark) {{\n{night}}}\n{sheets}"


def frame(title: str, body: str, style: str, policy: str = POLICY) -> str:
    """A whole HTML document, with the font of formulas where there are any."""
    style = f"{font()}\n{style}" if "<math" in body else style
    return FRAME.format(title=html.escape(title), body=body, style=style, policy=policy)


def page(lesson: Lesson, before: Lesson | None, after: Lesson | None, slides: bool) -> str:
    """A lesson as a page of its own.

    Args:
        lesson: The lesson.
        before: Its predecessor in the course.
        after: Its successor.
        slides: Whether it also has slides to link to.
    """
    nav = ['<a href="index.html">All notebooks</a>']
    nav += [f'<a href="{lesson.name}.slides.html">Slides</a>'] if slides else []
    nav += [f'<a rel="prev" href="{before.name}.html">← {html.escape(before.title)}</a>'] if before else []
    nav += [f'<a rel="next" href="{after.name}.html">{html.escape(after.title)} →</a>'] if after else []
    first, *rest = map(_in_page, lesson.cells)
    main = "\n".join([first, _contents(rest), *rest])
    scripts = f"<script>{(HERE / 'page.js').read_text('utf-8')}</script>"
    if lesson.states:
        scripts += static.scripts(lesson.states)
    body = PAGE.format(nav="\n".join(nav), main=main, notice=NOTICE, scripts=scripts)
    return frame(lesson.title, body, styles("site.css"))


def _in_page(cell: Cell) -> str:
    if cell.presenter:
        return f'<details class="presenter"><summary>For the lecturer</summary>\n{cell.html}</details>'
    return cell.html


def _contents(cells: Sequence[str]) -> str:
    """Links to the sections of a page."""
    sections = [match for cell in cells for match in re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', cell)]
    items = "\n".join(f'<li><a href="#{name}">{text}</a></li>' for name, text in sections)
    return f'<nav class="contents" aria-label="Sections"><ul>\n{items}\n</ul></nav>' if sections else ""


def index(lessons: Sequence[Lesson], picture: str, documents: Sequence[Path], slides: bool) -> str:
    """The page to begin with.

    Args:
        lessons: All lessons, in the order of the course.
        picture: The way through the course, as SVG; may be empty.
        documents: Markdown files that have a page.
        slides: Whether the lessons also have slides to link to.
    """
    main = [f"<h1>{COURSE}: a course you can run</h1>", f'<figure class="map">{picture}</figure>' if picture else ""]
    for lesson in lessons:
        title = html.escape(lesson.title)
        main.append(f'<h2><a href="{lesson.name}.html">{title}</a></h2>\n{lesson.goals}')
        if slides:
            main.append(f'<p><a href="{lesson.name}.slides.html">Slides of {title}</a></p>')
    links = (f'<li><a href="{path.stem}.html">{html.escape(_title(path))}</a></li>' for path in documents)
    if documents:
        main.append("\n".join(["<h2>Beside the lessons</h2>", "<ul>", *links, "</ul>"]))
    body = PAGE.format(
        nav='<a href="index.html" aria-current="page">All notebooks</a>',
        main="\n".join(main),
        notice=NOTICE,
        scripts="",
    )
    return frame(COURSE, body, styles("site.css"))


def document(path: Path, pages: Container[str], slides: bool) -> str:
    """A document of the course as a page.

    Args:
        path: A markdown file.
        pages: Stems of the notebooks and documents that have a page.
        slides: Whether there are slides, to which a lecturer's links then lead.
    """
    main = to_html(path.read_text("utf-8"), path.parent, pages)
    if slides and path.stem == LECTURER:
        main = re.sub(r'href="(\d\d_\w+)\.html#', r'href="\1.slides.html#/', main)
    nav = '<a href="index.html">All notebooks</a>'
    scripts = f"<script>{(HERE / 'page.js').read_text('utf-8')}</script>"
    body = PAGE.format(nav=nav, main=main, notice=NOTICE, scripts=scripts)
    return frame(_title(path), body, styles("site.css"))


def _title(path: Path) -> str:
    """The first heading of a markdown file."""
    return path.read_text("utf-8").partition("# ")[2].partition("\n")[0]
