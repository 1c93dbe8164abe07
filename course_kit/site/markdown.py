"""A notebook's markdown as HTML: formulas as MathML, images inside, links that lead somewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Container, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from course_kit.site.formulas import mathml

# Raw HTML beyond these, which have no attributes, is shown and not used.
ALLOWED = re.compile(r"(</?(?:details|summary|br|sub|sup|kbd|b|i|em|strong|u|s|small|mark|hr)\s*/?>)")
CENTRED = re.compile(r"""<(div|p|h\d|center)(?:\s+align=["']center["'])?\s*>(.*?)</\1>""", re.DOTALL)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
IMAGE = re.compile(r"(<img\s[^>]*>)")
TAG = re.compile(r"\s*\\tag\{(\w+)\}")  # the number of a formula that the text refers to
INLINE_MATH = re.compile(r"(?<![$\\])\$([^$]+)\$")


def slug(heading: str) -> str:
    """The name of a heading in addresses: "3 · The sigmoid" becomes "3-the-sigmoid"."""
    return "-".join(re.findall(r"\w+", re.sub(r"<[^>]+>", "", heading).lower()))


class Renderer(IPythonRenderer):
    """nbconvert's renderer, with formulas, raw HTML and links as a page without a network needs them."""

    def __init__(self, folder: Path, pages: Container[str], attachments: Mapping[str, dict[str, str]]) -> None:
        super().__init__(escape=False, embed_images=True, path=str(folder), attachments=dict(attachments))
        self.pages = pages

    def block_math(self, body: str) -> str:
        """A formula on lines of its own."""
        aligned = body.replace("{aligned}", "{align*}")  # the same within dollars, and the one that latex2mathml knows
        number = TAG.search(aligned)
        tag = f'<span class="number">({number[1]})</span>' if number else ""
        return f'<span class="formula">{mathml(TAG.sub("", aligned), "block")}{tag}</span>'

    def inline_math(self, body: str) -> str:
        """A formula within a line."""
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        r"""A formula between \begin and \end."""
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    def inline_html(self, source: str) -> str:
        """A tag: as it is if it is a harmless one, else as text; a comment is for whoever reads the source."""
        parts = IMAGE.split(COMMENT.sub("", source))
        return "".join(self._image(part) if odd % 2 else _harmless(part) for odd, part in enumerate(parts))

    def _image(self, tag: str) -> str:
        """A picture that lies beside the notebook, put into the page; any other tag as text."""
        said = dict(re.findall(r"""(\w+)=["']([^"']*)["']""", tag))
        source, width = self._embed_image_or_attachment(said.get("src", "")), said.get("width", "")
        if not source.startswith("data:"):
            return html.escape(tag, quote=False)
        alt = html.escape(said.get("alt", ""))
        return f'<img src="{source}" alt="{alt}"' + (f' width="{width}">' if width.isdigit() else ">")

    def block_html(self, source: str) -> str:
        """Lines that begin with a tag: markdown leaves them alone, but formulas in them count."""
        outside = COMMENT.sub("", source)
        if block := CENTRED.fullmatch(outside.strip()):
            return f'<div class="centred">{self.block_html(block[2])}</div>\n'
        parts = INLINE_MATH.split(outside)
        return "".join(mathml(part) if odd % 2 else self.inline_html(part) for odd, part in enumerate(parts))

    def heading(self, text: str, level: int, **attrs: object) -> str:
        """A heading that can be linked to."""
        return f'<h{level} id="{slug(text)}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to the web, within the page or to another page of the site; to anything else, its text alone."""
        target = urlsplit(url)
        page, _, kind = target.path.rpartition("/")[2].rpartition(".")
        if target.scheme in ("http", "https") or not target.path:
            return super().link(text, url, title)
        if kind in ("ipynb", "md") and page in self.pages:
            return super().link(text, f"{page}.html" + (f"#{target.fragment}" if target.fragment else ""), title)
        return text


def _harmless(source: str) -> str:
    """The few tags that change nothing but a text's looks as they are, everything else as text."""
    parts = ALLOWED.split(source)
    return "".join(part if ALLOWED.fullmatch(part) else html.escape(part, quote=False) for part in parts)


def to_html(
    source: str, folder: Path, pages: Container[str], attachments: Mapping[str, dict[str, str]] | None = None
) -> str:
    """Markdown as HTML.

    Args:
        source: Markdown with formulas between dollars.
        folder: Where the images it names lie.
        pages: Stems of the notebooks and documents that have a page.
        attachments: A cell's own images: name → MIME type → base64.

    Raises:
        ValueError: If a formula has a command that is not known.
    """
    return headless(MarkdownWithMath(Renderer(folder, pages, attachments or {})).render(source))


def headless(text: str) -> str:
    """HTML whose empty cells at the head of a table are plain cells: they head nothing."""
    return text.replace("<th></th>", "<td></td>")
