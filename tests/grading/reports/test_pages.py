"""Nothing that a student wrote becomes HTML."""

from __future__ import annotations

import pytest

from course_kit.grading.reports.pages import inline


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("use `a < b` here", "use <code>a &lt; b</code> here"),
        ("of *her* items", "of <em>her</em> items"),
        ("2 * 3 * 4, x*y*z and **kw", "2 * 3 * 4, x*y*z and **kw"),
        ("<b>`<i>`", "&lt;b&gt;<code>&lt;i&gt;</code>"),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("\"quoted\" & 'more'", "&#34;quoted&#34; &amp; &#39;more&#39;"),
    ],
)
def test_marks_of_a_tutor_are_shown_and_all_else_is_escaped(text, html):
    assert inline(text) == html
