"""Markdown, JSON, numbers, times and charts as people see them: true, readable, and unable to do anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from nexod.admin import formats, json_view, markdown
from nexod.admin.charts import Bar, bars, nice
from nexod.admin.refusals import problems
from nexod.admin.states import ICONS, TONES, chip
from nexod.kernel.errors import InvalidInput

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,xxx)",
        "![x](https://spy.example/pixel.png)",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg onload=alert(1)>",
        '[x](https://a.example/"onmouseover=alert(1))',
        "<style>body{display:none}</style>",
    ],
)
def test_markdown_cannot_do_anything(hostile: str):
    html = markdown.render(hostile)
    for harm in ("<script", "<img", "<svg", "<style", 'href="javascript', 'href="data', 'onmouseover="'):
        assert harm not in html


def test_markdown_is_laid_out():
    html = markdown.render("# T\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n[x](https://a.example/)")
    assert "<h1>T</h1>" in html
    assert 'style="text-align:right"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_a_huge_text_is_cut_and_says_so():
    html = markdown.render("word " * 200_000)
    assert len(html) < 500_000
    assert "too long to be shown" in html


def test_json_is_escaped_and_folds():
    html = json_view.render({"a": "<b>", "list": [1, None, True, {}], "deep": {"x": {"y": 1}}})
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "<code>null</code>" in html
    assert "<details" in html


def test_json_of_any_depth_and_length_is_bounded():
    deep: object = 1
    for _ in range(200):
        deep = {"x": deep}
    html = json_view.render({"deep": deep, "long": list(range(5000)), "text": "x" * 100_000})
    assert len(html) < 100_000
    assert "4800 more" in html


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (1234, "1,234"), (56_700, "56.7k"), (999_900, "1.0M"), (8_900_000, "8.9M")]
)
def test_counts(number: float, shown: str):
    assert formats.count(number) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "$0.00"), (0.00001, "<$0.0001"), (0.0258, "$0.0258"), (12.345, "$12.35"), (1234.5, "$1,234.50")],
)
def test_dollars(amount: float, shown: str):
    assert formats.usd(amount) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "—"), (0.44, "0.4 s"), (12.2, "12 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_durations(seconds: float | None, shown: str):
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(
    ("bytes_", "shown"), [(0, "0 B"), (999, "999 B"), (4300, "4.3 kB"), (18_400_000, "18.4 MB"), (2e9, "2.0 GB")]
)
def test_sizes(bytes_: float, shown: str):
    assert formats.size(bytes_) == shown


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1, hours=2), "1 day ago"),
        (timedelta(days=4), "4 days ago"),
        (timedelta(days=90), "31 Jan 2026"),
        (-timedelta(hours=2), "in 2 h"),
        (timedelta(seconds=50), "1 min ago"),
    ],
)
def test_distances(past: timedelta, shown: str):
    assert formats.distance(NOW - past, NOW) == shown


@pytest.mark.parametrize(
    ("top", "round_"), [(0, 1), (0.03, 0.03), (7, 8), (10, 10), (58, 60), (101, 150), (4200, 5000)]
)
def test_the_scale_of_a_chart_is_round(top: float, round_: float):
    assert nice(top) == pytest.approx(round_)


def test_a_chart_tells_its_numbers_in_words():
    svg = bars(
        [Bar("1 May", (("good", 3), ("bad", 1))), Bar("2 May", ())], names={"good": "done", "bad": "failed"}, label="L"
    )
    assert "<title>1 May: 3 done, 1 failed</title>" in svg
    assert "<title>2 May: none</title>" in svg
    assert 'aria-label="L"' in svg


def test_half_of_one_is_no_line_of_a_chart_that_counts():
    assert [re.findall(r'text-anchor="end">([^<]+)<', _of_one(show)) for show in (formats.count, formats.usd)] == [
        ["1"],
        ["$0.5000", "$1.00"],
    ]


def _of_one(show):
    return bars([Bar("Mon", (("good", 1),))], names={"good": "done"}, label="L", show=show)


def test_an_empty_chart_says_so():
    assert "Nothing in this time yet." in bars([Bar("x", (("good", 0),))], names={"good": "done"}, label="L")


def test_every_state_has_a_shape_besides_its_colour():
    assert set(TONES) == set(ICONS)
    assert "Changes requested" in chip("request_changes")
    assert "&lt;x&gt;" in chip("<x>")


def test_a_refusal_names_its_fields():
    error = InvalidInput(details=[{"field": "a", "message": "wrong"}])
    assert problems(error) == [("a", "wrong")]
    assert problems(InvalidInput("Not so.")) == [("", "Not so.")]
