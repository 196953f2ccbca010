"""How searches of a knowledge base go about it, as its people set it: one closed JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

_MODEL = {
    "type": "object",
    "properties": {
        "connection": {
            "type": "string", "maxLength": 60, "title": "Model connection (empty: the default)", "x-reference": "model",
        },
        "model": {"type": "string", "maxLength": 120, "title": "Model (empty: none is asked)"},
    },
    "additionalProperties": False,
}  # fmt: skip
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "neighbours": {
            "type": "integer", "minimum": 0, "maximum": 3, "default": 0,
            "title": "Neighbours", "description": "So many chunks before and after a passage are given along.",
        },
        "variety": {
            "type": "number", "minimum": 0, "maximum": 1, "default": 0,
            "title": "Variety", "description": "0: the best; towards 1: passages that say something else each (MMR).",
        },
        "rerank": {**_MODEL, "title": "Reranking", "description": "A model puts the best passages into order, in runs."},
        "rewrite": {**_MODEL, "title": "Rewriting", "description": "A model words the question for the search, in runs."},
    },
    "additionalProperties": False,
}  # fmt: skip
METADATA: dict[str, Any] = {
    "type": "object",
    "title": "Only documents with this metadata",
    "additionalProperties": {"type": "string", "maxLength": 500, "title": "Value"},
    "maxProperties": 20,
}


@dataclass(frozen=True, slots=True)
class Options:
    """The same, read."""

    neighbours: int = 0
    variety: float = 0.0
    rerank: Mapping[str, str] | None = None
    rewrite: Mapping[str, str] | None = None


def options_of(document: Mapping[str, Any], **more: Any) -> Options:
    """Return the options of a knowledge base; ``more`` of them, where given, take their place."""
    given = {name: value for name, value in more.items() if value is not None}
    return Options(**{name: value for name, value in {**document, **given}.items() if is_chosen(value)})


def how_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a node's or a tool's settings says how to search."""
    return {name: settings[name] for name in (*SCHEMA["properties"], "metadata") if is_chosen(settings.get(name))}


def is_chosen(value: Any) -> bool:
    """Say whether anything was chosen: a form leaves an empty object, or one of empty texts, where nothing was."""
    return any(value.values()) if isinstance(value, Mapping) else value is not None


def problems(document: Any) -> list[str]:
    """Return what is wrong with the document."""
    found = Draft202012Validator(SCHEMA).iter_errors(document)
    return [f"{'.'.join(map(str, error.path)) or 'retrieval'}: {error.message[:200]}" for error in found]
