"""What chunks are made of: sentences, list items, rows of tables, whole blocks of code. None is larger than a chunk may be."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from agents.knowledge.parsing.outline import Block, Parsed, Section
from agents.knowledge.tokens import tokens

TARGET, LONGEST, OVERLAP = 180, 270, 36
"""Tokens: a chunk closes at the first end of a paragraph after TARGET and never exceeds LONGEST; one that had to close
inside a paragraph is repeated by up to OVERLAP in the next."""
_LONGEST_LEAD = LONGEST // 3

MOST_CHARACTERS = 8_000
"""White space has no tokens, and is bounded by this."""

_NO_SPACE = re.compile(r"\S")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_LINE = re.compile(r"\n+")
_SENTENCE = re.compile(
    r"(?<=[.!?\u2026\u061f\u06d4\u0964])(?<!\n\d\.)(?<!\n\d\d\.)[\"')\]]{0,3}\s+"  # after a full stop, not after a list's number
    r"|(?<=[\u3002\uff01\uff1f])"  # full stops of scripts that put no space after them
    r"|\n(?=[ \t]*(?:[-*+|>]|\d{1,3}[.)])[ \t])"  # before a list item or a table row
)


class Part(NamedTuple):
    """A stretch that is not cut: its place in the text, its size, and whether a paragraph ends with it.

    Only prose is repeated. ``lead`` is what has to stand before a chunk that begins with it: the names of a table's columns.
    """

    start: int
    end: int
    tokens: int
    closes: bool
    is_prose: bool = True
    lead: str = ""


def parts(parsed: Parsed, section: Section) -> Iterator[Part]:
    """Give the parts of the section in order; between them is only white space."""
    text, at = parsed.text, section.start
    for block in _blocks_in(parsed, section):
        yield from _prose(text, at, block.start)
        yield from _code(text, block) if block.kind == "code" else _table(text, block)
        at = block.end
    yield from _prose(text, at, section.end)


def _blocks_in(parsed: Parsed, section: Section) -> Iterator[Block]:
    first = bisect_left(parsed.blocks, section.start, key=lambda block: block.start)
    for block in parsed.blocks[first:]:
        if block.end > section.end:
            return
        yield block


def _prose(text: str, start: int, end: int) -> Iterator[Part]:
    for paragraph in _cut(text, start, end, _PARAGRAPH):
        for sentence in _cut(text, *paragraph, _SENTENCE):
            for begin, stop in _bounded(text, *sentence):
                yield Part(begin, stop, tokens(text[begin:stop]), stop == paragraph[1])


def _code(text: str, block: Block) -> Iterator[Part]:
    """Keep it whole where it fits into a chunk; else cut it at empty lines, then at lines."""
    size = tokens(text[block.start : block.end])
    if size <= LONGEST:
        yield Part(block.start, block.end, size, closes=True, is_prose=False)
        return
    for passage in _cut(text, block.start, block.end, _PARAGRAPH, keep_indent=True):
        for line in _cut(text, *passage, _LINE, keep_indent=True):
            for begin, stop in _bounded(text, *line):
                yield Part(begin, stop, tokens(text[begin:stop]), stop == passage[1], is_prose=False)


def _table(text: str, block: Block) -> Iterator[Part]:
    """Keep it whole where it fits; else cut it between rows, and give each of them the names of the columns."""
    size = tokens(text[block.start : block.end])
    if size <= LONGEST:
        yield Part(block.start, block.end, size, closes=True, is_prose=False)
        return
    lead = text[block.start : block.head].rstrip()
    lead = lead if tokens(lead) <= _LONGEST_LEAD else ""
    for begin, stop in _cut(text, block.start, block.end, _LINE):
        own = "" if begin < block.head else lead
        room = LONGEST - (tokens(lead) if own else 0)
        for one, other in _bounded(text, begin, stop, room):
            yield Part(one, other, tokens(text[one:other]), other == block.end, is_prose=False, lead=own)


def _bounded(text: str, start: int, end: int, room: int = LONGEST) -> Iterator[tuple[int, int]]:
    """Cut what has no sentences (minified code, a page of one cell) at white space, and a word that is too long anywhere."""
    while (share := _fitting(text, start, end, room)) < end - start:
        cut = max(
            text.rfind(" ", start + share // 2, start + share), text.rfind("\n", start + share // 2, start + share)
        )
        stop = start + share if cut < 0 else cut
        yield start, start + len(text[start:stop].rstrip())
        start = _after_space(text, stop, end)
    if start < end:
        yield start, end


def _fitting(text: str, start: int, end: int, room: int) -> int:
    """Return about how many characters from ``start`` on fit; it looks at few more than these, however long the text is."""
    looked = min(room, end - start)
    while (size := tokens(text[start : start + looked])) <= room:
        if looked == end - start or looked >= MOST_CHARACTERS:
            return looked
        looked = min(2 * looked, end - start, MOST_CHARACTERS)
    share = max(1, looked * min(TARGET, room) // size)
    while tokens(text[start : start + share]) > room:
        share = max(1, share // 2)
    return share


def _after_space(text: str, start: int, end: int) -> int:
    found = _NO_SPACE.search(text, start, end)
    return found.start() if found else end


def _cut(
    text: str, start: int, end: int, at: re.Pattern[str], *, keep_indent: bool = False
) -> Iterator[tuple[int, int]]:
    """Give the stretches between the matches of ``at``, without white space around them; code keeps its indentation."""
    edges = [(start, start), *(found.span() for found in at.finditer(text, start, end)), (end, end)]
    for (_, begin), (stop, _) in pairwise(edges):
        part = text[begin:stop]
        if part.strip():
            bare = part.lstrip("\n") if keep_indent else part.lstrip()
            yield begin + len(part) - len(bare), stop - len(part) + len(part.rstrip())
