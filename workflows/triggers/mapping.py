"""Where a run's inputs come from when a trigger starts it: ``{"topic": {"from": "body.issue.title"}}``.

Each input is taken ``from`` a path of the event as it is, written by a ``template``, or a fixed ``value``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexod.kernel.errors import InvalidInput
from workflows.errors import TextFailed
from workflows.rendering import MAX_TEMPLATE, names_in, render
from workflows.schemas import SchemaRefused, complaints, usable
from workflows.triggers.base import Complaint

Json = dict[str, Any]
WAYS = ("from", "template", "value")
MOST_INPUTS = 50
LONGEST_PATH = 300
_NOTHING = object()


class InputMissing(InvalidInput):
    """The event does not have what an input is taken from."""

    code = "input_missing"


def mapped(mapping: Mapping[str, Json], event: Json) -> Json:
    """Return the inputs; raise InputMissing, or TemplateFailed."""
    return {name: _value(name, source, event) for name, source in mapping.items()}


def complaints_of(mapping: object, schema: Json) -> list[Complaint]:
    """Return what is wrong with a mapping for a workflow whose inputs have that JSON Schema."""
    if not isinstance(mapping, dict) or len(mapping) > MOST_INPUTS:
        return [("inputs", f"The inputs are a JSON object with at most {MOST_INPUTS} names.")]
    found = [(f"inputs.{name}", message) for name, source in mapping.items() if (message := _complaint(source))]
    known = schema.get("properties") or {}
    if not schema.get("additionalProperties"):
        found += [
            (f"inputs.{name}", f"The workflow has no such input; it has {', '.join(known) or 'none'}.")
            for name in mapping
            if name not in known
        ]
    needed = [name for name in schema.get("required") or [] if "default" not in known.get(name, {})]
    found += [(f"inputs.{name}", "The workflow needs this input.") for name in needed if name not in mapping]
    return found or _unfit(mapping, schema)


def _unfit(mapping: Mapping[str, Json], schema: Json) -> list[Complaint]:
    """Return what is known already never to fit: a fixed value, a default, or that a template gives a text."""
    try:
        parts = usable(schema).get("properties") or {}
    except SchemaRefused:  # the workflow's own matter, told where it is saved
        return []
    pairs = [(name, source, parts[name]) for name, source in mapping.items() if isinstance(parts.get(name), dict)]
    return [(f"inputs.{name}", message) for name, source, part in pairs if (message := _misfit(source, part))]


def _misfit(source: Json, part: Json) -> str:
    if "template" in source:
        message = f"A template gives a text, and the workflow takes {part.get('type')} here; take it from the event."
        return message if isinstance(part.get("type"), str) and part["type"] != "string" else ""
    given = [source[way] for way in ("value", "default") if way in source]
    found = complaints(given[0], part) if given else []
    return found[0]["message"] if found else ""


def _complaint(source: object) -> str:
    if not isinstance(source, dict) or len(ways := [way for way in WAYS if way in source]) != 1:
        return "Say where it comes from: exactly one of from, template and value."
    if extra := set(source) - {ways[0], *(("default",) if ways == ["from"] else ())}:
        return f"There is no {sorted(map(str, extra))[0]!r} here."
    text = source[ways[0]]
    if ways == ["value"]:
        return ""
    limit = LONGEST_PATH if ways == ["from"] else MAX_TEMPLATE
    if not isinstance(text, str) or not text.strip() or len(text) > limit:
        return f"This is a text of 1 to {limit:,} characters."
    try:
        unknown = {name.split(".")[0] for name in names_in(text)} - {"event"} if ways == ["template"] else set()
    except TextFailed as error:
        return error.message
    return f"A template sees event and nothing else, not {sorted(unknown)[0]}." if unknown else ""


def _value(name: str, source: Json, event: Json) -> Any:
    if "value" in source:
        return source["value"]
    if "template" in source:
        return render(source["template"], {"event": event})
    found = _at(source["from"], event)
    if found is not _NOTHING:
        return found
    if "default" in source:
        return source["default"]
    message = f"The event has no {source['from']!r}, from which the input {name!r} is taken."
    raise InputMissing(message, details=[{"field": f"inputs.{name}", "message": message}])


def _at(path: str, event: Any) -> Any:
    found = event
    for part in path.split("."):
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return _NOTHING
    return found
