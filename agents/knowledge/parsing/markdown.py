"""Markdown keeps its source as text: it reads well, and offsets point into the file. Only its structure is parsed."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import LONGEST_HEADING, Block, Heading, Kind, Parsed, outlined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
_PARSER = MarkdownIt().enable("table")
_KINDS: dict[str, Kind] = {"table_open": "table", "fence": "code", "code_block": "code"}
_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.MULTILINE)


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the source with its ATX and setext headings as the outline; front matter only gives the title."""
    text = decode(data)
    if matter := _FRONT_MATTER.match(text):
        text = text[matter.end() :]
        named = _TITLE.search(matter.group(1))
        title = named.group(1).strip("\"'") if named else title
    tokens, starts = _tokens(text), [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    headings, blocks = _headings(tokens, starts), _blocks(tokens, starts, text)
    return outlined(text, headings, fallback_title=title, media_type=Format.MARKDOWN, blocks=blocks)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    _PARSER.block.parse(text, _PARSER, {}, tokens)
    return tokens


def _headings(tokens: list[Token], starts: list[int]) -> Iterator[Heading]:
    for token, content in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield Heading(starts[token.map[0]], int(token.tag[1:]), _spoken(content.content[: LONGEST_HEADING * 2]))


def _blocks(tokens: list[Token], starts: list[int], text: str) -> Iterator[Block]:
    """Give the tables and the code that stand by themselves, not inside of a list or a quotation."""
    for token in tokens:
        if token.level or not token.map or token.type not in _KINDS:
            continue
        first, last = token.map
        start, end = starts[first], min(starts[last], len(text))
        end = start + len(text[start:end].rstrip())
        head = starts[first + 2] if token.type == "table_open" else start  # the names, and the line under them
        yield Block(_KINDS[token.type], start, end, head if head < end else start)


def _spoken(heading: str) -> str:
    children = _PARSER.parseInline(heading)[0].children or []
    return "".join(child.content for child in children if child.type in ("text", "code_inline"))
