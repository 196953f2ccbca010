"""What people say of a document beside its text, and searches are narrowed by: names with a text, a number, yes or no, or texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

MOST_NAMES, LONGEST_NAME, LONGEST_TEXT, MOST_TEXTS = 20, 60, 500, 50
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_TEXT = {"type": "string", "maxLength": LONGEST_TEXT, "pattern": _PRINTABLE}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "maxProperties": MOST_NAMES,
    "propertyNames": {"minLength": 1, "maxLength": LONGEST_NAME, "pattern": _PRINTABLE},
    "additionalProperties": {
        "anyOf": [_TEXT, {"type": ["number", "boolean"]}, {"type": "array", "items": _TEXT, "maxItems": MOST_TEXTS}]
    },
}
RULE = (
    f"Metadata is up to {MOST_NAMES} names of at most {LONGEST_NAME} characters, each with a text of at most {LONGEST_TEXT},"
    " a number, true or false, or a list of texts."
)
_HOLDS = "(d.metadata ->> %s::text = %s::text OR d.metadata -> %s::text @> %s::jsonb)"


def is_sound(metadata: Any) -> bool:
    """Say whether it can be kept with a document."""
    return Draft202012Validator(SCHEMA).is_valid(metadata)


def holding(metadata: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the SQL that is true for a row ``d`` of documents that holds all of it, and its values; true where it is empty.

    A number and the text of it are the same, as templates give texts only; a list holds each of its texts.
    """
    values: list[Any] = []
    for name, wanted in metadata.items():
        as_json = json.dumps(wanted)
        values += [name, wanted if isinstance(wanted, str) else as_json, name, as_json]
    return " AND ".join([_HOLDS] * len(metadata)) or "true", values
