"""Markdown as a page without a network needs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_kit.site.formulas import mathml
from course_kit.site.markdown import slug, to_html

PNG = b"\x89PNG\r\n\x1a\n"


def html_of(source: str, folder: Path = Path(), **attachments: dict[str, str]) -> str:
    return to_html(source, folder, {"02_next"}, attachments)


def test_dollars_are_formulas_only_where_they_are():
    text = html_of("pay \\$5 or `$6$`: $x$\n\n```python\na = '$7$'\n```\n\n$$y$$")
    assert text.count("<math") == 2
    assert "pay $5" in text
    assert "<code>$6$</code>" in text
    assert "$7$" in text


def test_a_formula_is_drawn_by_the_browser():
    fraction = mathml(r"\frac{1}{2}")
    assert "<mfrac>" in fraction
    assert "\\" not in fraction
    assert 'display="block"' in html_of("$$x$$")
    assert "<mtable" in html_of("\\begin{pmatrix} 0 & R \\\\ R^\\top & 0 \\end{pmatrix}")


def test_a_colon_has_space_on_both_sides():
    assert '<mo lspace="0.278em" rspace="0.278em">:</mo>' in mathml("\\{m : m > n\\}")


def test_a_formula_that_the_text_refers_to_has_its_number():
    text = html_of("$$x \\tag{2}$$")
    assert '</math><span class="number">(2)</span>' in text
    assert "tag" not in text


def test_bars_open_and_close_what_is_between():
    sides = re.findall(r'form="(\w+)"', mathml(r"|P \cap R| / \lvert P \rvert"))
    assert sides == ["prefix", "postfix"] * 2
    assert "form=" not in mathml("a | b")


@pytest.mark.parametrize("tex", [r"\nosuchcommand{x}", "{", r"\begin{aligned}a&=b\end{aligned}"])
def test_a_wrong_formula_is_named(tex):
    with pytest.raises(ValueError, match="formula") as refusal:
        html_of(f"${tex}$")
    assert repr(tex) in str(refusal.value)


def test_links_lead_to_pages_or_are_text():
    assert '<a href="02_next.html#a-part">n</a>' in html_of("[n](02_next.ipynb#a-part)")
    assert '<a href="http://example.org/x.ipynb">w</a>' in html_of("[w](http://example.org/x.ipynb)")
    assert '<a href="#here">h</a>' in html_of("[h](#here)")
    for gone in ("03_other.ipynb", "../docs/guide.md", "javascript:no()"):
        assert html_of(f"[t]({gone})") == "<p>t</p>\n"


def test_raw_html_folds_and_does_no_more():
    text = html_of(
        "<details><summary>Hint</summary>$x$ <script>no()</script></details>\n\na <b onclick=no()>c</b> x<br>"
    )
    assert text.startswith("<details><summary>Hint</summary><math")
    assert "&lt;script&gt;" in text
    assert "&lt;b onclick" in text
    assert "<br>" in text


def test_images_come_along(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in html_of("![a](a.png)", tmp_path)
    assert 'src="data:image/png;base64,AAAA"' in html_of("![b](attachment:b.png)", **{"b.png": {"image/png": "AAAA"}})


def test_lines_are_aligned_within_dollars_too():
    text = html_of("$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$")
    assert (text.count("<mtr>"), text.count("<mtd"), "<mi>&" in text) == (2, 4, False)


def test_a_comment_is_not_shown_and_a_picture_beside_the_notebook_is_with_its_width(tmp_path):
    (tmp_path / "fig.png").write_bytes(PNG)
    text = html_of('<!-- tell\nnobody -->\n<img src="fig.png" width="300" onerror="no()">', tmp_path)
    assert text.strip() == '<img src="data:image/png;base64,iVBORw0KGgo=" alt="" width="300">'
    assert "nobody" not in html_of("said <!-- nobody --> here", tmp_path)
    assert "&lt;img" in html_of('<img src="http://example.org/x.png">', tmp_path)


def test_a_centred_block_is_centred_and_its_text_bold(tmp_path):
    (tmp_path / "fig.png").write_bytes(PNG)
    text = html_of('<p align="center">\n<img src="fig.png" width="300">\n<b>One</b> $x$\n</p>\n\nafter', tmp_path)
    block, _, after = text.partition("</div>")
    assert block.startswith('<div class="centred">')
    assert all(part in block for part in ('<img src="data:image/png', 'width="300"', "<b>One</b>", "<math"))
    assert "after" in after


def test_headings_have_names():
    assert slug("3 · The sigmoid, <em>twice</em>") == "3-the-sigmoid-twice"
    assert html_of("## Recall@K") == '<h2 id="recall-k">Recall@K</h2>\n'
