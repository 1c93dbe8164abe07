"""Lessons and documents as pages, one for each, and the page that searches them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pygments.formatters import HtmlFormatter

from course_kit.site.fields import field, table
from course_kit.site.formulas import font
from course_kit.site.lesson import Cell, Lesson
from course_kit.site.markdown import to_html
from course_kit.site.searching import sections_of
from course_kit.site.tables import filtered, linked, stacked
from course_kit.widgets import static

HERE = Path(__file__).parent
LECTURER = "lecturer"  # stem of the document that a lecturer shows from
CLAIMS = "claims"  # stem of the document whose rows can be filtered by their verdict
Contents = Sequence[tuple[str, str]]  # stem and title of each page, in the order of the course
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
<header>
<nav aria-label="Pages">{nav}</nav>
{toggle}<form role="search" action="search.html"><input type="search" name="q" aria-label="Search the course" \
placeholder="Search"></form>
</header>
<div class="course">
{side}
<main id="main" tabindex="-1">
{main}
</main>
</div>
<footer>
<nav aria-label="Neighbours">{nav}</nav>
<p>{notice}</p>
</footer>
{scripts}"""
# On a wide screen the contents stand open from the first paint on, so that nothing moves. Who comes to a section needs
# the height of all that is above it, so all of the page gets its place at once. A script here also makes Chromium stop
# reading and paint: without it the first paint of a long lesson comes a third later.
SIDE = """<details class="side"><summary>Contents</summary>
<nav aria-label="Course"><ul>
{items}
</ul></nav>
</details>
<script>document.querySelector(".side").open = matchMedia("(min-width: 70rem)").matches;
if (!location.hash) document.documentElement.className = "opening";
</script>"""
TOGGLE = '<button type="button" class="toggle" style="visibility: hidden">Hide code</button>\n'  # until its script runs
OUTCOME = """<details class="outcome" data-awaits="{model}">
<summary>What came of it: lock your guess first</summary>
{outputs}
</details>"""
HOME = f'<a class="home" href="index.html">{COURSE}</a>'


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


def page(lesson: Lesson, row: Sequence[Lesson], contents: Contents, slides: bool, note: str = "") -> str:
    """A lesson or an assignment as a page of its own.

    Args:
        lesson: The lesson, one of ``row``.
        row: All lessons, or all assignments, in the order of the course.
        contents: Every page of the course.
        slides: Whether it also has slides to link to.
        note: HTML that follows its first cell.
    """
    number = row.index(lesson)
    before, after = row[:number][-1:], row[number + 1 :][:1]
    nav = [HOME]
    nav += [f'<a href="{lesson.name}.slides.html">Slides</a>'] if slides else []
    nav += [f'<a rel="prev" href="{other.name}.html">← {html.escape(other.title)}</a>' for other in before]
    nav += [f'<a rel="next" href="{other.name}.html">{html.escape(other.title)} →</a>' for other in after]
    main = "\n".join([*map(_in_page, lesson.cells[:1]), note, *map(_in_page, lesson.cells[1:])])
    scripts = script("page.js") + (static.scripts(lesson.states) + script("guesses.js") if lesson.states else "")
    if checks := [cell.check for cell in lesson.cells if cell.check]:
        scripts += table(checks) + script("checks.js")
    return whole(lesson.title, nav, side(lesson.name, main, contents), main, scripts)


def script(name: str) -> str:
    """One of the site's scripts, as the page holds it."""
    return f"<script>{{{(HERE / name).read_text('utf-8')}}}</script>"  # in a block, names stay its own


def whole(title: str, nav: Sequence[str], side: str, main: str, scripts: str, policy: str = POLICY) -> str:
    """A page with what stands around its content: the ways to other pages, the search and the notice."""
    toggle = TOGGLE if side and '<pre class="highlight">' in main else ""
    body = PAGE.format(nav="\n".join(nav), toggle=toggle, side=side, main=main, notice=NOTICE, scripts=scripts)
    return frame(title, body, styles("site.css"), policy)


def _in_page(cell: Cell) -> str:
    if cell.presenter:
        return f'<details class="presenter"><summary>For the lecturer</summary>\n{cell.html}</details>'
    if cell.check:
        return cell.html.removesuffix(cell.outputs) + field(cell.check)
    if cell.awaits and cell.outputs:
        return f"{cell.html.removesuffix(cell.outputs)}{OUTCOME.format(model=cell.awaits, outputs=cell.outputs)}"
    return cell.html


def side(name: str, main: str, contents: Contents) -> str:
    """The course's contents for the side of a page: every other page, and the sections of this one.

    Args:
        name: Stem of the page.
        main: Its HTML, from which the sections come.
        contents: Every page of the course.
    """
    sections = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', main)
    inner = "".join(f'<li><a href="#{place}">{text}</a></li>\n' for place, text in sections)
    items = []
    for stem, title in contents:
        here, below = (' aria-current="page"', f"<ul>\n{inner}</ul>" if inner else "") if stem == name else ("", "")
        items.append(f'<li><a href="{stem}.html"{here}>{html.escape(title)}</a>{below}</li>')
    return SIDE.format(items="\n".join(items))


def document(path: Path, contents: Contents, slides: bool) -> str:
    """A document of the course as a page.

    Args:
        path: A markdown file.
        contents: Every page of the course.
        slides: Whether there are slides, to which a lecturer's links then lead.
    """
    main = linked(to_html(path.read_text("utf-8"), path.parent, dict(contents)), dict(contents))
    if slides and path.stem == LECTURER:
        main = re.sub(r'href="(\d\d_\w+)\.html#', r'href="\1.slides.html#/', main)
    scripts = script("page.js")
    if path.stem == CLAIMS:
        main, scripts = filtered(main), scripts + script("claims.js")
    return whole(heading(path), [HOME], side(path.stem, main, contents), stacked(main), scripts)


def searching(texts: Mapping[str, str]) -> str:
    """The page that searches all the others, with an index of their sections in it.

    Args:
        texts: File name → its HTML.
    """
    entries = [entry for name, text in texts.items() for entry in sections_of(name, text)]
    data = json.dumps(entries, ensure_ascii=False).replace("<", "\\u003c")  # no string may end the element
    main = '<h1>Search</h1>\n<p id="found" role="status"></p>\n<ol id="results"></ol>'
    scripts = f'<script type="application/json" id="entries">{data}</script>\n{script("search.js")}'
    return whole("Search", [HOME], "", main, scripts)


def heading(path: Path) -> str:
    """The first heading of a markdown file."""
    return path.read_text("utf-8").partition("# ")[2].partition("\n")[0]


def opening(path: Path) -> str:
    """The first sentence of a markdown file, as HTML."""
    text = path.read_text("utf-8").partition("# ")[2].partition("\n")[2]
    return to_html(re.split(r"(?<=\.)\s+(?=[A-Z])", text.strip(), maxsplit=1)[0], path.parent, ())
