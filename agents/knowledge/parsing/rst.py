"""reStructuredText keeps its source as text; its sections are found by their underlines, whose order gives the levels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import LONGEST_HEADING, Block, Heading, Parsed, outlined

_ADORNMENT = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_LITERAL = re.compile(
    r"^(?P<indent>[ ]*)(?:\.\. (?:code-block|code|sourcecode)::[^\n]*|\S[^\n]*::|::)[ ]*\n"
    r"(?:[ ]*\n)*(?P<code>(?P=indent)[ ]{2,}\S[^\n]*(?:\n+(?P=indent)[ ]{2,}\S[^\n]*)*)",
    re.MULTILINE,
)
_GRID = re.compile(r"^\+-[-+]*\+\n(?:[|+][^\n]*[|+]\n?)+(?<!\n)", re.MULTILINE)
_SIMPLE = re.compile(
    r"^(?P<line>=+(?:[ ]+=+)+)\n(?:[^\n]+\n){1,3}?(?P=line)\n(?P<rows>(?:[^\n]*\n){1,2000}?)(?P=line)$", re.MULTILINE
)
_ROLE = re.compile(r"(?::[a-z+.:-]{1,40}:)?``?([^`<]+?)(?:\s*<[^`>]*>)?``?")


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the source with its section titles as the outline."""
    text = decode(data)
    blocks = sorted([*_code(text), *_tables(text)], key=lambda block: block.start)
    return outlined(text, _headings(text), fallback_title=title, media_type=Format.RST, blocks=blocks)


def _code(text: str) -> Iterator[Block]:
    """Give what is indented after ``::``, alone or of a directive for code, up to the next line that is not."""
    for found in _LITERAL.finditer(text):
        yield Block("code", found.start("code"), found.end("code"), found.start("code"))


def _tables(text: str) -> Iterator[Block]:
    """Give grid tables and simple ones, with the lines that name their columns."""
    for found in _GRID.finditer(text):
        head = re.search(r"^\+=[=+]*\+\n", found[0], re.MULTILINE)
        yield Block("table", found.start(), found.end(), found.start() + (head.end() if head else 0))
    for found in _SIMPLE.finditer(text):
        yield Block("table", found.start(), found.end(), found.start("rows"))


def _headings(text: str) -> Iterator[Heading]:
    levels: dict[str, int] = {}
    before, title, start, title_start = "", "", 0, 0
    for line in text.split("\n"):
        style = _style(before, title, line.rstrip())
        if style:
            at = title_start - len(before) - 1 if len(style) == 2 else title_start
            level = levels.setdefault(style, len(levels) + 1)
            yield Heading(at, level, _ROLE.sub(r"\1", title[: LONGEST_HEADING * 2]))
        before, title, title_start = title, "" if style else line, start
        start += len(line) + 1


def _style(over: str, title: str, under: str) -> str:
    """Return what marks the title, twice when it is overlined too; empty when ``title`` is none."""
    words = title.strip()
    if not words or _line_of(under) == "" or _line_of(words) or len(under) < min(len(words), 4):
        return ""
    if over.rstrip() == under:
        return under[0] * 2
    return under[0] if not title[0].isspace() and len(words) <= len(under) + 2 else ""


def _line_of(line: str) -> str:
    """Return the character that alone makes up ``line`` (two at least), or nothing."""
    return line[0] if len(line) > 1 and line[0] in _ADORNMENT and line == line[0] * len(line) else ""
