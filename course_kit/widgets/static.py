"""Widgets in a page without a kernel and without a network: their saved states and our own small host."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from course_kit.widgets.base import JS, Widget

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark; }} body {{ max-width: 60em; margin: 2em auto; padding: 0 1em; }}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{places}
</main>
{scripts}
</body>
</html>
"""


def place(model_id: str, name: str = "") -> str:
    """The element in which the host draws a widget; links find it by a name."""
    named = f' id="{html.escape(name)}"' if name else ""
    return f'<div data-widget="{html.escape(model_id)}"{named}></div>'


def scripts(states: Mapping[str, Mapping[str, Any]]) -> str:
    """What a page needs besides the places: states, modules and styles (each once), and the host.

    Args:
        states: As for :func:`bundled`.

    Returns:
        Two script elements, for the end of the body.
    """
    host = (JS / "host.js").read_text("utf-8")
    data = f'<script type="application/json" id="widgets">{bundled(states)}</script>'
    return f'{data}\n<script type="module">\n{host}</script>'


def bundled(states: Mapping[str, Mapping[str, Any]]) -> str:
    """States, modules and styles (each once) as JSON that may stand in a script element.

    Args:
        states: Model id → state with ``_esm`` and ``_css``, as ipywidgets saves it in a notebook's metadata.
    """
    modules, styles = ([*dict.fromkeys(state[key] for state in states.values())] for key in ("_esm", "_css"))
    models = {
        model_id: {
            "module": modules.index(state["_esm"]),
            "state": {trait: value for trait, value in state.items() if trait not in ("_esm", "_css")},
        }
        for model_id, state in states.items()
    }
    data = json.dumps({"modules": modules, "styles": styles, "models": models}, ensure_ascii=False, allow_nan=False)
    return data.replace("<", "\\u003c")  # no string may end the element


def page(widgets: Mapping[str, Widget], title: str = "Widgets") -> str:
    """A page of its own for some widgets, in the state in which they are now.

    Args:
        widgets: Any id → widget, in their order on the page.
        title: Heading of the page.

    Returns:
        HTML that works opened from disk.
    """
    states = {name: widget.get_state(drop_defaults=False) for name, widget in widgets.items()}
    states = {
        name: {trait: value for trait, value in state.items() if trait not in ("layout", "tabbable", "tooltip")}
        for name, state in states.items()
    }
    places = "\n".join(map(place, widgets))
    return PAGE.format(title=html.escape(title), places=places, scripts=scripts(states))
