"""Markdown from models and people, as HTML that cannot do anything: parsed without raw HTML, then cleaned by an allow-list."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

MAX_CHARACTERS = 400_000
# No images: an address in a model's answer would tell a stranger who reads it, and what it says.
TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# Rows are filled up to the width of their table's head: a short text can make thousands of millions of cells.
MAX_CELLS = 65_536
_plain = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("strikethrough")
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """Return ``text`` as safe HTML; what is beyond the limit is left out and said so."""
    cut = text[:MAX_CHARACTERS]
    note = "\n\n*(The rest is too long to be shown here; download it.)*" if len(text) > MAX_CHARACTERS else ""
    clean = nh3.clean(
        (_parser if _cells(cut) <= MAX_CELLS else _plain).render(cut + note),
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}, "td": {"style"}, "th": {"style"}},
        filter_style_properties={"text-align"},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308  (cleaned by the allow-list above)


def _cells(text: str) -> int:
    """Return how many cells the tables of ``text`` can have at most."""
    lines = text.splitlines()
    return len(lines) * max((line.count("|") for line in lines), default=0)
