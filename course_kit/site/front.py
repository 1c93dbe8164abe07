"""The page to begin with: what the course is, something to move, and the ways into it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from course_kit.site.lesson import Lesson
from course_kit.site.pages import COURSE, heading, script, whole
from course_kit.widgets import static

LIVE = "LossToy"  # the widget that stands on the first screen
PITCH = """<p class="pitch">Two users, two films, four scores. Add the same number to both scores of a user: every list
stays as it is, and one of the two losses changes all the same. Which of the two should a recommender be trained with?
Each lesson starts from questions like this one. It asks for your prediction first, and then runs what a lecture claims
on real data. Where a claim does not hold, the course says so.</p>"""
TASKS = {  # kind of task → how one of them, and several, are called
    "predictions": ("prediction", "predictions"),
    "checks": ("check", "checks"),
    "your code": ("function to write", "functions to write"),
    "quiz": ("quiz", "quizzes"),
}
CHECKED = "<p>Each function is checked while you write it, and a mistake that is known is named.</p>"
INSTALL = """<h2>Work in it yourself</h2>
<p>These pages need no installation, and what you answer stays in this browser. To run and change the code, take the
course's folder, Python 3.10 or newer and <code>make</code>:</p>
<pre class="highlight"><code>make lab</code></pre>
<p>This installs everything, fetches the data and opens copies of the lessons and assignments that are your own.</p>"""


def index(
    lessons: Sequence[Lesson],
    assignments: Sequence[Lesson],
    picture: str,
    documents: Sequence[Path],
    tables: Sequence[str],
    slides: bool,
) -> str:
    """The page to begin with.

    Args:
        lessons: All lessons, in the order of the course.
        assignments: All assignments.
        picture: The way through the course, as SVG; may be empty.
        documents: Markdown files that have a page.
        tables: What else is told here, each a section as HTML.
        slides: Whether the lessons also have slides to link to.
    """
    live = next(((lesson, name) for lesson in lessons for name in lesson.states if _is_live(lesson, name)), None)
    main = [f"<h1>{COURSE}: a course you can run</h1>"]
    if live:
        main += [PITCH, static.place(live[1]), f'<p><a href="{live[0].name}.html">The lesson on this question</a></p>']
    main += ["<h2>The lessons</h2>", f'<figure class="map">{picture}</figure>' if picture else ""]
    main += ['<ol class="cards">', *(_card(lesson, slides) for lesson in lessons), "</ol>"]
    if assignments:
        main += ["<h2>The assignments</h2>", CHECKED]
        main += ['<ul class="cards">', *map(_assignment, assignments), "</ul>"]
    if documents:
        links = (f'<li><a href="{path.stem}.html">{html.escape(heading(path))}</a></li>' for path in documents)
        main += ["<h2>Beside the lessons</h2>", "<ul>", *links, "</ul>"]
    scripts = static.scripts({live[1]: live[0].states[live[1]]}) if live else ""
    nav = ['<a href="index.html" aria-current="page">All notebooks</a>']
    return whole(COURSE, nav, "", "\n".join([*main, *tables, INSTALL]), script("page.js") + scripts)


def _is_live(lesson: Lesson, name: str) -> bool:
    return lesson.states[name].get("_anywidget_id", "").endswith(f".{LIVE}")


def _card(lesson: Lesson, slides: bool) -> str:
    title = html.escape(lesson.title)
    more = f'<p><a href="{lesson.name}.slides.html">Slides of {title}</a></p>' if slides else ""
    asked = ", ".join(_counted(lesson.tasks[kind], *words) for kind, words in TASKS.items() if lesson.tasks[kind])
    tasks = f'<p class="tasks">{asked}</p>' if asked else ""
    return f'<li><h3><a href="{lesson.name}.html">{title}</a></h3>\n{lesson.goals}{tasks}{more}</li>'


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _assignment(assignment: Lesson) -> str:
    title = html.escape(assignment.title)
    return f'<li><h3><a href="{assignment.name}.html">{title}</a></h3>\n{assignment.goals}</li>'
