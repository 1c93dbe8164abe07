"""What becomes of a notebook's outputs."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_kit.site.lesson import read


@pytest.fixture
def output_html(tmp_path):
    def show(*outputs, source="1"):
        cells = [nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_code_cell(source, outputs=list(outputs))]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
        return read(tmp_path / "n.ipynb", ()).cells[1].html.partition("</code></pre>\n")[2]

    return show


def data(metadata=None, **content):
    named = {kind.replace("_", "/", 1).replace("_", "+"): value for kind, value in content.items()}
    return nbformat.v4.new_output("display_data", named, metadata=metadata or {})


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def test_text_is_text(output_html):
    assert output_html(stream("a <b>\n"), stream("c")) == '<pre class="stdout">a &lt;b&gt;\nc</pre>'
    assert output_html(stream("a"), stream("b", "stderr")).count("<pre") == 2
    assert output_html(data(text_plain="x < y")) == "<pre>x &lt; y</pre>"


def test_an_error_keeps_its_colours(output_html):
    text = output_html(nbformat.v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mE\x1b[0m: <v>"]))
    assert "\x1b" not in text
    assert "ansi-red" in text
    assert "&lt;v&gt;" in text


def test_tables_stay_and_scripts_go(output_html):
    table = (
        "<style scoped>td {x: y}</style><table class='dataframe'><tr><th></th><th onclick='no()'>a</th></tr></table>"
    )
    text = output_html(data(text_html=f"{table}<script>no()</script><img src='http://x'>", text_plain="plain"))
    assert text == (
        '<div class="table"><table class="dataframe"><tbody><tr><td></td><th>a</th></tr></tbody></table></div>'
    )


def test_pictures_are_inside_and_keep_their_size(output_html):
    text = output_html(data({"image/png": {"width": 40}}, image_png="AA\nAA", text_plain="<Figure>"))
    assert text == '<img src="data:image/png;base64,AAAA" alt="Figure drawn by the code above" width="40">'
    assert "data:image/svg+xml;base64,PHN2Zy8+" in output_html(data(image_svg_xml="<svg/>"))


def test_a_figure_loses_no_point_and_tells_its_sides(output_html):
    points = np.random.default_rng(0).integers(0, 256, (30, 50, 4), dtype=np.uint8)
    points[..., 3] = 255
    file = BytesIO()
    Image.fromarray(points).save(file, "png")
    png = base64.b64encode(file.getvalue()).decode()
    text = output_html(data(image_png=png))
    kind, webp = re.search(r'src="data:image/(\w+);base64,([^"]+)"', text).groups()
    shown = np.asarray(Image.open(BytesIO(base64.b64decode(webp))).convert("RGBA"))
    assert (kind, shown.tolist()) == ("webp", points.tolist())
    assert text.endswith(' width="50" height="30">')
    assert output_html(data({"image/png": {"width": 25}}, image_png=png)).endswith(' width="25">')


def test_what_needs_a_program_is_its_picture_its_text_or_a_line(output_html):
    plot = "<div id='x'></div><script>draw()</script>"
    assert output_html(data(text_html=plot, image_png="AA")).startswith("<img")
    assert output_html(data(text_html=plot, text_plain="Figure(1)")) == "<pre>Figure(1)</pre>"
    assert "interactive plot" in output_html(data(text_html=plot))
    assert "<math" in output_html(data(text_latex="$x_1$", text_plain="x_1"))


def test_a_widget_without_a_state_is_its_text(output_html):
    view = nbformat.v4.new_output(
        "display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "text/plain": "0%"}
    )
    assert output_html(view) == "<pre>0%</pre>"


@pytest.mark.parametrize(
    ("cells", "said"), [(["no title"], "n.ipynb has no title"), (["# T", r"$\no$"], r"n.ipynb: the formula '\\\\no'")]
)
def test_a_mistake_in_a_notebook_is_named(tmp_path, cells, said):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source) for source in cells])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "n.ipynb", ())
