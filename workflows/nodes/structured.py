"""Schemas of structured answers: checked when saved, and given the run's own choices before a model sees them."""

from __future__ import annotations

from typing import Any

from workflows import expressions
from workflows.nodes.base import Expression, Json, Problem
from workflows.nodes.errors import NothingToChooseFrom
from workflows.schemas import SchemaRefused, usable

CHOICES = "x-enum-from"
MAX_CHOICES = 500


def choice_expressions(schema: Any, field: str) -> dict[str, Expression]:
    """Return the CEL of every ``x-enum-from`` in ``schema`` by its place under ``field``."""
    found: dict[str, Expression] = {}
    if isinstance(schema, dict) and isinstance(schema.get(CHOICES), str):
        found[f"{field}.{CHOICES}"] = Expression(schema[CHOICES], gives="strings")
    for key, part in _parts(schema):
        found |= choice_expressions(part, f"{field}.{key}")
    return found


def schema_problems(schema: Any, node: str, field: str) -> list[Problem]:
    """Return why ``schema`` cannot be asked of a model."""
    try:
        top = usable(schema)
    except SchemaRefused as refusal:
        return [Problem("bad_schema", str(refusal), node, field)]
    if top.get("type") != "object":
        return [Problem("bad_schema", 'The schema of an answer needs "type": "object" at its top.', node, field)]
    return []


def with_choices(schema: Json, values: Json) -> Json:
    """Return the schema that a model gets: references written out, every ``x-enum-from`` replaced by its ``enum``.

    An array whose items have nothing to choose from must be empty; anywhere else that raises NothingToChooseFrom.
    """
    filled = _filled(usable(schema), values)
    assert isinstance(filled, dict)
    return filled


def _filled(part: Any, values: Json) -> Any:
    if isinstance(part, list):
        return [_filled(item, values) for item in part]
    if not isinstance(part, dict):
        return part
    items = part.get("items")
    if isinstance(items, dict) and CHOICES in items and not _choices(items, values):
        return {**part, "items": {"type": "string"}, "minItems": 0, "maxItems": 0}
    filled = {key: _filled(item, values) for key, item in part.items() if key != CHOICES}
    if CHOICES in part:
        filled["enum"] = _choices(part, values)
        if not filled["enum"]:
            raise NothingToChooseFrom(f"`{part[CHOICES]}` gives nothing to choose from.")
    return filled


def _choices(part: Json, values: Json) -> list[str]:
    return expressions.strings(part[CHOICES], values)[:MAX_CHOICES]


def _parts(schema: Any) -> list[tuple[str, Any]]:
    if isinstance(schema, dict):
        return list(schema.items())
    return [(str(number), item) for number, item in enumerate(schema)] if isinstance(schema, list) else []
