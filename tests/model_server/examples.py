"""The smallest value that satisfies a JSON Schema: what the server answers when nothing is scripted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]


def example(schema: Schema | bool) -> Any:
    """Return a minimal instance, always the same for the same schema; ``$ref`` and ``allOf`` are not understood."""
    if isinstance(schema, bool):
        return None
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return example(schema[keyword][0])
    return _BY_TYPE[_type(schema)](schema)


def _type(schema: Schema) -> str:
    named = schema.get("type", "object" if "properties" in schema else "string")
    return str(named[0] if isinstance(named, list) else named)


def _string(schema: Schema) -> str:
    text = "text".ljust(schema.get("minLength", 0), "t")
    return text[: schema.get("maxLength", len(text))]


def _number(schema: Schema) -> int | float:
    low: int | float = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
    return min(low, schema.get("maximum", low))


def _array(schema: Schema) -> list[Any]:
    return [example(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]


def _object(schema: Schema) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: example(properties.get(name, {})) for name in schema.get("required", properties)}


_BY_TYPE: dict[str, Callable[[Schema], Any]] = {
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda schema: True,
    "null": lambda schema: None,
    "array": _array,
    "object": _object,
}
