"""The page to begin with: what the course is, something to move, and the ways into it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course_kit.site.lesson import Lesson
from course_kit.site.pages import COURSE, HERE, HOME, POLICY, heading, opening, script, whole
from course_kit.widgets import static

LIVE = "LossToy"  # the widget that stands on the first screen
TASTE = "YourTaste"  # the widget below it, which brings tables that are too heavy for the page itself
TASTE_FILE = "your_taste.js"
PITCH = """<p class="pitch">Two users, two films, four scores. Add the same number to both scores of a user: every list
stays as it is, and one of the two losses changes all the same. Which of the two should a recommender be trained with?
Each lesson starts from questions like this one. It asks for your prediction first, and then runs what a lecture claims
on real data. Where a claim does not hold, the course says so.</p>"""
ASK = """<h2 id="your-own-taste">What would they recommend to you?</h2>
<p>Five recommenders, from the list of what is popular to LightGCN, know 300 people at a university and where they went.
Tell them what you like. They answer at once, although none of them was trained for you, and say why. (The people and
the events are made up. <a href="{lesson}.html#{section}">The lesson</a> does the same with films.)</p>
<div id="taste"><p>Here the file {file} did not load; <a href="{lesson}.html#{section}">the lesson</a> has the widget,
too.</p></div>"""
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
    live, taste = _shown(lessons, LIVE), _shown(lessons, TASTE)
    main = [f"<h1>{COURSE}: a course you can run</h1>"]
    if live:
        main += [PITCH, static.place(live[1]), f'<p><a href="{live[0].name}.html">The lesson on this question</a></p>']
    if live and taste:
        main += [ASK.format(lesson=taste[0].name, section=TASTE, file=TASTE_FILE)]
    main += ["<h2>The lessons</h2>", f'<figure class="map">{picture}</figure>' if picture else ""]
    main += ['<ol class="cards">', *(_card(lesson, slides) for lesson in lessons), "</ol>"]
    if assignments:
        main += ["<h2>The assignments</h2>", CHECKED]
        main += ['<ul class="cards">', *map(_assignment, assignments), "</ul>"]
    if documents:
        main += ["<h2>Beside the lessons</h2>", '<ul class="cards">', *map(_document, documents), "</ul>"]
    scripts = static.scripts({live[1]: live[0].states[live[1]]}) if live else ""
    if live and taste:  # after the element with the states, to which it adds, and before the host, which reads them
        scripts = scripts.replace("</script>", f'</script>\n<script src="{TASTE_FILE}"></script>', 1)
    nav = [HOME.replace(" href", ' aria-current="page" href')]
    main += [*tables, INSTALL]
    return whole(
        COURSE, nav, "", "\n".join(main), script("page.js") + scripts + script("progress.js"), f"{POLICY} 'self'"
    )


def taste_script(lessons: Sequence[Lesson]) -> str:
    """The script beside the index that puts the student's own taste into it; nothing where no lesson shows it."""
    taste = _shown(lessons, TASTE)
    states = {taste[1]: taste[0].states[taste[1]]} if taste else {}
    return (HERE / "taste.js").read_text("utf-8").replace("MORE", static.bundled(states)) if taste else ""


def _shown(lessons: Sequence[Lesson], kind: str) -> tuple[Lesson, str] | None:
    """The first lesson that shows a widget of a class, and the widget's id."""
    shown = ((lesson, name) for lesson in lessons for name, state in lesson.states.items() if _is(kind, state))
    return next(shown, None)


def _is(kind: str, state: Mapping[str, Any]) -> bool:
    return state.get("_anywidget_id", "").endswith(f".{kind}")


def _card(lesson: Lesson, slides: bool) -> str:
    title = html.escape(lesson.title)
    more = f'<p><a href="{lesson.name}.slides.html">Slides of {title}</a></p>' if slides else ""
    asked = ", ".join(_counted(lesson.tasks[kind], *words) for kind, words in TASKS.items() if lesson.tasks[kind])
    tasks = f'<p class="tasks">{asked}</p>' if asked else ""
    names = html.escape(json.dumps(_asked(lesson), ensure_ascii=False))
    done = f'<p class="done" data-names="{names}"></p>' if tasks else ""
    return f'<li><h3><a href="{lesson.name}.html">{title}</a></h3>\n{lesson.goals}{tasks}{done}{more}</li>'


def _asked(lesson: Lesson) -> list[str]:
    """What a lesson's page asks, by the names under which its scripts keep the answers."""
    states = lesson.states.values()
    guesses = [state["question"] for state in states if "truth" in state]
    quizzes = [" ".join(row[0] for row in state["questions"]) for state in states if "answers" in state]
    return [*guesses, *quizzes, *(f"check {cell.check}" for cell in lesson.cells if cell.check)]


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _assignment(assignment: Lesson) -> str:
    title = html.escape(assignment.title)
    return f'<li><h3><a href="{assignment.name}.html">{title}</a></h3>\n{assignment.goals}</li>'


def _document(path: Path) -> str:
    return f'<li><h3><a href="{path.stem}.html">{html.escape(heading(path))}</a></h3>\n{opening(path)}</li>'
