"""Markdown keeps its source as text: it reads well, and offsets point into the file. Only the outline is parsed."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import LONGEST_HEADING, Heading, Parsed, outlined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.MULTILINE)


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the source with its ATX and setext headings as the outline; front matter only gives the title."""
    text = decode(data)
    if matter := _FRONT_MATTER.match(text):
        text = text[matter.end() :]
        named = _TITLE.search(matter.group(1))
        title = named.group(1).strip("\"'") if named else title
    return outlined(text, _headings(text), fallback_title=title, media_type=Format.MARKDOWN)


def _headings(text: str) -> Iterator[Heading]:
    parser = MarkdownIt()
    tokens: list[Token] = []
    parser.block.parse(text, parser, {}, tokens)
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    for token, content in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield Heading(
                starts[token.map[0]], int(token.tag[1:]), _spoken(parser, content.content[: LONGEST_HEADING * 2])
            )


def _spoken(parser: MarkdownIt, heading: str) -> str:
    children = parser.parseInline(heading)[0].children or []
    return "".join(child.content for child in children if child.type in ("text", "code_inline"))
