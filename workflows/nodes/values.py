"""Named values in a config: each is a template or a CEL expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.expressions import evaluate
from workflows.nodes import fields
from workflows.nodes.base import Expression, Json
from workflows.rendering import render

VALUE: Json = {
    "oneOf": [
        fields.closed(("template",), {"template": fields.template("Template")}),
        fields.closed(("cel",), {"cel": fields.expression("Expression")}),
    ]
}

KINDS = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "bool",
    "array": "list",
    "object": "object",
}
"""What an expression must give for a type of JSON Schema; whether a number is whole is known in the run."""


def value_templates(place: str, values: Mapping[str, Json]) -> dict[str, str]:
    """Return the templates of ``values``, which stand at ``place`` in the config, by dotted field."""
    return {f"{place}.{name}.template": value["template"] for name, value in values.items() if "template" in value}


def value_expressions(place: str, values: Mapping[str, Json]) -> dict[str, Expression]:
    """Return the expressions of ``values``, which stand at ``place`` in the config, by dotted field."""
    return {f"{place}.{name}.cel": Expression(value["cel"]) for name, value in values.items() if "cel" in value}


def value_kinds(place: str, values: Mapping[str, Json], schema: Mapping[str, Any]) -> dict[str, str]:
    """Return what the expressions of ``values`` must give for what takes an object of that JSON Schema, by dotted field."""
    known = schema.get("properties") or {}
    kinds = {name: known[name].get("type") for name in values if isinstance(known.get(name), dict)}
    return {
        f"{place}.{name}.cel": KINDS[kind] for name, kind in kinds.items() if isinstance(kind, str) and kind in KINDS
    }


def texts_for_others(values: Mapping[str, Json], schema: Mapping[str, Any]) -> dict[str, str]:
    """Return what else than a text is taken of those of ``values`` that are templates, by name."""
    known = schema.get("properties") or {}
    kinds = {name: known.get(name, {}).get("type") for name, value in values.items() if "template" in value}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, str) and kind != "string"}


def value_of(value: Json, values: Json) -> Any:
    """Return what one of them gives in a run."""
    return render(value["template"], values) if "template" in value else evaluate(value["cel"], values)
