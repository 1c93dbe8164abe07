"""Formulas as MathML, which browsers draw by themselves, and the font that goes with them."""

from __future__ import annotations

import base64
import re
from functools import cache
from itertools import cycle
from pathlib import Path

from latex2mathml.converter import convert

FONT = Path(__file__).parent / "font" / "stix-two-math.woff2"
OPERATOR = re.compile(r"(<mi>\w{2,}</mi>)(?=<m(?:i|n|frac|sub)>)")  # TeX has a thin space between log and x
RELATION = '<mo lspace="0.278em" rspace="0.278em">:</mo>'  # as TeX sets the colon
ACCENT = re.compile(r"<mover>(?=<mi>\w</mi><mo)")  # a sign over a letter, which belongs close to it
BAR = re.compile(r'<mo(?: stretchy="false")?>(&#x0007C;|&#x02016;)</mo>')


def mathml(tex: str, display: str = "inline") -> str:
    """A formula as MathML.

    Raises:
        ValueError: If the formula has a command that is not known.
    """
    try:
        math = convert(tex, display=display)
    except Exception as error:  # the library has no common class for its own
        raise ValueError(f"the formula {tex!r} is no TeX: {type(error).__name__}") from error
    if unknown := re.search(r"\\\w+", math):
        raise ValueError(f"the formula {tex!r} has {unknown[0]}, which latex2mathml does not know; write it otherwise")
    if "<mi>&</mi>" in math:
        raise ValueError(f"the formula {tex!r} has an & outside a matrix or array; latex2mathml aligns nothing else")
    math = math.replace("<mi>:</mi>", RELATION)
    spaced = OPERATOR.sub(r'\1<mspace width="0.167em"/>', math)
    return _paired_bars(ACCENT.sub('<mover accent="true">', spaced))


def _paired_bars(math: str) -> str:
    """Bars that come in pairs, as those of |P|, told which is which: a browser sets a lone bar like a plus sign."""
    if len(BAR.findall(math)) % 2:
        return math
    sides = cycle(("prefix", "postfix"))
    return BAR.sub(lambda bar: f'<mo stretchy="false" form="{next(sides)}" fence="true">{bar[1]}</mo>', math)


@cache
def font() -> str:
    """The style sheet of formulas, with the characters of STIX Two Math that a course needs in it (SIL OFL 1.1).

    Made from Fontsource's ``@fontsource/stix-two-math`` by ``pyftsubset``: Latin, Greek, operators, arrows, and the
    bold, italic and bold italic alphabets.
    """
    data = base64.b64encode(FONT.read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "Course Math"; src: url("data:font/woff2;base64,{data}") format("woff2"); }}\n'
        'math { font-family: "Course Math", math; }'
    )
