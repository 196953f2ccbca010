"""Parts of config schemas that several node types share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.expressions import MAX_EXPRESSION
from workflows.rendering import MAX_TEMPLATE

Json = dict[str, Any]


def closed(required: tuple[str, ...], properties: Mapping[str, Any]) -> Json:
    """Return the schema of an object with these properties and no other."""
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}


def template(title: str, *, description: str = "", empty: bool = True) -> Json:
    """Return the schema of a template field."""
    schema = {"type": "string", "title": title, "maxLength": MAX_TEMPLATE, "format": "template"}
    return {**schema, **({"description": description} if description else {}), **({} if empty else {"minLength": 1})}


def expression(title: str) -> Json:
    """Return the schema of a CEL field."""
    return {"type": "string", "title": title, "minLength": 1, "maxLength": MAX_EXPRESSION, "format": "cel"}


def slug(title: str, kind: str, *, empty: bool = False) -> Json:
    """Return the schema of a field that names something of the tenant; ``x-reference`` tells a form what to offer."""
    pattern = r"^[-A-Za-z0-9_]{0,60}$" if empty else r"^[-A-Za-z0-9_]{1,60}$"
    return {"type": "string", "title": title, "pattern": pattern, "x-reference": kind}


def inputs(title: str, description: str) -> Json:
    """Return the schema of a mapping from placeholder to template."""
    return {
        "type": "object",
        "title": title,
        "description": description,
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,59}$"},
        "maxProperties": 50,
        "additionalProperties": template("Input"),
    }


OUTPUT_SCHEMA: Json = {
    "type": "object",
    "title": "JSON Schema of the answer",
    "description": 'Where a part says "x-enum-from": "<CEL>", the answer is one of the strings that it gives in the run.',
}
TEXT: Json = {"type": "string"}
TEXTS: Json = {"type": "array", "items": TEXT}
