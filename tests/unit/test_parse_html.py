"""HTML: what a reader sees, and nothing else."""

from __future__ import annotations

import pytest

from agents.knowledge.errors import DocumentEmpty
from agents.knowledge.parsing.html import parse
from agents.knowledge.parsing.limits import Limits


def read(body: str, name: str = "page"):
    return parse(body.encode(), name, Limits())


def test_blocks_stay_apart_and_inline_marks_vanish():
    assert (
        read("<p>One <b>two</b>\n three<br>four</p>five<div>six</div>").text == "One two three four\n\nfive\n\nsix\n\n"
    )


def test_headings_make_the_outline():
    parsed = read("<title>T</title><h1>Top</h1><p>a</p><h2>Sub <i>x</i></h2><p>b</p>")
    assert (parsed.title, [s.headings for s in parsed.sections]) == ("Top", [(), ("Sub x",)])


def test_the_title_element_serves_when_there_is_no_top_heading():
    assert read("<title> My\n page </title><p>a</p>").title == "My page"


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>steal()</script>",
        "<style>p{}</style>",
        "<template><p>steal()</p></template>",
        "<noscript>steal()</noscript>",
        "<svg><text>steal()</text></svg>",
        "<p hidden>steal()</p>",
        "<p style='color:red; display: none'>steal()</p>",
        "<span aria-hidden=true>steal()</span>",
        "<!-- steal() -->",
        "<nav>steal()</nav>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden):
    assert read(f"<p>seen</p>{hidden}<p>also</p>").text.split() == ["seen", "also"]


def test_only_the_main_part_is_read():
    assert read("<header>menu</header><main><p>text</p></main><footer>legal</footer>").text.strip() == "text"


def test_lists_and_tables_read_as_lines():
    text = read("<ul><li>one<li>two</ul><table><tr><th>a<th>b<tr><td>1<td>2</table>").text
    assert text.split("\n\n")[:3] == ["- one", "- two", "a | b\n1 | 2"]


def test_a_table_of_data_keeps_the_names_of_its_columns_and_one_that_lays_out_a_page_is_none():
    parsed = read("<table><tr><th>a<th>b<tr><td>1<td>2</table><table><tr><td><h2>Sub</h2>text</table>")
    (table,) = parsed.blocks
    assert (parsed.text[table.start : table.head], parsed.text[table.start : table.end]) == ("a | b\n", "a | b\n1 | 2")
    assert parsed.sections[-1].headings == ("Sub",)


def test_a_page_in_another_charset_is_read_by_what_it_says():
    page = "<html><head><meta charset='shift_jis'></head><body><p>潮の満ち引き</p></body></html>"
    assert parse(page.encode("shift_jis"), "p", Limits()).text.strip() == "潮の満ち引き"


def test_preformatted_text_keeps_its_lines():
    assert "def f():\n    return 1" in read("<pre><code>def f():\n    return 1\n</code></pre>").text


def test_entities_are_characters():
    assert read("<p>a &lt; b &amp; c&nbsp;d</p>").text.strip() == "a < b & c d"


def test_a_page_without_text_is_empty():
    with pytest.raises(DocumentEmpty):
        read("<html><body><script>x()</script></body></html>")


def test_deep_nesting_is_read():
    assert read("<div>" * 3_000 + "deep").text.strip() == "deep"
