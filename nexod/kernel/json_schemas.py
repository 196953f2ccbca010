"""JSON Schemas that tenants write: for inputs and for what a model must answer. Checked, bounded, never fetched, never hanging."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry

from nexod.kernel.patterns import PatternRefused, matches
from nexod.kernel.schema_soundness import require_sound

Json = dict[str, Any]

MAX_PARTS = 5_000
MAX_COMPLAINTS = 20


class SchemaRefused(ValueError):
    """A schema is not usable; the message is for the person who wrote it."""


def usable(schema: Any) -> Json:
    """Return ``schema`` with its references written out in place; raise SchemaRefused when it is not valid or too large."""
    if not isinstance(schema, dict):
        raise SchemaRefused("A JSON Schema is an object.")
    try:
        require_sound(schema)
    except SchemaError as error:
        raise SchemaRefused(f"This is not a JSON Schema: {place(error)}{shortened(error.message)}") from error
    except RecursionError as error:
        raise SchemaRefused("The schema is nested too deeply.") from error
    expanded = _Expansion(schema).whole()
    for pattern in _patterns(expanded):
        _try(pattern)
    return expanded


def complaints(value: Any, schema: Json) -> list[dict[str, str]]:
    """Return ``{"field", "message"}`` for what in ``value`` does not fit a usable ``schema``; the first 20."""
    found: list[dict[str, str]] = []
    for error in _Validator(schema, registry=Registry()).iter_errors(value):
        found.append(
            {"field": ".".join(str(part) for part in error.absolute_path), "message": shortened(error.message)}
        )
        if len(found) == MAX_COMPLAINTS:
            break
    return found


def place(error: ValidationError | SchemaError) -> str:
    """Return where an error is, as ``properties.score: ``; empty for the top."""
    path = ".".join(str(part) for part in error.absolute_path)
    return f"{path}: " if path else ""


class _Expansion:
    """Writes ``$ref`` out in place, so that a schema can neither loop nor grow without bound nor reach outside."""

    def __init__(self, schema: Json) -> None:
        self.schema = schema
        self.parts = 0

    def whole(self) -> Json:
        result = self._expanded(self.schema, ())
        assert isinstance(result, dict)
        return {key: value for key, value in result.items() if key not in ("$defs", "definitions")}

    def _expanded(self, part: Any, open_refs: tuple[str, ...]) -> Any:
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise SchemaRefused(f"The schema has over {MAX_PARTS:,} parts.")
        if isinstance(part, list):
            return [self._expanded(item, open_refs) for item in part]
        if not isinstance(part, dict):
            return part
        ref = part.get("$ref")
        if not isinstance(ref, str):
            skipped = ("$defs", "definitions") if part is self.schema else ()
            return {key: self._expanded(item, open_refs) for key, item in part.items() if key not in skipped}
        if ref in open_refs:
            raise SchemaRefused(f"The schema refers to itself: {ref}")
        beside = {key: item for key, item in part.items() if key != "$ref"}
        merged = {**self._found(ref), **beside}
        return self._expanded(merged, (*open_refs, ref))

    def _found(self, ref: str) -> Json:
        if not ref.startswith("#/"):
            raise SchemaRefused(f"A schema may only refer to its own parts (#/$defs/...), not to {ref}")
        found: Any = self.schema
        for step in ref[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise SchemaRefused(f"The schema has no part {ref}")
        return found


def _patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "patternProperties" in part and isinstance(part["patternProperties"], dict):
            raise SchemaRefused("patternProperties is not supported.")
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
    for item in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _patterns(item)


def _try(pattern: str) -> None:
    try:
        matches("", pattern)
    except PatternRefused as refusal:
        raise SchemaRefused(f"The pattern {pattern!r} is not usable: {refusal}") from refusal


def _pattern(validator: Any, pattern: str, value: Any, schema: Json) -> Iterator[ValidationError]:
    if isinstance(value, str) and not matches(value, pattern):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def shortened(message: str) -> str:
    """Return a complaint that may quote the value, cut to 300 characters."""
    return message if len(message) <= 300 else f"{message[:299]}…"
