"""Titles for the items of the generated data set ``campus``, which are events at a university."""

from __future__ import annotations

from collections.abc import Sequence

EVENTS = {
    "jazz": ("jazz jam", "saxophone clinic", "big-band rehearsal", "blues and swing night", "double-bass duel"),
    "climbing": ("bouldering session", "rope and harness course", "climbing trip", "belay practice", "crag clean-up"),
    "chess": (
        "blitz tournament",
        "chess puzzle hour",
        "endgame seminar",
        "gambit workshop",
        "simultaneous display",
    ),
    "film": ("film noir double bill", "silent movie", "short-film contest", "screenplay reading", "director's cut"),
    "cooking": ("dumpling kitchen", "sourdough class", "curry cook-off", "knife-skills evening", "pasta from scratch"),
    "theatre": ("improv show", "Shakespeare rehearsal", "stage-fright clinic", "puppet theatre", "one-act play"),
    "robotics": ("robot sumo", "soldering night", "drone race", "line-follower challenge", "servo repair café"),
    "gardening": ("seed swap", "compost lesson", "rooftop planting", "beekeeping visit", "herb-bed weeding"),
}
"""Each taste, with the events that reveal it."""

_OPENINGS = ("Late", "Open", "First", "Friendly", "Charity")
_PLACES = (
    *("in the old library", "behind the canteen", "at the boathouse", "in lecture hall B", "under the clock tower"),
    *("on the roof terrace", "in the physics basement", "at the student union", "by the duck pond"),
)


def titles(tastes: Sequence[str]) -> tuple[str, ...]:
    """Give each item a title: an event that reveals its taste, between an opening and a place that reveal nothing.

    Args:
        tastes: Taste of each item, a key of ``EVENTS``; up to 25 items of the same taste get distinct titles.

    Returns:
        A title for each item, such as "Late jazz jam in the old library".
    """
    seen = dict.fromkeys(EVENTS, 0)
    named = []
    for position, taste in enumerate(tastes):
        number = seen[taste]
        seen[taste] += 1
        event = EVENTS[taste][number % 5]
        opening = _OPENINGS[(number + number // 5) % 5]  # a Latin square: 25 different pairs
        named.append(f"{opening} {event} {_PLACES[position % len(_PLACES)]}")
    return tuple(named)


def without_place(title: str) -> str:
    """A title without its place: still another than those of all other events.

    Args:
        title: One that :func:`titles` gave.

    Returns:
        Opening and event, such as "Late jazz jam".
    """
    return next(title.removesuffix(f" {place}") for place in _PLACES if title.endswith(place))
