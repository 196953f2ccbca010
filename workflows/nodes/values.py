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


def value_templates(place: str, values: Mapping[str, Json]) -> dict[str, str]:
    """Return the templates of ``values``, which stand at ``place`` in the config, by dotted field."""
    return {f"{place}.{name}.template": value["template"] for name, value in values.items() if "template" in value}


def value_expressions(place: str, values: Mapping[str, Json]) -> dict[str, Expression]:
    """Return the expressions of ``values``, which stand at ``place`` in the config, by dotted field."""
    return {f"{place}.{name}.cel": Expression(value["cel"]) for name, value in values.items() if "cel" in value}


def value_of(value: Json, values: Json) -> Any:
    """Return what one of them gives in a run."""
    return render(value["template"], values) if "template" in value else evaluate(value["cel"], values)
