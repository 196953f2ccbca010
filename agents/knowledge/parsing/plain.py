"""Plain text: one section; the title is the file's name."""

from __future__ import annotations

from agents.knowledge.parsing.decoding import decode
from agents.knowledge.parsing.formats import Format
from agents.knowledge.parsing.limits import Limits
from agents.knowledge.parsing.outline import Parsed, outlined


def parse(data: bytes, title: str, limits: Limits) -> Parsed:
    """Return the text as it stands."""
    return outlined(decode(data), (), fallback_title=title, media_type=Format.PLAIN)
