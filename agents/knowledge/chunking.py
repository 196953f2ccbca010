"""A parsed document becomes chunks: stretches of its text that end where the author ended a thought.

Every chunk is exactly ``parsed.text[chunk.start:chunk.end]``, lies on one page and under one heading. A chunk that begins
inside a table has the rows that name its columns as its ``lead``, which stands before the text wherever it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from agents.knowledge.parsing.outline import Parsed, Section
from agents.knowledge.parts import LONGEST, MOST_CHARACTERS, OVERLAP, TARGET, Part, parts
from agents.knowledge.tokens import tokens

__all__ = ["LONGEST", "OVERLAP", "TARGET", "Piece", "chunk"]

_MARKS = 12
"""So many characters of a heading's line may be marks, such as those of Markdown and of its links."""


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
    lead: str = ""
    tokens: int = 0

    @property
    def digest(self) -> str:
        """The SHA-256 of what is embedded: an unchanged chunk keeps it."""
        return hashlib.sha256(self.context.encode()).hexdigest()

    @property
    def context(self) -> str:
        """The text under its title, headings and the names of its columns: a chunk is found by what it is about, too."""
        above = " > ".join((self.title, *self.headings))
        return "\n".join((above, self.lead, self.text) if self.lead else (above, self.text))


def chunk(parsed: Parsed) -> list[Piece]:
    """Return the chunks of ``parsed`` in the order of its text; none holds only white space."""
    pieces: list[Piece] = []
    for section in _with_text(parsed):
        for start, end, lead in _spans(parsed, section):
            text = parsed.text[start:end]
            size = tokens(lead) + tokens(text)
            pieces.append(
                Piece(len(pieces), parsed.title, section.headings, section.page, start, end, text, lead, size)
            )
    return pieces


def _with_text(parsed: Parsed) -> Iterator[Section]:
    """Join a heading that has no text of its own with its first subsection: it would say nothing alone."""
    waiting: Section | None = None
    for section in parsed.sections:
        if waiting:
            leads = section.headings[: len(waiting.headings)] == waiting.headings and section.page == waiting.page
            if leads and _is_heading_alone(parsed, waiting):
                section = Section(section.headings, waiting.start, section.end, section.page)
            else:
                yield waiting
        waiting = section
    if waiting:
        yield waiting


def _is_heading_alone(parsed: Parsed, section: Section) -> bool:
    """Say whether the section is the line of its heading, with whatever underlines it, and nothing else."""
    lines = [line for line in parsed.text[section.start : section.end].split("\n") if any(map(str.isalnum, line))]
    named = section.headings[-1] if section.headings else parsed.title
    return len(lines) == 1 and len(lines[0]) <= len(named) + _MARKS


def _spans(parsed: Parsed, section: Section) -> Iterator[tuple[int, int, str]]:
    """Pack the section's parts into stretches, each with its lead."""
    found = list(parts(parsed, section))
    first, used = 0, 0
    for last, part in enumerate(found):
        used += part.tokens
        after = found[last + 1] if last + 1 < len(found) else None
        full = part.closes and used >= TARGET
        far = after is not None and after.end - found[first].start > MOST_CHARACTERS
        if after is None or full or far or used + after.tokens > LONGEST:
            yield found[first].start, part.end, found[first].lead
            first = last + 1 if after is None or part.closes else _repeated(found, first, last, after)
            used = sum(part.tokens for part in found[first : last + 1])
            used += tokens(found[first].lead) if after else 0


def _repeated(found: list[Part], first: int, last: int, after: Part) -> int:
    """Return where the next stretch begins so that it repeats what whole sentences fit into OVERLAP, and holds ``after``."""
    room = min(OVERLAP, LONGEST - after.tokens)
    begin = last + 1
    while begin - 1 > first and found[begin - 1].is_prose and found[begin - 1].tokens <= room:
        begin -= 1
        room -= found[begin].tokens
    return begin
