"""A text that is written block by block by the parsers of formats whose source is not readable by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agents.knowledge.errors import DocumentEmpty, DocumentTooLarge
from agents.knowledge.parsing.decoding import clean
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import LONGEST_HEADING, Block, Heading, Parsed, Section

GAP = "\n\n"
CELLS = " | "


@dataclass
class Draft:
    """What has been read so far. Every block is clean text; between two of them is an empty line."""

    limits: Limits
    length: int = 0
    headings: list[Heading] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _pages: list[tuple[int, int]] = field(default_factory=list)

    def paragraph(self, text: str) -> None:
        """Add text; its lines stay lines."""
        self._add(clean(text).strip())

    def heading(self, title: str, level: int) -> None:
        """Add a heading, which is text too."""
        title = " ".join(clean(title).split())
        if title:
            self.headings.append(Heading(self.length, level, title[:LONGEST_HEADING]))
            self._add(title)

    def code(self, text: str) -> None:
        """Add text whose white space matters."""
        text = clean(text).strip("\n").rstrip()
        start = self.length
        if self._add(text):
            self._blocks.append(Block("code", start, start + len(text), start))

    def table(self, rows: Iterable[Sequence[str]], *, heads: int = 1) -> None:
        """Add one line for each row that says something; the first ``heads`` of them name the columns."""
        start = self.length
        lines: list[str] = []
        size = head = 0
        for row in rows:
            if line := CELLS.join(" ".join(clean(cell).split()) for cell in _filled(row)):
                lines.append(line)
                size += len(line) + 1
                head = size if len(lines) <= heads else head
                self._require_room(size)
        if self._add("\n".join(lines)):
            has_rows = len(lines) > heads
            self._blocks.append(Block("table", start, start + size - 1, start + head if has_rows else start))

    def page(self, number: int) -> None:
        """Say that what follows is on that page."""
        self._pages.append((self.length, number))

    def parsed(self, *, title: str, media_type: str, pages: int = 0) -> Parsed:
        """Return the document; raise DocumentEmpty when nothing was added."""
        text = "".join(self._parts)
        if not text.strip():
            raise DocumentEmpty
        title = " ".join(clean(title).split())[:LONGEST_HEADING]
        sections = tuple(_sections(self.headings, self._pages, len(text), title))
        return Parsed(title, text, sections, media_type, pages, tuple(self._blocks))

    def _add(self, text: str) -> bool:
        if not text.strip():
            return False
        self._require_room(len(text))
        self._parts += (text, GAP)
        self.length += len(text) + len(GAP)
        return True

    def _require_room(self, more: int) -> None:
        if self.length + more > self.limits.characters:
            raise DocumentTooLarge(f"This document holds over {self.limits.characters:,} characters of text. Split it.")


def _filled(row: Sequence[str]) -> Sequence[str]:
    """Return the row without the empty cells at its end."""
    end = len(row)
    while end and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _sections(headings: list[Heading], pages: list[tuple[int, int]], length: int, title: str) -> Iterator[Section]:
    """Cut at every heading and at every page that begins."""
    edges = sorted({0, *(h.start for h in headings), *(start for start, _ in pages if start < length)})
    by_start = {heading.start: heading for heading in headings}
    turns = dict(pages)
    path: list[Heading] = []
    page: int | None = None
    for start, end in zip(edges, [*edges[1:], length], strict=True):
        page = turns.get(start, page)
        if heading := by_start.get(start):
            path = [above for above in path if above.level < heading.level] + [heading]
        names = tuple(h.title for h in path)
        yield Section(names[1:] if names[:1] == (title,) else names, start, end, page)
