"""Metadata as people write it: lines of ``name: text``; a name of several lines has all of their texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.knowledge.metadata import RULE, is_sound
from agents.models import Document
from nexod.kernel.errors import InvalidInput

LONGEST = 50_000


class MetadataWrong(InvalidInput):
    """These lines are no metadata."""


def metadata_of(lines: str) -> dict[str, Any]:
    """Return the metadata that the lines say. Raises MetadataWrong, which names the line or the rule."""
    found: dict[str, Any] = {}
    for line in filter(str.strip, lines[: LONGEST + 1].splitlines()):
        name, colon, text = (part.strip() for part in line.partition(":"))
        if not (name and colon):
            raise MetadataWrong(f"{line[:60]}: a line is a name, a colon and a text.")
        found[name] = [*_texts(found[name]), text] if name in found else text
    if len(lines) > LONGEST or not is_sound(found):
        raise MetadataWrong(RULE)
    return found


def about(given: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form of new documents says of them: ``metadata``, where there is some, and ``visibility``."""
    kinds = Document.Visibility
    metadata = metadata_of(given.get("metadata", ""))
    return {"metadata": metadata or None, "visibility": kinds.RESTRICTED if given.get("restricted") else kinds.EVERYONE}


def lines_of(metadata: Mapping[str, Any]) -> str:
    """Return the metadata, a line each."""
    return "\n".join(f"{name}: {text}" for name, value in metadata.items() for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        yield str(one).lower() if isinstance(one, bool) else str(one)
