"""What every parser gives: the whole text, and sections that tile it. Offsets count characters of that text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

LONGEST_HEADING = 200
Kind = Literal["table", "code"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as it was found: where it starts, how deep it is (1 is the top) and what it says."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch that is cut in its own way. A table's header rows end at ``head``; it equals ``start`` where there are none."""

    kind: Kind
    start: int
    end: int
    head: int


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the text under one path of headings and, where there are pages, on one page (from 1)."""

    headings: tuple[str, ...]
    start: int
    end: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as text. ``text[section.start:section.end]`` is a section; together the sections are the text.

    ``blocks`` are the tables and the code, in order, never overlapping; everything else is paragraphs and lists.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    media_type: str
    pages: int = 0
    blocks: tuple[Block, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values that ``from_dict`` takes back."""
        sections = [[list(s.headings), s.start, s.end, s.page] for s in self.sections]
        blocks = [[b.kind, b.start, b.end, b.head] for b in self.blocks]
        kept = {"title": self.title, "text": self.text, "media_type": self.media_type, "pages": self.pages}
        return {**kept, "sections": sections, "blocks": blocks}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Parsed:
        """Return the document that ``as_dict`` wrote down."""
        sections = tuple(Section(tuple(headings), *rest) for headings, *rest in data["sections"])
        blocks = tuple(Block(*block) for block in data["blocks"])
        return cls(data["title"], data["text"], sections, data["media_type"], data["pages"], blocks)


def outlined(
    text: str, headings: Iterable[Heading], *, fallback_title: str, media_type: str, blocks: Iterable[Block] = ()
) -> Parsed:
    """Return ``text`` cut at its headings. The title is the first top heading, or ``fallback_title``.

    A heading that only repeats the title is left out of the paths: it would say the same of every section.
    """
    found = [replace(h, title=" ".join(h.title.split())[:LONGEST_HEADING]) for h in headings]
    title = next((h.title for h in found if h.level == 1 and h.title), fallback_title)
    return Parsed(title, text, tuple(_sections(text, found, title)), media_type, blocks=tuple(blocks))


def _sections(text: str, headings: list[Heading], title: str) -> Iterable[Section]:
    first = headings[0].start if headings else len(text)
    if text[:first].strip():
        yield Section((), 0, first)
    path: list[Heading] = []
    ends = [*(h.start for h in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=False):
        path = [above for above in path if above.level < heading.level] + [heading]
        names = tuple(h.title for h in path if h.title)
        yield Section(names[1:] if names[:1] == (title,) else names, heading.start, end)
