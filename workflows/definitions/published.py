"""The JSON Schema (2020-12) of definitions, for editors and integrators: the document's parts and every node type's config."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from workflows.definitions.document import FORMAT, Definition
from workflows.nodes import registry
from workflows.nodes.base import NodeType

Json = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@lru_cache(maxsize=1)
def definition_schema() -> Json:
    """Return the JSON Schema of format nexod.workflow/1. It says what a shape is; ``validate`` says what can run."""
    schema = Definition.model_json_schema(by_alias=True)
    parts: Json = schema.pop("$defs")
    node = parts.pop("Node")
    for kind in registry.all_types():
        parts[_name(kind)] = _node_schema(node, kind)
    types = [kind.type for kind in registry.all_types()]
    parts["Node"] = {
        "type": "object",
        "required": ["id", "type"],
        "properties": {"type": {"enum": types}},
        "oneOf": [{"$ref": f"#/$defs/{_name(kind)}"} for kind in registry.all_types()],
    }
    return {"$schema": DIALECT, "$id": f"urn:{FORMAT.replace('/', ':')}", **schema, "$defs": parts}


def _node_schema(node: Json, kind: NodeType) -> Json:
    properties = {**node["properties"], "type": {"const": kind.type}, "config": dict(kind.schema)}
    required = [
        *node["required"],
        *(["config"] if kind.schema.get("required") or kind.schema.get("minProperties") else []),
    ]
    return {
        **node,
        "title": kind.title,
        "description": kind.description,
        "properties": properties,
        "required": required,
    }


def _name(kind: NodeType) -> str:
    return f"{kind.type.capitalize()}Node"
