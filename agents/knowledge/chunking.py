"""A parsed document becomes chunks: stretches of its text that end where the author ended a thought.

Every chunk is exactly ``parsed.text[chunk.start:chunk.end]``, lies on one page, and under one path of headings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import NamedTuple

from agents.knowledge.parsing.outline import Parsed, Section

TARGET, LONGEST, OVERLAP, STUB = 800, 1_200, 150, 120
"""Characters: a chunk closes at the first end of a paragraph after TARGET and never exceeds LONGEST; one that had to
close inside a paragraph is repeated by up to OVERLAP in the next; a section under STUB goes with its first subsection."""

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE = re.compile(
    r"(?<=[.!?…])(?<!\n\d\.)(?<!\n\d\d\.)[\"')\]]{0,3}\s+"  # after a full stop, not after the number of a list item
    r"|(?<=[\u3002\uff01\uff1f])"  # full stops of scripts that put no space after them
    r"|\n(?=[ \t]*(?:[-*+|>]|\d{1,3}[.)])[ \t])"  # before a list item or a table row
)


class Part(NamedTuple):
    """A sentence, or what stands for one: its place in the text, and whether a paragraph ends with it."""

    start: int
    end: int
    closes: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk before it is stored: where it stands in the document, and its text."""

    position: int
    title: str
    headings: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str

    @property
    def digest(self) -> str:
        """The SHA-256 of what is embedded: an unchanged chunk keeps it."""
        return hashlib.sha256(self.context.encode()).hexdigest()

    @property
    def context(self) -> str:
        """The text under its title and headings, so that a chunk is found by what it is about too."""
        return "\n".join((" > ".join((self.title, *self.headings)), self.text))


def chunk(parsed: Parsed) -> list[Piece]:
    """Return the chunks of ``parsed`` in the order of its text; none holds only white space."""
    pieces: list[Piece] = []
    for section in _joined(parsed.sections):
        for start, end in _spans(parsed.text, section):
            text = parsed.text[start:end]
            pieces.append(Piece(len(pieces), parsed.title, section.headings, section.page, start, end, text))
    return pieces


def _joined(sections: tuple[Section, ...]) -> Iterator[Section]:
    """Join short neighbours on the same page, under the headings that they share: no chunk of a heading and one line."""
    waiting: Section | None = None
    for section in sections:
        together = waiting and _together(waiting, section)
        if waiting and not together:
            yield waiting
        waiting = together or section
    if waiting:
        yield waiting


def _together(one: Section, other: Section) -> Section | None:
    if one.page != other.page:
        return None
    pairs = zip(one.headings, other.headings, strict=False)
    shared = tuple(name for name, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    if other.end - one.start <= TARGET:
        return Section(shared, one.start, other.end, one.page)
    leads = one.end - one.start < STUB and shared == one.headings
    return Section(other.headings, one.start, other.end, one.page) if leads else None


def _spans(text: str, section: Section) -> Iterator[tuple[int, int]]:
    """Pack the section's parts into stretches."""
    parts = list(_parts(text, section.start, section.end))
    first = 0
    for last, part in enumerate(parts):
        start = parts[first].start
        after = parts[last + 1] if last + 1 < len(parts) else None
        full = part.closes and part.end - start >= TARGET
        if after is None or full or after.end - start > LONGEST:
            yield start, part.end
            first = last + 1 if after is None or part.closes else _repeated(parts, first, last, after)


def _repeated(parts: list[Part], first: int, last: int, after: Part) -> int:
    """Return where the next stretch begins so that it repeats what whole parts fit into OVERLAP, and holds ``after``."""
    earliest = max(parts[last].end - OVERLAP, after.end - LONGEST)
    begin = last + 1
    while begin - 1 > first and parts[begin - 1].start >= earliest:
        begin -= 1
    return begin


def _parts(text: str, start: int, end: int) -> Iterator[Part]:
    for paragraph in _cut(text, start, end, _PARAGRAPH):
        for sentence in _cut(text, *paragraph, _SENTENCE):
            yield from (Part(*stretch, stretch[1] == paragraph[1]) for stretch in _bounded(text, *sentence))


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut what has no sentences (a table, minified code) at white space, and a word that is too long anywhere."""
    while end - start > LONGEST:
        least, most = start + TARGET // 2, start + TARGET
        cut = max(text.rfind(" ", least, most), text.rfind("\n", least, most))
        yield start, most if cut < 0 else cut
        start = most if cut < 0 else cut + 1
    yield start, end


def _cut(text: str, start: int, end: int, at: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Give the stretches between the matches of ``at``, without white space around them."""
    edges = [(start, start), *(found.span() for found in at.finditer(text, start, end)), (end, end)]
    for (_, begin), (stop, _) in pairwise(edges):
        part = text[begin:stop]
        if part.strip():
            yield begin + len(part) - len(part.lstrip()), stop - len(part) + len(part.rstrip())
