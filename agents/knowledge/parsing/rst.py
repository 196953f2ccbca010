"""reStructuredText keeps its source as text; its sections are found by their underlines, whose order gives the levels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import LONGEST_HEADING, Heading, Parsed, outlined

_ADORNMENT = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ROLE = re.compile(r"(?::[a-z+.:-]{1,40}:)?``?([^`<]+?)(?:\s*<[^`>]*>)?``?")


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the source with its section titles as the outline."""
    text = decode(data)
    return outlined(text, _headings(text), fallback_title=title, media_type=Format.RST)


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
