"""The page of a node type in the documentation, made from what the type says of itself."""

from __future__ import annotations

import json
from typing import Any

from workflows.nodes.base import Json, NodeType

MARKER = "<!-- Made from workflows/nodes/{type}.py; change that, then: UPDATE_PAGES=1 pytest tests/contract/test_node_pages.py -->"


def page_of(kind: NodeType) -> str:
    """Return the Markdown page of the type."""
    parts = [
        MARKER.format(type=kind.type),
        f"# {kind.title}",
        f"`{kind.type}`: {kind.description}",
        "## Configuration",
        _table(dict(kind.schema)),
        "## Example",
        f"```json\n{json.dumps(kind.example, indent=2, ensure_ascii=False)}\n```",
        "## What it gives",
        _output(kind),
        _uses(kind),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index_of(kinds: list[NodeType]) -> str:
    """Return the page that lists the types."""
    lines = [f"| [{kind.title}]({kind.type}.md) | `{kind.type}` | {kind.description} |" for kind in kinds]
    about = "What a workflow is made of. Every page is made from the type's own schema, which the API gives at `/node-types`."
    return "\n".join(["# Node types", "", about, "", "| | type | |", "|---|---|---|", *lines, ""])


def _table(schema: Json) -> str:
    required = set(schema.get("required", ()))
    rows = [_row(name, field, name in required) for name, field in schema["properties"].items()]
    return "\n".join(["| field | | |", "|---|---|---|", *rows])


def _row(name: str, field: Json, required: bool) -> str:
    said = " ".join(filter(None, [f"{field['title']}.", field.get("description", ""), _bounds(field)]))
    return f"| `{name}` | {_kind(field)}{', required' if required else ''} | {said.replace('|', chr(92) + '|')} |"


def _kind(field: Json) -> str:
    kinds = {"template": "template", "cel": "CEL expression"}
    if "x-reference" in field:
        return f"name of a {str(field['x-reference']).replace('_', ' ')}"
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    return kinds.get(field.get("format", ""), str(field.get("type", "value")))


def _bounds(field: Json) -> str:
    words = {
        "minimum": "at least {}", "maximum": "at most {:,}", "maxLength": "at most {:,} characters", "maxItems": "at most {:,}",
        "maxProperties": "at most {:,}",
    }  # fmt: skip
    told = [words[name].format(field[name]) for name in words if name in field]
    told += [f"usually `{json.dumps(field['default'])}`"] if "default" in field else []
    return f"({'; '.join(told)})" if told else ""


def _output(kind: NodeType) -> str:
    properties: dict[str, Any] = kind.output(kind.example).get("properties", {})
    if not properties:
        return "Nothing."
    lines = [f"- `nodes.<id>.{name}`{_typed(schema)}" for name, schema in properties.items()]
    return "\n".join(["Of the example:", "", *lines])


def _typed(schema: Json) -> str:
    return f": {schema['type']}" if isinstance(schema, dict) and "type" in schema else ""


def _uses(kind: NodeType) -> str:
    if not kind.runs:
        return "It is never run."
    told = [
        "It may undo another node." if kind.may_undo else "",
        "A map may repeat it." if kind.may_repeat else "",
        "Like every node it may have a time limit, a retry policy and an edge for failing: "
        "[how to handle failure](../howto/handle-failure.md).",
    ]
    return " ".join(filter(None, told))
